//! How long an answer may be passed on: RFC 9111 (caching) and RFC 5861 (stale answers), within the operator's bounds.
use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use rockpool_types::Timestamp;

use crate::{settings::KeepSettings, slim::wishes::Wishes};

/// How long a copy may be passed on, counted from its fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// As it is.
    pub(crate) fresh: Duration,
    /// While a new one is fetched. No less than `fresh`.
    pub(crate) revalidate: Duration,
    /// When the site is away. No less than `fresh`.
    pub(crate) on_error: Duration,
}

impl Lifetimes {
    /// Those of an answer with these headers that came at `now`, and that asks this of robots.
    pub(crate) fn of_answer(
        headers: &HeaderMap,
        now: Timestamp,
        wishes: Wishes,
        keep: &KeepSettings,
    ) -> Self {
        let control = CacheControl::parse(headers);
        let no_keeping = control.no_store || control.private || wishes.no_archive;
        let asked = if no_keeping || control.no_cache {
            Some(Duration::ZERO)
        } else {
            control
                .max_age
                .or_else(|| expires(headers, now))
                .map(|age| age.saturating_sub(age_of(headers)))
        };
        let fresh = asked
            .unwrap_or(keep.max_fresh)
            .clamp(keep.min_fresh, keep.max_fresh.max(keep.min_fresh));
        let no_stale = no_keeping || control.must_revalidate;
        let after = |asked: Option<Duration>, most: Duration| match asked {
            _ if no_stale => fresh,
            Some(asked) => fresh + asked.min(most),
            None => fresh + most,
        };
        Self {
            fresh,
            revalidate: after(control.stale_while_revalidate, keep.stale_while_revalidate),
            on_error: after(control.stale_if_error, keep.stale_if_error),
        }
    }
}

/// The directives of `Cache-Control` that matter here.
#[derive(Debug, Default)]
struct CacheControl {
    no_store: bool,
    private: bool,
    no_cache: bool,
    must_revalidate: bool,
    max_age: Option<Duration>,
    stale_while_revalidate: Option<Duration>,
    stale_if_error: Option<Duration>,
}

impl CacheControl {
    fn parse(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        let mut shared_max_age = None;
        for value in headers.get_all(header::CACHE_CONTROL) {
            let directives = value.to_str().unwrap_or_default();
            for directive in directives.split(',') {
                let (name, value) = match directive.split_once('=') {
                    Some((name, value)) => (name.trim(), seconds(value)),
                    None => (directive.trim(), None),
                };
                match name.to_ascii_lowercase().as_str() {
                    "no-store" => control.no_store = true,
                    "private" => control.private = true,
                    "no-cache" => control.no_cache = true,
                    "must-revalidate" | "proxy-revalidate" => control.must_revalidate = true,
                    "max-age" => control.max_age = value,
                    "s-maxage" => shared_max_age = value,
                    "stale-while-revalidate" => control.stale_while_revalidate = value,
                    "stale-if-error" => control.stale_if_error = value,
                    _ => {}
                }
            }
        }
        control.max_age = shared_max_age.or(control.max_age);
        control
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim().trim_matches('"');
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A number too large for us is a very long time.
    Some(Duration::from_secs(
        text.parse::<u64>().unwrap_or(u64::MAX).min(u32::MAX.into()),
    ))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    Timestamp::from_http_date(headers.get(name)?.to_str().ok()?).ok()
}

/// `Expires`, counted from the answer's `Date`. What is no date is in the past (RFC 9111 section 5.3).
fn expires(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    headers.get(header::EXPIRES)?;
    let Some(at) = date(headers, &header::EXPIRES) else {
        return Some(Duration::ZERO);
    };
    let since = date(headers, &header::DATE).unwrap_or(now);
    Some(between(since, at))
}

fn age_of(headers: &HeaderMap) -> Duration {
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
    age.and_then(seconds).unwrap_or_default()
}

/// How long the site asks to be left alone: `Retry-After`, in seconds or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds(text).or_else(|| {
        let at = Timestamp::from_http_date(text).ok()?;
        Some(between(now, at))
    })
}

/// From one instant to a later one; nothing if it is earlier.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    let millis = to.as_millis().saturating_sub(from.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests;
