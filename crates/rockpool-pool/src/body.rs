//! Bodies on their way in, as a face hands them over.
use async_trait::async_trait;
use bytes::Bytes;
use rockpool_types::{Checksum, ChecksumAlgorithm};

/// Why a body could not be read to its end. It carries the face's own error, which the face gets back
/// by downcasting.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BodyError(pub Box<dyn std::error::Error + Send + Sync>);

/// A digest that a client declared for a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declared {
    /// HTTP's Content-MD5.
    ContentMd5([u8; 16]),
    /// The SHA-256 that the request's signature covers.
    PayloadSha256([u8; 32]),
    /// One of S3's additional checksums, in a header or a trailer. It is kept with the object.
    Checksum(Checksum),
}

/// A body, decoded from its transfer framing.
#[async_trait]
pub trait BodySource: Send {
    /// The length that the client declared, in bytes. `None`: it declared none.
    fn length(&self) -> Option<u64>;

    /// The algorithms whose digests will be declared, by now or in a trailer, beside SHA-512 and MD5, which the
    /// pool computes anyway.
    fn algorithms(&self) -> Vec<ChecksumAlgorithm>;

    /// The next bytes; `None` at the end. Framing, chunk signatures and time limits are checked here.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError>;

    /// The declared digests; complete once [`Self::next_chunk`] has answered `None`.
    fn declared(&self) -> Vec<Declared>;
}
