//! What a repair changes. Every call looks again, in its own transaction, whether the change is still right.
//!
//! Counts are corrected by a difference that was found at one moment: each write keeps counts in step, so the difference
//! stays what it was however many writes come between.
use rockpool_types::{BlobHash, ObjectKey, Timestamp};

use crate::{
    Blob, BlobId, BucketId, Catalog, CatalogError, CollectReason, Collectable, DeletionClaim,
    Scope, UploadId,
    blob_rows::{self, State},
    blobs, changes,
    database::{Result, Tx, Value},
};

/// Bytes in the store that no row accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBytes {
    /// The scope that their key says.
    pub scope: Scope,
    /// The digest that their key says.
    pub hash: BlobHash,
    /// Their number.
    pub size: u64,
}

impl Catalog {
    /// Adds `by` to the references of a blob that is live or idle, and makes it live or idle as they then are. `false`: it
    /// is neither, or would have less than none.
    pub async fn correct_references(
        &self,
        id: BlobId,
        by: i64,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.db
            .write(
                "correcting references",
                (id, by, now),
                |tx, (id, by, now)| Box::pin(correct_references(tx, *id, *by, *now)),
            )
            .await
    }

    /// Adds to a bucket's recorded objects and bytes; of a bucket that is gone, nothing stays recorded. `false`: there was
    /// nothing to change.
    pub async fn correct_bucket_usage(
        &self,
        bucket: BucketId,
        objects: i64,
        bytes: i64,
    ) -> Result<bool, CatalogError> {
        let args = (bucket, objects, bytes);
        self.db
            .write("correcting usage", args, |tx, (bucket, objects, bytes)| {
                Box::pin(correct_bucket_usage(tx, *bucket, *objects, *bytes))
            })
            .await
    }

    /// Adds to the store's recorded blobs and bytes.
    pub async fn correct_store_usage(&self, blobs: i64, bytes: i64) -> Result<(), CatalogError> {
        self.db
            .write(
                "correcting the store's usage",
                (blobs, bytes),
                |tx, (blobs, bytes)| Box::pin(blob_rows::count_stored(tx, *blobs, *bytes)),
            )
            .await
    }

    /// Records the MD5 of a blob's bytes.
    pub async fn correct_md5(&self, id: BlobId, md5: [u8; 16]) -> Result<bool, CatalogError> {
        self.db
            .write("correcting a digest", (id, md5), |tx, (id, md5)| {
                Box::pin(async move {
                    let values = [md5.as_slice().into(), (*id).into()];
                    let sql = "UPDATE blobs SET md5 = ? WHERE id = ?";
                    Ok(tx.execute(sql, &values).await? > 0)
                })
            })
            .await
    }

    /// Unmaps a key that still points to `blob`, whose bytes, or whose row, are lost. `false`: it points elsewhere.
    pub async fn remove_lost_object(
        &self,
        bucket: BucketId,
        key: ObjectKey,
        blob: BlobId,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (bucket, key, blob, now);
        self.db
            .write(
                "removing a lost object",
                args,
                |tx, (bucket, key, blob, now)| {
                    Box::pin(remove_lost_object(tx, *bucket, key, *blob, *now))
                },
            )
            .await
    }

    /// Removes an object of a bucket that is gone. `false`: there is that bucket, or no such object.
    pub async fn remove_stray_object(
        &self,
        bucket: BucketId,
        key: ObjectKey,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (bucket, key, now);
        self.db
            .write("removing a stray object", args, |tx, (bucket, key, now)| {
                Box::pin(remove_stray_object(tx, *bucket, key, *now))
            })
            .await
    }

    /// Hands a blob whose bytes are lost to the collector at once, so that the same content is stored anew when it comes
    /// again. `false`: objects point to it, or it is gone already.
    pub async fn remove_lost_blob(&self, id: BlobId, now: Timestamp) -> Result<bool, CatalogError> {
        self.db
            .write("removing a lost blob", (id, now), |tx, (id, now)| {
                Box::pin(remove_lost_blob(tx, *id, *now))
            })
            .await
    }

    /// Takes a lease on bytes that no row accounts for, as for a collection, so that they can be deleted while the same
    /// content may come in. `None`: there is a row meanwhile.
    pub async fn claim_unknown(
        &self,
        bytes: UnknownBytes,
        owner: i64,
        lease_until: Timestamp,
    ) -> Result<Option<DeletionClaim>, CatalogError> {
        let args = (bytes, owner, lease_until);
        self.db
            .write(
                "claiming unknown bytes",
                args,
                |tx, (bytes, owner, lease_until)| {
                    Box::pin(claim_unknown(tx, bytes, *owner, *lease_until))
                },
            )
            .await
    }

    /// Removes the parts of an upload that is gone; tells how many there were.
    pub async fn remove_stray_parts(&self, upload: UploadId) -> Result<u64, CatalogError> {
        self.db
            .write("removing stray parts", upload, |tx, upload| {
                Box::pin(async move {
                    let id: [Value<'_>; 1] = [upload.as_str().into()];
                    let sql = "SELECT 1 FROM uploads WHERE id = ?";
                    if tx.lock_one(sql, &id).await?.is_some() {
                        return Ok(0);
                    }
                    tx.execute("DELETE FROM parts WHERE upload_id = ?", &id)
                        .await
                })
            })
            .await
    }
}

async fn correct_references(tx: &mut Tx, id: BlobId, by: i64, now: Timestamp) -> Result<bool> {
    let sql = "SELECT refs, state FROM blobs WHERE id = ?";
    let Some(mut row) = tx.lock_one(sql, &[id.into()]).await? else {
        return Ok(false);
    };
    let references = row.take::<i64>()? + by;
    let state = State::from_code(row.take()?)?;
    if references < 0 || !matches!(state, State::Live | State::Idle) {
        return Ok(false);
    }
    let (wanted, since) = if references > 0 {
        (State::Live, None)
    } else {
        (State::Idle, Some(now))
    };
    let sql = "UPDATE blobs SET refs = ?, state = ?, since = ? WHERE id = ?";
    let values = [references.into(), wanted.into(), since.into(), id.into()];
    tx.execute(sql, &values).await?;
    Ok(true)
}

async fn correct_bucket_usage(
    tx: &mut Tx,
    bucket: BucketId,
    objects: i64,
    bytes: i64,
) -> Result<bool> {
    if has_bucket(tx, bucket).await? {
        blob_rows::count_objects(tx, bucket, objects, bytes).await?;
        return Ok(true);
    }
    let sql = "DELETE FROM bucket_usage WHERE bucket_id = ?";
    Ok(tx.execute(sql, &[bucket.into()]).await? > 0)
}

async fn remove_lost_object(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
    blob: BlobId,
    now: Timestamp,
) -> Result<bool> {
    match unmap(tx, bucket, key, blob, now).await? {
        Some(bytes) => {
            blob_rows::count_objects(tx, bucket, -1, -bytes).await?;
            Ok(true)
        }
        None => Ok(false),
    }
}

async fn remove_stray_object(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
    now: Timestamp,
) -> Result<bool> {
    if has_bucket(tx, bucket).await? {
        return Ok(false);
    }
    let sql = "SELECT blob_id FROM objects WHERE bucket_id = ? AND object_key = ?";
    let values = [bucket.into(), key.as_bytes().into()];
    let Some(mut row) = tx.lock_one(sql, &values).await? else {
        return Ok(false);
    };
    let blob = row.take()?;
    Ok(unmap(tx, bucket, key, blob, now).await?.is_some())
}

/// A bucket's number is never given to another: one that is gone stays so.
async fn has_bucket(tx: &mut Tx, bucket: BucketId) -> Result<bool> {
    let sql = "SELECT 1 FROM buckets WHERE id = ?";
    Ok(tx.query_one(sql, &[bucket.into()]).await?.is_some())
}

/// Removes an object that points to `blob`, and its reference; answers the bytes that are to be counted out.
async fn unmap(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
    blob: BlobId,
    now: Timestamp,
) -> Result<Option<i64>> {
    let sql = "DELETE FROM objects WHERE bucket_id = ? AND object_key = ? AND blob_id = ?";
    let values = [bucket.into(), key.as_bytes().into(), blob.into()];
    if tx.execute(sql, &values).await? == 0 {
        return Ok(None);
    }
    changes::note(tx, bucket, key).await?;
    let sql = "SELECT size, refs FROM blobs WHERE id = ?";
    let Some(mut row) = tx.lock_one(sql, &[blob.into()]).await? else {
        return Ok(Some(0));
    };
    let (bytes, references): (i64, i64) = (row.take()?, row.take()?);
    if references > 0 {
        blob_rows::remove_references(tx, blob, 1, now).await?;
    }
    Ok(Some(bytes))
}

async fn remove_lost_blob(tx: &mut Tx, id: BlobId, now: Timestamp) -> Result<bool> {
    let sql = "SELECT size FROM blobs WHERE id = ? AND refs = 0 AND state IN (?, ?)";
    let values = [id.into(), State::Live.into(), State::Idle.into()];
    let Some(mut row) = tx.lock_one(sql, &values).await? else {
        return Ok(false);
    };
    let size: i64 = row.take()?;
    let sql = "UPDATE blobs SET state = ?, owner = NULL, since = ?, flags = ? WHERE id = ?";
    let values = [
        State::Deleting.into(),
        now.into(),
        blobs::UNCERTAIN.into(),
        id.into(),
    ];
    tx.execute(sql, &values).await?;
    blob_rows::count_stored(tx, -1, -size).await?;
    Ok(true)
}

async fn claim_unknown(
    tx: &mut Tx,
    bytes: &UnknownBytes,
    owner: i64,
    lease_until: Timestamp,
) -> Result<Option<DeletionClaim>> {
    if blob_rows::lock(tx, bytes.scope, &bytes.hash)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let media_type = blob_rows::intern_media_type(tx, "application/octet-stream").await?;
    let (head, tail) = blob_rows::split_hash(&bytes.hash);
    let id = tx
        .insert(
            "INSERT INTO blobs \
             (scope, digest_head, digest_tail, size, md5, media_type, state, refs, since, owner, flags) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0)",
            &[
                blob_rows::scope_to_code(bytes.scope).into(),
                head.into(),
                tail.into(),
                bytes.size.into(),
                Blob::UNKNOWN_MD5.as_slice().into(),
                media_type.into(),
                State::Deleting.into(),
                lease_until.into(),
                owner.into(),
            ],
        )
        .await?;
    Ok(Some(DeletionClaim {
        blob: Collectable {
            id: BlobId(id),
            scope: bytes.scope,
            hash: bytes.hash,
            size: bytes.size,
            reason: CollectReason::DeletionAbandoned,
        },
        owner,
        lease_until,
        uncertain: false,
        quarantine_over: false,
    }))
}
