//! The name of a blob: SHA-512 of its canonical bytes.
use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::Invalid;

/// SHA-512 of a blob's canonical bytes.
///
/// - always 64 bytes
/// - written as 128 lower-case hexadecimal digits; upper case is read, never written
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobHash([u8; 64]);

impl BlobHash {
    /// Wraps a finished digest.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Reads a digest out of a database column.
    ///
    /// # Errors
    /// When there are not exactly 64 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Invalid> {
        bytes.try_into().map(Self).map_err(|_| {
            Invalid::new(
                "blob hash",
                format!("64 bytes expected, {} found", bytes.len()),
            )
        })
    }

    /// The 64 raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// 128 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// 86 characters of URL-safe base64 without padding (RFC 4648 section 5).
    pub fn to_base64(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads the form of [`Self::to_base64`].
    ///
    /// # Errors
    /// When `text` is not 86 characters of canonical URL-safe base64.
    pub fn from_base64(text: &str) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| Invalid::new("blob hash", "not URL-safe base64"))?;
        Self::from_slice(&bytes)
    }
}

impl FromStr for BlobHash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| Invalid::new("blob hash", "128 hexadecimal digits expected"))?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobHash({}..)", hex::encode(&self.0[..6]))
    }
}
