//! The `encoding-type` of listings.
use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{error::S3Error, query::Query};

/// What S3 leaves as it is: unreserved characters of RFC 3986, and the slash.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// How keys and what is like them are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
    /// Percent-encoded.
    Url,
}

impl Encoding {
    /// Reads the parameter.
    pub(crate) fn parse(query: &Query) -> Result<Self, S3Error> {
        match query.text("encoding-type") {
            None => Ok(Self::Plain),
            Some("url") => Ok(Self::Url),
            Some(_) => Err(S3Error::invalid("`encoding-type` may be `url` only.")),
        }
    }

    /// What the document says about it.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Url => Some("url"),
        }
    }

    /// A key, prefix, delimiter or marker in this form.
    pub(crate) fn of(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(text),
            Self::Url => utf8_percent_encode(text, ENCODED).into(),
        }
    }
}
