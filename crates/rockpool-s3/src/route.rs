//! From a request's method, path, query and host to the operation that it asks for. Pure.
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use rockpool_types::{BucketName, HostName, ObjectKey};

use crate::{
    error::{S3Code, S3Error},
    query::Query,
};

mod operation;
#[cfg(test)]
mod tests;

pub(crate) use operation::{BucketOperation, ObjectOperation, Operation, Setting};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The operation.
    pub(crate) operation: Operation,
    /// The decoded query.
    pub(crate) query: Query,
}

/// Where in the address the bucket's name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// It is the first segment of the path.
    Path,
    /// The host stands for it.
    VirtualHost(BucketName),
}

/// The host that a request was sent to, as it came but for its port: the target's authority, else the Host header.
pub(crate) fn host<'a>(uri: &'a http::Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = uri
        .host()
        .or_else(|| headers.get(http::header::HOST)?.to_str().ok())?;
    if host.starts_with('[') {
        return host.split_inclusive(']').next();
    }
    Some(host.split_once(':').map_or(host, |(name, _)| name))
}

/// The bucket that a host stands for under one of the base domains: `Ok(None)` when the host is none of
/// theirs; `InvalidBucketName` when what stands before the domain cannot be a bucket.
pub(crate) fn bucket_of_host(
    host: &str,
    domains: &[HostName],
) -> Result<Option<BucketName>, S3Error> {
    let before = |domain: &HostName| {
        let at = host.len().checked_sub(domain.as_str().len())?;
        let (name, rest) = host.split_at_checked(at)?;
        let fits = rest.eq_ignore_ascii_case(domain.as_str());
        fits.then_some(name)?.strip_suffix('.')
    };
    // Of domains that lie within each other the longest counts, which leaves the shortest name.
    match domains
        .iter()
        .filter_map(before)
        .min_by_key(|name| name.len())
    {
        Some(name) => bucket_name(name).map(Some),
        None => Ok(None),
    }
}

/// Whether a host is one of the base domains, so that its paths begin with a bucket.
pub(crate) fn is_base_domain(host: &str, domains: &[HostName]) -> bool {
    domains
        .iter()
        .any(|domain| domain.as_str().eq_ignore_ascii_case(host))
}

/// Finds the operation. Everything that S3 has and the pool does not is refused here.
pub(crate) fn route(
    method: &Method,
    uri: &http::Uri,
    headers: &HeaderMap,
    addressing: &Addressing,
) -> Result<Route, S3Error> {
    let query = Query::parse(uri.query().unwrap_or_default())?;
    let path = uri.path().strip_prefix('/').unwrap_or_else(|| uri.path());
    let (bucket, key) = match addressing {
        Addressing::VirtualHost(bucket) => (Some(bucket.clone()), path),
        Addressing::Path if path.is_empty() => (None, ""),
        Addressing::Path => {
            let (name, key) = path.split_once('/').unwrap_or((path, ""));
            (Some(bucket_name(&decode(name)?)?), key)
        }
    };
    let operation = match (bucket, key) {
        (None, _) => operation::of_service(method)?,
        (Some(bucket), "") => {
            let operation = operation::of_bucket(method, &query, is_form(headers))?;
            Operation::Bucket(bucket, operation)
        }
        (Some(bucket), key) => {
            let key = object_key(decode(key)?)?;
            let copies = headers.contains_key("x-amz-copy-source");
            let operation = operation::of_object(method, &query, copies)?;
            Operation::Object(bucket, key, operation)
        }
    };
    Ok(Route { operation, query })
}

/// Takes a text as a key. `KeyTooLongError`, or `InvalidArgument` when it is empty.
pub(crate) fn object_key(text: String) -> Result<ObjectKey, S3Error> {
    if text.len() > ObjectKey::MAX_BYTES {
        return Err(S3Code::KeyTooLongError.into());
    }
    ObjectKey::new(text).map_err(|_| S3Error::invalid("The key is empty."))
}

/// Takes a text as a bucket's name. `InvalidBucketName`.
pub(crate) fn bucket_name(text: &str) -> Result<BucketName, S3Error> {
    text.parse().map_err(|invalid: rockpool_types::Invalid| {
        S3Error::new(
            S3Code::InvalidBucketName,
            format!("The bucket name is not valid: {}.", invalid.why),
        )
    })
}

/// Decodes a raw part of a path, once; `+` is itself. `InvalidURI` for stray `%` and what is not UTF-8.
pub(crate) fn decode(raw: &str) -> Result<String, S3Error> {
    let stray = raw.match_indices('%').any(|(at, _)| {
        let digits = raw.as_bytes().get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if stray {
        return Err(S3Error::new(
            S3Code::InvalidURI,
            "The path has a `%` without two hexadecimal digits.",
        ));
    }
    percent_decode_str(raw)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| S3Error::new(S3Code::InvalidURI, "The path is not UTF-8."))
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.get(.."multipart/form-data".len()))
        .is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}
