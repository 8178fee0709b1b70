//! The secret half of a key pair.
use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Invalid;

/// A secret access key. Never printed; wiped when dropped; compared in constant time.
///
/// - 1 to 256 bytes of UTF-8
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes a secret.
    ///
    /// # Errors
    /// When it is empty or longer than 256 bytes.
    pub fn new(secret: impl Into<String>) -> Result<Self, Invalid> {
        let secret = Zeroizing::new(secret.into());
        match secret.len() {
            1..=256 => Ok(Self(secret)),
            n => Err(Invalid::new(
                "secret access key",
                format!("{n} bytes, 1 to 256 expected"),
            )),
        }
    }

    /// The secret itself, for signing and sealing. Never put it into a log or an error.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}
