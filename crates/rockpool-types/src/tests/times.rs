use std::time::Duration;

use proptest::prelude::*;

use crate::{Clock, Timestamp};

/// 2026-11-23T08:30:00.042Z
const THEN: Timestamp = Timestamp::from_millis(1_795_422_600_042);

#[test]
fn one_instant_has_three_forms() {
    assert_eq!(THEN.to_iso8601(), "2026-11-23T08:30:00.042Z");
    assert_eq!(THEN.to_amz_date(), "20261123T083000Z");
    assert_eq!(THEN.to_http_date(), "Mon, 23 Nov 2026 08:30:00 GMT");
    assert_eq!(THEN.to_string(), "2026-11-23T08:30:00.042Z");
    let epoch = Timestamp::default();
    assert_eq!(epoch.to_iso8601(), "1970-01-01T00:00:00.000Z");
    assert_eq!(epoch.to_http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(
        Timestamp::from_millis(-1).to_iso8601(),
        "1969-12-31T23:59:59.999Z"
    );
}

#[test]
fn seconds_are_rounded_down_also_before_the_epoch() {
    assert_eq!(Timestamp::from_millis(1999).as_secs(), 1);
    assert_eq!(Timestamp::from_millis(-1).as_secs(), -1);
    assert_eq!(Timestamp::from_millis(-1000).as_secs(), -1);
}

#[test]
fn http_dates_are_read_in_all_their_forms() {
    // RFC 9110's own examples.
    let example = Timestamp::from_millis(784_111_777_000);
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 09:49:37 +0100",
        " Sun, 06 Nov 1994 08:49:37 GMT ",
    ] {
        assert_eq!(Timestamp::from_http_date(text), Ok(example), "{text}");
    }
    for bad in [
        "",
        "now",
        "784111777",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "Sunday, 06-Nov-94 08:49:37 CET",
        // Years without a form of their own, the second only in UTC.
        "Fri May 24 00:00:00 -443",
        "Sat, 01 Jan 0000 00:30:00 +0100",
    ] {
        assert!(Timestamp::from_http_date(bad).is_err(), "{bad}");
    }
}

#[test]
fn signature_dates_are_16_characters_exactly() {
    assert_eq!(
        Timestamp::from_amz_date("20261123T083000Z"),
        Ok(Timestamp::from_millis(1_795_422_600_000))
    );
    for bad in [
        "",
        "20261123T083000",
        "20261123T0830000",
        "20261123t083000Z",
        "2026-11-23T08:30:00Z",
        "20261323T083000Z",
        "20261131T083000Z",
        "20261123T243000Z",
        "+2026112T083000Z",
        "-2026112T083000Z",
        "20261123T08 300Z",
        "2026112\u{e9}T08300Z",
    ] {
        assert!(Timestamp::from_amz_date(bad).is_err(), "{bad}");
    }
}

#[test]
fn iso_dates_need_a_zone() {
    for text in ["2026-11-23T08:30:00.042Z", "2026-11-23T09:30:00.042+01:00"] {
        assert_eq!(Timestamp::from_iso8601(text), Ok(THEN), "{text}");
    }
    for bad in [
        "",
        "2026-11-23",
        "2026-11-23T08:30:00",
        "2026-11-31T08:30:00Z",
    ] {
        assert!(Timestamp::from_iso8601(bad).is_err(), "{bad}");
    }
}

#[test]
fn time_stops_at_its_ends() {
    let (first, last) = (
        Timestamp::from_millis(i64::MIN),
        Timestamp::from_millis(i64::MAX),
    );
    assert_eq!(last.plus(Duration::MAX), last);
    assert_eq!(first.minus(Duration::MAX), first);
    assert_eq!(
        THEN.plus(Duration::from_secs(1))
            .minus(Duration::from_secs(1)),
        THEN
    );
    // Shown all the same, whatever the calendar says.
    for end in [first, last] {
        let _ = (end.to_iso8601(), end.to_amz_date(), end.to_http_date());
    }
}

#[test]
fn a_manual_clock_moves_by_its_hand_alone() {
    let (clock, hand) = Clock::manual(THEN);
    let other = clock.clone();
    assert_eq!(clock.now(), THEN);
    hand.advance(Duration::from_millis(8));
    assert_eq!(other.now().as_millis(), THEN.as_millis() + 8);
    assert!(Clock::system().now() > Timestamp::from_millis(1_700_000_000_000));
}

proptest! {
    #[test]
    fn every_instant_of_our_time_comes_back_from_its_forms(millis in 0i64..253_402_300_799_999) {
        let instant = Timestamp::from_millis(millis);
        let second = Timestamp::from_millis(instant.as_secs() * 1000);
        prop_assert_eq!(Timestamp::from_iso8601(&instant.to_iso8601()), Ok(instant));
        prop_assert_eq!(Timestamp::from_amz_date(&instant.to_amz_date()), Ok(second));
        prop_assert_eq!(Timestamp::from_http_date(&instant.to_http_date()), Ok(second));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = Timestamp::from_http_date(&text);
        let _ = Timestamp::from_amz_date(&text);
        let _ = Timestamp::from_iso8601(&text);
    }
}
