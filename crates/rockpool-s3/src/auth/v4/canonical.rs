//! The canonical request of version 4.
use http::{HeaderMap, request::Parts};

use crate::auth::{
    error::AuthError,
    query::{Query, encode, encode_path},
};

/// A request in the form that is signed.
pub(super) struct CanonicalRequest<'a> {
    method: &'a str,
    raw_path: &'a str,
    query: String,
    headers: Vec<u8>,
    signed_headers: &'a str,
    content_sha256: &'a str,
}

impl<'a> CanonicalRequest<'a> {
    /// Brings a request into that form. `presigned`: the signature is in the query and is left out of it.
    pub(super) fn new(
        parts: &'a Parts,
        signed_headers: &'a str,
        content_sha256: &'a str,
        presigned: bool,
    ) -> Result<Self, AuthError> {
        Ok(Self {
            method: parts.method.as_str(),
            raw_path: parts.uri.path(),
            query: canonical_query(parts.uri.query().unwrap_or_default(), presigned),
            headers: canonical_headers(&parts.headers, signed_headers)?,
            signed_headers,
            content_sha256,
        })
    }

    /// The spellings that a client may have signed: with the path encoded by the rule, which AWS expects, then
    /// with the path just as it came, when that differs; some clients sign what they send, unencoded `(` and all.
    pub(super) fn spellings(&self) -> impl Iterator<Item = Vec<u8>> {
        let by_rule = encode_path(self.raw_path);
        let as_it_came = (by_rule != self.raw_path).then(|| self.raw_path.to_owned());
        std::iter::once(by_rule)
            .chain(as_it_came)
            .map(|path| self.with_path(&path))
    }

    fn with_path(&self, path: &str) -> Vec<u8> {
        let mut text = format!("{}\n{path}\n{}\n", self.method, self.query).into_bytes();
        text.extend_from_slice(&self.headers);
        let tail = format!("\n{}\n{}", self.signed_headers, self.content_sha256);
        text.extend_from_slice(tail.as_bytes());
        text
    }
}

/// Names and values encoded anew, sorted by name and then by value.
fn canonical_query(raw: &str, presigned: bool) -> String {
    let query = Query::parse(raw);
    let is_signed = |name: &[u8]| !(presigned && name == b"X-Amz-Signature");
    let mut params: Vec<(String, String)> = query
        .params()
        .iter()
        .filter(|(name, _)| is_signed(name))
        .map(|(name, value)| (encode(name), encode(value.as_deref().unwrap_or_default())))
        .collect();
    params.sort_unstable();
    let joined: Vec<String> = params
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    joined.join("&")
}

/// A line for each signed header: repeated ones joined by commas, white space trimmed and runs of it made one space.
fn canonical_headers(headers: &HeaderMap, signed_headers: &str) -> Result<Vec<u8>, AuthError> {
    let mut lines = Vec::new();
    for name in signed_headers.split(';') {
        lines.extend_from_slice(name.as_bytes());
        lines.push(b':');
        let mut values = headers.get_all(name).iter().peekable();
        if values.peek().is_none() {
            let value = implied_value(name)
                .ok_or_else(|| AuthError::SignedHeaderAbsent(name.to_owned()))?;
            lines.extend_from_slice(value.as_bytes());
        }
        while let Some(value) = values.next() {
            push_collapsed(&mut lines, value.as_bytes());
            if values.peek().is_some() {
                lines.push(b',');
            }
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The value of a header that proxies take away while they keep what it means.
fn implied_value(name: &str) -> Option<&'static str> {
    match name {
        "expect" => Some("100-continue"),
        "transfer-encoding" => Some("chunked"),
        _ => None,
    }
}

fn push_collapsed(line: &mut Vec<u8>, value: &[u8]) {
    let words = value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            line.push(b' ');
        }
        line.extend_from_slice(word);
    }
}
