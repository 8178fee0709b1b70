//! Mapping keys to blobs.
use std::{collections::BTreeMap, time::Duration};

use rockpool_types::{Acl, BlobHash, Conditions, ETag, ObjectAttributes, ObjectKey, Timestamp};

use crate::{
    BlobId, BucketId, Catalog, CatalogError, Object, Scope, StoreId, UploadId, blob_rows,
    blob_rows::signed,
    changes, codes, copies,
    database::{Result, Tx, Value},
    dialect::Fault,
    headers::{self, Basis},
    put,
    row::Row,
    short_keys,
};

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
    /// For an object that moves to another blob of the same content: the blob that it must still point to. It keeps all
    /// that it carries, whoever wrote it last, and gets the new blob and ACL; conditions, attributes and times of this put
    /// do not count.
    pub moves_from: Option<BlobId>,
    /// The present.
    pub now: Timestamp,
    /// How long this node may take to store the bytes.
    pub lease: Duration,
    /// With a claim: the store that the bytes were put to. `None`: the one that is the primary while there are no replicas.
    pub stored_in: Option<StoreId>,
    /// With a claim: when putting them there began.
    pub stored_from: Timestamp,
}

impl PutObject {
    /// The bytes that its claim vouches for.
    pub(crate) const fn stored(&self) -> copies::Put<'_> {
        copies::Put {
            scope: self.scope,
            hash: &self.hash,
            size: self.size,
            store: self.stored_in,
            began: self.stored_from,
            now: self.now,
        }
    }
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
    pub tags: Option<BTreeMap<String, String>>,
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
    ///
    /// # Errors
    /// `Internal` also when `scope` does not follow from `acl` and the bucket's owner, or when the pool has that
    /// hash with another size: bugs of the caller, which change nothing.
    pub async fn put_object(
        &self,
        put: PutObject,
        claim: Option<BlobId>,
    ) -> Result<PutOutcome, CatalogError> {
        self.db
            .write("putting an object", (put, claim), |tx, (put, claim)| {
                Box::pin(put::put(tx, put, *claim))
            })
            .await
    }

    /// The object of that key.
    pub async fn find_object(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
    ) -> Result<Option<Object>, CatalogError> {
        self.db
            .read(
                "looking up an object",
                (bucket, key),
                |tx, (bucket, key)| Box::pin(find(tx, *bucket, key)),
            )
            .await
    }

    /// Unmaps keys, in one transaction for up to 1,000. Answers for each whether it was there. With
    /// `conditions`, a key whose ETag does not fit stays, and its answer is `None`.
    pub async fn remove_objects(
        &self,
        bucket: BucketId,
        keys: Vec<(ObjectKey, Conditions)>,
        now: Timestamp,
    ) -> Result<Vec<Option<bool>>, CatalogError> {
        let args = (bucket, keys, now);
        self.db
            .write("removing objects", args, |tx, (bucket, keys, now)| {
                Box::pin(remove_all(tx, *bucket, keys, *now))
            })
            .await
    }

    /// Changes an object that still points to the blob `blob`. `false` when it does not.
    ///
    /// # Errors
    /// `Internal` also when the change would make a public object private or the other way round.
    pub async fn change_object(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        blob: BlobId,
        change: ObjectChange,
    ) -> Result<bool, CatalogError> {
        let args = (bucket, key.clone(), blob, change);
        self.db
            .write(
                "changing an object",
                args,
                |tx, (bucket, key, blob, change)| {
                    Box::pin(self::change(tx, *bucket, key, *blob, change))
                },
            )
            .await
    }
}

/// The columns of an object, as [`read_object`] takes them; [`joined`] says from where.
pub(crate) fn columns() -> String {
    format!(
        "{}, o.object_key, o.etag, o.acl, o.modified_at, h.body, o.checksum, o.extra",
        blob_rows::COLUMNS
    )
}

/// Objects, the rows of a table or of a `SELECT` in brackets, with all that [`columns`] names.
pub(crate) fn joined(objects: &str) -> String {
    format!(
        "{objects} o JOIN blobs b ON b.id = o.blob_id JOIN media_types t ON t.id = b.media_type \
         LEFT JOIN header_sets h ON h.id = o.headers"
    )
}

/// Takes the columns of an object.
pub(crate) fn read_object(row: &mut Row) -> Result<Object> {
    let blob = blob_rows::read_blob(row)?;
    let key = row.take()?;
    let etag = read_etag(row, blob.md5)?;
    let (acl, modified_at) = (row.take()?, row.take()?);
    let (set, checksum, extra): (Option<String>, Option<Vec<u8>>, Option<String>) =
        (row.take()?, row.take()?, row.take()?);
    let basis = Basis {
        media_type: &blob.media_type,
        size: blob.size,
        etag,
    };
    let mut attributes = headers::unpack(set.as_deref(), extra.as_deref(), &basis)?;
    attributes.checksum = checksum
        .map(|bytes| codes::checksum_from_bytes(&bytes))
        .transpose()?;
    Ok(Object {
        key,
        blob,
        etag,
        acl,
        modified_at,
        attributes,
    })
}

fn read_etag(row: &mut Row, md5: [u8; 16]) -> Result<ETag> {
    row.take::<Option<Vec<u8>>>()?.map_or_else(
        || Ok(ETag::single(md5)),
        |bytes| codes::etag_from_bytes(&bytes),
    )
}

async fn find(tx: &mut Tx, bucket: BucketId, key: &ObjectKey) -> Result<Option<Object>> {
    match find_exactly(tx, bucket, key).await? {
        None => short_keys::find(tx, bucket, key).await,
        found => Ok(found),
    }
}

/// The object of that very key.
pub(crate) async fn find_exactly(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
) -> Result<Option<Object>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE o.bucket_id = ? AND o.object_key = ?",
        columns(),
        joined("objects")
    );
    let row = tx
        .query_one(&sql, &[bucket.into(), key.as_bytes().into()])
        .await?;
    row.map(|mut row| read_object(&mut row)).transpose()
}

/// What a key is mapped to, as far as unmapping it needs to know.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// Its blob.
    pub(crate) blob: BlobId,
    /// The blob's size in bytes.
    pub(crate) size: u64,
    /// Its ETag.
    pub(crate) etag: ETag,
}

/// The mapping of a key, which stays as it is until the transaction ends; so does what is read here of its blob, which
/// never changes while anything points to it.
pub(crate) async fn lock_mapping(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
) -> Result<Option<Mapping>> {
    let row = tx
        .lock_one(
            "SELECT blob_id, etag FROM objects WHERE bucket_id = ? AND object_key = ?",
            &[bucket.into(), key.as_bytes().into()],
        )
        .await?;
    let Some(mut object) = row else {
        return Ok(None);
    };
    let blob: BlobId = object.take()?;
    let sql = "SELECT size, md5 FROM blobs WHERE id = ?";
    let row = tx.query_one(sql, &[blob.into()]).await?;
    let mut row = row.ok_or_else(|| Fault::Internal(format!("blob {} is gone", blob.as_i64())))?;
    let (size, md5) = (row.take()?, row.take()?);
    let etag = read_etag(&mut object, md5)?;
    Ok(Some(Mapping { blob, size, etag }))
}

/// Unmaps keys; answers for each as [`Catalog::remove_objects`] does.
pub(crate) async fn remove_all(
    tx: &mut Tx,
    bucket: BucketId,
    keys: &[(ObjectKey, Conditions)],
    now: Timestamp,
) -> Result<Vec<Option<bool>>> {
    let mut answers = vec![Some(false); keys.len()];
    let (mut objects, mut bytes) = (0, 0);
    let mut blobs: BTreeMap<BlobId, i64> = BTreeMap::new();
    // Rows are locked in the order of keys, then of blobs, whoever asks: so two such removals never wait for each other.
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|place| keys[*place].0.as_bytes());
    for place in order {
        let (key, conditions) = &keys[place];
        short_keys::restore(tx, bucket, key, Some(now)).await?;
        let Some(old) = lock_mapping(tx, bucket, key).await? else {
            continue;
        };
        if !conditions.is_empty() && !conditions.allow_write(Some(&old.etag.to_string())) {
            answers[place] = None;
            continue;
        }
        delete_row(tx, bucket, key).await?;
        *blobs.entry(old.blob).or_default() += 1;
        objects -= 1;
        bytes -= signed(old.size);
        answers[place] = Some(true);
    }
    for (blob, count) in blobs {
        blob_rows::remove_references(tx, blob, count, now).await?;
    }
    blob_rows::count_objects(tx, bucket, objects, bytes).await?;
    Ok(answers)
}

/// Removes a key's row, which this transaction has locked; the blob's references and the bucket's counts are left to the caller.
pub(crate) async fn delete_row(tx: &mut Tx, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    changes::note(tx, bucket, key).await?;
    let sql = "DELETE FROM objects WHERE bucket_id = ? AND object_key = ?";
    tx.execute(sql, &[bucket.into(), key.as_bytes().into()])
        .await?;
    Ok(())
}

async fn change(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
    blob: BlobId,
    change: &ObjectChange,
) -> Result<bool> {
    short_keys::restore(tx, bucket, key, None).await?;
    let row: [Value<'_>; 3] = [bucket.into(), key.as_bytes().into(), blob.into()];
    let sql =
        "SELECT acl, extra FROM objects WHERE bucket_id = ? AND object_key = ? AND blob_id = ?";
    let Some(mut found) = tx.lock_one(sql, &row).await? else {
        return Ok(false);
    };
    let (old_acl, mut extra): (Acl, Option<String>) = (found.take()?, found.take()?);
    let acl = change.acl.unwrap_or(old_acl);
    if acl.is_public() != old_acl.is_public() {
        return Err(Fault::Internal(
            "a change of ACL alone cannot publish or hide an object".to_owned(),
        ));
    }
    if let Some(tags) = &change.tags {
        extra = headers::replace_tags(extra.as_deref(), tags)?;
    }
    changes::note(tx, bucket, key).await?;
    tx.execute(
        "UPDATE objects SET acl = ?, extra = ? WHERE bucket_id = ? AND object_key = ? AND blob_id = ?",
        &[
            acl.to_code().into(),
            extra.as_deref().into(),
            row[0],
            row[1],
            row[2],
        ],
    )
    .await?;
    Ok(true)
}
