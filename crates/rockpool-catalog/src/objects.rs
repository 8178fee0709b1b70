//! Mapping keys to blobs.
use std::time::Duration;

use rockpool_types::{Acl, BlobHash, Conditions, ETag, ObjectAttributes, ObjectKey, Timestamp};

use crate::{BlobId, BucketId, Catalog, CatalogError, Object, Scope, UploadId};

/// An object that is to be put.
#[derive(Clone, Debug)]
pub struct PutObject {
    /// Its bucket.
    pub bucket: BucketId,
    /// Its key.
    pub key: ObjectKey,
    /// Who shares its blob: `Public` when `acl` is public, else its member.
    pub scope: Scope,
    /// The name of its content.
    pub hash: BlobHash,
    /// The size of its content in bytes.
    pub size: u64,
    /// The MD5 of its content.
    pub md5: [u8; 16],
    /// The media type of its content, decided from its bytes.
    pub media_type: String,
    /// Its ETag.
    pub etag: ETag,
    /// Who may read it.
    pub acl: Acl,
    /// What it carries beside its bytes.
    pub attributes: ObjectAttributes,
    /// Only the two ETag conditions count.
    pub conditions: Conditions,
    /// The upload that this completes; it and its parts go in the same transaction.
    pub completes: Option<UploadId>,
    /// When the object is said to have been put. `None`: now.
    pub modified_at: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
    /// How long this node may take to store the bytes.
    pub lease: Duration,
}

/// What came of putting an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The key is mapped; `true` when the content was in the pool before this caller stored any.
    Mapped {
        /// Whether the blob was known.
        known: bool,
    },
    /// The content is not in the store. The caller stores the bytes and calls again with this claim.
    Store(BlobId),
    /// The content is being deleted just now. The caller waits a little and calls again without a claim.
    Wait,
    /// A condition does not hold. Nothing was changed.
    ConditionFailed,
    /// A condition asked for an object, and there is none. Nothing was changed.
    Absent,
    /// The member would go beyond its limit. Nothing was changed.
    LimitReached,
    /// The bucket is gone. Nothing was changed.
    BucketGone,
    /// The upload to be completed is gone. Nothing was changed.
    UploadGone,
}

/// What to change of an object without touching its content; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct ObjectChange {
    /// Who may read it; must not change whether the world may, for that moves its blob: see `put_object`.
    pub acl: Option<Acl>,
    /// Its tags.
    pub tags: Option<std::collections::BTreeMap<String, String>>,
}

impl Catalog {
    /// Maps a key to content, in one transaction with reference counts, the blob's state, usage and (when it
    /// completes one) the upload's removal.
    ///
    /// Without a claim it maps at once when the blob is live or idle, and otherwise reserves the blob's row
    /// (state `storing`, lease until `now + lease`; a second caller joins the first) and answers `Store`.
    /// With a claim, the caller vouches that the bytes are durable in the store under this hash and scope; the row
    /// becomes live. Where the claim's row is gone or being deleted meanwhile, the answer is as without a
    /// claim. After a refusal with a claim the row becomes idle, for the collector.
    pub async fn put_object(
        &self,
        put: PutObject,
        claim: Option<BlobId>,
    ) -> Result<PutOutcome, CatalogError> {
        let _ = (put, claim);
        todo!()
    }

    /// The object of that key.
    pub async fn find_object(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
    ) -> Result<Option<Object>, CatalogError> {
        let _ = (bucket, key);
        todo!()
    }

    /// Unmaps keys, in one transaction for up to 1,000. Answers for each whether it was there. With
    /// `conditions`, a key whose ETag does not fit stays, and its answer is `None`.
    pub async fn remove_objects(
        &self,
        bucket: BucketId,
        keys: Vec<(ObjectKey, Conditions)>,
        now: Timestamp,
    ) -> Result<Vec<Option<bool>>, CatalogError> {
        let _ = (bucket, keys, now);
        todo!()
    }

    /// Changes an object that still points to the blob `blob`. `false` when it does not.
    pub async fn change_object(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        blob: BlobId,
        change: ObjectChange,
    ) -> Result<bool, CatalogError> {
        let _ = (bucket, key, blob, change);
        todo!()
    }
}
