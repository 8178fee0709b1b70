//! S3's error codes in one table, and what becomes of everybody else's errors.
use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode};
use rockpool_pool::{Declared, PoolError};

#[cfg(test)]
mod tests;

macro_rules! codes {
    ($($code:ident = $status:literal, $message:literal;)*) => {
        /// A code of S3's error documents (S3 API reference, "Error responses").
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum S3Code {
            $($code,)*
        }

        impl S3Code {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The code as clients compare it.
            pub(crate) const fn as_str(self) -> &'static str {
                self.row().0
            }

            /// The message of an error that has nothing better to say.
            pub(crate) const fn message(self) -> &'static str {
                self.row().2
            }

            const fn row(self) -> (&'static str, u16, &'static str) {
                match self {
                    $(Self::$code => (stringify!($code), $status, $message),)*
                }
            }
        }
    };
}

codes! {
    AccessDenied = 403, "Access denied.";
    AccountProblem = 403, "The membership is suspended; ask the pool's operator.";
    AuthorizationHeaderMalformed = 400, "The authorization header is malformed.";
    AuthorizationQueryParametersError = 400, "The signature in the query is malformed.";
    BadDigest = 400, "A declared digest does not fit the body that came.";
    BucketAlreadyExists = 409, "The bucket name is taken; choose another.";
    BucketAlreadyOwnedByYou = 409, "You have a bucket of that name already.";
    BucketNotEmpty = 409, "The bucket has objects or uploads; remove them first.";
    EntityTooLarge = 400, "The body is larger than may be.";
    EntityTooSmall = 400, "The body is smaller than the policy allows.";
    IncompleteBody = 400, "The body ended before the bytes that were declared.";
    InsufficientStorage = 507, "The pool has no room left; its operator has to look.";
    InternalError = 500, "The server failed. Its log has the details under the request id.";
    InvalidAccessKeyId = 403, "The access key is not known.";
    InvalidArgument = 400, "An argument is not valid.";
    InvalidBucketName = 400, "The bucket name is not valid.";
    InvalidDigest = 400, "A declared digest is malformed.";
    InvalidPart = 400, "A part is absent, or has another ETag or checksum.";
    InvalidPartNumber = 416, "The object has no such part.";
    InvalidPartOrder = 400, "The parts are not in ascending order.";
    InvalidPolicyDocument = 400, "The policy document is not valid.";
    InvalidRange = 416, "The range lies beyond the object.";
    InvalidRequest = 400, "The request is not valid.";
    InvalidTag = 400, "A tag is not valid.";
    InvalidURI = 400, "The path cannot be read.";
    KeyTooLongError = 400, "The key is longer than 1024 bytes.";
    MalformedACLError = 400, "The access control list cannot be read.";
    MalformedPOSTRequest = 400, "The form is not well-formed multipart/form-data.";
    MalformedTrailerError = 400, "The trailers of the body are malformed.";
    MalformedXML = 400, "The XML is not well-formed or lacks something.";
    MaxMessageLengthExceeded = 400, "The document is larger than may be.";
    MaxPostPreDataLengthExceeded = 400, "The form's fields before the file are larger than 20,000 bytes.";
    MetadataTooLarge = 400, "User metadata may have at most 2048 bytes.";
    MethodNotAllowed = 405, "The method is not allowed on this resource.";
    MissingContentLength = 411, "The request needs a Content-Length.";
    MissingSecurityHeader = 400, "The request lacks a header.";
    NoSuchBucket = 404, "There is no such bucket.";
    NoSuchCORSConfiguration = 404, "The bucket has no CORS configuration; every origin may read.";
    NoSuchBucketPolicy = 404, "The bucket has no policy.";
    NoSuchKey = 404, "There is no such object.";
    NoSuchLifecycleConfiguration = 404, "The bucket has no lifecycle configuration.";
    NoSuchObjectLockConfiguration = 404, "The object has no lock.";
    NoSuchPublicAccessBlockConfiguration = 404, "The bucket has no public access block.";
    NoSuchTagSet = 404, "The bucket has no tags.";
    NoSuchUpload = 404, "There is no such upload; it may have been completed or aborted.";
    NoSuchVersion = 404, "There is no such version; objects have the version `null` only.";
    NoSuchWebsiteConfiguration = 404, "The bucket has no website configuration.";
    NotImplemented = 501, "The pool does not do that.";
    ObjectLockConfigurationNotFoundError = 404, "The bucket has no object lock configuration.";
    OwnershipControlsNotFoundError = 404, "The bucket has no ownership controls.";
    PreconditionFailed = 412, "A condition of the request does not hold.";
    QuotaExceeded = 403, "The member would go beyond its limit of bytes or objects.";
    ReplicationConfigurationNotFoundError = 404, "The bucket has no replication configuration.";
    RequestTimeTooSkewed = 403, "The request's time and the server's differ by too much.";
    RequestTimeout = 400, "The body did not arrive in time.";
    ServerSideEncryptionConfigurationNotFoundError = 404, "The bucket has no encryption configuration.";
    ServiceUnavailable = 503, "The pool cannot do that for now; try again later.";
    SignatureDoesNotMatch = 403, "The signature does not match; check the secret key and what was signed.";
    SlowDown = 503, "The server is busy; try again a little later.";
    TooManyBuckets = 400, "The member has as many buckets as it may.";
    UserKeyMustBeSpecified = 400, "The form has no `key` field.";
    XAmzContentSHA256Mismatch = 400, "The declared x-amz-content-sha256 does not fit the body that came.";
}

impl S3Code {
    /// The HTTP status.
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Why a request was refused: what the client reads, and beside it what only the operator needs.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub(crate) struct S3Error {
    code: S3Code,
    message: Cow<'static, str>,
    /// For the log alone.
    detail: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl S3Error {
    /// A code with a message that a person can act on.
    pub(crate) fn new(code: S3Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// An argument that is not valid, and why.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(S3Code::InvalidArgument, message)
    }

    /// Something that S3 has and the pool does not.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(
            S3Code::NotImplemented,
            format!("The pool does not implement {what}."),
        )
    }

    /// A failure of the server; `detail` goes to the log alone.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::from(S3Code::InternalError).with_detail(detail)
    }

    /// Adds what only the operator needs.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Its code.
    pub(crate) const fn code(&self) -> S3Code {
        self.code
    }

    /// What the client reads.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What only the operator reads.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Headers that the answer has beside the usual ones.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

impl From<S3Code> for S3Error {
    fn from(code: S3Code) -> Self {
        Self::new(code, code.message())
    }
}

impl From<PoolError> for S3Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::NoSuchBucket => S3Code::NoSuchBucket.into(),
            PoolError::NoSuchKey => S3Code::NoSuchKey.into(),
            PoolError::NoSuchUpload => S3Code::NoSuchUpload.into(),
            PoolError::NoSuchMember | PoolError::NoSuchAccessKey => {
                S3Code::InvalidAccessKeyId.into()
            }
            PoolError::AccessDenied => S3Code::AccessDenied.into(),
            PoolError::MemberSuspended => S3Code::AccountProblem.into(),
            PoolError::ReadOnly => Self::new(
                S3Code::ServiceUnavailable,
                "The pool is in read-only mode; it takes writes again later.",
            ),
            PoolError::NameTaken => S3Code::BucketAlreadyExists.into(),
            PoolError::AccessKeyTaken => Self::internal("an access key was made by the S3 face"),
            PoolError::BucketYours => S3Code::BucketAlreadyOwnedByYou.into(),
            PoolError::HostTaken(host) => {
                Self::invalid(format!("The host name {host} belongs to another bucket."))
            }
            PoolError::BucketNotEmpty => S3Code::BucketNotEmpty.into(),
            PoolError::TooManyBuckets => S3Code::TooManyBuckets.into(),
            PoolError::LimitReached => S3Code::QuotaExceeded.into(),
            PoolError::ConditionFailed => S3Code::PreconditionFailed.into(),
            PoolError::TooLarge { limit_bytes } => Self::new(
                S3Code::EntityTooLarge,
                format!("The body is larger than {limit_bytes} bytes."),
            ),
            PoolError::LengthMismatch { declared, received } => Self::new(
                S3Code::IncompleteBody,
                format!("{declared} bytes were declared and {received} came."),
            ),
            PoolError::DigestMismatch(declared) => digest_mismatch(&declared),
            PoolError::Body(body) => crate::faults::of_body(body.0),
            PoolError::InvalidPart { number } => Self::new(
                S3Code::InvalidPart,
                format!("Part {number} is absent, or has another ETag or checksum."),
            ),
            PoolError::InvalidPartOrder => S3Code::InvalidPartOrder.into(),
            PoolError::InvalidPartCount => {
                Self::invalid("1 to 10,000 parts, numbered 1 to 10,000, make an object.")
            }
            PoolError::Full(detail) => Self::from(S3Code::InsufficientStorage).with_detail(detail),
            PoolError::Unavailable(detail) => {
                Self::from(S3Code::ServiceUnavailable).with_detail(detail)
            }
            PoolError::Internal(detail) => Self::internal(detail),
        }
    }
}

fn digest_mismatch(declared: &Declared) -> S3Error {
    match declared {
        Declared::ContentMd5(_) => S3Error::new(
            S3Code::BadDigest,
            "The declared Content-MD5 does not fit the body that came.",
        ),
        Declared::PayloadSha256(_) => S3Code::XAmzContentSHA256Mismatch.into(),
        Declared::Checksum(checksum) => S3Error::new(
            S3Code::BadDigest,
            format!(
                "The declared {} does not fit the body that came.",
                checksum.algorithm()
            ),
        ),
    }
}
