//! Instants, and the one place that reads the system clock.
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{fmt::rfc2822::DateTimePrinter, tz::TimeZone};

use crate::Invalid;

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `duration` later; the far end of time if it would overflow.
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The instant `duration` earlier; the far end of time if it would overflow.
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long it is from here to `end`; nothing when that is past.
    pub fn until(self, end: Self) -> Duration {
        let millis = end.0.saturating_sub(self.0);
        Duration::from_millis(millis.try_into().unwrap_or(0))
    }

    /// `2026-11-23T08:30:00.000Z`, as S3's XML has it (XML Schema dateTime, UTC, milliseconds).
    pub fn to_iso8601(self) -> String {
        self.to_jiff()
            .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
            .to_string()
    }

    /// `20261123T083000Z`, as signatures have it (ISO 8601 basic format, UTC).
    pub fn to_amz_date(self) -> String {
        self.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `Mon, 23 Nov 2026 08:30:00 GMT` (RFC 9110 section 5.6.7); milliseconds are dropped.
    pub fn to_http_date(self) -> String {
        static PRINTER: DateTimePrinter = DateTimePrinter::new();
        PRINTER
            .timestamp_to_rfc9110_string(&self.to_jiff())
            .unwrap_or_default()
    }

    /// Reads an HTTP date (RFC 9110 section 5.6.7): IMF-fixdate, the two obsolete forms of RFC 850 and asctime, or
    /// RFC 2822 with any zone, which old clients send. A year of two digits is one of 1969 to 2068.
    ///
    /// # Errors
    /// When `text` is none of these, or names a time before the year 0, which HTTP has no form for.
    pub fn from_http_date(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let obsolete = |form: &str| {
            let civil = jiff::civil::DateTime::strptime(form, text).ok()?;
            Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        jiff::fmt::rfc2822::parse(text)
            .map(|zoned| zoned.timestamp())
            .ok()
            .or_else(|| obsolete("%A, %d-%b-%y %H:%M:%S GMT"))
            .or_else(|| obsolete("%a %b %e %H:%M:%S %Y"))
            .filter(|instant| TimeZone::UTC.to_datetime(*instant).year() >= 0)
            .map(|instant| Self(instant.as_millisecond()))
            .ok_or_else(|| Invalid::new("date", format!("`{text}` is not an HTTP date")))
    }

    /// Reads ISO 8601 in its basic form of signatures, `20261123T083000Z`.
    ///
    /// # Errors
    /// When `text` has another form or names no instant.
    pub fn from_amz_date(text: &str) -> Result<Self, Invalid> {
        let bad = || {
            Invalid::new(
                "date",
                format!("`{text}` is not of the form 20261123T083000Z"),
            )
        };
        let fits = |(at, byte): (usize, u8)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        };
        if text.len() != 16 || !text.bytes().enumerate().all(fits) {
            return Err(bad());
        }
        let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).map_err(|_| bad())?;
        let zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| bad())?;
        Ok(Self(zoned.timestamp().as_millisecond()))
    }

    /// Reads ISO 8601 in its extended form (RFC 3339), e.g. `2026-11-23T08:30:00.000Z`.
    ///
    /// # Errors
    /// When `text` has another form or names no instant.
    pub fn from_iso8601(text: &str) -> Result<Self, Invalid> {
        text.parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_millisecond()))
            .map_err(|_| {
                Invalid::new(
                    "date",
                    format!("`{text}` is not of the form 2026-11-23T08:30:00Z"),
                )
            })
    }

    fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(
            jiff::Timestamp::MIN.as_millisecond(),
            jiff::Timestamp::MAX.as_millisecond(),
        );
        jiff::Timestamp::from_millisecond(clamped).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

/// Where time comes from: the system, or a test's hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system's wall clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until its other half moves it.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let hand = Arc::new(AtomicI64::new(start.as_millis()));
        (Self(Source::Manual(hand.clone())), ManualClock(hand))
    }

    /// The present instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the system clock"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Manual(hand) => Timestamp(hand.load(Ordering::SeqCst)),
            Source::System => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp::default().plus(since)
            }
        }
    }
}

/// The hand of a clock that tests move.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(
            i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }
}
