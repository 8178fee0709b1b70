use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
};
use rockpool_types::Timestamp;

use super::{Failure, Stop, element, judge, retry_after};
use crate::StoreError;

#[test]
fn a_refusal_is_judged_by_its_status_and_code() {
    let check = |status: u16, code: &str, expected: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        let body = format!("<Error><Code>{code}</Code><Message>A &amp; B</Message></Error>");
        let body = if code.is_empty() { "" } else { &body };
        let found = match judge("doing", "pool", status, &HeaderMap::new(), body) {
            Failure::Again { why, .. } => format!("again {why}"),
            Failure::Stop(Stop::Absent) => "absent".to_owned(),
            Failure::Stop(Stop::Unsupported(error)) => format!("unsupported {error}"),
            Failure::Stop(Stop::Error(StoreError::Full { .. })) => "full".to_owned(),
            Failure::Stop(Stop::Error(error)) => format!("error {error}"),
        };
        assert!(found.contains(expected), "{status} {code}: {found}");
    };
    for status in [408, 429, 500, 502, 503, 504] {
        check(status, "", "again the provider answered");
    }
    check(
        503,
        "SlowDown",
        "again the provider answered 503 Service Unavailable, SlowDown: A & B",
    );
    check(400, "RequestTimeout", "again");
    check(409, "OperationAborted", "again");
    check(404, "NoSuchKey", "absent");
    check(404, "NoSuchUpload", "absent");
    check(404, "", "absent");
    check(404, "NoSuchBucket", "make the bucket `pool`");
    check(507, "", "full");
    check(403, "QuotaExceeded", "full");
    check(405, "MethodNotAllowed", "unsupported");
    check(501, "NotImplemented", "unsupported");
    check(403, "AccessDenied", "give the access key the rights");
    check(403, "", "give the access key the rights");
    check(
        403,
        "SignatureDoesNotMatch",
        "correct the access key id, the secret or the region",
    );
    check(403, "InvalidAccessKeyId", "correct the access key id");
    check(401, "", "correct the access key id");
    check(403, "RequestTimeTooSkewed", "set this machine's clock");
    check(
        301,
        "PermanentRedirect",
        "correct the endpoint or the region",
    );
    check(307, "", "correct the endpoint or the region");
    check(
        400,
        "AuthorizationHeaderMalformed",
        "correct the endpoint or the region",
    );
    check(400, "EntityTooLarge", "no single upload of this size");
    check(
        400,
        "InvalidArgument",
        "error the blob store failed while doing: the provider answered 400",
    );
}

#[test]
fn a_pause_may_be_asked_for_in_seconds_or_until_a_date() {
    let now = Timestamp::from_http_date("Mon, 23 Nov 2026 08:30:00 GMT").unwrap();
    let check = |value: &str, expected: Option<u64>| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        let expected = expected.map(Duration::from_secs);
        assert_eq!(retry_after(&headers, now), expected, "{value}");
    };
    check("0", Some(0));
    check(" 17 ", Some(17));
    check("Mon, 23 Nov 2026 08:31:05 GMT", Some(65));
    check("Mon, 23 Nov 2026 08:29:00 GMT", Some(0));
    check("soon", None);
    check("-1", None);
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn what_a_provider_says_is_cut_and_made_fit_for_a_log_line() {
    let check = |xml: &str, expected: Option<&str>| {
        assert_eq!(element(xml, "Message").as_deref(), expected, "{xml}");
    };
    check("<Message>plain</Message>", Some("plain"));
    check("<Message>a\n\u{1b}[31mb</Message>", Some("a  [31mb"));
    check(
        "<Message>&amp;lt; &quot;x&quot;</Message>",
        Some("&lt; \"x\""),
    );
    check("<Message>without end", None);
    check("", None);
    let long = format!("<Message>{}</Message>", "é".repeat(1000));
    check(&long, Some(&"é".repeat(300)));
}
