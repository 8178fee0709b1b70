//! Signing keys: the HMACs behind both versions of Amazon's signatures.
use hmac::{Hmac, KeyInit, Mac};
use rockpool_types::{AccessKeyId, SecretKey, Timestamp};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::AuthError;

/// The one algorithm of version 4.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a version 4 signature is good for: a day, a region and S3. Every region is taken, also an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    date: String,
    region: String,
}

impl Scope {
    /// Reads `<access key id>/<yyyymmdd>/<region>/s3/aws4_request`; `malformed` makes the caller's error.
    pub(crate) fn parse_credential(
        text: &str,
        malformed: fn(&'static str) -> AuthError,
    ) -> Result<(AccessKeyId, Self), AuthError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [key, date, region, service, terminator] = parts[..] else {
            return Err(malformed(
                "the credential is not of the form ID/YYYYMMDD/REGION/s3/aws4_request",
            ));
        };
        if service != "s3" {
            return Err(malformed("the credential's service is not s3"));
        }
        if terminator != "aws4_request" {
            return Err(malformed("the credential does not end in aws4_request"));
        }
        if date.len() != 8 || !date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed(
                "the credential's date is not of the form YYYYMMDD",
            ));
        }
        let key = key.parse().map_err(|_| AuthError::InvalidAccessKeyId)?;
        let scope = Self {
            date: date.to_owned(),
            region: region.to_owned(),
        };
        Ok((key, scope))
    }

    /// Whether `at` is on the scope's day, in UTC.
    pub(crate) fn covers(&self, at: Timestamp) -> bool {
        at.to_amz_date().starts_with(&self.date)
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/s3/aws4_request", self.date, self.region)
    }
}

/// A version 4 signing key, derived from a secret for one scope.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Derives it (four HMACs).
    pub(crate) fn derive(secret: &SecretKey, scope: &Scope) -> Self {
        let first = format!("AWS4{}", secret.reveal());
        let mut mac = keyed_sha256(first.as_bytes());
        for step in [scope.date.as_str(), &scope.region, "s3", "aws4_request"] {
            mac.update(step.as_bytes());
            mac = keyed_sha256(&mac.finalize().into_bytes());
        }
        Self(mac)
    }

    /// The signature of a string to sign.
    pub(crate) fn sign(&self, string_to_sign: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(string_to_sign);
        mac.finalize().into_bytes().into()
    }
}

/// Version 2's signature of a string to sign.
pub(crate) fn sign_v2(secret: &SecretKey, string_to_sign: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.reveal().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(string_to_sign);
    mac.finalize().into_bytes().into()
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Reads a signature of 64 hexadecimal digits.
pub(crate) fn parse_signature(text: &str) -> Option<[u8; 32]> {
    let mut signature = [0; 32];
    hex::decode_to_slice(text, &mut signature).ok()?;
    Some(signature)
}

/// Compares two signatures in a time that depends on their lengths alone.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

fn keyed_sha256(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}
