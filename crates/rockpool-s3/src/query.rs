//! The query of a request, decoded.
use percent_encoding::percent_decode_str;

use crate::error::{S3Code, S3Error};

#[cfg(test)]
mod tests;

/// The parameters of a query, in order. Of equal names the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a raw query. A name without `=` has the empty value; `+` is a space.
    pub(crate) fn parse(raw: &str) -> Result<Self, S3Error> {
        raw.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// All names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Whether there is such a parameter, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of a parameter, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is there and not empty: clients send empty ones for absent ones.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A whole number of at least 0; `None` when absent or empty.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>, S3Error> {
        self.text(name)
            .map(|value| match value.parse::<i64>() {
                // More than 32 bits is more than every limit; S3 refuses beyond 31 bits.
                Ok(n @ 0..=0x7fff_ffff) => Ok(n as u32),
                Ok(_) | Err(_) => Err(S3Error::invalid(format!(
                    "`{name}` is not a number from 0 to 2147483647."
                ))),
            })
            .transpose()
    }

    /// The size of a page: the parameter, at most 1000, which is the default too.
    pub(crate) fn page_size(&self, name: &str) -> Result<u32, S3Error> {
        Ok(self.number(name)?.unwrap_or(1000).min(1000))
    }
}

fn decode(text: &str) -> Result<String, S3Error> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| S3Error::new(S3Code::InvalidURI, "The query is not UTF-8."))
}
