//! What can go wrong with a pool.
use rockpool_blobs::StoreError;
use rockpool_catalog::CatalogError;
use rockpool_types::HostName;

use crate::{BodyError, Declared};

/// Why the pool did not do what it was asked. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoSuchBucket,
    /// There is no such object.
    #[error("there is no such object")]
    NoSuchKey,
    /// There is no such upload, or it was completed or aborted.
    #[error("there is no such upload")]
    NoSuchUpload,
    /// There is no such member.
    #[error("there is no such member")]
    NoSuchMember,
    /// There is no such access key.
    #[error("there is no such access key")]
    NoSuchAccessKey,
    /// The caller may not do that.
    #[error("access denied")]
    AccessDenied,
    /// The caller's membership is suspended.
    #[error("the member is suspended")]
    MemberSuspended,
    /// The pool is in read-only mode; writes are refused for now.
    #[error("the pool is in read-only mode")]
    ReadOnly,
    /// A member or a bucket of that name exists and is somebody else's.
    #[error("the name is taken")]
    NameTaken,
    /// An access key of that id exists, in use or revoked.
    #[error("an access key of that id exists already")]
    AccessKeyTaken,
    /// The caller has a bucket of that name already.
    #[error("the bucket exists already and is yours")]
    BucketYours,
    /// Another bucket has that host name.
    #[error("the host name {0} belongs to another bucket")]
    HostTaken(HostName),
    /// The bucket has objects or uploads.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The member has as many buckets as it may.
    #[error("the member has as many buckets as it may")]
    TooManyBuckets,
    /// The member would go beyond its limit of bytes or objects.
    #[error("the member would go beyond its limit")]
    LimitReached,
    /// A condition of the request does not hold.
    #[error("a condition of the request does not hold")]
    ConditionFailed,
    /// A body is longer than an object or a part may be.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The most bytes that it may have.
        limit_bytes: u64,
    },
    /// A body is shorter or longer than its client declared.
    #[error("{declared} bytes were declared and {received} came")]
    LengthMismatch {
        /// The declared number of bytes.
        declared: u64,
        /// The number that came.
        received: u64,
    },
    /// A digest that the client declared does not fit the body.
    #[error("a declared digest does not fit the body")]
    DigestMismatch(Declared),
    /// The body could not be read to its end. The face that made the body knows why.
    #[error("the body could not be read: {0}")]
    Body(#[source] BodyError),
    /// A part that is to be completed is absent, or has another ETag or checksum.
    #[error("part {number} is absent or has another ETag or checksum")]
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// The parts to be completed are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// The parts to be completed are none or too many, or one's number is not 1 to 10,000.
    #[error("1 to 10,000 parts, numbered 1 to 10,000, make an object")]
    InvalidPartCount,
    /// The disk or the store is full.
    #[error("there is no room: {0}")]
    Full(String),
    /// The catalog or a store is slow or away. Trying again later may help. A write may or may not be done.
    #[error("unavailable for now: {0}")]
    Unavailable(String),
    /// Anything else: an operator has to look.
    #[error("internal: {0}")]
    Internal(String),
}

impl PoolError {
    /// Whether trying again later may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<CatalogError> for PoolError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Unavailable { .. } => Self::Unavailable(error.to_string()),
            CatalogError::Full { .. } => Self::Full(error.to_string()),
            CatalogError::Unusable(_) | CatalogError::Internal { .. } => {
                Self::Internal(error.to_string())
            }
        }
    }
}

impl From<StoreError> for PoolError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable(error.to_string()),
            StoreError::Full { .. } => Self::Full(error.to_string()),
            StoreError::Internal { .. } => Self::Internal(error.to_string()),
        }
    }
}
