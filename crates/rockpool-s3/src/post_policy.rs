//! Form uploads from browsers: who signed the form's policy, and whether the form keeps to it (S3 API reference,
//! "Browser-Based Uploads Using POST").
//!
//! Forms are given as their fields in order, names as they came, without the file, and with `${filename}` already
//! replaced: what the policy allows is what will be done.

mod conditions;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use base64::{Engine, engine::general_purpose::STANDARD};
use rockpool_types::{AccessKeyId, BucketName, SecretKey, Timestamp};

use crate::auth::{
    AuthError,
    signing::{ALGORITHM, Scope, SigningKey, parse_signature, same, sign_v2},
};
use conditions::{Condition, Policy};

/// A field of a form: its name as it came, and its value.
pub(crate) type Field = (String, String);

/// What a form may be refused for. Variants differ where S3's answer differs; each names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    /// As the signature's error.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// 400 `InvalidPolicyDocument`.
    #[error("the policy is malformed: {0}")]
    Malformed(&'static str),
    /// 403 `AccessDenied`.
    #[error("the policy expired at {expires}; it is {server}")]
    Expired {
        /// When it expired.
        expires: Timestamp,
        /// The server's time.
        server: Timestamp,
    },
    /// 403 `AccessDenied`: a condition, as the policy has it.
    #[error("the form does not keep to the policy's condition {0}")]
    ConditionFailed(String),
    /// 403 `AccessDenied`.
    #[error("the policy has no condition for the form's field {0}")]
    ExtraField(String),
}

/// What a policy demands of the file, which comes after the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostPolicy {
    /// How long the file may be, in bytes. `None`: as long as any object.
    pub(crate) content_length_range: Option<RangeInclusive<u64>>,
}

/// A signed form: read, not verified.
#[derive(Clone, Debug)]
pub(crate) struct PostClaim {
    access_key_id: AccessKeyId,
    /// The policy in base64, which is what is signed.
    policy: String,
    signature: Signature,
}

#[derive(Clone, Debug)]
enum Signature {
    V4 { scope: Scope, signature: [u8; 32] },
    V2(Vec<u8>),
}

impl PostClaim {
    /// Reads a form's signature. `None`: it has none, and its sender is anonymous.
    pub(crate) fn parse(fields: &[Field]) -> Result<Option<Self>, AuthError> {
        let malformed = AuthError::MalformedForm;
        let has_v4 = find(fields, "x-amz-signature").or(find(fields, "x-amz-credential"));
        let has_v2 = find(fields, "signature").or(find(fields, "awsaccesskeyid"));
        let needed =
            |name| find(fields, name).ok_or(malformed("a field of the signature is missing"));
        let (access_key_id, signature) = match (has_v4, has_v2) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(AuthError::SeveralMechanisms),
            (Some(_), None) => {
                if needed("x-amz-algorithm")? != ALGORITHM {
                    return Err(AuthError::UnsupportedAlgorithm);
                }
                let (key, scope) = Scope::parse_credential(needed("x-amz-credential")?, malformed)?;
                let date = Timestamp::from_amz_date(needed("x-amz-date")?)
                    .map_err(|_| malformed("x-amz-date is not of the form 20261123T083000Z"))?;
                if !scope.covers(date) {
                    return Err(malformed("the credential's date is not x-amz-date's"));
                }
                let signature = parse_signature(needed("x-amz-signature")?)
                    .ok_or(malformed("x-amz-signature is not 64 hexadecimal digits"))?;
                (key, Signature::V4 { scope, signature })
            }
            (None, Some(_)) => {
                let key = needed("awsaccesskeyid")?
                    .parse()
                    .map_err(|_| AuthError::InvalidAccessKeyId)?;
                let signature = STANDARD
                    .decode(needed("signature")?)
                    .map_err(|_| malformed("signature is not base64"))?;
                (key, Signature::V2(signature))
            }
        };
        Ok(Some(Self {
            access_key_id,
            policy: needed("policy")?.to_owned(),
            signature,
        }))
    }

    /// The access key that is said to have signed.
    pub(crate) fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// Verifies the signature, and that the form, sent to `bucket`, keeps to the policy. Every field needs a
    /// condition, the bucket too, except those that carry the signature and those that are to be ignored.
    pub(crate) fn verify(
        &self,
        fields: &[Field],
        bucket: &BucketName,
        secret: &SecretKey,
        now: Timestamp,
    ) -> Result<PostPolicy, PolicyError> {
        let signed = match &self.signature {
            Signature::V4 { scope, signature } => {
                let expected = SigningKey::derive(secret, scope).sign(self.policy.as_bytes());
                same(&expected, signature)
            }
            Signature::V2(signature) => same(&sign_v2(secret, self.policy.as_bytes()), signature),
        };
        if !signed {
            return Err(AuthError::SignatureMismatch.into());
        }
        let policy = Policy::parse(&self.policy)?;
        if now > policy.expires {
            return Err(PolicyError::Expired {
                expires: policy.expires,
                server: now,
            });
        }
        let form = governed_fields(fields, bucket)?;
        for condition in &policy.conditions {
            condition.check(&form)?;
        }
        for (name, _) in &form {
            if !policy.conditions.iter().any(|c| c.is_about(name)) {
                return Err(PolicyError::ExtraField(name.clone()));
            }
        }
        Ok(PostPolicy {
            content_length_range: Condition::length_range(&policy.conditions),
        })
    }
}

/// The fields that a policy governs, names in lower case, and the bucket.
fn governed_fields(fields: &[Field], bucket: &BucketName) -> Result<Vec<Field>, PolicyError> {
    let mut form: Vec<Field> = Vec::with_capacity(fields.len() + 1);
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        let exempt = matches!(
            name.as_str(),
            "x-amz-signature" | "signature" | "awsaccesskeyid" | "policy" | "file"
        );
        if exempt || name.starts_with("x-ignore-") {
            continue;
        }
        // Otherwise the policy might be held against one and the other be used.
        if form.iter().any(|(known, _)| *known == name) {
            return Err(AuthError::MalformedForm("a field comes twice").into());
        }
        form.push((name, value.clone()));
    }
    match form.iter().find(|(name, _)| name == "bucket") {
        Some((_, named)) if named == bucket.as_str() => {}
        Some(_) => {
            return Err(AuthError::MalformedForm("the field bucket names another bucket").into());
        }
        None => form.push(("bucket".to_owned(), bucket.as_str().to_owned())),
    }
    Ok(form)
}

/// The value of the first field of that name, whose case does not count.
fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
