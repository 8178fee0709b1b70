//! For the fuzz targets alone: what this crate reads of requests, each with what must hold of it. All of it panics when it
//! does not hold. Whole requests go by [`crate::S3Face`].
mod bodies;
mod documents;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rockpool_types::{BucketName, HostName, SecretKey, Timestamp};

use crate::{
    auth::Claim,
    headers,
    post_policy::{Field, PostClaim},
    query::Query,
    route::{self, Addressing, Operation},
    tagging,
};

pub use bodies::chunks;
pub use documents::documents;

/// Where a request leads, and what its headers say about an object.
pub fn route(parts: &Parts, domains: &[HostName]) {
    let host = route::host(&parts.uri, &parts.headers);
    let found = host.map(|host| route::bucket_of_host(host, domains));
    let addressing = match found {
        Some(Ok(Some(bucket))) => Addressing::VirtualHost(bucket),
        _ => Addressing::Path,
    };
    query(parts.uri.query().unwrap_or_default());
    if let Ok(found) = route::route(&parts.method, &parts.uri, &parts.headers, &addressing)
        && let Operation::Object(bucket, key, _) = found.operation
    {
        let encoded = utf8_percent_encode(key.as_str(), NON_ALPHANUMERIC).to_string();
        assert_eq!(route::decode(&encoded).ok().as_deref(), Some(key.as_str()));
        if let Addressing::VirtualHost(host) = &addressing {
            assert_eq!(*host, bucket);
        }
    }
    let _ = headers::acl(&parts.headers);
    let _ = headers::refuse_unsupported(&parts.headers);
    let _ = headers::conditions(&parts.headers, "x-amz-copy-source-");
    if let Ok(Some(checksum)) = headers::checksum(&parts.headers) {
        let again = headers::parse_checksum(checksum.algorithm(), &checksum.to_base64());
        assert_eq!(again.ok(), Some(checksum));
    }
    if let Ok(attributes) = headers::attributes(&parts.headers) {
        let metadata = attributes.user_metadata.iter();
        assert!(metadata.map(|(n, v)| n.len() + v.len()).sum::<usize>() <= 2048);
        assert!(attributes.tags.len() <= 10);
    }
}

/// A query: written again, it is read as the same.
fn query(raw: &str) {
    let Ok(query) = Query::parse(raw) else { return };
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = query.pairs();
    let written: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    assert_eq!(Query::parse(&written.join("&")).ok(), Some(query.clone()));
    assert!(query.page_size("max-keys").unwrap_or_default() <= 1000);
    let _ = tagging::from_header(raw);
}

/// A request that says it is signed. `secret` is one that nobody knows: no signature may be good.
pub fn claim(parts: &Parts, secret: &SecretKey, now: Timestamp, bucket: Option<&BucketName>) {
    if let Ok(Some(claim)) = Claim::parse(parts) {
        assert!(!claim.access_key_id().as_str().is_empty());
        let verified = claim.verify(parts, secret, now, bucket);
        assert!(verified.is_err(), "{claim:?} of {parts:?}");
    }
}

/// Text as forms have it.
pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The fields of a form: as they come, no signature may be good; signed anew, none that the policy does not allow.
pub fn form(fields: &[Field], bucket: &BucketName, secret: &SecretKey, now: Timestamp) {
    if let Ok(Some(claim)) = PostClaim::parse(fields) {
        assert!(!claim.access_key_id().as_str().is_empty());
        let verified = claim.verify(fields, bucket, secret, now);
        assert!(verified.is_err(), "{fields:?}");
    }
    let Some((_, policy)) = fields
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case("policy"))
    else {
        return;
    };
    let mut signed: Vec<Field> = fields.to_vec();
    signed.retain(|(name, _)| {
        !["signature", "awsaccesskeyid"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
            && !name.to_ascii_lowercase().starts_with("x-amz-")
    });
    let signature = crate::auth::signing::sign_v2(secret, policy.as_bytes());
    signed.push(("AWSAccessKeyId".to_owned(), "key".to_owned()));
    signed.push(("Signature".to_owned(), STANDARD.encode(signature)));
    let Ok(Some(claim)) = PostClaim::parse(&signed) else {
        return;
    };
    if claim.verify(&signed, bucket, secret, now).is_ok() {
        // A field that the policy does not speak of is never good, and neither is another policy.
        let mut more = signed.clone();
        more.push(("x-fuzz-never-spoken-of".to_owned(), String::new()));
        assert!(claim.verify(&more, bucket, secret, now).is_err());
        let other = SecretKey::new("another secret that nobody knows").expect("a good secret");
        assert!(claim.verify(&signed, bucket, &other, now).is_err());
    }
}
