//! Byte ranges (RFC 9110 section 14).
use std::ops::Range;

/// One byte range as a client asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `a-b`, both included.
    FromTo(u64, u64),
    /// `a-`.
    From(u64),
    /// `-n`: the last n bytes.
    Last(u64),
}

/// What to send for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeDecision {
    /// 206 with these bytes (end excluded, never empty).
    Partial(Range<u64>),
    /// 416 with `Content-Range: bytes */size`.
    Unsatisfiable,
}

impl ByteRange {
    /// Reads a `Range` header. `None` for what RFC 9110 lets a server ignore, and S3 does: another unit,
    /// bad syntax, `b < a`, or several ranges; the whole object is then sent.
    pub fn parse(header: &str) -> Option<Self> {
        let (unit, spec) = header.trim().split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = spec.trim().split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            // A number beyond 64 bits is beyond every object.
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (first.trim(), last.trim()) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// The bytes of an object of `size` bytes that this range names; an end past the end is clamped.
    pub fn resolve(self, size: u64) -> RangeDecision {
        let range = match self {
            Self::FromTo(first, last) => first..size.min(last.saturating_add(1)),
            Self::From(first) => first..size,
            Self::Last(n) => size.saturating_sub(n)..size,
        };
        if range.start >= range.end {
            RangeDecision::Unsatisfiable
        } else {
            RangeDecision::Partial(range)
        }
    }
}
