//! The body of a request: taken off its framing, with the digests that its client declared.
//!
//! `chunks` takes `aws-chunked` framing apart, `digests` reads declarations; neither does IO.

mod chunks;
mod digests;
#[cfg(test)]
pub(crate) mod tests;

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use rockpool_pool::{BodyError, BodySource, Declared};
use rockpool_types::{Checksum, ChecksumAlgorithm};
use tokio::time::{Instant, timeout};

use crate::auth::Payload;
use chunks::ChunkDecoder;
use digests::{Digests, single_value};

/// The bytes that a second of waiting has to bring, once a body's patience is used up.
const LEAST_BYTES_A_SECOND: u64 = 1024;

/// Bounds on the reading of a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// The longest wait for the next bytes, and for all of them beyond what their number allows for.
    pub(crate) stall: Duration,
}

/// Why a body cannot be read to its end. Variants differ where S3's answer differs; each names it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyFault {
    /// 411 `MissingContentLength`.
    #[error("the length of the body is not declared; Content-Length is needed")]
    MissingLength,
    /// 400 `InvalidArgument`: a header of lengths is no number.
    #[error("the header {0} is not a number of bytes")]
    InvalidLength(&'static str),
    /// 400 `InvalidDigest`.
    #[error("Content-MD5 is not the base64 of 16 bytes")]
    InvalidContentMd5,
    /// 400 `InvalidRequest`: of that header, or trailer.
    #[error("{0} is not the base64 of such a checksum, or comes twice")]
    InvalidChecksum(&'static str),
    /// 400 `InvalidRequest`.
    #[error("more than one x-amz-checksum- header or trailer is declared")]
    SeveralChecksums,
    /// 400 `InvalidRequest`: a trailer, or an announcement of one, that is no checksum or was not announced.
    #[error("the trailer {0} is not supported or was not announced in x-amz-trailer")]
    UnknownTrailer(String),
    /// 400 `MalformedTrailerError`.
    #[error("the trailers are malformed: {0}")]
    MalformedTrailer(&'static str),
    /// 400 `InvalidRequest`: the aws-chunked framing is broken.
    #[error("the aws-chunked body is malformed: {0}")]
    MalformedChunk(&'static str),
    /// 403 `SignatureDoesNotMatch`.
    #[error("the signature of a chunk, or of the trailers, does not fit")]
    ChunkSignatureMismatch,
    /// 400 `IncompleteBody`: chunks with more data than x-amz-decoded-content-length.
    #[error(
        "the body is longer than the {declared} bytes that x-amz-decoded-content-length declares"
    )]
    TooManyBytes {
        /// The declared number of bytes.
        declared: u64,
    },
    /// 400 `IncompleteBody`: the framing ends too early, or chunks have less data than declared.
    #[error("the body ended before it was complete")]
    Truncated,
    /// 400 `RequestTimeout`: the client sent nothing for too long.
    #[error("no byte of the body came for {} seconds", .0.as_secs())]
    Stalled(Duration),
    /// 400 `RequestTimeout`: the client sends, but so little that it would never end.
    #[error("the body came at less than {LEAST_BYTES_A_SECOND} bytes a second")]
    Trickled,
    /// 400 `IncompleteBody`, if anybody still listens.
    #[error("the connection broke within the body: {0}")]
    Disconnected(#[source] Box<dyn Error + Send + Sync>),
}

impl From<BodyFault> for BodyError {
    fn from(fault: BodyFault) -> Self {
        Self(Box::new(fault))
    }
}

/// A request's body as the pool reads it.
pub(crate) struct S3Body<B> {
    wire: B,
    /// What came and is not decoded yet.
    pending: Bytes,
    /// `None`: the bytes are the content.
    chunks: Option<ChunkDecoder>,
    length: Option<u64>,
    payload_sha256: Option<[u8; 32]>,
    digests: Digests,
    limits: BodyLimits,
    /// How long bytes were waited for, without the time that whoever reads took in between.
    waited: Duration,
    /// The bytes that came.
    received: u64,
    ended: bool,
}

impl<B> S3Body<B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Reads the headers that tell about the body; of the body itself nothing yet.
    pub(crate) fn new(
        wire: B,
        headers: &HeaderMap,
        payload: Payload,
        limits: BodyLimits,
    ) -> Result<Self, BodyFault> {
        Self::with_digests(wire, headers, payload, limits, Digests::read(headers)?)
    }

    /// As [`Self::new`], for a request whose checksum header is not about its body: CompleteMultipartUpload's is
    /// about the object.
    pub(crate) fn beside_object_checksum(
        wire: B,
        headers: &HeaderMap,
        payload: Payload,
        limits: BodyLimits,
    ) -> Result<Self, BodyFault> {
        let digests = Digests::read_without_checksum(headers)?;
        Self::with_digests(wire, headers, payload, limits, digests)
    }

    fn with_digests(
        wire: B,
        headers: &HeaderMap,
        payload: Payload,
        limits: BodyLimits,
        mut digests: Digests,
    ) -> Result<Self, BodyFault> {
        let mut payload_sha256 = None;
        let framing = match payload {
            Payload::Unsigned => None,
            Payload::Sha256(digest) => {
                payload_sha256 = Some(digest);
                None
            }
            Payload::SignedChunks { signer, trailer } => Some((Some(signer), trailer)),
            Payload::UnsignedChunks => Some((None, true)),
        };
        let (length, chunks) = match framing {
            None => {
                let empty = wire.size_hint().exact() == Some(0);
                let length = match declared_length(headers, header::CONTENT_LENGTH.as_str())? {
                    None if empty => 0,
                    length => length.ok_or(BodyFault::MissingLength)?,
                };
                (Some(length), None)
            }
            Some((signer, trailer)) => {
                if trailer {
                    digests.read_announcement(headers)?;
                }
                let length = declared_length(headers, "x-amz-decoded-content-length")?;
                let trailers = trailer.then(|| digests.announced());
                (length, Some(ChunkDecoder::new(signer, length, trailers)))
            }
        };
        Ok(Self {
            wire,
            pending: Bytes::new(),
            chunks,
            length,
            payload_sha256,
            digests,
            limits,
            waited: Duration::ZERO,
            received: 0,
            ended: false,
        })
    }

    /// The next bytes off the wire; `None` at its end.
    async fn read_wire(&mut self) -> Result<Option<Bytes>, BodyFault> {
        loop {
            let frame = self.read_frame().await?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(BodyFault::Disconnected(error.into())),
                // HTTP's own trailers carry nothing that S3 knows.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                    _ => {}
                },
            }
        }
    }

    /// Waits for a frame, for as long as its client deserves.
    async fn read_frame(&mut self) -> Result<Option<Result<Frame<Bytes>, B::Error>>, BodyFault> {
        let earned = Duration::from_secs(self.received / LEAST_BYTES_A_SECOND);
        let left = (self.limits.stall + earned).saturating_sub(self.waited);
        let begun = Instant::now();
        let frame = timeout(left.min(self.limits.stall), self.wire.frame()).await;
        self.waited += begun.elapsed();
        frame.map_err(|_| {
            if left < self.limits.stall {
                BodyFault::Trickled
            } else {
                BodyFault::Stalled(self.limits.stall)
            }
        })
    }

    pub(crate) async fn next_data(&mut self) -> Result<Option<Bytes>, BodyFault> {
        if self.ended {
            return Ok(None);
        }
        loop {
            if let Some(chunks) = &mut self.chunks
                && let Some(data) = chunks.decode(&mut self.pending)?
            {
                return Ok(Some(data));
            }
            match (self.read_wire().await?, &mut self.chunks) {
                (Some(data), None) => return Ok(Some(data)),
                (Some(data), Some(_)) => self.pending = data,
                (None, chunks) => {
                    if let Some(chunks) = chunks
                        && let Some(checksum) = chunks.finish()?
                    {
                        self.digests.take_trailer(checksum);
                    }
                    self.ended = true;
                    return Ok(None);
                }
            }
        }
    }
}

#[async_trait]
impl<B> BodySource for S3Body<B>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        let checksum = self.digests.checksum().map(Checksum::algorithm);
        let mut algorithms: Vec<_> = checksum.or(self.digests.announced()).into_iter().collect();
        if self.payload_sha256.is_some() && !algorithms.contains(&ChecksumAlgorithm::Sha256) {
            algorithms.push(ChecksumAlgorithm::Sha256);
        }
        algorithms
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        Ok(self.next_data().await?)
    }

    fn declared(&self) -> Vec<Declared> {
        let mut declared = Vec::new();
        declared.extend(self.digests.content_md5().map(Declared::ContentMd5));
        declared.extend(self.payload_sha256.map(Declared::PayloadSha256));
        declared.extend(self.digests.checksum().cloned().map(Declared::Checksum));
        declared
    }
}

fn declared_length(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, BodyFault> {
    let invalid = || BodyFault::InvalidLength(name);
    let Some(text) = single_value(headers, name).map_err(|()| invalid())? else {
        return Ok(None);
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    text.parse().map(Some).map_err(|_| invalid())
}
