//! Bodies that are not content: documents that a face wants to read whole.
use crate::{
    BodySource, PoolError,
    digests::{Digests, algorithm_of},
};

/// Reads a body of at most `limit_bytes` into memory; its length and its declared digests are checked as an object's
/// would be. `TooLarge`, `LengthMismatch`, `DigestMismatch`, `Body`.
pub async fn read_small_body(
    body: &mut dyn BodySource,
    limit_bytes: usize,
) -> Result<Vec<u8>, PoolError> {
    let too_large = || PoolError::TooLarge {
        limit_bytes: limit_bytes as u64,
    };
    let length = body.length();
    if length.is_some_and(|length| length > limit_bytes as u64) {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(length.unwrap_or_default() as usize);
    while let Some(chunk) = body.next_chunk().await.map_err(PoolError::Body)? {
        if bytes.len() + chunk.len() > limit_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    let received = bytes.len() as u64;
    if let Some(declared) = length.filter(|declared| *declared != received) {
        return Err(PoolError::LengthMismatch { declared, received });
    }
    let declared = body.declared();
    let mut digests = Digests::new(declared.iter().map(algorithm_of));
    digests.update(&bytes);
    digests.finish().check(&declared)?;
    Ok(bytes)
}
