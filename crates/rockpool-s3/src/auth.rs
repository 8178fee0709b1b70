//! Signatures of requests: who signed, and whether the signature holds.
//!
//! Amazon's versions 4 and 2, each in the `Authorization` header or in the query. A [`Claim`] is read first; its
//! access key is then looked up by the caller, and with the key's secret the claim is verified.

mod error;
mod payload;
mod query;
pub(crate) mod signing;
#[cfg(test)]
pub(crate) mod tests;
mod v2;
mod v4;

use http::{header::AUTHORIZATION, request::Parts};
use rockpool_types::{AccessKeyId, BucketName, SecretKey, Timestamp};

pub(crate) use error::AuthError;
pub(crate) use payload::{ChunkSigner, Payload};
use query::Query;
use v2::V2;
use v4::V4;

/// A signature as a request carries it: read, not verified.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    access_key_id: AccessKeyId,
    presigned: bool,
    version: Version,
}

#[derive(Clone, Debug)]
enum Version {
    V4(V4),
    V2(V2),
}

impl Claim {
    /// Reads a request's signature. `None`: it has none, and its sender is anonymous.
    pub(crate) fn parse(parts: &Parts) -> Result<Option<Self>, AuthError> {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let in_query_v4 = v4::QUERY_MARKS.iter().any(|name| query.has(name));
        let in_query_v2 = v2::QUERY_MARKS.iter().any(|name| query.has(name));
        let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
        let header = headers.next();
        let mechanisms = usize::from(header.is_some())
            + usize::from(headers.next().is_some())
            + usize::from(in_query_v4)
            + usize::from(in_query_v2);
        if mechanisms > 1 {
            return Err(AuthError::SeveralMechanisms);
        }
        if in_query_v4 {
            let (key, claim) = V4::parse_query(&query)?;
            return Ok(Some(Self::new(key, true, Version::V4(claim))));
        }
        if in_query_v2 {
            let (key, claim) = V2::parse_query(&query)?;
            return Ok(Some(Self::new(key, true, Version::V2(claim))));
        }
        let Some(header) = header else {
            return Ok(None);
        };
        let header = header
            .to_str()
            .map_err(|_| AuthError::MalformedHeader("it is not ASCII"))?
            .trim();
        let (scheme, rest) = header.split_once([' ', '\t']).unwrap_or((header, ""));
        let (key, version) = match scheme {
            signing::ALGORITHM => V4::parse_header(rest).map(|(key, v4)| (key, Version::V4(v4)))?,
            "AWS" => V2::parse_header(rest).map(|(key, v2)| (key, Version::V2(v2)))?,
            scheme if scheme.starts_with("AWS4-") => return Err(AuthError::UnsupportedAlgorithm),
            _ => return Err(AuthError::UnsupportedMechanism),
        };
        Ok(Some(Self::new(key, false, version)))
    }

    fn new(access_key_id: AccessKeyId, presigned: bool, version: Version) -> Self {
        Self {
            access_key_id,
            presigned,
            version,
        }
    }

    /// The access key that is said to have signed.
    pub(crate) fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// Whether the signature is in the query, so that whoever has the URL can use it.
    pub(crate) fn is_presigned(&self) -> bool {
        self.presigned
    }

    /// Verifies the signature against the request that it came with.
    ///
    /// `virtual_host_bucket` is the bucket that the host name stands for. `None`: the path begins with the bucket.
    /// Only version 2 asks for it, because it signs the bucket and not the host.
    pub(crate) fn verify(
        &self,
        parts: &Parts,
        secret: &SecretKey,
        now: Timestamp,
        virtual_host_bucket: Option<&BucketName>,
    ) -> Result<Payload, AuthError> {
        match &self.version {
            Version::V4(v4) => v4.verify(parts, secret, now),
            Version::V2(v2) => v2.verify(parts, secret, now, virtual_host_bucket),
        }
    }
}
