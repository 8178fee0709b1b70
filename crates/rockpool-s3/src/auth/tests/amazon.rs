//! The worked examples of Amazon's documentation.
use http::request::Parts;
use rockpool_types::BucketName;

use super::{AMAZON_TIME, request, secret, time, verify};
use crate::auth::{Claim, Payload};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn authorization(signed_headers: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={signed_headers},Signature={signature}"
    )
}

/// An example of "Signature Calculations for the Authorization Header".
fn example(
    method: &str,
    target: &str,
    more: &[(&str, &str)],
    content_sha256: &str,
    signed_headers: &str,
    signature: &str,
) -> Parts {
    let authorization = authorization(signed_headers, signature);
    let mut headers = vec![
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Authorization", authorization.as_str()),
        ("x-amz-content-sha256", content_sha256),
        ("x-amz-date", AMAZON_TIME),
    ];
    headers.extend_from_slice(more);
    request(method, target, &headers)
}

#[test]
fn the_examples_of_header_signatures_hold() {
    let get = example(
        "GET",
        "/test.txt",
        &[("Range", "bytes=0-9")],
        EMPTY,
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    assert!(matches!(verify(&get, AMAZON_TIME), Ok(Payload::Sha256(_))));

    let digest = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let put = example(
        "PUT",
        "/test$file.text",
        &[
            ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ],
        digest,
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    match verify(&put, AMAZON_TIME) {
        Ok(Payload::Sha256(found)) => assert_eq!(hex::encode(found), digest),
        other => panic!("{other:?}"),
    }

    let lifecycle = example(
        "GET",
        "/?lifecycle",
        &[],
        EMPTY,
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    verify(&lifecycle, AMAZON_TIME).unwrap();

    let list = example(
        "GET",
        "/?max-keys=2&prefix=J",
        &[],
        EMPTY,
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
    verify(&list, AMAZON_TIME).unwrap();
}

#[test]
fn the_example_of_a_presigned_url_holds() {
    let get = request(
        "GET",
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        &[("Host", "examplebucket.s3.amazonaws.com")],
    );
    assert!(matches!(verify(&get, AMAZON_TIME), Ok(Payload::Unsigned)));
    assert!(Claim::parse(&get).unwrap().unwrap().is_presigned());
}

/// The examples of "Signing and authenticating REST requests", with the bucket in the host name.
#[test]
fn the_examples_of_version_2_hold() {
    let bucket: BucketName = "johnsmith".parse().unwrap();
    let check = |method, target, headers: &[(&str, &str)], signature: &str, now| {
        let authorization = format!("AWS AKIAIOSFODNN7EXAMPLE:{signature}");
        let mut all = vec![("Authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        let parts = request(method, target, &all);
        let claim = Claim::parse(&parts).unwrap().unwrap();
        let payload = claim.verify(&parts, &secret(), time(now), Some(&bucket));
        assert!(
            matches!(payload, Ok(Payload::Unsigned)),
            "{target}: {payload:?}"
        );
    };
    check(
        "GET",
        "/photos/puppy.jpg",
        &[("Date", "Tue, 27 Mar 2007 19:36:42 +0000")],
        "bWq2s1WEIj+Ydj0vQ697zp+IXMU=",
        "20070327T193642Z",
    );
    check(
        "PUT",
        "/photos/puppy.jpg",
        &[
            ("Date", "Tue, 27 Mar 2007 21:15:45 +0000"),
            ("Content-Type", "image/jpeg"),
            ("Content-Length", "94328"),
        ],
        "MyyxeRY7whkBe+bq8fHCL/2kKUg=",
        "20070327T211545Z",
    );
    check(
        "GET",
        "/?prefix=photos&max-keys=50&marker=puppy",
        &[("Date", "Tue, 27 Mar 2007 19:42:41 +0000")],
        "htDYFYduRNen8P9ZfE/s9SuKy0U=",
        "20070327T194241Z",
    );
    check(
        "GET",
        "/?acl",
        &[("Date", "Tue, 27 Mar 2007 19:44:46 +0000")],
        "c2WLPFtWHVgbEmeEG93a4cG37dM=",
        "20070327T194446Z",
    );
}
