//! What the targets share: taking an input apart, and pools to ask.
//!
//! An input is read from its beginning: lines of text and single bytes first, then a rest. So the seeds can be read, and
//! written by hand.
mod world;

use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};

pub use world::{HOST, SECRET, World};

/// An input that is taken apart from its beginning.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 when none is left.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> &'a [u8] {
        let mut halves = self.0.splitn(2, |b| *b == b'\n');
        let line = halves.next().unwrap_or_default();
        self.0 = halves.next().unwrap_or_default();
        line
    }

    /// The next line as text; empty when it is none.
    pub fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.line()).unwrap_or_default()
    }

    /// Lines `name: value` up to an empty one. Those that are no headers are left out.
    pub fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        while !self.0.is_empty() {
            let line = self.line();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(at) = line.iter().position(|b| *b == b':') else {
                break;
            };
            let name = HeaderName::from_bytes(&line[..at]);
            let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        headers
    }

    /// A line `METHOD target` and headers: the head of a request. `None`: the line is none.
    pub fn head(&mut self) -> Option<Parts> {
        let (method, target) = self.text().split_once(' ')?;
        let request = http::Request::builder().method(method).uri(target.trim());
        let (mut parts, ()) = request.body(()).ok()?.into_parts();
        parts.headers = self.headers();
        Some(parts)
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// What is left, as text. `None`: it is none.
    pub fn rest_text(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}

/// Cuts bytes into pieces in a way that `seed` names: single bytes, a few, many, mixed.
pub fn pieces(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let longest = [1, 2, 7, 64, 1024][usize::from(seed) % 5];
    let mut state = u32::from(seed) * 2 + 1;
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Xorshift (Marsaglia, "Xorshift RNGs").
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let length = (state as usize % longest + 1).min(rest.len());
        let (piece, tail) = rest.split_at(length);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}
