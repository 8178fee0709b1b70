//! The words of rockpool as types: names, keys, hashes, sizes, times and the pure parts of HTTP that
//! more than one room needs. No IO, no async, and no knowledge of SQL, S3 or any listener.
//!
//! - `hash`, `blob_path`: a blob's name, its place in a blob store and its public paths
//! - `names`, `key`, `secret`: members, buckets, access keys, object keys, secrets; `short_key`: the form that poolmgr
//!   kept of long keys
//! - `time`, `size`: the clock, instants and byte counts
//! - `acl`, `delivery`, `attributes`, `checksum`, `etag`: what an object carries beside its bytes
//! - `range`, `conditions`: RFC 9110 ranges and conditional requests

mod acl;
mod attributes;
mod blob_path;
mod checksum;
mod conditions;
mod delivery;
mod etag;
mod hash;
mod key;
mod names;
mod range;
mod secret;
mod short_key;
mod size;
#[cfg(test)]
mod tests;
mod time;

pub use acl::Acl;
pub use attributes::ObjectAttributes;
pub use blob_path::BlobPath;
pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumKind};
pub use conditions::{Conditions, ETagCondition, ReadDecision};
pub use delivery::DeliveryMode;
pub use etag::ETag;
pub use hash::BlobHash;
pub use key::ObjectKey;
pub use names::{AccessKeyId, BucketName, HostName, MemberName};
pub use range::{ByteRange, RangeDecision};
pub use secret::SecretKey;
pub use size::ByteSize;
pub use time::{Clock, ManualClock, Timestamp};

/// A value that a caller gave does not fit the type that it was meant for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Invalid {
    /// What was being read, e.g. `bucket name`.
    pub what: &'static str,
    /// Why it does not fit, as a sentence part that a person can act on.
    pub why: String,
}

impl Invalid {
    /// Says that `what` does not fit because of `why`.
    pub fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self {
            what,
            why: why.into(),
        }
    }
}
