//! Version 4 (S3 API reference, "Authenticating Requests: AWS Signature Version 4").
mod canonical;

use std::time::Duration;

use http::{HeaderMap, header, request::Parts};
use rockpool_types::{AccessKeyId, SecretKey, Timestamp};

use super::{
    error::AuthError,
    payload::{ChunkSigner, Payload, PayloadKind},
    query::Query,
    signing::{ALGORITHM, Scope, SigningKey, parse_signature, same, sha256_hex},
};
use canonical::CanonicalRequest;

/// How far a request's time may be from the server's, either way.
pub(super) const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// The longest that a presigned request may be valid: seven days, in seconds.
pub(super) const MAX_EXPIRY_SECS: u64 = 7 * 24 * 60 * 60;

/// Parameters of which each says that a query is meant to be signed in version 4.
pub(super) const QUERY_MARKS: [&str; 3] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];

/// More signed headers than any client sends; a bound on the work that a request may ask for.
const MAX_SIGNED_HEADERS: usize = 128;

/// A version 4 signature, read and not verified.
#[derive(Clone, Debug)]
pub(super) struct V4 {
    scope: Scope,
    /// Names in lower case, joined by `;`, as they came.
    signed_headers: String,
    signature: [u8; 32],
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    /// Valid from a time on, for so long.
    Query {
        from: Timestamp,
        expiry: Duration,
    },
}

impl V4 {
    /// Reads the fields of an `Authorization` header, without its scheme.
    pub(super) fn parse_header(fields: &str) -> Result<(AccessKeyId, Self), AuthError> {
        let malformed = AuthError::MalformedHeader;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or(malformed("a field has no value"))?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(malformed("it has an unknown field")),
            };
            if slot.replace(value).is_some() {
                return Err(malformed("a field comes twice"));
            }
        }
        let credential = credential.ok_or(malformed("Credential is missing"))?;
        let signed_headers = signed_headers.ok_or(malformed("SignedHeaders is missing"))?;
        let signature = signature.ok_or(malformed("Signature is missing"))?;
        let (key, scope) = Scope::parse_credential(credential, malformed)?;
        let claim = Self {
            scope,
            signed_headers: check_signed_headers(signed_headers, malformed)?,
            signature: parse_signature(signature)
                .ok_or(malformed("Signature is not 64 hexadecimal digits"))?,
            place: Place::Header,
        };
        Ok((key, claim))
    }

    /// Reads the parameters of a presigned request.
    pub(super) fn parse_query(query: &Query<'_>) -> Result<(AccessKeyId, Self), AuthError> {
        let malformed = AuthError::MalformedQuery;
        let only = |name| {
            query.only(name).ok_or(malformed(
                "X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders and -Signature are needed, each once",
            ))
        };
        if only("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("X-Amz-Algorithm is not AWS4-HMAC-SHA256"));
        }
        let (key, scope) = Scope::parse_credential(only("X-Amz-Credential")?, malformed)?;
        let from = Timestamp::from_amz_date(only("X-Amz-Date")?)
            .map_err(|_| malformed("X-Amz-Date is not of the form 20261123T083000Z"))?;
        let expiry: u64 = only("X-Amz-Expires")?
            .parse()
            .map_err(|_| malformed("X-Amz-Expires is not a number of seconds"))?;
        if !(1..=MAX_EXPIRY_SECS).contains(&expiry) {
            return Err(AuthError::ExpiryOutOfRange);
        }
        if !scope.covers(from) {
            return Err(malformed("the credential's date is not X-Amz-Date's"));
        }
        let claim = Self {
            scope,
            signed_headers: check_signed_headers(only("X-Amz-SignedHeaders")?, malformed)?,
            signature: parse_signature(only("X-Amz-Signature")?)
                .ok_or(malformed("X-Amz-Signature is not 64 hexadecimal digits"))?,
            place: Place::Query {
                from,
                expiry: Duration::from_secs(expiry),
            },
        };
        Ok((key, claim))
    }

    /// Verifies the signature against the request that it came with.
    pub(super) fn verify(
        &self,
        parts: &Parts,
        secret: &SecretKey,
        now: Timestamp,
    ) -> Result<Payload, AuthError> {
        let at = self.check_time(&parts.headers, now)?;
        self.check_coverage(&parts.headers)?;
        let content_sha256 = self.content_sha256(parts)?;
        let kind = PayloadKind::parse(&content_sha256)?;
        let key = SigningKey::derive(secret, &self.scope);
        let request = CanonicalRequest::new(
            parts,
            &self.signed_headers,
            &content_sha256,
            self.place != Place::Header,
        )?;
        let signed = request.spellings().any(|canonical| {
            let (time, scope) = (at.to_amz_date(), &self.scope);
            let string_to_sign =
                format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256_hex(&canonical));
            same(&key.sign(string_to_sign.as_bytes()), &self.signature)
        });
        if !signed {
            return Err(AuthError::SignatureMismatch);
        }
        Ok(match kind {
            PayloadKind::Unsigned => Payload::Unsigned,
            PayloadKind::Sha256(digest) => Payload::Sha256(digest),
            PayloadKind::UnsignedChunks => Payload::UnsignedChunks,
            PayloadKind::SignedChunks { trailer } => Payload::SignedChunks {
                signer: ChunkSigner::new(key, at, &self.scope, self.signature),
                trailer,
            },
        })
    }

    /// The time of signing, if it is a good one now.
    fn check_time(&self, headers: &HeaderMap, now: Timestamp) -> Result<Timestamp, AuthError> {
        match self.place {
            Place::Header => {
                let at = request_time(headers)?;
                if !self.scope.covers(at) {
                    return Err(AuthError::MalformedHeader(
                        "the credential's date is not the request's",
                    ));
                }
                check_skew(at, now)?;
                Ok(at)
            }
            Place::Query { from, expiry } => {
                if from > now.plus(MAX_SKEW) {
                    return Err(AuthError::NotYetValid { from, server: now });
                }
                let expires = from.plus(expiry);
                if now > expires {
                    return Err(AuthError::Expired {
                        expires,
                        server: now,
                    });
                }
                Ok(from)
            }
        }
    }

    /// `host` and every `x-amz-*` header have to be signed: otherwise the holder of a presigned URL adds, say,
    /// `x-amz-copy-source` and makes another operation of it. The payload's digest is signed in its own place.
    fn check_coverage(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let is_signed = |name: &str| self.signed_headers.split(';').any(|signed| signed == name);
        let must_be_signed = |name: &&str| {
            name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && !is_signed(name)
        };
        let arrived = headers.keys().map(header::HeaderName::as_str);
        let mut unsigned: Vec<String> = arrived.filter(must_be_signed).map(str::to_owned).collect();
        if !is_signed("host") {
            unsigned.push("host".to_owned());
        }
        if unsigned.is_empty() {
            Ok(())
        } else {
            Err(AuthError::HeadersNotSigned(unsigned))
        }
    }

    /// The payload's line of the canonical request. A header signature needs the header, as in S3. A presigned
    /// request may have it in the query, then in a header, and has an unsigned payload by default.
    fn content_sha256(&self, parts: &Parts) -> Result<String, AuthError> {
        let header = match parts.headers.get("x-amz-content-sha256") {
            None => None,
            Some(value) => Some(
                value
                    .to_str()
                    .map_err(|_| AuthError::InvalidContentSha256)?,
            ),
        };
        if self.place == Place::Header {
            return header
                .map(str::to_owned)
                .ok_or(AuthError::MissingContentSha256);
        }
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        if query.has("X-Amz-Content-Sha256") {
            let value = query
                .only("X-Amz-Content-Sha256")
                .ok_or(AuthError::InvalidContentSha256)?;
            if header.is_some_and(|header| header != value) {
                return Err(AuthError::InvalidContentSha256);
            }
            return Ok(value.to_owned());
        }
        Ok(header.unwrap_or("UNSIGNED-PAYLOAD").to_owned())
    }
}

/// A request's own time: `x-amz-date`, else `Date`, each as an HTTP date or in ISO 8601's basic form.
pub(super) fn request_time(headers: &HeaderMap) -> Result<Timestamp, AuthError> {
    let value = headers
        .get("x-amz-date")
        .or_else(|| headers.get(header::DATE))
        .and_then(|value| value.to_str().ok())
        .ok_or(AuthError::MissingDate)?
        .trim();
    Timestamp::from_amz_date(value)
        .or_else(|_| Timestamp::from_http_date(value))
        .map_err(|_| AuthError::MissingDate)
}

/// Whether a request's time is near enough to the server's.
pub(super) fn check_skew(request: Timestamp, server: Timestamp) -> Result<(), AuthError> {
    if request > server.plus(MAX_SKEW) || request < server.minus(MAX_SKEW) {
        return Err(AuthError::SkewTooLarge { request, server });
    }
    Ok(())
}

fn check_signed_headers(
    names: &str,
    malformed: fn(&'static str) -> AuthError,
) -> Result<String, AuthError> {
    let is_name = |name: &str| {
        let fits = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b',';
        !name.is_empty() && name.bytes().all(fits)
    };
    if !names.split(';').all(is_name) {
        return Err(malformed(
            "SignedHeaders is not a list of names in lower case, separated by semicolons",
        ));
    }
    if names.split(';').count() > MAX_SIGNED_HEADERS {
        return Err(malformed("SignedHeaders has too many names"));
    }
    Ok(names.to_owned())
}
