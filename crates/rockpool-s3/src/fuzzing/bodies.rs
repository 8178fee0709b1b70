//! The framing of bodies.
use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use rockpool_pool::BodySource;
use rockpool_types::{SecretKey, Timestamp};
use tokio::runtime::Runtime;

use crate::{
    auth::{Claim, Payload},
    body::{BodyFault, BodyLimits, S3Body},
};

/// A body in `aws-chunked` framing, which a request with these headers has, in pieces: pieces do not matter, and what comes
/// out of it is what was put in. Where chunks have to be `signed`, no input is good, as none can know the secret.
pub fn chunks(runtime: &Runtime, headers: &HeaderMap, pieces: &[&[u8]], signed: bool) {
    let payload = if signed {
        amazons()
    } else {
        Payload::UnsignedChunks
    };
    let whole = pieces.concat();
    let one = read(runtime, headers, &payload, &[&whole]);
    let other = read(runtime, headers, &payload, pieces);
    assert_eq!(one.0, other.0, "the pieces matter");
    let said = |end: &Result<(), BodyFault>| end.as_ref().err().map(ToString::to_string);
    assert_eq!(said(&one.1), said(&other.1), "the pieces matter");
    let (content, end) = other;
    assert!(content.len() <= whole.len());
    assert!(
        !signed || end.is_err(),
        "unsigned chunks are taken for signed ones"
    );
    if end.is_ok() {
        if let Some(declared) = headers.get("x-amz-decoded-content-length") {
            let declared = declared
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse().ok());
            assert_eq!(declared, Some(content.len()));
        }
        assert!(whole.ends_with(b"\n"), "a body that is cut off is taken");
    }
    if !signed {
        framed(runtime, pieces, &payload);
    }
}

/// What the signature of Amazon's example of signed chunks with a trailer says about the body (S3 API reference).
fn amazons() -> Payload {
    let request = http::Request::put("/examplebucket/chunkObject.txt")
        .header("host", "s3.amazonaws.com")
        .header("x-amz-date", "20130524T000000Z")
        .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "66560")
        .header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
        .header("x-amz-trailer", "x-amz-checksum-crc32c")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
             x-amz-storage-class;x-amz-trailer,\
             Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        );
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").expect("a secret");
    let now = Timestamp::from_amz_date("20130524T000000Z").expect("a date");
    let claim = Claim::parse(&parts).ok().flatten().expect("it is signed");
    claim
        .verify(&parts, &secret, now, None)
        .expect("it is signed well")
}

/// Any content, framed in these chunks, comes out as it was.
fn framed(runtime: &Runtime, pieces: &[&[u8]], payload: &Payload) {
    let mut wire = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        wire.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        wire.extend_from_slice(piece);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n\r\n");
    let (content, end) = read(runtime, &HeaderMap::new(), payload, &[&wire]);
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(content, pieces.concat());
}

/// What is read of a body before it ends, and how it ends. What is read of a broken one is of no use, as where it breaks is
/// the pieces' affair, so then there is nothing.
fn read(
    runtime: &Runtime,
    headers: &HeaderMap,
    payload: &Payload,
    pieces: &[&[u8]],
) -> (Vec<u8>, Result<(), BodyFault>) {
    let limits = BodyLimits {
        stall: Duration::from_secs(20),
    };
    let frame = |piece: &&[u8]| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(piece)));
    let frames: Vec<_> = pieces.iter().map(frame).collect();
    let wire = StreamBody::new(stream::iter(frames));
    let mut body = match S3Body::new(wire, headers, payload.clone(), limits) {
        Ok(body) => body,
        Err(fault) => return (Vec::new(), Err(fault)),
    };
    runtime.block_on(async {
        let mut content = Vec::new();
        loop {
            match body.next_data().await {
                Ok(Some(data)) => content.extend_from_slice(&data),
                Ok(None) => {
                    assert!(body.declared().len() <= 3);
                    return (content, Ok(()));
                }
                Err(fault) => return (Vec::new(), Err(fault)),
            }
        }
    })
}
