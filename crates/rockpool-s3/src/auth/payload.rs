//! What a signature says about the body.
use std::fmt;

use rockpool_types::Timestamp;

use super::{
    error::AuthError,
    signing::{Scope, SigningKey, parse_signature, same, sha256_hex},
};

/// What a verified signature says about the body that follows.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Nothing.
    Unsigned,
    /// It has this SHA-256.
    Sha256([u8; 32]),
    /// It comes in chunks, each signed in a chain that starts at the request's own signature.
    SignedChunks {
        /// The chain's present end.
        signer: ChunkSigner,
        /// Whether trailers follow, signed too.
        trailer: bool,
    },
    /// It comes in unsigned chunks, and trailers follow.
    UnsignedChunks,
}

/// What `x-amz-content-sha256` asks for, before there is a chain to sign with.
pub(super) enum PayloadKind {
    Unsigned,
    Sha256([u8; 32]),
    SignedChunks { trailer: bool },
    UnsignedChunks,
}

impl PayloadKind {
    /// Reads a value of `x-amz-content-sha256`.
    pub(super) fn parse(text: &str) -> Result<Self, AuthError> {
        match text {
            "UNSIGNED-PAYLOAD" => Ok(Self::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Self::UnsignedChunks),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(Self::SignedChunks { trailer: false }),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Ok(Self::SignedChunks { trailer: true })
            }
            digest => parse_signature(digest)
                .map(Self::Sha256)
                .ok_or(AuthError::InvalidContentSha256),
        }
    }
}

/// Verifies the chain of chunk signatures of one body (S3 API reference, "Transferring payload in multiple
/// chunks").
#[derive(Clone)]
pub(crate) struct ChunkSigner {
    key: SigningKey,
    /// Time and scope, a line each, as every string to sign repeats them.
    context: String,
    previous: [u8; 32],
}

impl ChunkSigner {
    /// A chain that starts at the request's own signature, the seed.
    pub(super) fn new(key: SigningKey, at: Timestamp, scope: &Scope, seed: [u8; 32]) -> Self {
        Self {
            key,
            context: format!("{}\n{scope}", at.to_amz_date()),
            previous: seed,
        }
    }

    /// Whether `claimed` signs the next chunk, whose data has this SHA-256. If so, the chain moves on.
    pub(crate) fn accepts_chunk(&mut self, data_sha256: &[u8; 32], claimed: &[u8; 32]) -> bool {
        let empty = sha256_hex(b"");
        let tail = format!("{empty}\n{}", hex::encode(data_sha256));
        self.accepts("AWS4-HMAC-SHA256-PAYLOAD", &tail, claimed)
    }

    /// Whether `claimed` signs the trailers, given as `name:value` lines, each ended by a line feed.
    pub(crate) fn accepts_trailers(&mut self, lines: &[u8], claimed: &[u8; 32]) -> bool {
        self.accepts("AWS4-HMAC-SHA256-TRAILER", &sha256_hex(lines), claimed)
    }

    fn accepts(&mut self, algorithm: &str, tail: &str, claimed: &[u8; 32]) -> bool {
        let (context, previous) = (&self.context, hex::encode(self.previous));
        let string_to_sign = format!("{algorithm}\n{context}\n{previous}\n{tail}");
        let signature = self.key.sign(string_to_sign.as_bytes());
        self.previous = signature;
        same(&signature, claimed)
    }
}

impl fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkSigner(..)")
    }
}
