//! What a good signature needs beside its digits.
use super::{
    AMAZON_TIME, put, refusal, refusal_at, request,
    signer::{KEY_ID, Order},
    time, verify, with_authorization, with_header, with_target, without_header,
};
use crate::auth::{AuthError, Claim, Payload};

#[test]
fn a_request_without_a_signature_is_anonymous() {
    let parts = request("GET", "/bkt/key?Expires=1&x-id=GetObject", &[("host", "h")]);
    assert!(Claim::parse(&parts).unwrap().is_none());
}

#[test]
fn every_form_is_accepted_when_it_is_good() {
    verify(&put().v4_header(), AMAZON_TIME).unwrap();
    verify(&put().v4_query(60), AMAZON_TIME).unwrap();
    let date = "Fri, 24 May 2013 00:00:00 GMT";
    verify(&put().v2_header(date, "", ""), AMAZON_TIME).unwrap();
    let at = time(AMAZON_TIME).as_secs();
    verify(&put().v2_query(at + 60, ""), AMAZON_TIME).unwrap();
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        verify(&Order::new(method, "/bkt/key").v4_query(60), AMAZON_TIME).unwrap();
    }
}

#[test]
fn any_region_is_accepted_also_none() {
    for region in ["", "auto", "garage", "eu-central-1", "ž"] {
        let mut order = put();
        order.region = region.to_owned();
        if region.is_ascii() {
            verify(&order.clone().v4_header(), AMAZON_TIME).unwrap();
        }
        verify(&order.v4_query(60), AMAZON_TIME).unwrap();
    }
}

#[test]
fn another_secret_is_refused() {
    let other = rockpool_types::SecretKey::new("another").unwrap();
    let date = "Fri, 24 May 2013 00:00:00 GMT";
    for parts in [
        put().v4_header(),
        put().v4_query(60),
        put().v2_header(date, "", ""),
        put().v2_query(time(AMAZON_TIME).as_secs() + 1, ""),
    ] {
        let claim = Claim::parse(&parts).unwrap().unwrap();
        assert_eq!(claim.access_key_id().as_str(), KEY_ID);
        let refusal = claim.verify(&parts, &other, time(AMAZON_TIME), None);
        assert_eq!(refusal.unwrap_err(), AuthError::SignatureMismatch);
    }
}

#[test]
fn an_unsigned_amz_header_is_refused_wherever_the_signature_is() {
    for parts in [put().v4_header(), put().v4_query(60)] {
        let parts = with_header(parts, "x-amz-copy-source", "/other/secret");
        let names = vec!["x-amz-copy-source".to_owned()];
        assert_eq!(refusal(&parts), AuthError::HeadersNotSigned(names));
    }
    let v2 = put().v2_query(time(AMAZON_TIME).as_secs() + 60, "");
    let v2 = with_header(v2, "x-amz-acl", "public-read");
    assert_eq!(refusal(&v2), AuthError::SignatureMismatch);
}

#[test]
fn a_payload_digest_need_not_be_among_the_signed_headers() {
    let parts = with_header(
        put().v4_query(60),
        "x-amz-content-sha256",
        "UNSIGNED-PAYLOAD",
    );
    verify(&parts, AMAZON_TIME).unwrap();
}

#[test]
fn the_host_must_be_signed() {
    let mut order = put().header("content-type", "image/png");
    order.headers.retain(|(name, _)| name != "host");
    let names = vec!["host".to_owned()];
    let query = with_header(order.clone().v4_query(60), "host", "localhost");
    assert_eq!(refusal(&query), AuthError::HeadersNotSigned(names.clone()));
    let header = with_header(order.v4_header(), "host", "localhost");
    assert_eq!(refusal(&header), AuthError::HeadersNotSigned(names));
}

#[test]
fn a_signed_header_that_did_not_arrive_is_named() {
    let parts = put().header("content-type", "image/png").v4_header();
    let refused = refusal(&without_header(parts, "content-type"));
    assert_eq!(
        refused,
        AuthError::SignedHeaderAbsent("content-type".to_owned())
    );
}

#[test]
fn headers_that_proxies_take_away_are_implied() {
    let parts = put()
        .header("expect", "100-continue")
        .header("transfer-encoding", "chunked")
        .v4_header();
    let parts = without_header(without_header(parts, "expect"), "transfer-encoding");
    verify(&parts, AMAZON_TIME).unwrap();
}

#[test]
fn repeated_headers_are_signed_as_one() {
    let parts = put().header("x-amz-meta-a", "one,two  words").v4_header();
    let parts = without_header(parts, "x-amz-meta-a");
    let parts = with_header(parts, "x-amz-meta-a", "one");
    verify(
        &with_header(parts, "x-amz-meta-a", " two\twords "),
        AMAZON_TIME,
    )
    .unwrap();
}

#[test]
fn a_header_signature_is_good_for_a_quarter_of_an_hour_either_way() {
    let date = "Fri, 24 May 2013 00:00:00 GMT";
    for parts in [put().v4_header(), put().v2_header(date, "", "")] {
        for now in ["20130523T234500Z", "20130524T001500Z"] {
            verify(&parts, now).unwrap();
        }
        for now in ["20130523T234459Z", "20130524T001501Z"] {
            let refused = refusal_at(&parts, now);
            assert!(
                matches!(refused, AuthError::SkewTooLarge { .. }),
                "{refused}"
            );
        }
    }
}

#[test]
fn a_presigned_request_is_good_from_its_date_to_its_expiry() {
    let parts = put().v4_query(60);
    for now in ["20130523T234500Z", "20130524T000100Z"] {
        verify(&parts, now).unwrap();
    }
    let refused = refusal_at(&parts, "20130523T234459Z");
    assert!(
        matches!(refused, AuthError::NotYetValid { .. }),
        "{refused}"
    );
    let refused = refusal_at(&parts, "20130524T000101Z");
    assert!(matches!(refused, AuthError::Expired { .. }), "{refused}");

    let parts = put().v2_query(time(AMAZON_TIME).as_secs() + 60, "");
    verify(&parts, "20130524T000100Z").unwrap();
    let refused = refusal_at(&parts, "20130524T000101Z");
    assert!(matches!(refused, AuthError::Expired { .. }), "{refused}");
}

#[test]
fn a_presigned_request_is_good_for_seven_days_at_most() {
    let week = 7 * 24 * 60 * 60;
    verify(&put().v4_query(week), "20130530T235959Z").unwrap();
    for expiry in [0, week + 1] {
        assert_eq!(
            refusal(&put().v4_query(expiry)),
            AuthError::ExpiryOutOfRange
        );
    }
    let refused = refusal(&put().v4_query(-1));
    assert!(matches!(refused, AuthError::MalformedQuery(_)), "{refused}");
    let at = time(AMAZON_TIME).as_secs();
    verify(&put().v2_query(at + week, ""), AMAZON_TIME).unwrap();
    let refused = refusal(&put().v2_query(at + week + 901, ""));
    assert_eq!(refused, AuthError::ExpiryOutOfRange);
}

#[test]
fn the_credential_is_for_the_requests_day_and_for_s3() {
    for (from, to) in [
        ("/20130524/", "/20130523/"),
        ("/s3/", "/sts/"),
        ("/aws4_request", "/aws5_request"),
        ("/us-east-1/", "/us/east/"),
        ("/20130524/", "/2013/"),
    ] {
        let parts = with_authorization(put().v4_header(), from, to);
        let refused = refusal(&parts);
        assert!(
            matches!(refused, AuthError::MalformedHeader(_)),
            "{to}: {refused}"
        );
        let (from, to) = (from.replace('/', "%2F"), to.replace('/', "%2F"));
        let parts = with_target(put().v4_query(60), &from, &to);
        let refused = refusal(&parts);
        assert!(
            matches!(refused, AuthError::MalformedQuery(_)),
            "{to}: {refused}"
        );
    }
}

#[test]
fn only_the_one_algorithm_is_accepted() {
    let check = |scheme: &str, expected: AuthError| {
        let parts = with_authorization(put().v4_header(), "AWS4-HMAC-SHA256", scheme);
        assert_eq!(refusal(&parts), expected, "{scheme}");
    };
    check("AWS4-ECDSA-P256-SHA256", AuthError::UnsupportedAlgorithm);
    check("AWS4-HMAC-SHA1", AuthError::UnsupportedAlgorithm);
    check("aws4-hmac-sha256", AuthError::UnsupportedMechanism);
    check("Bearer", AuthError::UnsupportedMechanism);
    let parts = with_target(put().v4_query(60), "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512");
    let refused = refusal(&parts);
    assert!(matches!(refused, AuthError::MalformedQuery(_)), "{refused}");
}

#[test]
fn two_signatures_at_once_are_refused() {
    let twice = with_header(put().v4_query(60), "authorization", "AWS ID:c2ln");
    assert_eq!(refusal(&twice), AuthError::SeveralMechanisms);
    let twice = with_header(put().v4_header(), "authorization", "AWS ID:c2ln");
    assert_eq!(refusal(&twice), AuthError::SeveralMechanisms);
    let twice = put().query("Signature", "c2ln").v4_query(60);
    assert_eq!(refusal(&twice), AuthError::SeveralMechanisms);
}

#[test]
fn broken_authorization_headers_are_malformed() {
    for (from, to) in [
        ("Signature=", "Signatur="),
        ("Signature=", "Signature=0"),
        ("SignedHeaders=", "SignedHeaders=Host;"),
        ("SignedHeaders=", "SignedHeaders=;"),
        ("SignedHeaders=", "Signature=00,SignedHeaders="),
        ("Credential=", ""),
        (", Signature=", "; Signature="),
    ] {
        let parts = with_authorization(put().v4_header(), from, to);
        let refused = refusal(&parts);
        assert!(
            matches!(refused, AuthError::MalformedHeader(_)),
            "{to}: {refused}"
        );
    }
    let parts = with_authorization(put().v4_header(), KEY_ID, "no:such=key");
    assert_eq!(refusal(&parts), AuthError::InvalidAccessKeyId);
}

#[test]
fn a_presigned_request_needs_each_parameter_once() {
    for name in [
        "Algorithm",
        "Credential",
        "Date",
        "Expires",
        "SignedHeaders",
        "Signature",
    ] {
        let name = format!("X-Amz-{name}=");
        for to in ["X-Other=".to_owned(), format!("{name}1&{name}")] {
            let refused = refusal(&with_target(put().v4_query(60), &name, &to));
            assert!(
                matches!(refused, AuthError::MalformedQuery(_)),
                "{to}: {refused}"
            );
        }
    }
    let v2 = put().v2_query(time(AMAZON_TIME).as_secs() + 60, "");
    for name in ["AWSAccessKeyId=", "Signature=", "Expires="] {
        let refused = refusal(&with_target(v2.clone(), name, "Other="));
        assert_eq!(refused, AuthError::IncompleteV2Query);
    }
}

#[test]
fn the_date_header_serves_when_x_amz_date_is_absent() {
    for date in [
        "Fri, 24 May 2013 00:00:00 GMT",
        "Fri, 24 May 2013 02:00:00 +0200",
        AMAZON_TIME,
    ] {
        verify(&put().header("date", date).v4_header(), AMAZON_TIME).unwrap();
    }
    let parts = put().header("date", "yesterday").v4_header();
    assert_eq!(refusal(&parts), AuthError::MissingDate);
    let parts = without_header(put().v4_header(), "x-amz-date");
    assert_eq!(refusal(&parts), AuthError::MissingDate);
}

#[test]
fn a_header_signature_of_version_4_needs_the_payload_digest() {
    let parts = without_header(put().v4_header(), "x-amz-content-sha256");
    assert_eq!(refusal(&parts), AuthError::MissingContentSha256);
    for bad in [
        "",
        "0f",
        "UNSIGNED",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    ] {
        let mut order = put();
        order.content_sha256 = bad.to_owned();
        assert_eq!(refusal(&order.v4_header()), AuthError::InvalidContentSha256);
    }
}

#[test]
fn the_payload_is_what_the_digest_header_says() {
    let payload = |value: &str| {
        let mut order = put();
        order.content_sha256 = value.to_owned();
        verify(&order.v4_header(), AMAZON_TIME).unwrap()
    };
    assert!(matches!(payload(&"ab".repeat(32)), Payload::Sha256(digest) if digest == [0xab; 32]));
    assert!(matches!(payload("UNSIGNED-PAYLOAD"), Payload::Unsigned));
    assert!(matches!(
        payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        Payload::UnsignedChunks
    ));
    assert!(matches!(
        payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        Payload::SignedChunks { trailer: false, .. }
    ));
    assert!(matches!(
        payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        Payload::SignedChunks { trailer: true, .. }
    ));
}

#[test]
fn a_presigned_request_may_say_its_payload_digest() {
    let mut order = put().query("X-Amz-Content-Sha256", &"ab".repeat(32));
    order.content_sha256 = "ab".repeat(32);
    let parts = order.v4_query(60);
    assert!(matches!(
        verify(&parts, AMAZON_TIME),
        Ok(Payload::Sha256(_))
    ));
    let parts = with_header(parts, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(refusal(&parts), AuthError::InvalidContentSha256);
}

#[test]
fn paths_are_accepted_encoded_by_the_rule_or_as_they_were_sent() {
    let raw = "/bkt/a!'()*:@$&=+,;b";
    let path = raw.to_owned();
    let ruled = super::signer::escape(&path, true);
    for (target, canonical) in [(raw, ruled.as_str()), (raw, raw), (&ruled, &ruled)] {
        let parts = put().v4_header_spelt(target, canonical);
        verify(&parts, AMAZON_TIME).unwrap();
    }
    // What was signed raw is not good for another spelling.
    let parts = put().v4_header_spelt(&ruled, raw);
    assert_eq!(refusal(&parts), AuthError::SignatureMismatch);
}

#[test]
fn paths_are_not_normalised() {
    for path in ["/bkt//a", "/bkt/../a", "/bkt/./a/", "/bkt/%2E%2E/a", "/bkt"] {
        verify(&Order::new("GET", path).v4_header(), AMAZON_TIME).unwrap();
    }
    let parts = with_target(Order::new("GET", "/bkt/a/../b").v4_header(), "/a/..", "");
    assert_eq!(refusal(&parts), AuthError::SignatureMismatch);
}

#[test]
fn no_header_can_be_added_to_a_presigned_query() {
    let expires = time(AMAZON_TIME).as_secs() + 60;
    for parts in [put().v4_query(60), put().v2_query(expires, "")] {
        for name in [
            "x-amz-copy-source",
            "X-Amz-Copy-Source",
            "x-amz-copy-sourc%65",
            "x-amz-acl",
            "X-AMZ-ACL",
        ] {
            let parts = with_target(parts.clone(), "?", &format!("?{name}=/other/secret&"));
            assert_eq!(refusal(&parts), AuthError::SignatureMismatch, "{name}");
        }
    }
}
