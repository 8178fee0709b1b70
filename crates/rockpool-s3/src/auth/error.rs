//! Why a signature is not accepted.
use rockpool_types::Timestamp;

/// Why a request's signature is not accepted. Variants differ where S3's answer differs; each names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// 400 `InvalidArgument`: a header and a query, or two versions, at once.
    #[error("the request is signed in more than one way; one is allowed")]
    SeveralMechanisms,
    /// 400 `InvalidArgument`: `Basic`, `Bearer` and the like.
    #[error("the Authorization header is of an unsupported type; AWS4-HMAC-SHA256 is expected")]
    UnsupportedMechanism,
    /// 400 `InvalidRequest`: a signature of Amazon's, but not with the one algorithm of version 4.
    #[error("the signature's algorithm is not supported; AWS4-HMAC-SHA256 is expected")]
    UnsupportedAlgorithm,
    /// 400 `AuthorizationHeaderMalformed`.
    #[error("the Authorization header is malformed: {0}")]
    MalformedHeader(&'static str),
    /// 400 `AuthorizationQueryParametersError`.
    #[error("the signature's query parameters are malformed: {0}")]
    MalformedQuery(&'static str),
    /// 400 `InvalidArgument`: the form fields that sign a policy.
    #[error("the form's signature fields are malformed: {0}")]
    MalformedForm(&'static str),
    /// 403 `AccessDenied`: version 2 in the query, with a parameter missing.
    #[error("AWSAccessKeyId, Signature and Expires are needed, each once")]
    IncompleteV2Query,
    /// 403 `InvalidAccessKeyId`: no access key has such an id.
    #[error("the access key id is not one that exists")]
    InvalidAccessKeyId,
    /// 403 `AccessDenied`: neither `x-amz-date` nor `Date`, or not a date.
    #[error("a valid x-amz-date or Date header is needed")]
    MissingDate,
    /// 403 `RequestTimeTooSkewed`.
    #[error("the request's time {request} and the server's time {server} differ too much")]
    SkewTooLarge {
        /// The request's time.
        request: Timestamp,
        /// The server's.
        server: Timestamp,
    },
    /// 403 `AccessDenied`: a presigned URL or a policy from the past.
    #[error("the request expired at {expires}; it is {server}")]
    Expired {
        /// When it expired.
        expires: Timestamp,
        /// The server's time.
        server: Timestamp,
    },
    /// 403 `AccessDenied`: a presigned URL from the future.
    #[error("the request is not valid before {from}; it is {server}")]
    NotYetValid {
        /// From when on it is valid.
        from: Timestamp,
        /// The server's time.
        server: Timestamp,
    },
    /// 400 `AuthorizationQueryParametersError`: a presigned URL for no time, or for too long.
    #[error("a presigned request is valid for 1 to 604800 seconds, that is, seven days at most")]
    ExpiryOutOfRange,
    /// 403 `AccessDenied`, with `HeadersNotSigned`: `host` or an `x-amz-*` header is outside the signature.
    #[error("these headers have to be signed and are not: {}", .0.join(", "))]
    HeadersNotSigned(Vec<String>),
    /// 403 `SignatureDoesNotMatch`: a header of the signature did not arrive.
    #[error("the header {0} is signed but did not arrive; a proxy may have removed it")]
    SignedHeaderAbsent(String),
    /// 403 `SignatureDoesNotMatch`.
    #[error(
        "the signature does not fit the request; check the secret key and the method of signing"
    )]
    SignatureMismatch,
    /// 400 `InvalidRequest`: version 4 in a header needs it.
    #[error("the header x-amz-content-sha256 is missing")]
    MissingContentSha256,
    /// 400 `InvalidArgument`.
    #[error(
        "x-amz-content-sha256 is neither a SHA-256 in hexadecimal, UNSIGNED-PAYLOAD nor a supported STREAMING- value"
    )]
    InvalidContentSha256,
}
