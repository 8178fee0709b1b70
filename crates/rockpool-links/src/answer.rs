//! Answers, and what all of them have in common.
use std::{io, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::sync::Semaphore;

use crate::shelf::{BodyFile, ShelvedBody};

/// The body of a response. An error in it cuts the connection, so that nobody takes half for the whole.
pub type LinkBody = UnsyncBoxBody<Bytes, io::Error>;

/// What is read of a file at a time, for each reader.
const PIECE_BYTES: usize = 32 << 10;
/// How many readers of files there may be at a time; the others wait. Bounds memory.
const FILE_READERS: usize = 256;

/// For what only previews look at: nothing in it may run, be framed or be guessed at.
pub(crate) const FOR_SOFTWARE: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    ),
];

/// Makes responses.
#[derive(Clone)]
pub(crate) struct Answers {
    readers: Arc<Semaphore>,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self {
            readers: Arc::new(Semaphore::new(FILE_READERS)),
        }
    }

    /// A copy's body; nothing of it for a HEAD.
    pub(crate) fn body(&self, body: &ShelvedBody, is_head: bool) -> LinkBody {
        match body {
            _ if is_head => nothing(),
            ShelvedBody::Bytes(bytes) => whole(bytes.clone()),
            ShelvedBody::File(file) => self.file(file.clone()),
        }
    }

    fn file(&self, file: BodyFile) -> LinkBody {
        let readers = self.readers.clone();
        let pieces = stream::try_unfold((file, 0, None), move |(file, at, permit)| {
            let readers = readers.clone();
            async move {
                let permit = match permit {
                    Some(permit) => permit,
                    None => readers.acquire_owned().await.map_err(io::Error::other)?,
                };
                let piece = file.read_at(at, PIECE_BYTES).await?;
                if piece.is_empty() {
                    return Ok::<_, io::Error>(None);
                }
                let next = at + piece.len() as u64;
                Ok(Some((Frame::data(piece), (file, next, Some(permit)))))
            }
        });
        StreamBody::new(pieces).boxed_unsync()
    }
}

pub(crate) fn nothing() -> LinkBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn whole(bytes: impl Into<Bytes>) -> LinkBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A response without headers and body.
pub(crate) fn status(status: StatusCode) -> Response<LinkBody> {
    let mut response = Response::new(nothing());
    *response.status_mut() = status;
    response
}

/// A few words, which no cache keeps.
pub(crate) fn words(code: StatusCode, words: &str) -> Response<LinkBody> {
    let mut response = status(code);
    set(
        &mut response,
        header::CONTENT_TYPE,
        "text/plain; charset=utf-8",
    );
    set(&mut response, header::CACHE_CONTROL, "no-store");
    fill(&mut response, format!("{words}\n"));
    response
}

/// Gives a response its body, with its length.
pub(crate) fn fill(response: &mut Response<LinkBody>, bytes: impl Into<Bytes>) {
    let bytes = bytes.into();
    let length = HeaderValue::from(bytes.len());
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    *response.body_mut() = whole(bytes);
}

/// Sets a header, if its value can be one.
pub(crate) fn set(response: &mut Response<LinkBody>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
