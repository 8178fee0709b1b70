//! Buckets and their host names.
use rockpool_types::{Acl, BucketName, DeliveryMode, HostName, Timestamp};

use crate::{Bucket, BucketId, Catalog, CatalogError, MemberId};

/// What came of adding a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewBucket {
    /// It was added.
    Added(Bucket),
    /// The same member has it already.
    Yours(Bucket),
    /// Another member has it.
    Taken,
    /// The member has as many buckets as it may.
    LimitReached,
    /// The member is gone.
    MemberGone,
}

/// What came of removing a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveBucket {
    /// It is gone.
    Removed,
    /// It has objects or uploads.
    NotEmpty,
    /// There was none.
    Absent,
}

/// What to change of a bucket; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct BucketChange {
    /// The ACL of objects that come without one.
    pub default_acl: Option<Acl>,
    /// How the public reads it.
    pub delivery: Option<DeliveryMode>,
    /// All host names of its own.
    pub hosts: Option<Vec<HostName>>,
}

impl Catalog {
    /// Adds a bucket within its member's limit.
    pub async fn insert_bucket(
        &self,
        member: MemberId,
        name: &BucketName,
        default_acl: Acl,
        now: Timestamp,
    ) -> Result<NewBucket, CatalogError> {
        let _ = (member, name, default_acl, now);
        todo!()
    }

    /// The bucket of that name.
    pub async fn find_bucket(&self, name: &BucketName) -> Result<Option<Bucket>, CatalogError> {
        let _ = name;
        todo!()
    }

    /// The bucket that the host name belongs to.
    pub async fn find_bucket_by_host(
        &self,
        host: &HostName,
    ) -> Result<Option<Bucket>, CatalogError> {
        let _ = host;
        todo!()
    }

    /// All buckets of a member by name; of all members when `None`.
    pub async fn list_buckets(
        &self,
        member: Option<MemberId>,
    ) -> Result<Vec<Bucket>, CatalogError> {
        let _ = member;
        todo!()
    }

    /// Changes a bucket. `Ok(None)` when it is absent; `Ok(Some(Err(host)))` when another bucket has that
    /// host name, and nothing was changed.
    pub async fn change_bucket(
        &self,
        id: BucketId,
        change: BucketChange,
    ) -> Result<Option<Result<Bucket, HostName>>, CatalogError> {
        let _ = (id, change);
        todo!()
    }

    /// Removes an empty bucket; keys for it alone are revoked with it.
    pub async fn remove_bucket(
        &self,
        id: BucketId,
        now: Timestamp,
    ) -> Result<RemoveBucket, CatalogError> {
        let _ = (id, now);
        todo!()
    }
}
