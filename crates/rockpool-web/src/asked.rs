//! What a request asks for.
use http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;
use rockpool_types::{BucketName, HostName, ObjectKey};

/// What a path without a bucket's own host name in front of it asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// An object.
    Object(BucketName, ObjectKey),
    /// Something in a bucket whose name no bucket can have.
    Impossible,
}

/// Why a path names nothing. The text is for the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadPath(pub(crate) &'static str);

const INCOMPLETE: BadPath = BadPath("The path must have a bucket and a key: /<bucket>/<key>");

/// Reads `/<bucket>/<key>`. Each is percent-decoded once; nothing else is changed, so `//` and `..` are parts of a key
/// like any others.
pub(crate) fn parse_named(path: &str) -> Result<Named, BadPath> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = path.split_once('/').ok_or(INCOMPLETE)?;
    if bucket.is_empty() || key.is_empty() {
        return Err(INCOMPLETE);
    }
    let key = parse_key(key)?;
    match BucketName::new(decode(bucket)?) {
        Ok(bucket) => Ok(Named::Object(bucket, key)),
        Err(_) => Ok(Named::Impossible),
    }
}

/// Reads a percent-encoded key, without a leading slash.
pub(crate) fn parse_key(text: &str) -> Result<ObjectKey, BadPath> {
    if text.is_empty() {
        return Err(BadPath("The path must have a key"));
    }
    ObjectKey::new(decode(text)?).map_err(|_| BadPath("The key is longer than 1024 bytes"))
}

fn decode(text: &str) -> Result<String, BadPath> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| BadPath("The path is not UTF-8 when percent-decoded"))
}

/// The host that was asked, without its port, in lower case. `None`: none was named, or it cannot be a bucket's (an IPv6
/// address, say). The authority of an absolute request target counts before the `Host` header (RFC 9112 section 3.2.2).
pub(crate) fn asked_host(uri: &Uri, headers: &HeaderMap) -> Option<HostName> {
    let authority = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    HostName::new(host.to_ascii_lowercase()).ok()
}

#[cfg(test)]
mod tests;
