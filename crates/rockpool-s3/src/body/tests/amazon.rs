//! Amazon's examples of signed chunks: 66,560 times `a`, in chunks of 64 KiB and 1 KiB.
use http::request::Parts;
use rockpool_pool::Declared;
use rockpool_types::{ChecksumAlgorithm, SecretKey, Timestamp};

use super::{BodyFault, pieces, read};
use crate::auth::{Claim, Payload};

const CONTENT_LENGTH: usize = 65 * 1024;

fn verified(parts: &Parts) -> Payload {
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").unwrap();
    let now = Timestamp::from_amz_date("20130524T000000Z").unwrap();
    let claim = Claim::parse(parts).unwrap().unwrap();
    claim.verify(parts, &secret, now, None).unwrap()
}

fn put(headers: &[(&str, &str)], signed_headers: &str, signature: &str) -> Parts {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={signed_headers},Signature={signature}"
    );
    let mut builder = http::Request::put("/examplebucket/chunkObject.txt")
        .header("Host", "s3.amazonaws.com")
        .header("x-amz-date", "20130524T000000Z")
        .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
        .header("Content-Encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", CONTENT_LENGTH)
        .header("Authorization", authorization);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn wire(signatures: [&str; 3], tail: &str) -> Vec<u8> {
    let [first, second, last] = signatures;
    let mut wire = format!("10000;chunk-signature={first}\r\n").into_bytes();
    wire.extend_from_slice(&[b'a'; 0x10000]);
    wire.extend_from_slice(format!("\r\n400;chunk-signature={second}\r\n").as_bytes());
    wire.extend_from_slice(&[b'a'; 0x400]);
    wire.extend_from_slice(format!("\r\n0;chunk-signature={last}\r\n{tail}").as_bytes());
    wire
}

fn signed_chunks() -> (Parts, Vec<u8>) {
    let parts = put(
        &[
            ("Content-Length", "66824"),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ],
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
         x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    );
    let signatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];
    (parts, wire(signatures, "\r\n"))
}

fn signed_chunks_with_trailer(tail: &str) -> (Parts, Vec<u8>) {
    let parts = put(
        &[
            (
                "x-amz-content-sha256",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            ),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ],
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
         x-amz-storage-class;x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    let signatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    (parts, wire(signatures, tail))
}

const TRAILER_SIGNATURE: &str = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

#[test]
fn the_example_of_signed_chunks_holds() {
    let (parts, wire) = signed_chunks();
    assert_eq!(wire.len(), 66824);
    let (content, declared) = read(
        pieces(&wire, &[1000, 1, 70]),
        &parts.headers,
        verified(&parts),
    )
    .unwrap();
    assert_eq!(content, vec![b'a'; CONTENT_LENGTH]);
    assert_eq!(declared, []);
}

#[test]
fn any_changed_byte_of_signed_chunks_is_found() {
    let (parts, wire) = signed_chunks();
    for at in (0..wire.len())
        .step_by(211)
        .chain(wire.len() - 90..wire.len())
    {
        let mut wire = wire.clone();
        wire[at] ^= 1;
        let fault = read(pieces(&wire, &[4096]), &parts.headers, verified(&parts));
        assert!(fault.is_err(), "byte {at}");
    }
}

#[test]
fn the_example_of_a_signed_trailer_holds() {
    for tail in [
        format!(
            "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n\r\n"
        ),
        format!(
            "x-amz-checksum-crc32c:sOO8/Q==\n\r\nx-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n\r\n"
        ),
    ] {
        let (parts, wire) = signed_chunks_with_trailer(&tail);
        let (content, declared) =
            read(pieces(&wire, &[10_000]), &parts.headers, verified(&parts)).unwrap();
        assert_eq!(content.len(), CONTENT_LENGTH);
        match &declared[..] {
            [Declared::Checksum(checksum)] => {
                assert_eq!(checksum.algorithm(), ChecksumAlgorithm::Crc32c);
                assert_eq!(checksum.to_base64(), "sOO8/Q==");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_changed_signed_trailer_is_found() {
    let tail = format!(
        "x-amz-checksum-crc32c:sOO8/A==\r\nx-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n\r\n"
    );
    let (parts, wire) = signed_chunks_with_trailer(&tail);
    let fault = read(pieces(&wire, &[10_000]), &parts.headers, verified(&parts)).unwrap_err();
    assert!(
        matches!(fault, BodyFault::ChunkSignatureMismatch),
        "{fault}"
    );
}
