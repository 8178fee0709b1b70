//! The key of an object.
use std::fmt;

use crate::Invalid;

/// The key of an object in its bucket.
///
/// - 1 to 1024 bytes of UTF-8
/// - compared and ordered byte by byte: case, dots, slashes and normal forms all differ
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// Takes `text` as a key.
    ///
    /// # Errors
    /// When it is empty or longer than [`Self::MAX_BYTES`].
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        match text.len() {
            0 => Err(Invalid::new("object key", "it is empty")),
            1..=Self::MAX_BYTES => Ok(Self(text)),
            n => Err(Invalid::new(
                "object key",
                format!("{n} bytes, {} at most", Self::MAX_BYTES),
            )),
        }
    }

    /// Takes bytes, e.g. from a database column, as a key.
    ///
    /// # Errors
    /// As [`Self::new`], and when they are not UTF-8.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Invalid> {
        String::from_utf8(bytes)
            .map_err(|_| Invalid::new("object key", "it is not UTF-8"))
            .and_then(Self::new)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as the catalog stores and orders it.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({:?})", self.0)
    }
}
