//! Access key secrets at rest.
use std::fmt;

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use rockpool_types::{AccessKeyId, SecretKey};
use zeroize::Zeroizing;

use crate::PoolError;

const NONCE_BYTES: usize = 12;

/// The key that seals secrets in the catalog (ChaCha20-Poly1305, RFC 8439). A sealed secret is a random
/// nonce of 12 bytes, the ciphertext and its tag; the access key id is bound to it, so that a row cannot
/// be given another row's secret.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Takes 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    pub(crate) fn seal(&self, id: &AccessKeyId, secret: &SecretKey) -> Result<Vec<u8>, PoolError> {
        let mut sealed = random::<NONCE_BYTES>()?.to_vec();
        let nonce: [u8; NONCE_BYTES] = sealed[..]
            .try_into()
            .map_err(|_| PoolError::Internal("a nonce has a wrong length".into()))?;
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: id.as_str().as_bytes(),
        };
        let ciphertext = ChaCha20Poly1305::new((&*self.0).into())
            .encrypt(&nonce.into(), payload)
            .map_err(|_| PoolError::Internal(format!("the secret of {id} could not be sealed")))?;
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    pub(crate) fn unseal(&self, id: &AccessKeyId, sealed: &[u8]) -> Result<SecretKey, PoolError> {
        let broken = || {
            PoolError::Internal(format!(
                "the secret of {id} cannot be unsealed: the sealing key is not the one that sealed it, or the row is damaged"
            ))
        };
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(broken)?;
        let payload = Payload {
            msg: ciphertext,
            aad: id.as_str().as_bytes(),
        };
        let secret = ChaCha20Poly1305::new((&*self.0).into())
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| broken())?;
        String::from_utf8(secret)
            .ok()
            .and_then(|text| SecretKey::new(text).ok())
            .ok_or_else(broken)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// Bytes from the operating system's random source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], PoolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| PoolError::Internal(format!("the system has no random bytes: {e}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_with_its_own_key_and_id_alone() {
        let key = SealingKey::new([7; 32]);
        let id = AccessKeyId::new("RPKEY").unwrap();
        let secret = SecretKey::new("correct horse").unwrap();
        let sealed = key.seal(&id, &secret).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"correct"));
        assert_ne!(
            sealed,
            key.seal(&id, &secret).unwrap(),
            "each sealing has a nonce of its own"
        );
        assert_eq!(key.unseal(&id, &sealed).unwrap(), secret);
        assert!(
            key.unseal(&AccessKeyId::new("OTHER").unwrap(), &sealed)
                .is_err()
        );
        assert!(SealingKey::new([8; 32]).unseal(&id, &sealed).is_err());
        assert!(key.unseal(&id, &sealed[..5]).is_err());
        let mut flipped = sealed.clone();
        flipped[20] ^= 1;
        assert!(key.unseal(&id, &flipped).is_err());
    }
}
