//! Answers: their bodies, and the shapes that most of them have.
use std::io;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use rockpool_pool::ByteStream;
use rockpool_types::Checksum;

use crate::{
    error::S3Error,
    request_id::RequestId,
    xml::{self, Xml},
};

/// The body of an answer. An error ends the connection before all of it was sent.
pub type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub(crate) type Reply = Response<ResponseBody>;

/// A body that is there whole.
pub(crate) fn full(bytes: impl Into<Bytes>) -> ResponseBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body that is read as it is sent.
pub(crate) fn streamed(stream: ByteStream) -> ResponseBody {
    BodyExt::boxed_unsync(StreamBody::new(stream.map_ok(Frame::data)))
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(full(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

/// A document, without its declaration, as a whole answer.
pub(crate) fn xml(document: &str) -> Reply {
    let mut reply = Response::new(full(format!("{}{document}", xml::DECLARATION)));
    set(reply.headers_mut(), CONTENT_TYPE, "application/xml");
    reply
}

/// The error document of S3 (S3 API reference, "REST error responses"), without its declaration.
pub(crate) fn error_document(error: &S3Error, resource: &str, id: &RequestId) -> String {
    Xml::plain_document("Error", |xml| {
        xml.text("Code", error.code().as_str());
        xml.text("Message", error.message());
        xml.text("Resource", resource);
        xml.text("RequestId", id.short());
        xml.text("HostId", id.long());
    })
}

/// The answer that an error makes. `head`: the request was a HEAD, whose answer has no body.
pub(crate) fn error(error: &S3Error, resource: &str, id: &RequestId, head: bool) -> Reply {
    let mut reply = if head {
        empty(error.code().status())
    } else {
        xml(&error_document(error, resource, id))
    };
    *reply.status_mut() = error.code().status();
    for (name, value) in error.headers() {
        reply.headers_mut().insert(name.clone(), value.clone());
    }
    reply
}

/// Sets a header, unless the value cannot be one.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

/// Sets the length of a body.
pub(crate) fn set_length(headers: &mut HeaderMap, bytes: u64) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
}

/// Sets the headers that carry a checksum and what it covers.
pub(crate) fn set_checksum(headers: &mut HeaderMap, checksum: Option<&Checksum>) {
    if let Some(checksum) = checksum {
        let name = HeaderName::from_static(checksum.algorithm().header());
        set(headers, name, &checksum.to_base64());
        let kind = HeaderName::from_static("x-amz-checksum-type");
        set(headers, kind, checksum_type(checksum));
    }
}

/// S3's word for what a checksum covers.
pub(crate) fn checksum_type(checksum: &Checksum) -> &'static str {
    match checksum.kind() {
        rockpool_types::ChecksumKind::FullObject => "FULL_OBJECT",
        rockpool_types::ChecksumKind::Composite(_) => "COMPOSITE",
    }
}

/// Writes a checksum as documents have it, e.g. `<ChecksumCRC32>`, and what it covers.
pub(crate) fn write_checksum(xml: &mut Xml, checksum: Option<&Checksum>) {
    if let Some(checksum) = checksum {
        let name = format!("Checksum{}", checksum.algorithm());
        xml.text(&name, &checksum.to_base64());
        xml.text("ChecksumType", checksum_type(checksum));
    }
}
