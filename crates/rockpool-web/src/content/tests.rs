use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const SIZE: u64 = 1000;

fn content() -> Validators {
    Validators {
        etag: "abc".to_owned(),
        modified: Timestamp::from_http_date("Mon, 01 Jan 2001 00:00:00 GMT").unwrap(),
        size: SIZE,
    }
}

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn check(lines: &[(HeaderName, &str)], expected: Plan) {
    let plan = Plan::new(&Method::GET, &headers(lines), &content());
    assert_eq!(plan, expected, "{lines:?}");
}

#[test]
fn ranges_are_cut_clamped_ignored_or_refused() {
    let range = |text: &str, expected| check(&[(header::RANGE, text)], expected);
    range("bytes=0-99", Plan::Partial(0..100));
    range("bytes=0-", Plan::Partial(0..1000));
    range("bytes=900-1000", Plan::Partial(900..1000));
    range("bytes=0-1048575", Plan::Partial(0..1000));
    range("bytes=999-", Plan::Partial(999..1000));
    range("bytes=-1", Plan::Partial(999..1000));
    range("bytes=-5000", Plan::Partial(0..1000));
    range("bytes=1000-", Plan::Unsatisfiable);
    range("bytes=99999999999999999999-", Plan::Unsatisfiable);
    range("bytes=-0", Plan::Unsatisfiable);
    range("bytes=5-2", Plan::Whole);
    range("bytes=0-1,5-6", Plan::Whole);
    range("bytes=a-b", Plan::Whole);
    range("lines=0-1", Plan::Whole);
    range("", Plan::Whole);
    check(
        &[(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=5-6")],
        Plan::Whole,
    );
}

#[test]
fn a_range_counts_only_for_get() {
    let plan = Plan::new(
        &Method::HEAD,
        &headers(&[(header::RANGE, "bytes=0-1")]),
        &content(),
    );
    assert_eq!(plan, Plan::Whole);
}

#[test]
fn every_range_of_nothing_is_unsatisfiable() {
    let nothing = Validators {
        size: 0,
        ..content()
    };
    for text in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        let plan = Plan::new(&Method::GET, &headers(&[(header::RANGE, text)]), &nothing);
        assert_eq!(plan, Plan::Unsatisfiable, "{text}");
    }
}

#[test]
fn if_range_holds_for_the_very_strong_tag_alone() {
    let if_range = |tag: &str, expected| {
        check(
            &[(header::RANGE, "bytes=0-9"), (header::IF_RANGE, tag)],
            expected,
        );
    };
    if_range("\"abc\"", Plan::Partial(0..10));
    if_range("\"other\"", Plan::Whole);
    if_range("W/\"abc\"", Plan::Whole);
    if_range("abc", Plan::Whole);
    if_range("", Plan::Whole);
    if_range("Mon, 01 Jan 2001 00:00:00 GMT", Plan::Whole);
}

#[test]
fn conditions_are_decided_before_ranges() {
    let fresh = "Mon, 01 Jan 2001 00:00:00 GMT";
    let before = "Sun, 31 Dec 2000 23:59:59 GMT";
    check(&[(header::IF_NONE_MATCH, "\"abc\"")], Plan::NotModified);
    check(&[(header::IF_NONE_MATCH, "W/\"abc\"")], Plan::NotModified);
    check(&[(header::IF_NONE_MATCH, "*")], Plan::NotModified);
    check(
        &[(header::IF_NONE_MATCH, "\"x\", \"abc\"")],
        Plan::NotModified,
    );
    check(
        &[
            (header::IF_NONE_MATCH, "\"x\""),
            (header::IF_NONE_MATCH, "\"abc\""),
        ],
        Plan::NotModified,
    );
    check(&[(header::IF_NONE_MATCH, "\"x\"")], Plan::Whole);
    check(
        &[
            (header::IF_NONE_MATCH, "\"abc\""),
            (header::RANGE, "bytes=5000-"),
        ],
        Plan::NotModified,
    );
    check(&[(header::IF_MATCH, "\"abc\"")], Plan::Whole);
    check(&[(header::IF_MATCH, "\"x\"")], Plan::Failed);
    check(
        &[(header::IF_MATCH, "\"abc\""), (header::RANGE, "bytes=1-1")],
        Plan::Partial(1..2),
    );
    check(&[(header::IF_MODIFIED_SINCE, fresh)], Plan::NotModified);
    check(&[(header::IF_MODIFIED_SINCE, before)], Plan::Whole);
    check(&[(header::IF_UNMODIFIED_SINCE, fresh)], Plan::Whole);
    check(&[(header::IF_UNMODIFIED_SINCE, before)], Plan::Failed);
    check(
        &[
            (header::IF_NONE_MATCH, "\"x\""),
            (header::IF_MODIFIED_SINCE, fresh),
        ],
        Plan::Whole,
    );
    check(
        &[
            (header::IF_MATCH, "\"abc\""),
            (header::IF_UNMODIFIED_SINCE, before),
        ],
        Plan::Whole,
    );
    check(&[(header::IF_MODIFIED_SINCE, "yesterday")], Plan::Whole);
    check(
        &[
            (header::IF_MODIFIED_SINCE, fresh),
            (header::IF_MODIFIED_SINCE, fresh),
        ],
        Plan::Whole,
    );
}

proptest! {
    #[test]
    fn a_partial_answer_lies_within_the_content_and_is_not_empty(
        range in "bytes=[0-9]{0,5}-[0-9]{0,5}",
        size in 0u64..2000,
    ) {
        let content = Validators { size, ..content() };
        let plan = Plan::new(&Method::GET, &headers(&[(header::RANGE, &range)]), &content);
        if let Plan::Partial(range) = plan {
            prop_assert!(range.start < range.end && range.end <= size);
        }
    }
}
