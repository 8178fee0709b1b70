use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use rockpool_types::Timestamp;

use super::{Lifetimes, retry_after};
use crate::{settings::KeepSettings, slim::wishes::Wishes};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_http_date("Mon, 23 Nov 2026 08:00:00 GMT").unwrap()
}

fn lifetimes(headers: &[(&'static str, &'static str)], wishes: Wishes) -> [u64; 3] {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_static(value));
    }
    let lifetimes = Lifetimes::of_answer(&map, now(), wishes, &KeepSettings::default());
    [lifetimes.fresh, lifetimes.revalidate, lifetimes.on_error].map(|d| d.as_secs())
}

#[test]
fn the_site_decides_within_bounds() {
    let whole = [DAY, 2 * DAY, 8 * DAY];
    let least = [5 * MINUTE, 5 * MINUTE + DAY, 5 * MINUTE + 7 * DAY];
    let none_stale = [5 * MINUTE; 3];
    for (headers, expected) in [
        (&[][..], whole),
        (
            &[("cache-control", "max-age=3600")],
            [3600, 3600 + DAY, 3600 + 7 * DAY],
        ),
        (
            &[("cache-control", "max-age=60, s-maxage=\"7200\"")],
            [7200, 7200 + DAY, 7200 + 7 * DAY],
        ),
        (&[("cache-control", "public, max-age=31536000")], whole),
        (&[("cache-control", "max-age=99999999999999999999")], whole),
        (&[("cache-control", "max-age=60")], least),
        (
            &[("cache-control", "max-age=3600"), ("age", "3000")],
            [600, 600 + DAY, 600 + 7 * DAY],
        ),
        (&[("cache-control", "max-age=3600"), ("age", "9000")], least),
        (&[("cache-control", "no-cache")], least),
        (&[("cache-control", "no-store")], none_stale),
        (&[("cache-control", "private, max-age=3600")], none_stale),
        (
            &[("cache-control", "max-age=600, must-revalidate")],
            [600; 3],
        ),
        (
            &[(
                "cache-control",
                "max-age=600, stale-while-revalidate=30, stale-if-error=60",
            )],
            [600, 630, 660],
        ),
        (
            &[
                ("cache-control", "max-age=600"),
                ("cache-control", "stale-if-error=0"),
            ],
            [600, 600 + DAY, 600],
        ),
        (
            &[
                ("expires", "Mon, 23 Nov 2026 10:00:00 GMT"),
                ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
            ],
            [3600, 3600 + DAY, 3600 + 7 * DAY],
        ),
        (&[("expires", "0")], least),
        (
            &[("expires", "0"), ("cache-control", "max-age=3600")],
            [3600, 3600 + DAY, 3600 + 7 * DAY],
        ),
        (
            &[("cache-control", "max-age=-5, nonsense, =, max-age=x")],
            whole,
        ),
    ] {
        assert_eq!(
            lifetimes(headers, Wishes::default()),
            expected,
            "{headers:?}"
        );
    }
    let no_archive = Wishes {
        no_archive: true,
        ..Wishes::default()
    };
    assert_eq!(
        lifetimes(&[("cache-control", "max-age=3600")], no_archive),
        none_stale
    );
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    for (value, seconds) in [
        ("120", Some(120)),
        ("Mon, 23 Nov 2026 08:01:00 GMT", Some(60)),
        ("Mon, 23 Nov 2026 07:00:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
        assert_eq!(
            retry_after(&headers, now()),
            seconds.map(Duration::from_secs),
            "{value}"
        );
    }
    assert_eq!(retry_after(&HeaderMap::new(), now()), None);
}
