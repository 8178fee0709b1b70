//! Browsers of other origins: they may read what anybody may, and upload with URLs and forms that were signed for
//! them. No credentials of a browser's own count here, so every origin is allowed (Fetch standard, "CORS protocol").
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        VARY,
    },
};

use crate::reply::{self, Reply};

/// What scripts may read of an answer beside the few headers that they always may.
const EXPOSED: &str = "ETag, Content-Length, Content-Range, Content-Disposition, Content-Encoding, \
    Accept-Ranges, Date, x-amz-request-id, x-amz-id-2, x-amz-mp-parts-count, x-amz-checksum-type, \
    x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, \
    x-amz-checksum-sha256";

/// Answers an OPTIONS request.
pub(crate) fn preflight(request: &HeaderMap) -> Reply {
    let mut reply = reply::empty(StatusCode::OK);
    let headers = reply.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let asked = asked.unwrap_or_else(|| HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.insert(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    reply
}

/// Lets scripts of every origin read an answer. That they may is said to everybody, since a browser may show to a script
/// what it cached for an image; `from_script`: which headers they see is said to them alone.
pub(crate) fn allow(headers: &mut HeaderMap, from_script: bool) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if from_script {
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}
