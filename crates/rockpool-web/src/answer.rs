//! Answers, before they are responses.
use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use rockpool_pool::ByteStream;

/// The body of a response. An error in it cuts the connection, so that nobody takes half for the whole.
pub type WebBody = UnsyncBoxBody<Bytes, io::Error>;

/// An answer without what all answers of a face share.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AnswerBody,
}

/// What an answer carries.
pub(crate) enum AnswerBody {
    /// Nothing.
    Empty,
    /// A few words for people; HEAD gets their length.
    Text(String),
    /// Bytes of the length that the headers give. Never for HEAD.
    Stream(ByteStream),
}

impl Answer {
    /// An answer without headers and body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: AnswerBody::Empty,
        }
    }

    /// An answer of a few words.
    pub(crate) fn text(status: StatusCode, words: impl Into<String>) -> Self {
        let mut words = words.into();
        words.push('\n');
        let mut answer = Self::new(status)
            .with(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/plain; charset=utf-8"),
            )
            .with(header::CONTENT_LENGTH, HeaderValue::from(words.len()));
        answer.body = AnswerBody::Text(words);
        answer
    }

    /// The answer with one more header, in place of an earlier one of that name.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The answer with one more header, if its value can be one.
    pub(crate) fn with_text(self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.with(name, value),
            Err(_) => self,
        }
    }
}
