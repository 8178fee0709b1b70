//! Query strings and percent-encoding, as signatures see them.
use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What SigV4 encodes: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// [`RESERVED`] without the slash, which S3 keeps in paths.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Encodes a name or a value of a query by SigV4's rule.
pub(super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Decodes a path once and encodes it by SigV4's rule. Nothing is normalised: keys may hold `//` and `..`.
pub(super) fn encode_path(raw: &str) -> String {
    let decoded: Cow<'_, [u8]> = percent_decode(raw.as_bytes()).into();
    percent_encode(&decoded, RESERVED_IN_PATH).to_string()
}

/// A parameter of a query: its decoded name, and its decoded value. `None`: there was no `=`.
pub(super) type Param<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// A query string, decoded. A `+` counts as a space, as in HTML forms and in S3.
pub(super) struct Query<'a>(Vec<Param<'a>>);

impl<'a> Query<'a> {
    /// Splits and decodes; empty parts (`a&&b`) are dropped.
    pub(super) fn parse(raw: &'a str) -> Self {
        let params = raw.split('&').filter(|part| !part.is_empty());
        Self(
            params
                .map(|part| match part.split_once('=') {
                    Some((name, value)) => (decode(name), Some(decode(value))),
                    None => (decode(part), None),
                })
                .collect(),
        )
    }

    /// All parameters in the order in which they came.
    pub(super) fn params(&self) -> &[Param<'a>] {
        &self.0
    }

    /// Whether there is a parameter of that name, in exactly that case.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| **n == *name.as_bytes())
    }

    /// The value of the only parameter of that name. `None`: it is absent, came twice or is not UTF-8.
    pub(super) fn only(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(n, _)| **n == *name.as_bytes());
        let (_, value) = found.next()?;
        if found.next().is_some() {
            return None;
        }
        std::str::from_utf8(value.as_deref()?).ok()
    }
}

fn decode(raw: &str) -> Cow<'_, [u8]> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return Cow::Owned(percent_decode(spaced.as_bytes()).collect());
    }
    percent_decode(raw.as_bytes()).into()
}
