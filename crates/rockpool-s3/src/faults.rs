//! What signatures and bodies can have wrong, in S3's codes.
use crate::{
    auth::AuthError,
    body::BodyFault,
    error::{S3Code, S3Error},
};

impl From<AuthError> for S3Error {
    fn from(error: AuthError) -> Self {
        let code = match &error {
            AuthError::SeveralMechanisms
            | AuthError::UnsupportedMechanism
            | AuthError::MalformedForm(_)
            | AuthError::InvalidContentSha256 => S3Code::InvalidArgument,
            AuthError::UnsupportedAlgorithm | AuthError::MissingContentSha256 => {
                S3Code::InvalidRequest
            }
            AuthError::MalformedHeader(_) => S3Code::AuthorizationHeaderMalformed,
            AuthError::MalformedQuery(_) | AuthError::ExpiryOutOfRange => {
                S3Code::AuthorizationQueryParametersError
            }
            AuthError::InvalidAccessKeyId => S3Code::InvalidAccessKeyId,
            AuthError::IncompleteV2Query
            | AuthError::MissingDate
            | AuthError::Expired { .. }
            | AuthError::NotYetValid { .. }
            | AuthError::HeadersNotSigned(_) => S3Code::AccessDenied,
            AuthError::SkewTooLarge { .. } => S3Code::RequestTimeTooSkewed,
            AuthError::SignedHeaderAbsent(_) | AuthError::SignatureMismatch => {
                S3Code::SignatureDoesNotMatch
            }
        };
        Self::new(code, sentence(&error))
    }
}

impl From<BodyFault> for S3Error {
    fn from(fault: BodyFault) -> Self {
        let code = match &fault {
            BodyFault::MissingLength => S3Code::MissingContentLength,
            BodyFault::InvalidLength(_) => S3Code::InvalidArgument,
            BodyFault::InvalidContentMd5 => S3Code::InvalidDigest,
            BodyFault::InvalidChecksum(_)
            | BodyFault::SeveralChecksums
            | BodyFault::UnknownTrailer(_)
            | BodyFault::MalformedChunk(_) => S3Code::InvalidRequest,
            BodyFault::MalformedTrailer(_) => S3Code::MalformedTrailerError,
            BodyFault::ChunkSignatureMismatch => S3Code::SignatureDoesNotMatch,
            BodyFault::TooManyBytes { .. } | BodyFault::Truncated | BodyFault::Disconnected(_) => {
                S3Code::IncompleteBody
            }
            BodyFault::Stalled(_) | BodyFault::Trickled => S3Code::RequestTimeout,
        };
        Self::new(code, sentence(&fault))
    }
}

/// The error that a body gave when the pool read it.
pub(crate) fn of_body(error: Box<dyn std::error::Error + Send + Sync>) -> S3Error {
    match error.downcast::<BodyFault>() {
        Ok(fault) => (*fault).into(),
        Err(other) => match other.downcast::<S3Error>() {
            Ok(error) => *error,
            Err(other) => S3Error::internal(format!("a body failed strangely: {other}")),
        },
    }
}

/// An error's text as a sentence of its own.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
