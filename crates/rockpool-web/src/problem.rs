//! Answers that say what went wrong.
use http::{HeaderName, HeaderValue, StatusCode, header};
use rockpool_pool::PoolError;

use crate::{answer::Answer, asked::BadPath};

/// Why a request did not get what it asked for.
pub(crate) struct Problem {
    /// What the client gets.
    pub(crate) answer: Answer,
    /// What the operator reads in the log. `None`: the client's words say it all.
    pub(crate) cause: Option<String>,
}

impl Problem {
    /// A problem of this status, told in these words, that no cache keeps.
    pub(crate) fn new(status: StatusCode, words: &str) -> Self {
        let answer = Answer::text(status, words)
            .with(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self {
            answer,
            cause: None,
        }
    }

    /// 404. The face adds how long it may be kept.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here")
    }

    /// 503, to be tried again.
    pub(crate) fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many requests at the moment",
        )
        .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET, HEAD and OPTIONS are allowed here",
        )
        .with(
            header::ALLOW,
            HeaderValue::from_static("GET, HEAD, OPTIONS"),
        )
    }

    /// The problem with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.answer = self.answer.with(name, value);
        self
    }

    /// The problem with one more header, if its value can be one.
    pub(crate) fn with_text(mut self, name: HeaderName, value: &str) -> Self {
        self.answer = self.answer.with_text(name, value);
        self
    }
}

impl From<BadPath> for Problem {
    fn from(BadPath(why): BadPath) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }
}

impl From<PoolError> for Problem {
    /// The one table from the pool's errors to this face's answers. The public only reads, so errors of writing are
    /// mistakes in the program.
    fn from(error: PoolError) -> Self {
        let mut problem = match &error {
            PoolError::NoSuchBucket | PoolError::NoSuchKey => return Self::not_found(),
            PoolError::AccessDenied => {
                return Self::new(StatusCode::FORBIDDEN, "This object is private");
            }
            PoolError::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The pool is unavailable at the moment",
            )
            .with(header::RETRY_AFTER, HeaderValue::from_static("2")),
            PoolError::NoSuchUpload
            | PoolError::NoSuchMember
            | PoolError::NoSuchAccessKey
            | PoolError::MemberSuspended
            | PoolError::ReadOnly
            | PoolError::NameTaken
            | PoolError::AccessKeyTaken
            | PoolError::BucketYours
            | PoolError::HostTaken(_)
            | PoolError::BucketNotEmpty
            | PoolError::TooManyBuckets
            | PoolError::LimitReached
            | PoolError::ConditionFailed
            | PoolError::TooLarge { .. }
            | PoolError::LengthMismatch { .. }
            | PoolError::DigestMismatch(_)
            | PoolError::Body(_)
            | PoolError::InvalidPart { .. }
            | PoolError::InvalidPartOrder
            | PoolError::InvalidPartCount
            | PoolError::Full(_)
            | PoolError::Internal(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something is wrong with the pool",
            ),
        };
        problem.cause = Some(error.to_string());
        problem
    }
}
