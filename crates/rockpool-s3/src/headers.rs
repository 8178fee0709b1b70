//! What request headers say about an object: its attributes, ACL and conditions.
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE,
        EXPIRES,
    },
};
use rockpool_types::{
    Acl, Checksum, ChecksumAlgorithm, ChecksumKind, Conditions, ETagCondition, ObjectAttributes,
    Timestamp,
};

use crate::{
    error::{S3Code, S3Error},
    query::Query,
    tagging,
};

#[cfg(test)]
mod tests;

/// The most bytes of user metadata, names and values together (S3 user guide, "Object metadata").
const MAX_USER_METADATA: usize = 2048;

/// Query parameters of presigned URLs that are not headers in disguise.
const NOT_HEADERS: &[&str] = &[
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expires",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// The text of a header; several of one name are joined by commas. `None`: absent, or not visible ASCII.
pub(crate) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::to_str);
    let first = values.next()?.ok()?.to_owned();
    values.try_fold(first, |all, value| Some(format!("{all}, {}", value.ok()?)))
}

/// Takes over the `x-amz-*` headers that an SDK moved into the query when it presigned (as aws-sdk-js does), but for
/// checksums: those are of the empty body that it signed. Signatures of both versions cover them there.
pub(crate) fn adopt_from_query(headers: &mut HeaderMap, query: &Query) {
    for (name, value) in query.pairs() {
        let name = name.to_ascii_lowercase();
        let checksum = name.starts_with("x-amz-checksum-") && name != "x-amz-checksum-mode";
        if !name.starts_with("x-amz-") || checksum || NOT_HEADERS.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            headers.entry(name).or_insert(value);
        }
    }
}

/// What an object is to carry beside its bytes, without a checksum.
pub(crate) fn attributes(headers: &HeaderMap) -> Result<ObjectAttributes, S3Error> {
    let text = |name: HeaderName| -> Result<Option<String>, S3Error> {
        let text = headers.get(&name).map(ascii).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    };
    let tags = headers.get("x-amz-tagging").map(ascii).transpose()?;
    Ok(ObjectAttributes {
        content_type: text(CONTENT_TYPE)?,
        cache_control: text(CACHE_CONTROL)?,
        content_disposition: text(CONTENT_DISPOSITION)?,
        content_encoding: content_encoding(headers),
        content_language: text(CONTENT_LANGUAGE)?,
        expires: text(EXPIRES)?,
        website_redirect: text(HeaderName::from_static("x-amz-website-redirect-location"))?,
        user_metadata: user_metadata(headers)?,
        tags: tagging::from_header(tags.as_deref().unwrap_or_default())?,
        ..ObjectAttributes::default()
    })
}

/// `Content-Encoding` without `aws-chunked`, which is framing and not part of the object.
fn content_encoding(headers: &HeaderMap) -> Option<String> {
    let all = get(headers, CONTENT_ENCODING.as_str())?;
    let kept: Vec<&str> = all
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

fn user_metadata(
    headers: &HeaderMap,
) -> Result<std::collections::BTreeMap<String, String>, S3Error> {
    let mut metadata = std::collections::BTreeMap::<String, String>::new();
    for (name, value) in headers {
        if let Some(name) = name.as_str().strip_prefix("x-amz-meta-") {
            let value = ascii(value)?;
            metadata
                .entry(name.to_owned())
                .and_modify(|all| {
                    all.push(',');
                    all.push_str(&value);
                })
                .or_insert(value);
        }
    }
    let bytes: usize = metadata.iter().map(|(n, v)| n.len() + v.len()).sum();
    if bytes > MAX_USER_METADATA {
        return Err(S3Code::MetadataTooLarge.into());
    }
    Ok(metadata)
}

/// A header's text in visible ASCII. Other UTF-8 is encoded as S3 does it (RFC 2047 section 4.1).
fn ascii(value: &HeaderValue) -> Result<String, S3Error> {
    if let Ok(text) = value.to_str() {
        return Ok(text.to_owned());
    }
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(format!("=?UTF-8?B?{}?=", STANDARD.encode(text))),
        Err(_) => Err(S3Error::invalid("A header is neither ASCII nor UTF-8.")),
    }
}

/// The ACL that headers ask for, canned or as grants; `None` when they ask for none.
pub(crate) fn acl(headers: &HeaderMap) -> Result<Option<Acl>, S3Error> {
    let canned = get(headers, "x-amz-acl").filter(|text| !text.is_empty());
    let grants: Vec<(&str, String)> = ["read", "write", "read-acp", "write-acp", "full-control"]
        .into_iter()
        .filter_map(|right| Some((right, get(headers, &format!("x-amz-grant-{right}"))?)))
        .collect();
    match (canned, grants.is_empty()) {
        (Some(_), false) => Err(S3Error::new(
            S3Code::InvalidRequest,
            "A canned ACL and grants cannot come together.",
        )),
        (Some(canned), true) => {
            canned
                .parse()
                .map(Some)
                .map_err(|invalid: rockpool_types::Invalid| {
                    S3Error::invalid(format!("x-amz-acl: {}.", invalid.why))
                })
        }
        (None, true) => Ok(None),
        (None, false) => {
            let world_reads = grants.iter().any(|(right, grantees)| {
                matches!(*right, "read" | "full-control") && grantees.contains("/global/AllUsers")
            });
            Ok(Some(if world_reads {
                Acl::PublicRead
            } else {
                Acl::Private
            }))
        }
    }
}

/// The conditions in headers whose names begin with `prefix`: empty, or `x-amz-copy-source-`. Dates that cannot be
/// read are ignored (RFC 9110 section 13.1.3).
pub(crate) fn conditions(headers: &HeaderMap, prefix: &str) -> Conditions {
    let text = |name: &str| get(headers, &format!("{prefix}{name}"));
    let tags = |name| text(name).map(|value| ETagCondition::parse(&value));
    let date = |name| Timestamp::from_http_date(&text(name)?).ok();
    Conditions {
        if_match: tags("if-match"),
        if_none_match: tags("if-none-match"),
        if_modified_since: date("if-modified-since"),
        if_unmodified_since: date("if-unmodified-since"),
    }
}

/// The checksum of a whole object that a header declares; one of several, if there are.
pub(crate) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, S3Error> {
    for algorithm in ChecksumAlgorithm::ALL {
        if let Some(text) = get(headers, algorithm.header()) {
            return parse_checksum(algorithm, &text).map(Some);
        }
    }
    Ok(None)
}

/// Reads a checksum, with `-N` behind it if it is a composite of N parts.
pub(crate) fn parse_checksum(
    algorithm: ChecksumAlgorithm,
    text: &str,
) -> Result<Checksum, S3Error> {
    let bad = || S3Error::invalid(format!("A {algorithm} checksum is malformed."));
    let (value, kind) = match text.split_once('-') {
        Some((value, parts)) => {
            let parts = parts.parse().map_err(|_| bad())?;
            (value, ChecksumKind::Composite(parts))
        }
        None => (text, ChecksumKind::FullObject),
    };
    Checksum::from_base64(algorithm, value)
        .map(|checksum| checksum.with_kind(kind))
        .map_err(|_| bad())
}

/// Refuses what a put, a copy or the start of an upload cannot have in a pool, rather than to ignore it.
pub(crate) fn refuse_unsupported(headers: &HeaderMap) -> Result<(), S3Error> {
    for name in headers.keys() {
        let name = name.as_str();
        if name.starts_with("x-amz-object-lock-") {
            return Err(S3Error::new(
                S3Code::InvalidRequest,
                "The bucket has no object lock configuration.",
            ));
        }
        if name.starts_with("x-amz-server-side-encryption-customer-")
            || name.starts_with("x-amz-copy-source-server-side-encryption-customer-")
            || name == "x-amz-write-offset-bytes"
        {
            return Err(S3Error::not_implemented(&format!("`{name}`")));
        }
    }
    match get(headers, "x-amz-server-side-encryption").as_deref() {
        None | Some("AES256") => Ok(()),
        Some(other) => Err(S3Error::not_implemented(&format!(
            "encryption by `{other}`"
        ))),
    }
}
