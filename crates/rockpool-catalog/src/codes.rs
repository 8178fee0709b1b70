//! How small values lie in columns.
use rockpool_types::{Checksum, ChecksumAlgorithm, ChecksumKind, ETag};

use crate::{database::Result, dialect::Fault};

/// A checksum: the place of its algorithm among all, its value, and for a composite the number of parts in four
/// bytes, the highest first. The places are kept for ever.
pub(crate) fn checksum_to_bytes(checksum: &Checksum) -> Vec<u8> {
    let place = ChecksumAlgorithm::ALL
        .iter()
        .position(|a| *a == checksum.algorithm());
    let mut bytes = vec![place.and_then(|p| u8::try_from(p).ok()).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(checksum.value());
    if let ChecksumKind::Composite(parts) = checksum.kind() {
        bytes.extend_from_slice(&parts.to_be_bytes());
    }
    bytes
}

/// Reads the form of [`checksum_to_bytes`].
pub(crate) fn checksum_from_bytes(bytes: &[u8]) -> Result<Checksum> {
    let damaged = || Fault::Internal("a column holds no checksum".to_owned());
    let (place, rest) = bytes.split_first().ok_or_else(damaged)?;
    let algorithm = *ChecksumAlgorithm::ALL
        .get(usize::from(*place))
        .ok_or_else(damaged)?;
    let (value, parts) = rest
        .split_at_checked(algorithm.length())
        .ok_or_else(damaged)?;
    let checksum = Checksum::new(algorithm, value.to_vec()).map_err(|_| damaged())?;
    if parts.is_empty() {
        return Ok(checksum);
    }
    let parts = u32::from_be_bytes(parts.try_into().map_err(|_| damaged())?);
    Ok(checksum.with_kind(ChecksumKind::Composite(parts)))
}

/// An ETag: its MD5, and the number of parts in as few bytes as it needs, the highest first; none for a single
/// upload.
pub(crate) fn etag_to_bytes(etag: &ETag) -> Vec<u8> {
    let mut bytes = etag.md5().to_vec();
    bytes.extend(etag.parts().to_be_bytes().iter().skip_while(|b| **b == 0));
    bytes
}

/// Reads the form of [`etag_to_bytes`].
pub(crate) fn etag_from_bytes(bytes: &[u8]) -> Result<ETag> {
    let damaged = || Fault::Internal("a column holds no ETag".to_owned());
    let (md5, parts) = bytes.split_at_checked(16).ok_or_else(damaged)?;
    let md5 = md5.try_into().map_err(|_| damaged())?;
    match parts.len() {
        0 => Ok(ETag::single(md5)),
        1..=4 => Ok(ETag::multipart(
            md5,
            parts.iter().fold(0, |n, b| n << 8 | u32::from(*b)),
        )),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests;
