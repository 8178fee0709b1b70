//! What answers say about an object, and how browsers are kept from running one.
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use rockpool_pool::{Object, is_active};

use crate::reply::set;

#[cfg(test)]
mod tests;

/// The content type of an object whose member gave none, as on S3.
const UNKNOWN_TYPE: &str = "binary/octet-stream";

/// Writes what a 304 repeats of an object (RFC 9110 section 15.4.5).
pub(crate) fn validators(headers: &mut HeaderMap, object: &Object) {
    set(headers, ETAG, &object.etag.quoted());
    set(headers, LAST_MODIFIED, &object.modified_at.to_http_date());
    let attributes = &object.attributes;
    for (name, value) in [
        (CACHE_CONTROL, &attributes.cache_control),
        (EXPIRES, &attributes.expires),
    ] {
        if let Some(value) = value {
            set(headers, name, value);
        }
    }
}

/// Writes everything that a 200 says of an object but its length.
pub(crate) fn write(headers: &mut HeaderMap, object: &Object) {
    validators(headers, object);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let attributes = &object.attributes;
    let content_type = attributes.content_type.as_deref().unwrap_or(UNKNOWN_TYPE);
    set(headers, CONTENT_TYPE, content_type);
    for (name, value) in [
        (CONTENT_DISPOSITION, &attributes.content_disposition),
        (CONTENT_ENCODING, &attributes.content_encoding),
        (CONTENT_LANGUAGE, &attributes.content_language),
        (
            HeaderName::from_static("x-amz-website-redirect-location"),
            &attributes.website_redirect,
        ),
    ] {
        if let Some(value) = value {
            set(headers, name, value);
        }
    }
    for (name, value) in &attributes.user_metadata {
        if let Ok(name) = HeaderName::try_from(format!("x-amz-meta-{name}")) {
            set(headers, name, value);
        }
    }
    if !attributes.tags.is_empty() {
        let name = HeaderName::from_static("x-amz-tagging-count");
        headers.insert(name, HeaderValue::from(attributes.tags.len()));
    }
}

/// Keeps browsers from running an object as a page or a script of the face's host. `open`: the answer may go to a browser,
/// so what it would run becomes a download too. S3 clients look at none of this.
pub(crate) fn protect_browsers(headers: &mut HeaderMap, open: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if open && is_active(content_type.unwrap_or_default()) {
        let disposition = as_download(headers.get(CONTENT_DISPOSITION));
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
}

/// The same disposition as an attachment, with the file name that it had.
fn as_download(disposition: Option<&HeaderValue>) -> HeaderValue {
    let parameters = disposition
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(';'))
        .map_or("", |(_, parameters)| parameters);
    let text = match parameters.trim() {
        "" => "attachment".to_owned(),
        parameters => format!("attachment; {parameters}"),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}
