//! The verbs of objects.
use std::{collections::BTreeMap, ops::Range};

use rockpool_blobs::BlobReader;
use rockpool_catalog::{ListObjects, Listing, Object};
use rockpool_types::{Acl, Checksum, Conditions, ETag, ObjectAttributes, ObjectKey, Timestamp};

use crate::{BodySource, Entry, Pool, PoolError};

/// An object that is to be put.
#[derive(Clone, Debug)]
pub struct PutRequest {
    /// Its key.
    pub key: ObjectKey,
    /// Who may read it. `None`: the bucket's default.
    pub acl: Option<Acl>,
    /// What it carries beside its bytes; the checksum is filled in from the body.
    pub attributes: ObjectAttributes,
    /// The two ETag conditions count.
    pub conditions: Conditions,
}

/// An object that is to be copied.
#[derive(Clone, Debug)]
pub struct CopyObject {
    /// The source, as `find_object` gave it.
    pub source: Object,
    /// The new key.
    pub key: ObjectKey,
    /// Who may read the copy. `None`: the bucket's default.
    pub acl: Option<Acl>,
    /// What the copy carries. `None`: what the source does.
    pub attributes: Option<ObjectAttributes>,
    /// Conditions on what is at the new key; the two ETag conditions count.
    pub conditions: Conditions,
}

/// An object that was put. It is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its ETag.
    pub etag: ETag,
    /// The additional checksum kept with it.
    pub checksum: Option<Checksum>,
    /// Its size in bytes.
    pub size: u64,
    /// When it was put.
    pub modified_at: Timestamp,
}

impl Pool {
    /// Takes a body in and maps the key to it. `AccessDenied` without [`crate::Access::Write`], `TooLarge`,
    /// `LengthMismatch`, `DigestMismatch`, `Body`, `ConditionFailed`, `NoSuchKey` (If-Match on an absent key),
    /// `LimitReached`, `NoSuchBucket`, `Full`, `Unavailable`. A cancelled call leaves no trace, or the object put.
    pub async fn put_object(
        &self,
        entry: &Entry,
        request: PutRequest,
        body: &mut dyn BodySource,
    ) -> Result<Stored, PoolError> {
        let _ = (entry, request, body);
        todo!()
    }

    /// An object that the entry allows to read. `NoSuchKey`; `AccessDenied` to strangers, also where there is none.
    pub async fn find_object(&self, entry: &Entry, key: &ObjectKey) -> Result<Object, PoolError> {
        let _ = (entry, key);
        todo!()
    }

    /// Opens an object's bytes, or a range of them (end excluded, within the object, not empty).
    pub async fn open_object(
        &self,
        object: &Object,
        range: Option<Range<u64>>,
    ) -> Result<BlobReader, PoolError> {
        let _ = (object, range);
        todo!()
    }

    /// Copies an object within its member. Errors as for [`Self::put_object`].
    pub async fn copy_object(&self, entry: &Entry, copy: CopyObject) -> Result<Stored, PoolError> {
        let _ = (entry, copy);
        todo!()
    }

    /// Removes objects, up to 1,000 in one transaction. Answers for each: `Ok(true)` when it was there, `Ok(false)` when not,
    /// `ConditionFailed` when its ETag does not fit.
    pub async fn remove_objects(
        &self,
        entry: &Entry,
        keys: Vec<(ObjectKey, Conditions)>,
    ) -> Result<Vec<Result<bool, PoolError>>, PoolError> {
        let _ = (entry, keys);
        todo!()
    }

    /// Says who may read an object. `NoSuchKey`. Between public and private its content moves to another blob.
    pub async fn set_acl(&self, entry: &Entry, key: &ObjectKey, acl: Acl) -> Result<(), PoolError> {
        let _ = (entry, key, acl);
        todo!()
    }

    /// Replaces an object's tags; none when empty. `NoSuchKey`.
    pub async fn set_tags(
        &self,
        entry: &Entry,
        key: &ObjectKey,
        tags: BTreeMap<String, String>,
    ) -> Result<(), PoolError> {
        let _ = (entry, key, tags);
        todo!()
    }

    /// A page of a bucket's objects; the query's bucket must be the entry's. `AccessDenied` to strangers.
    pub async fn list_objects(
        &self,
        entry: &Entry,
        query: ListObjects,
    ) -> Result<Listing, PoolError> {
        let _ = (entry, query);
        todo!()
    }
}
