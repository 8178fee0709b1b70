//! An answer: its head, and its body as a stream within limits.
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use http::{HeaderMap, StatusCode, header};
use tokio::time::{Instant, Sleep, sleep_until};
use url::Url;

use crate::{
    FetchError, FetchSettings, Hop, Limit, Phase, UrlFault,
    coding::{Decoder, Step, broken},
    exchange::Incomings,
    guard::check_url,
};

/// An answer whose head has come.
#[derive(Debug)]
pub struct Fetched {
    /// The URL that answered, without a fragment: the last of all redirects'.
    pub url: Url,
    /// The redirects that led there, the first one first.
    pub redirects: Vec<Hop>,
    /// Any status but 1xx, and but those of redirects that were followed.
    pub status: StatusCode,
    /// As they came, but for two that describe a body as it was sent: where a content coding is removed,
    /// `Content-Encoding` and `Content-Length` are gone.
    pub headers: HeaderMap,
    /// The body, to be read or dropped.
    pub body: FetchedBody,
    pub(crate) target: Option<Result<Url, FetchError>>,
}

impl Fetched {
    /// Where a redirect leads: `None` if this answer is none. An error if it leads to what is not fetched from, as far as
    /// its URL tells; names in it have not been resolved.
    pub fn redirect_target(&self) -> Option<&Result<Url, FetchError>> {
        self.target.as_ref()
    }
}

/// A body that is being read: a stream of its bytes without their content coding.
///
/// Each piece keeps to the limits of the request that asked for it. The error that ends the stream is the last thing that
/// it yields. When this is dropped, the connection is closed, and whatever was on its way is lost.
pub struct FetchedBody {
    source: Option<Incomings>,
    decoder: Option<Decoder>,
    input: Bytes,
    limits: Limits,
    total: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
    idle_is_set: bool,
    declared: Option<u64>,
    sent: u64,
    decoded: u64,
}

/// The limits of one body.
pub(crate) struct Limits {
    pub(crate) max_sent_bytes: u64,
    pub(crate) max_decoded_bytes: u64,
    pub(crate) idle: Duration,
    pub(crate) deadline: Instant,
}

impl FetchedBody {
    /// A body of an answer with `headers`, from which it removes those that will not be true any more.
    pub(crate) fn new(
        source: Incomings,
        headers: &mut HeaderMap,
        limits: Limits,
    ) -> Result<Self, FetchError> {
        let length = headers.get(header::CONTENT_LENGTH);
        let declared = length.and_then(|value| value.to_str().ok()?.parse().ok());
        let mut decoder = None;
        if !source.is_empty() {
            decoder = Decoder::for_headers(headers)?;
        }
        if decoder.is_some() {
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
        }
        Ok(Self {
            source: Some(source),
            decoder,
            input: Bytes::new(),
            total: Box::pin(sleep_until(limits.deadline)),
            idle: Box::pin(sleep_until(limits.deadline)),
            idle_is_set: false,
            limits,
            declared,
            sent: 0,
            decoded: 0,
        })
    }

    /// How many bytes are to be sent, if the answer says so: they may be compressed, and there may be fewer. Of a `HEAD`,
    /// how many a `GET` would send.
    pub fn declared_bytes(&self) -> Option<u64> {
        self.declared
    }

    /// How many bytes have been sent so far, compressed as they may be.
    pub fn sent_bytes(&self) -> u64 {
        self.sent
    }

    /// Reads everything.
    ///
    /// # Errors
    /// As the stream; and at once, without reading, if more bytes are declared than may be sent.
    pub async fn collect(mut self) -> Result<Bytes, FetchError> {
        let declared = self.declared.unwrap_or(0);
        if self
            .source
            .as_ref()
            .is_some_and(|source| !source.is_empty())
            && declared > self.limits.max_sent_bytes
        {
            return Err(self.too_large(Limit::Sent));
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.try_next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn too_large(&self, limit: Limit) -> FetchError {
        let max_bytes = match limit {
            Limit::Decoded => self.limits.max_decoded_bytes,
            Limit::Sent | Limit::Head => self.limits.max_sent_bytes,
        };
        FetchError::TooLarge { limit, max_bytes }
    }

    /// The next piece as it was sent, within the limits of time and size.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, FetchError>>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(None);
        };
        if self.total.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(FetchError::Timeout(Phase::Total))));
        }
        match source.poll_piece(cx) {
            Poll::Ready(Some(Ok(piece))) => {
                self.idle_is_set = false;
                self.sent += piece.len() as u64;
                if self.sent > self.limits.max_sent_bytes {
                    return Poll::Ready(Some(Err(self.too_large(Limit::Sent))));
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(end) => Poll::Ready(end),
            Poll::Pending => {
                if !self.idle_is_set {
                    self.idle_is_set = true;
                    self.idle.as_mut().reset(Instant::now() + self.limits.idle);
                }
                ready!(self.idle.as_mut().poll(cx));
                Poll::Ready(Some(Err(FetchError::Timeout(Phase::Idle))))
            }
        }
    }

    /// The next piece without its content coding.
    fn poll_decoded(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, FetchError>>> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                return self.poll_sent(cx);
            };
            match decoder.step(&mut self.input)? {
                Step::Output(piece) => return Poll::Ready(Some(Ok(piece))),
                Step::End => return Poll::Ready(None),
                Step::NeedsInput => match ready!(self.poll_sent(cx)?) {
                    Some(piece) => self.input = piece,
                    None if self.sent == 0 => return Poll::Ready(None),
                    None => return Poll::Ready(Some(Err(broken("it ends too early")))),
                },
            }
        }
    }
}

impl Stream for FetchedBody {
    type Item = Result<Bytes, FetchError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.source.is_none() {
            return Poll::Ready(None);
        }
        let mut next = ready!(this.poll_decoded(cx));
        if let Some(Ok(piece)) = &next {
            this.decoded += piece.len() as u64;
            if this.decoded > this.limits.max_decoded_bytes {
                next = Some(Err(this.too_large(Limit::Decoded)));
            }
        }
        if !matches!(next, Some(Ok(_))) {
            this.source = None;
        }
        Poll::Ready(next)
    }
}

impl std::fmt::Debug for FetchedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchedBody")
            .field("declared", &self.declared)
            .field("sent", &self.sent)
            .field("decoded", &self.decoded)
            .finish_non_exhaustive()
    }
}

/// Where an answer from `url` redirects to, if it does.
pub(crate) fn redirect_target(
    url: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    settings: &FetchSettings,
) -> Option<Result<Url, FetchError>> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(header::LOCATION)?;
    let target = std::str::from_utf8(location.as_bytes())
        .ok()
        .and_then(|location| url.join(location).ok())
        .ok_or(FetchError::IllegalUrl(UrlFault::Syntax));
    Some(target.and_then(|target| {
        let target = check_url(target, settings)?.url;
        if url.scheme() == "https" && target.scheme() == "http" && !settings.allow_downgrade {
            return Err(FetchError::Downgrade);
        }
        Ok(target)
    }))
}
