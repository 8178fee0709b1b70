//! Policies: Amazon's example, both versions, every condition, every way around them.
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use rockpool_types::{BucketName, SecretKey, Timestamp};
use serde_json::{Value, json};
use sha1::Sha1;

use super::{Field, PolicyError, PostClaim, PostPolicy};
use crate::auth::{
    AuthError,
    tests::{
        SECRET,
        signer::{KEY_ID, Order, hmac_sha256},
    },
};

const NOW: &str = "2015-12-29T12:00:00Z";

fn field(name: &str, value: &str) -> Field {
    (name.to_owned(), value.to_owned())
}

/// Version 4's signature of a policy in base64.
fn signature(policy: &str) -> String {
    let mut order = Order::new("POST", "/");
    order.amz_date = "20151229T000000Z".to_owned();
    hex::encode(hmac_sha256(&order.signing_key(), policy.as_bytes()))
}

/// The fields that sign a policy in version 4.
fn signed(policy: &str) -> Vec<Field> {
    let policy = STANDARD.encode(policy);
    vec![
        field("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        field(
            "X-Amz-Credential",
            &format!("{KEY_ID}/20151229/us-east-1/s3/aws4_request"),
        ),
        field("X-Amz-Date", "20151229T000000Z"),
        field("Policy", &policy),
        field("X-Amz-Signature", &signature(&policy)),
    ]
}

/// The fields that sign a policy in version 2.
fn signed_v2(policy: &str) -> Vec<Field> {
    let policy = STANDARD.encode(policy);
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(policy.as_bytes());
    vec![
        field("AWSAccessKeyId", KEY_ID),
        field("signature", &STANDARD.encode(mac.finalize().into_bytes())),
        field("policy", &policy),
    ]
}

/// A policy for the bucket `bkt` until the end of the year, with more conditions.
fn policy(conditions: &[Value]) -> String {
    let mut all = vec![
        json!({"bucket": "bkt"}),
        json!(["starts-with", "$x-amz-algorithm", ""]),
        json!(["starts-with", "$x-amz-credential", ""]),
        json!(["starts-with", "$x-amz-date", ""]),
    ];
    all.extend_from_slice(conditions);
    json!({"expiration": "2015-12-30T12:00:00.000Z", "conditions": all}).to_string()
}

fn verify(fields: &[Field], now: &str) -> Result<PostPolicy, PolicyError> {
    let bucket: BucketName = "bkt".parse().unwrap();
    let secret = SecretKey::new(SECRET).unwrap();
    let claim = PostClaim::parse(fields)?.expect("the form is signed");
    assert_eq!(claim.access_key_id().as_str(), KEY_ID);
    claim.verify(
        fields,
        &bucket,
        &secret,
        Timestamp::from_iso8601(now).unwrap(),
    )
}

/// Verifies a form under a policy with more conditions.
fn check(conditions: &[Value], more: &[(&str, &str)]) -> Result<PostPolicy, PolicyError> {
    let mut fields = signed(&policy(conditions));
    fields.extend(more.iter().map(|(name, value)| field(name, value)));
    verify(&fields, NOW)
}

#[test]
fn the_fields_of_amazons_example_hold() {
    // "Example: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)": the policy as it is there.
    let policy = "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n  \"conditions\": [\r\n    \
        {\"bucket\": \"sigv4examplebucket\"},\r\n    [\"starts-with\", \"$key\", \"user/user1/\"],\r\n    \
        {\"acl\": \"public-read\"},\r\n    \
        {\"success_action_redirect\": \"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n    \
        [\"starts-with\", \"$Content-Type\", \"image/\"],\r\n    \
        {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n    {\"x-amz-server-side-encryption\": \"AES256\"},\r\n    \
        [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n\r\n    \
        {\"x-amz-credential\": \"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n    \
        {\"x-amz-algorithm\": \"AWS4-HMAC-SHA256\"},\r\n    {\"x-amz-date\": \"20151229T000000Z\" }\r\n  ]\r\n}";
    let mut fields = signed(policy);
    let known = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";
    assert_eq!(fields[4].1, known);
    for (name, value) in [
        ("key", "user/user1/picture.png"),
        ("acl", "public-read"),
        (
            "success_action_redirect",
            "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
        ),
        ("Content-Type", "image/jpeg"),
        ("x-amz-meta-uuid", "14365123651274"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-meta-tag", ""),
    ] {
        fields.push(field(name, value));
    }
    let claim = PostClaim::parse(&fields).unwrap().unwrap();
    let secret = SecretKey::new(SECRET).unwrap();
    let now = Timestamp::from_iso8601(NOW).unwrap();
    let bucket = "sigv4examplebucket".parse().unwrap();
    claim.verify(&fields, &bucket, &secret, now).unwrap();
    let other = "another".parse().unwrap();
    let refused = claim.verify(&fields, &other, &secret, now).unwrap_err();
    assert!(
        matches!(refused, PolicyError::ConditionFailed(_)),
        "{refused}"
    );
}

#[test]
fn version_2_signs_a_policy_too() {
    let conditions = json!([{"bucket": "bkt"}, {"key": "a"}]);
    let policy = json!({"expiration": "2015-12-30T12:00:00.000Z", "conditions": conditions});
    let mut fields = signed_v2(&policy.to_string());
    fields.push(field("key", "a"));
    verify(&fields, NOW).unwrap();
    fields[1].1 = STANDARD.encode([0; 20]);
    assert_eq!(
        verify(&fields, NOW).unwrap_err(),
        AuthError::SignatureMismatch.into()
    );
}

#[test]
fn a_form_without_a_signature_is_anonymous() {
    let fields = [field("key", "a"), field("acl", "public-read")];
    assert!(PostClaim::parse(&fields).unwrap().is_none());
}

#[test]
fn signatures_that_lack_something_are_refused() {
    let mut both = signed("{}");
    both.extend(signed_v2("{}"));
    assert_eq!(
        PostClaim::parse(&both).unwrap_err(),
        AuthError::SeveralMechanisms
    );
    for index in [0, 1, 2, 3, 4] {
        let mut fields = signed("{}");
        fields.remove(index);
        let refused = PostClaim::parse(&fields).unwrap_err();
        assert!(
            matches!(refused, AuthError::MalformedForm(_)),
            "{index}: {refused}"
        );
    }
    let mut fields = signed("{}");
    fields[0].1 = "AWS4-ECDSA-P256-SHA256".to_owned();
    assert_eq!(
        PostClaim::parse(&fields).unwrap_err(),
        AuthError::UnsupportedAlgorithm
    );
    let mut fields = signed("{}");
    fields[2].1 = "20151228T000000Z".to_owned();
    assert!(matches!(
        PostClaim::parse(&fields),
        Err(AuthError::MalformedForm(_))
    ));
}

#[test]
fn a_policy_holds_until_it_expires() {
    let fields = signed(&policy(&[]));
    verify(&fields, "2015-12-30T12:00:00Z").unwrap();
    let refused = verify(&fields, "2015-12-30T12:00:01Z").unwrap_err();
    assert!(matches!(refused, PolicyError::Expired { .. }), "{refused}");
}

#[test]
fn every_field_needs_a_condition_and_every_condition_its_field() {
    let key = json!(["starts-with", "$key", "user/"]);
    let one = std::slice::from_ref(&key);
    check(one, &[("key", "user/a")]).unwrap();
    check(
        one,
        &[
            ("KEY", "user/a"),
            ("x-ignore-this", "1"),
            ("X-Ignore-That", "1"),
        ],
    )
    .unwrap();
    check(one, &[("key", "user/a"), ("bucket", "bkt")]).unwrap();
    let refused = check(one, &[("key", "user/a"), ("acl", "public-read")]).unwrap_err();
    assert_eq!(refused, PolicyError::ExtraField("acl".to_owned()));
    let refused = check(one, &[("key", "other/a")]).unwrap_err();
    let expected = "[\"starts-with\", \"$key\", \"user/\"]".to_owned();
    assert_eq!(refused, PolicyError::ConditionFailed(expected));
    assert!(matches!(
        check(one, &[]),
        Err(PolicyError::ConditionFailed(_))
    ));
    let anything = json!(["starts-with", "$filename", ""]);
    assert!(matches!(
        check(&[anything], &[]),
        Err(PolicyError::ConditionFailed(_))
    ));
    let refused = check(one, &[("key", "user/a"), ("bucket", "other")]).unwrap_err();
    assert!(matches!(
        refused,
        PolicyError::Auth(AuthError::MalformedForm(_))
    ));
    let refused = check(one, &[("key", "user/a"), ("Key", "other/b")]).unwrap_err();
    assert!(matches!(
        refused,
        PolicyError::Auth(AuthError::MalformedForm(_))
    ));
}

#[test]
fn a_policy_without_a_bucket_opens_none() {
    let text = policy(&[]).replace("\"bucket\":\"bkt\"", "\"x-amz-date\":\"20151229T000000Z\"");
    let refused = verify(&signed(&text), NOW).unwrap_err();
    assert_eq!(refused, PolicyError::ExtraField("bucket".to_owned()));
}

#[test]
fn matches_are_exact_and_lists_of_types_fit_one_by_one() {
    check(
        &[json!({"acl": "private", "success_action_status": 201})],
        &[("acl", "private"), ("success_action_status", "201")],
    )
    .unwrap();
    check(&[json!(["EQ", "$Acl", "private"])], &[("acl", "private")]).unwrap();
    assert!(check(&[json!({"acl": "private"})], &[("acl", "Private")]).is_err());
    let image = [json!(["starts-with", "$Content-Type", "image/"])];
    check(&image, &[("content-type", "image/png, image/webp")]).unwrap();
    assert!(check(&image, &[("content-type", "image/png, text/html")]).is_err());
}

#[test]
fn lengths_are_handed_on_and_narrow_each_other() {
    let range = |conditions: &[Value]| check(conditions, &[]).unwrap().content_length_range;
    assert_eq!(range(&[]), None);
    assert_eq!(
        range(&[json!(["content-length-range", 1, 10])]),
        Some(1..=10)
    );
    let two = [
        json!(["content-length-range", "0", "10"]),
        json!(["content-length-range", 5, 20]),
    ];
    assert_eq!(range(&two), Some(5..=10));
}

#[test]
fn malformed_policies_are_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "not JSON",
        "{\"expiration\": \"2015-12-30T12:00:00Z\"}",
        "{\"expiration\": \"soon\", \"conditions\": []}",
    ] {
        let refused = verify(&signed(text), NOW).unwrap_err();
        assert!(
            matches!(refused, PolicyError::Malformed(_)),
            "{text}: {refused}"
        );
    }
    for condition in [
        json!("acl"),
        json!([]),
        json!(["eq", "$acl"]),
        json!(["eq", "acl", "x"]),
        json!(["like", "$acl", "x"]),
        json!(["content-length-range", -1, 5]),
        json!(["content-length-range", "a", 5]),
        json!({"acl": null}),
        json!(["eq", "$acl", ["x"]]),
        json!([1, 2, 3]),
    ] {
        let refused = check(std::slice::from_ref(&condition), &[]).unwrap_err();
        assert!(
            matches!(refused, PolicyError::Malformed(_)),
            "{condition}: {refused}"
        );
    }
    let mut fields = signed("{}");
    fields[3].1 = "%%%".to_owned();
    fields[4].1 = signature("%%%");
    assert!(matches!(
        verify(&fields, NOW),
        Err(PolicyError::Malformed(_))
    ));
}

proptest! {
    #[test]
    fn a_changed_policy_is_refused(at: prop::sample::Index, bit in 0_u32..7) {
        let mut fields = signed(&policy(&[]));
        let mut bytes = fields[3].1.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fields[3].1 = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(verify(&fields, NOW).unwrap_err(), AuthError::SignatureMismatch.into());
    }

    #[test]
    fn no_policy_makes_it_panic(text in "[\\[\\]{}\",:$a-z0-9-]{0,60}") {
        let text = format!("{{\"expiration\":\"2015-12-30T12:00:00Z\",\"conditions\":[{text}]}}");
        let _ = verify(&signed(&text), NOW);
    }
}
