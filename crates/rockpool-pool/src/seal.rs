//! Access key secrets at rest.
use std::fmt;

use zeroize::Zeroizing;

/// The key that seals secrets in the catalog (ChaCha20-Poly1305, RFC 8439).
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Takes 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &self.0;
        f.write_str("SealingKey(..)")
    }
}
