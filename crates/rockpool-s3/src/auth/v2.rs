//! Version 2 (S3 user guide, appendix "Authenticating requests using AWS Signature Version 2"), which old clients
//! still send, and boto3 for presigned URLs in some regions.
use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request::Parts};
use rockpool_types::{AccessKeyId, BucketName, SecretKey, Timestamp};

use super::{
    error::AuthError,
    payload::{Payload, PayloadKind},
    query::Query,
    signing::{same, sign_v2},
    v4::{MAX_EXPIRY_SECS, MAX_SKEW, check_skew, request_time},
};

/// Parameters of which each says that a query is meant to be signed in version 2.
pub(super) const QUERY_MARKS: [&str; 2] = ["AWSAccessKeyId", "Signature"];

/// The parameters that are part of the signature: all that choose an operation or change its answer. Amazon's
/// list, and the sub-resources that came after it: version 2 leaves the others unsigned, so whoever has a
/// presigned URL could add them.
const SIGNED_PARAMS: [&str; 43] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "defaultObjectAcl",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// A version 2 signature, read and not verified.
#[derive(Clone, Debug)]
pub(super) struct V2 {
    signature: Vec<u8>,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Header,
    /// Until when it is valid, as the query has it (seconds since 1970) and as an instant.
    Query {
        expires_text: String,
        expires: Timestamp,
    },
}

impl V2 {
    /// Reads `ID:SIGNATURE` of an `Authorization` header.
    pub(super) fn parse_header(text: &str) -> Result<(AccessKeyId, Self), AuthError> {
        let (key, signature) = text
            .trim()
            .split_once(':')
            .ok_or(AuthError::MalformedHeader(
                "it is not of the form AWS ID:SIGNATURE",
            ))?;
        let claim = Self {
            signature: parse_signature(signature)
                .ok_or(AuthError::MalformedHeader("the signature is not base64"))?,
            place: Place::Header,
        };
        let key = key.parse().map_err(|_| AuthError::InvalidAccessKeyId)?;
        Ok((key, claim))
    }

    /// Reads the parameters of a presigned request.
    pub(super) fn parse_query(query: &Query<'_>) -> Result<(AccessKeyId, Self), AuthError> {
        let only = |name| query.only(name).ok_or(AuthError::IncompleteV2Query);
        let key = only("AWSAccessKeyId")?
            .parse()
            .map_err(|_| AuthError::InvalidAccessKeyId)?;
        // A signer that forgets to encode base64's `+` has it read as a space.
        let signature = only("Signature")?.replace(' ', "+");
        let expires_text = only("Expires")?.to_owned();
        let expires: u32 = expires_text.parse().map_err(|_| {
            AuthError::MalformedQuery("Expires is not a number of seconds since 1970")
        })?;
        let claim = Self {
            signature: parse_signature(&signature)
                .ok_or(AuthError::MalformedQuery("Signature is not base64"))?,
            place: Place::Query {
                expires_text,
                expires: Timestamp::from_millis(i64::from(expires) * 1000),
            },
        };
        Ok((key, claim))
    }

    /// Verifies the signature against the request that it came with.
    pub(super) fn verify(
        &self,
        parts: &Parts,
        secret: &SecretKey,
        now: Timestamp,
        virtual_host_bucket: Option<&BucketName>,
    ) -> Result<Payload, AuthError> {
        self.check_time(&parts.headers, now)?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let head = self.string_to_sign_head(parts, &query);
        let signed = paths(parts.uri.path(), virtual_host_bucket).any(|path| {
            [true, false].into_iter().any(|keep_empty_values| {
                let mut string_to_sign = head.clone();
                string_to_sign.extend_from_slice(path.as_bytes());
                push_signed_params(&mut string_to_sign, &query, keep_empty_values);
                same(&sign_v2(secret, &string_to_sign), &self.signature)
            })
        });
        if !signed {
            return Err(AuthError::SignatureMismatch);
        }
        payload(&parts.headers)
    }

    fn check_time(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), AuthError> {
        match &self.place {
            Place::Header => check_skew(request_time(headers)?, now),
            Place::Query { expires, .. } => {
                if now > *expires {
                    return Err(AuthError::Expired {
                        expires: *expires,
                        server: now,
                    });
                }
                // The time of signing is not told; it was about now at the latest.
                let longest = Duration::from_secs(MAX_EXPIRY_SECS) + MAX_SKEW;
                if *expires > now.plus(longest) {
                    return Err(AuthError::ExpiryOutOfRange);
                }
                Ok(())
            }
        }
    }

    /// The string to sign up to the resource.
    fn string_to_sign_head(&self, parts: &Parts, query: &Query<'_>) -> Vec<u8> {
        let headers = &parts.headers;
        let presigned = matches!(self.place, Place::Query { .. });
        // boto3 puts these headers into the query of a presigned URL, and signs them as if they were headers.
        let header_or_param = |name: &str| -> Vec<u8> {
            match headers.get(name) {
                Some(value) => value.as_bytes().trim_ascii().to_vec(),
                None if presigned => query.only(name).unwrap_or_default().as_bytes().to_vec(),
                None => Vec::new(),
            }
        };
        let date = match &self.place {
            Place::Query { expires_text, .. } => expires_text.as_bytes().to_vec(),
            Place::Header if headers.contains_key("x-amz-date") => Vec::new(),
            Place::Header => header_or_param(header::DATE.as_str()),
        };
        let mut text = Vec::new();
        for line in [
            parts.method.as_str().as_bytes(),
            &header_or_param("content-md5"),
            &header_or_param("content-type"),
            &date,
        ] {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        for (name, value) in amz_headers(headers, presigned.then_some(query)) {
            text.extend_from_slice(&name);
            text.push(b':');
            text.extend_from_slice(&value);
            text.push(b'\n');
        }
        text
    }
}

/// The resource's path with its bucket, as it came and not decoded. A bucket alone is signed with a slash behind it,
/// whether it is sent or not; some clients sign what they send.
fn paths<'a>(
    raw: &'a str,
    virtual_host_bucket: Option<&'a BucketName>,
) -> impl Iterator<Item = String> {
    let bucket_alone = virtual_host_bucket.is_none() && raw.rfind('/') == Some(0) && raw != "/";
    let as_it_came = match virtual_host_bucket {
        Some(bucket) => format!("/{bucket}{raw}"),
        None => raw.to_owned(),
    };
    let with_slash = bucket_alone.then(|| format!("{raw}/"));
    std::iter::once(as_it_came).chain(with_slash)
}

/// The `x-amz-*` headers, sorted by name, repeated ones joined by commas. For a presigned request the parameters of
/// such names, in whatever case, count as headers that did not arrive as such: boto3 moves headers there, and the face
/// takes them for headers again, so that none of them may be outside the signature.
fn amz_headers(headers: &HeaderMap, query: Option<&Query<'_>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut lines: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for (name, value) in headers {
        if !name.as_str().starts_with("x-amz-") {
            continue;
        }
        let value = value.as_bytes().trim_ascii();
        lines
            .entry(name.as_str().as_bytes().to_vec())
            .and_modify(|joined| {
                joined.push(b',');
                joined.extend_from_slice(value);
            })
            .or_insert_with(|| value.to_vec());
    }
    for (name, value) in query.map(Query::params).unwrap_or_default() {
        let name = name.to_ascii_lowercase();
        if name.starts_with(b"x-amz-") {
            let value = value.as_deref().unwrap_or_default().trim_ascii();
            lines.entry(name).or_insert_with(|| value.to_vec());
        }
    }
    lines
}

/// The signed parameters, sorted, with decoded values. Signers differ in whether `?acl=` is signed as `acl=` or as
/// `acl`; the two mean the same.
fn push_signed_params(text: &mut Vec<u8>, query: &Query<'_>, keep_empty_values: bool) {
    let mut params: Vec<(&[u8], Option<&[u8]>)> = query
        .params()
        .iter()
        .filter(|(name, _)| SIGNED_PARAMS.iter().any(|s| s.as_bytes() == &**name))
        .map(|(name, value)| (&**name, value.as_ref().map(Cow::as_ref)))
        .collect();
    params.sort_unstable();
    let mut separator = b'?';
    for (name, value) in params {
        text.push(separator);
        separator = b'&';
        text.extend_from_slice(name);
        if let Some(value) = value.filter(|value| keep_empty_values || !value.is_empty()) {
            text.push(b'=');
            text.extend_from_slice(value);
        }
    }
}

/// What the headers say about the body. Version 2 has no digest of it, but signs `x-amz-content-sha256` if it is there.
fn payload(headers: &HeaderMap) -> Result<Payload, AuthError> {
    let Some(value) = headers.get("x-amz-content-sha256") else {
        return Ok(Payload::Unsigned);
    };
    let value = value
        .to_str()
        .map_err(|_| AuthError::InvalidContentSha256)?;
    match PayloadKind::parse(value)? {
        PayloadKind::Unsigned => Ok(Payload::Unsigned),
        PayloadKind::Sha256(digest) => Ok(Payload::Sha256(digest)),
        PayloadKind::UnsignedChunks => Ok(Payload::UnsignedChunks),
        // A chain of chunk signatures starts at a version 4 signature, and there is none.
        PayloadKind::SignedChunks { .. } => Err(AuthError::InvalidContentSha256),
    }
}

fn parse_signature(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}
