//! Conditional requests and ranges, decided: RFC 9110 sections 13 and 14, in the stricter way that caches which fetch
//! in slices need.
use std::ops::Range;

use http::{HeaderMap, HeaderName, Method, header};
use rockpool_types::{
    ByteRange, Conditions, ETagCondition, RangeDecision, ReadDecision, Timestamp,
};

/// What is known of content before its bytes are opened.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// Its strong entity tag, without quotes.
    pub(crate) etag: String,
    /// Its `Last-Modified`.
    pub(crate) modified: Timestamp,
    /// Its size in bytes.
    pub(crate) size: u64,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes (end excluded, never empty).
    Partial(Range<u64>),
    /// 304.
    NotModified,
    /// 412.
    Failed,
    /// 416.
    Unsatisfiable,
}

impl Plan {
    /// Decides what a GET or HEAD with these headers gets. A range counts for GET alone (RFC 9110 section 14.2); several
    /// ranges, bad ones and unknown units are ignored; an end past the end is clamped.
    pub(crate) fn new(method: &Method, headers: &HeaderMap, content: &Validators) -> Self {
        match conditions(headers).decide_read(&content.etag, content.modified) {
            ReadDecision::NotModified => return Self::NotModified,
            ReadDecision::Failed => return Self::Failed,
            ReadDecision::Send => {}
        }
        let range = one(headers, header::RANGE).and_then(ByteRange::parse);
        match range {
            Some(range) if method == Method::GET && if_range_holds(headers, &content.etag) => {
                match range.resolve(content.size) {
                    RangeDecision::Partial(range) => Self::Partial(range),
                    RangeDecision::Unsatisfiable => Self::Unsatisfiable,
                }
            }
            _ => Self::Whole,
        }
    }
}

fn conditions(headers: &HeaderMap) -> Conditions {
    let tags = |name: HeaderName| {
        let lines: Vec<&str> = headers
            .get_all(name)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .collect();
        (!lines.is_empty()).then(|| ETagCondition::parse(&lines.join(",")))
    };
    let date =
        |name: HeaderName| one(headers, name).and_then(|text| Timestamp::from_http_date(text).ok());
    Conditions {
        if_match: tags(header::IF_MATCH),
        if_none_match: tags(header::IF_NONE_MATCH),
        if_modified_since: date(header::IF_MODIFIED_SINCE),
        if_unmodified_since: date(header::IF_UNMODIFIED_SINCE),
    }
}

/// Whether `If-Range` is absent or names this very strong tag. A date never holds: seconds are too coarse to tell one
/// content from the next.
fn if_range_holds(headers: &HeaderMap, etag: &str) -> bool {
    match headers.get(header::IF_RANGE) {
        None => true,
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'))
            .is_some_and(|tag| tag == etag),
    }
}

/// The value of a header that came once. One that came twice, or is not ASCII, counts as absent.
fn one(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests;
