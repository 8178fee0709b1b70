//! What is particular to version 2.
use rockpool_types::BucketName;

use super::{
    AMAZON_TIME, put, refusal, secret, signer::Order, time, verify, with_target, without_header,
};
use crate::auth::{AuthError, Claim, Payload};

#[test]
fn version_2_signs_the_bucket_of_a_host_name() {
    let bucket: BucketName = "bkt".parse().unwrap();
    let date = "Fri, 24 May 2013 00:00:00 GMT";
    let parts = Order::new("GET", "/key").v2_header(date, "/bkt", "");
    let claim = Claim::parse(&parts).unwrap().unwrap();
    let verify = |bucket| claim.verify(&parts, &secret(), time(AMAZON_TIME), bucket);
    verify(Some(&bucket)).unwrap();
    assert_eq!(verify(None).unwrap_err(), AuthError::SignatureMismatch);
}

#[test]
fn version_2_signs_what_chooses_the_operation() {
    let expires = time(AMAZON_TIME).as_secs() + 60;
    let overridden = put()
        .query("x-id", "PutObject")
        .query("response-content-type", "image/png; a=b")
        .query("acl", "")
        .v2_query(expires, "?acl&response-content-type=image/png; a=b");
    verify(&overridden, AMAZON_TIME).unwrap();
    let with_value = put().query("acl", "").v2_query(expires, "?acl=");
    verify(&with_value, AMAZON_TIME).unwrap();
    for added in [
        "acl",
        "attributes",
        "uploads",
        "response-content-type=text/html",
        "tagging",
    ] {
        let parts = with_target(put().v2_query(expires, ""), "?", &format!("?{added}&"));
        assert_eq!(refusal(&parts), AuthError::SignatureMismatch, "{added}");
    }
}

#[test]
fn version_2_takes_a_header_in_a_presigned_query_for_that_header() {
    let expires = time(AMAZON_TIME).as_secs() + 60;
    for name in ["x-amz-acl", "x-amz-copy-source", "content-type"] {
        let parts = put().header(name, "some-value").v2_query(expires, "");
        verify(&parts, AMAZON_TIME).unwrap();
        let moved = with_target(
            without_header(parts, name),
            "?",
            &format!("?{name}=some-value&"),
        );
        verify(&moved, AMAZON_TIME).unwrap();
    }
}

#[test]
fn version_2_takes_a_date_in_x_amz_date_instead() {
    let order = put().header("x-amz-date", "Fri, 24 May 2013 00:00:00 GMT");
    let parts = without_header(order.v2_header("", "", ""), "date");
    verify(&parts, AMAZON_TIME).unwrap();
}

#[test]
fn version_2_has_a_payload_digest_when_the_header_says_one() {
    let payload = |value: &str| {
        let parts = put().header("x-amz-content-sha256", value);
        verify(
            &parts.v2_header("Fri, 24 May 2013 00:00:00 GMT", "", ""),
            AMAZON_TIME,
        )
    };
    assert!(matches!(
        payload(&"ab".repeat(32)),
        Ok(Payload::Sha256(digest)) if digest == [0xab; 32]
    ));
    assert!(matches!(
        payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        Ok(Payload::UnsignedChunks)
    ));
    // A chain of chunk signatures would have nothing to start at.
    assert_eq!(
        payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").unwrap_err(),
        AuthError::InvalidContentSha256
    );
}
