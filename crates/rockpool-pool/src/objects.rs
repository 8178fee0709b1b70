//! The verbs of objects.
use std::{collections::BTreeMap, ops::Range};

use rockpool_blobs::BlobReader;
use rockpool_catalog::{Blob, ListObjects, Listing, Object, ObjectChange, PutObject, Scope};
use rockpool_types::{
    Acl, BlobHash, Checksum, ChecksumKind, Conditions, ETag, ObjectAttributes, ObjectKey, Timestamp,
};

use crate::{
    BodySource, Entry, Pool, PoolError, Rights,
    intake::{Origin, Taken},
};

/// How often a verb looks again at an object that others change under its hands.
const RACES: u32 = 5;

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
    /// Who may read the copy. `None`: the bucket's default, but a private source makes a private copy.
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
        entry.require_write()?;
        let _guard = self.inflight().begin(entry.bucket.id, &request.key);
        let taken = self
            .take_in(body, self.settings().max_put_bytes, None)
            .await?;
        let etag = ETag::single(taken.digested.md5);
        let mut put = self.new_put(entry, request.key, request.acl, etag, request.attributes);
        describe(&mut put, &taken);
        put.conditions = request.conditions;
        let (_, put) = self.map(put, Origin::Content(&taken.content)).await?;
        Ok(Stored::from(&put))
    }

    /// An object that the entry allows to read. `NoSuchKey`; `AccessDenied` to strangers, also where there is none.
    pub async fn find_object(&self, entry: &Entry, key: &ObjectKey) -> Result<Object, PoolError> {
        let object = self.catalog().find_object(entry.bucket.id, key).await?;
        match (object, entry.rights()) {
            (Some(object), Rights::Owner) => self.described_object(object).await,
            (Some(object), Rights::Public) if object.acl.is_public() => {
                self.described_object(object).await
            }
            (_, Rights::Public) => Err(PoolError::AccessDenied),
            (None, Rights::Owner) => Err(PoolError::NoSuchKey),
        }
    }

    /// Opens an object's bytes, or a range of them (end excluded, within the object, not empty).
    pub async fn open_object(
        &self,
        object: &Object,
        range: Option<Range<u64>>,
    ) -> Result<BlobReader, PoolError> {
        self.open_blob(&object.blob, range).await
    }

    /// Copies an object within its member. Errors as for [`Self::put_object`].
    pub async fn copy_object(&self, entry: &Entry, copy: CopyObject) -> Result<Stored, PoolError> {
        entry.require_write()?;
        let _guard = self.inflight().begin(entry.bucket.id, &copy.key);
        let source = copy.source;
        // As at S3, a copy is a single upload, whatever its source was.
        let mut attributes = copy.attributes.unwrap_or_else(|| source.attributes.clone());
        attributes.part_sizes.clear();
        let whole = |checksum: &Checksum| checksum.kind() == ChecksumKind::FullObject;
        attributes.checksum = source.attributes.checksum.clone().filter(whole);
        // At S3 too a copy becomes public only by a request that says so.
        let acl = copy.acl.or((!source.acl.is_public()).then_some(source.acl));
        let etag = source.blob.known_md5().map_or(source.etag, ETag::single);
        let mut put = self.new_put(entry, copy.key, acl, etag, attributes);
        point_to(&mut put, &source.blob);
        put.conditions = copy.conditions;
        let (_, put) = self
            .map(put.clone(), origin_in_store(&source.blob, put.scope))
            .await?;
        Ok(Stored::from(&put))
    }

    /// Removes objects, up to 1,000 in one transaction. Answers for each: `Ok(true)` when it was there, `Ok(false)`
    /// when not, `ConditionFailed` when its ETag does not fit.
    pub async fn remove_objects(
        &self,
        entry: &Entry,
        keys: Vec<(ObjectKey, Conditions)>,
    ) -> Result<Vec<Result<bool, PoolError>>, PoolError> {
        entry.require_write()?;
        let removed = self
            .catalog()
            .remove_objects(entry.bucket.id, keys, self.now())
            .await?;
        Ok(removed
            .into_iter()
            .map(|answer| answer.ok_or(PoolError::ConditionFailed))
            .collect())
    }

    /// Says who may read an object. `NoSuchKey`. Between public and private its content moves to another blob.
    pub async fn set_acl(&self, entry: &Entry, key: &ObjectKey, acl: Acl) -> Result<(), PoolError> {
        entry.require_write()?;
        for _ in 0..RACES {
            let object = self.find_object(entry, key).await?;
            if object.acl.is_public() == acl.is_public() {
                let change = ObjectChange {
                    acl: Some(acl),
                    tags: None,
                };
                if self
                    .catalog()
                    .change_object(entry.bucket.id, key, object.blob.id, change)
                    .await?
                {
                    return Ok(());
                }
                continue;
            }
            let mut put = self.new_put(
                entry,
                key.clone(),
                Some(acl),
                object.etag,
                object.attributes,
            );
            point_to(&mut put, &object.blob);
            // Not by its ETag: another may have written the same content meanwhile, with other attributes.
            put.moves_from = Some(object.blob.id);
            let origin = origin_in_store(&object.blob, put.scope);
            match self.map(put, origin).await {
                Ok(_) => return Ok(()),
                // The object was overwritten, or went, while its bytes were copied: look again.
                Err(PoolError::ConditionFailed | PoolError::NoSuchKey) => {}
                Err(error) => return Err(error),
            }
        }
        Err(PoolError::Unavailable("the object keeps changing".into()))
    }

    /// Replaces an object's tags; none when empty. `NoSuchKey`.
    pub async fn set_tags(
        &self,
        entry: &Entry,
        key: &ObjectKey,
        tags: BTreeMap<String, String>,
    ) -> Result<(), PoolError> {
        entry.require_write()?;
        for _ in 0..RACES {
            let object = self.find_object(entry, key).await?;
            let change = ObjectChange {
                acl: None,
                tags: Some(tags.clone()),
            };
            if self
                .catalog()
                .change_object(entry.bucket.id, key, object.blob.id, change)
                .await?
            {
                return Ok(());
            }
        }
        Err(PoolError::Unavailable("the object keeps changing".into()))
    }

    /// A page of a bucket's objects; the query's bucket must be the entry's. `AccessDenied` to strangers.
    pub async fn list_objects(
        &self,
        entry: &Entry,
        query: ListObjects,
    ) -> Result<Listing, PoolError> {
        entry.require_bucket()?;
        if query.bucket != entry.bucket.id {
            return Err(PoolError::AccessDenied);
        }
        Ok(self.catalog().list_objects(query).await?)
    }

    /// A put of that key without its content, and without conditions.
    pub(crate) fn new_put(
        &self,
        entry: &Entry,
        key: ObjectKey,
        acl: Option<Acl>,
        etag: ETag,
        attributes: ObjectAttributes,
    ) -> PutObject {
        let acl = acl.unwrap_or(entry.bucket.default_acl);
        PutObject {
            bucket: entry.bucket.id,
            key,
            scope: if acl.is_public() {
                Scope::Public
            } else {
                Scope::Private(entry.bucket.member)
            },
            hash: BlobHash::from_bytes([0; 64]),
            size: 0,
            md5: [0; 16],
            media_type: String::new(),
            etag,
            acl,
            attributes,
            conditions: Conditions::default(),
            completes: None,
            modified_at: None,
            moves_from: None,
            now: self.now(),
            lease: self.settings().store_lease,
            stored_in: None,
            stored_from: self.now(),
        }
    }
}

/// Where the bytes of a blob are for a put into `scope`.
fn origin_in_store(blob: &Blob, scope: Scope) -> Origin<'_> {
    if blob.scope == scope {
        Origin::Object
    } else {
        Origin::Copy(blob)
    }
}

/// Says that a put's content is what was just taken in; its checksum goes with the object.
pub(crate) fn describe(put: &mut PutObject, taken: &Taken) {
    put.hash = taken.digested.hash;
    put.size = taken.content.len();
    put.md5 = taken.digested.md5;
    put.media_type = taken.media_type.to_owned();
    put.attributes.checksum = taken.checksum.clone();
}

/// Says that a put's content is that of a blob in the store.
fn point_to(put: &mut PutObject, blob: &Blob) {
    put.hash = blob.hash;
    put.size = blob.size;
    put.md5 = blob.md5;
    put.media_type.clone_from(&blob.media_type);
}

impl From<&PutObject> for Stored {
    fn from(put: &PutObject) -> Self {
        Self {
            etag: put.etag,
            checksum: put.attributes.checksum.clone(),
            size: put.size,
            modified_at: put.modified_at.unwrap_or(put.now),
        }
    }
}
