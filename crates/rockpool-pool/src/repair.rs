//! Putting right what a check found: which repairs a finding has is decided without looking; carrying one out looks again
//! first, so that an old finding does no harm.
use std::time::Instant;

use rockpool_blobs::{BlobStore, Pace, StoreKey};
use rockpool_catalog::{BlobId, BlobRow, BucketId, StoreId, Suspects, UnknownBytes, UploadId};
use rockpool_types::ObjectKey;
use serde::Serialize;

use crate::{
    CollectionReport, Finding, FoundBlob, FoundObject, Place, Pool, PoolError,
    check::{
        QUARANTINE,
        deep::{judge, read_item},
    },
    intake::parse_blob_key,
    seal::random,
};

/// What a repair may do beyond what harms nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepairOptions {
    /// Remove the objects whose bytes are lost, and the rows of lost blobs.
    pub drop_lost: bool,
    /// Remove blobs of the stores that the catalog knows nothing of.
    pub drop_unknown: bool,
    /// There are replicas, which may have what the primary lacks.
    pub has_replicas: bool,
}

/// What is done about a finding. They are carried out in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Bytes are taken from another store. It is queued first; [`Pool::replicate`] does it for all findings at once, and
    /// [`Pool::is_restored`] tells what came of it.
    Restore,
    /// Damaged bytes are moved to `quarantine/`.
    Quarantine,
    /// An object whose bytes or bucket are lost is removed.
    RemoveObject,
    /// The row of a lost blob, which nothing points to any more, is removed.
    RemoveBlob,
    /// What nobody needs is removed.
    Drop,
    /// The catalog's counts, states and digests are corrected.
    Correct,
    /// A collection takes care of it.
    Collect,
}

impl Repair {
    /// All, in the order in which they are carried out.
    pub const ALL: &[Self] = &[
        Self::Restore,
        Self::Quarantine,
        Self::RemoveObject,
        Self::RemoveBlob,
        Self::Drop,
        Self::Correct,
        Self::Collect,
    ];
}

impl Finding {
    /// What would be done about it; empty: somebody has to look.
    pub fn plan_repairs(&self, options: RepairOptions) -> Vec<Repair> {
        let (mut repairs, lost, unknown) = (Vec::new(), options.drop_lost, options.drop_unknown);
        let mut add = |repair, may: bool| repairs.extend(may.then_some(repair));
        match self {
            Self::BlobUnreadable { .. } => add(Repair::Restore, options.has_replicas),
            Self::BlobMissing { .. } => {
                add(Repair::Restore, options.has_replicas);
                add(Repair::RemoveBlob, lost);
            }
            Self::BlobWrongSize { .. } | Self::BlobDamaged { .. } => {
                add(Repair::Restore, options.has_replicas);
                add(Repair::Quarantine, true);
                add(Repair::RemoveBlob, lost);
            }
            Self::ObjectLost { .. }
            | Self::ObjectWithoutBlob { .. }
            | Self::ObjectWithoutBucket { .. } => add(Repair::RemoveObject, lost),
            Self::BytesUnknown { .. } | Self::ReplicaBytesUnknown { .. } => {
                add(Repair::Drop, unknown);
            }
            Self::ReplicaMissing { .. } | Self::ReplicaDamaged { .. } => {
                add(Repair::Restore, true);
            }
            Self::Leftover { .. }
            | Self::PartWithoutUpload { .. }
            | Self::UploadWithoutBucket { .. } => add(Repair::Drop, true),
            Self::BlobWrongMd5 { .. }
            | Self::BlobWrongState { .. }
            | Self::BlobWrongReferences { .. }
            | Self::BucketWrongUsage { .. }
            | Self::StoreWrongUsage { .. } => add(Repair::Correct, true),
            Self::LeaseExpired { .. }
            | Self::PartOrphaned { .. }
            | Self::UploadExpired { .. }
            | Self::CollectionOverdue { .. } => add(Repair::Collect, true),
            Self::BlobDuplicate { .. }
            | Self::ItemUnknown { .. }
            | Self::PartMissing { .. }
            | Self::PartWrongSize { .. }
            | Self::PartDamaged { .. }
            | Self::ReplicaAway { .. }
            | Self::ReplicaBehind { .. }
            | Self::ObjectWrongScope { .. } => {}
        }
        repairs
    }

    /// Adds the counts that it says are wrong to what [`Pool::correct_counts`] is to correct.
    pub fn suspect(&self, suspects: &mut Suspects) {
        match self {
            Self::BlobWrongReferences { blob, .. } => {
                suspects.blobs.push(BlobId::from_i64(blob.row));
            }
            Self::BucketWrongUsage { bucket_row, .. } => {
                suspects.buckets.push(BucketId::from_i64(*bucket_row));
            }
            Self::StoreWrongUsage { .. } => suspects.store = true,
            _ => {}
        }
    }
}

impl Pool {
    /// Carries out one repair of a finding. `false`: what was found is so no longer, or cannot be put right. Counts are
    /// left to [`Self::correct_counts`] and collections to [`Self::collect`], once for all findings.
    ///
    /// # Errors
    /// `ReadOnly`, and when the catalog or a store is away.
    pub async fn repair(&self, finding: &Finding, repair: Repair) -> Result<bool, PoolError> {
        self.require_writable()?;
        match (repair, finding) {
            (Repair::Restore, finding) => self.queue_restoring(finding).await,
            (Repair::Quarantine, Finding::BlobWrongSize { blob, .. })
            | (Repair::Quarantine, Finding::BlobDamaged { blob }) => self.quarantine(blob).await,
            (Repair::RemoveObject, Finding::ObjectLost { object, blob }) => {
                if self.is_anywhere(blob).await? {
                    return Ok(false);
                }
                self.remove_lost_object(object, blob.row).await
            }
            (Repair::RemoveObject, Finding::ObjectWithoutBlob { object, blob_row }) => {
                self.remove_lost_object(object, *blob_row).await
            }
            (Repair::RemoveObject, Finding::ObjectWithoutBucket { object }) => {
                self.remove_stray_object(object).await
            }
            (Repair::RemoveBlob, finding) => match finding.lost_blob() {
                Some(blob) => self.remove_lost_blob(blob).await,
                None => Ok(false),
            },
            (Repair::Drop, Finding::BytesUnknown { key, bytes }) => {
                self.drop_unknown(key, *bytes).await
            }
            (
                Repair::Drop,
                Finding::ReplicaBytesUnknown {
                    replica,
                    key,
                    bytes,
                },
            ) => self.drop_unknown_copy(replica, key, *bytes).await,
            (Repair::Drop, Finding::Leftover { place, name, .. }) => {
                self.drop_leftover(*place, name).await
            }
            (Repair::Drop, Finding::PartWithoutUpload { upload }) => {
                let upload = upload_id(upload)?;
                Ok(self.catalog().remove_stray_parts(upload).await? > 0)
            }
            (Repair::Drop, Finding::UploadWithoutBucket { upload }) => {
                Ok(self.drop_upload(&upload_id(upload)?).await?.is_some())
            }
            (Repair::Correct, Finding::BlobWrongMd5 { blob, .. }) => self.correct_md5(blob).await,
            (Repair::Correct, Finding::BlobWrongState { blob, .. }) => {
                let id = BlobId::from_i64(blob.row);
                Ok(self.catalog().correct_references(id, 0, self.now()).await?)
            }
            _ => Ok(false),
        }
    }

    /// Counts what is suspected at one moment, and corrects what is wrong by the difference; tells how many counts were.
    ///
    /// # Errors
    /// `ReadOnly`, and when the catalog is away.
    pub async fn correct_counts(&self, suspects: Suspects) -> Result<u64, PoolError> {
        self.require_writable()?;
        if suspects.is_empty() {
            return Ok(0);
        }
        let mut corrected = 0;
        let catalog = self.catalog();
        let recount = catalog.recount(suspects).await?;
        for count in recount.blobs {
            let by = count.counted - count.row.references;
            let wrong = by != 0;
            if wrong
                && catalog
                    .correct_references(count.row.id, by, self.now())
                    .await?
            {
                corrected += 1;
            }
        }
        for count in recount.buckets {
            let (counted, recorded) = (count.counted, count.recorded);
            let (objects, bytes) = (counted.0 - recorded.0, counted.1 - recorded.1);
            let wrong = count.without_blob == 0 && (objects, bytes) != (0, 0);
            if wrong
                && catalog
                    .correct_bucket_usage(count.bucket, objects, bytes)
                    .await?
            {
                corrected += 1;
            }
        }
        if let Some(count) = recount.store {
            let (counted, recorded) = (count.counted, count.recorded);
            let (blobs, bytes) = (counted.0 - recorded.0, counted.1 - recorded.1);
            if (blobs, bytes) != (0, 0) {
                catalog.correct_store_usage(blobs, bytes).await?;
                corrected += 1;
            }
        }
        Ok(corrected)
    }

    /// Has bytes taken from another store, if their blob is stored still. What is there is looked at when it is done.
    async fn queue_restoring(&self, finding: &Finding) -> Result<bool, PoolError> {
        let Some((store, row)) = self.to_restore(finding).await? else {
            return Ok(false);
        };
        let (catalog, now) = (self.catalog(), self.now());
        let queued = catalog.queue_copy(store, row.scope, row.hash, true, now);
        Ok(queued.await?)
    }

    /// Whether nothing is left to be done about bytes that were to be taken from another store.
    ///
    /// # Errors
    /// When the catalog is away.
    pub async fn is_restored(&self, finding: &Finding) -> Result<bool, PoolError> {
        let Some((store, row)) = self.to_restore(finding).await? else {
            return Ok(false);
        };
        let blobs = vec![(row.scope, row.hash)];
        Ok(self.catalog().queued_copies(store, blobs).await?.is_empty())
    }

    /// The store that lacks a blob, and the blob.
    async fn to_restore(&self, finding: &Finding) -> Result<Option<(StoreId, BlobRow)>, PoolError> {
        let Some((replica, blob)) = finding.restorable() else {
            return Ok(None);
        };
        let places = self.places().await?;
        let place = match replica {
            Some(name) => places.replicas.iter().find(|place| place.name == name),
            None => Some(&places.primary),
        };
        let Some(store) = place.and_then(|place| place.id) else {
            return Ok(None);
        };
        Ok(self.stored_row(blob).await?.map(|row| (store, row)))
    }

    /// Whether any store has something under a blob's name. A store that cannot be asked is an error.
    async fn is_anywhere(&self, blob: &FoundBlob) -> Result<bool, PoolError> {
        let key = store_key(&blob.key)?;
        for place in self.places().await?.all() {
            if place.get()?.size(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Queues the removal of bytes at a replica that are no blob's.
    async fn drop_unknown_copy(
        &self,
        replica: &str,
        key: &str,
        size: u64,
    ) -> Result<bool, PoolError> {
        let places = self.places().await?;
        let place = places.replicas.iter().find(|place| place.name == replica);
        let Some(store) = place.and_then(|place| place.id) else {
            return Ok(false);
        };
        let Some((scope, hash)) = parse_blob_key(&store_key(key)?) else {
            return Ok(false);
        };
        let bytes = UnknownBytes { scope, hash, size };
        Ok(self
            .catalog()
            .queue_removal(store, bytes, self.now())
            .await?)
    }

    /// Moves a blob's bytes away if they are still not what they should be. They are copied before they are removed.
    async fn quarantine(&self, blob: &FoundBlob) -> Result<bool, PoolError> {
        let Some(row) = self.stored_row(blob).await? else {
            return Ok(false);
        };
        let (key, store) = (store_key(&blob.key)?, self.primary().await?);
        let reading = read_item(store.as_ref(), &key, &Pace::new(None, None)).await?;
        let still = judge(&row, reading)?;
        if !matches!(
            still,
            Some(Finding::BlobWrongSize { .. } | Finding::BlobDamaged { .. })
        ) {
            return Ok(false);
        }
        // Somebody may put the right bytes there in a moment.
        let deadline = Instant::now() + self.settings().delete_lease / 2;
        self.move_away(store.as_ref(), &key, deadline).await
    }

    /// Moves an item to `quarantine/`, unless it is too late; it is copied before it is removed. `false`: there is none.
    pub(crate) async fn move_away(
        &self,
        store: &dyn BlobStore,
        key: &StoreKey,
        deadline: Instant,
    ) -> Result<bool, PoolError> {
        let away = store_key(&format!("{QUARANTINE}{key}"))?;
        if !store.copy(key, &away, "application/octet-stream").await? {
            return Ok(false);
        }
        store.remove_before(key, deadline).await?;
        Ok(true)
    }

    /// The row of a blob whose bytes must be in the store.
    async fn stored_row(&self, blob: &FoundBlob) -> Result<Option<BlobRow>, PoolError> {
        let ids = vec![BlobId::from_i64(blob.row)];
        let rows = self.catalog().find_blob_rows(ids).await?;
        Ok(rows.into_iter().find(|row| row.state.is_stored()))
    }

    async fn remove_lost_object(
        &self,
        object: &FoundObject,
        blob_row: i64,
    ) -> Result<bool, PoolError> {
        let (bucket, key) = object_name(object)?;
        let blob = BlobId::from_i64(blob_row);
        let removed = self
            .catalog()
            .remove_lost_object(bucket, key, blob, self.now());
        Ok(removed.await?)
    }

    async fn remove_stray_object(&self, object: &FoundObject) -> Result<bool, PoolError> {
        let (bucket, key) = object_name(object)?;
        let removed = self.catalog().remove_stray_object(bucket, key, self.now());
        Ok(removed.await?)
    }

    async fn remove_lost_blob(&self, blob: &FoundBlob) -> Result<bool, PoolError> {
        if self.is_anywhere(blob).await? {
            return Ok(false);
        }
        let id = BlobId::from_i64(blob.row);
        Ok(self.catalog().remove_lost_blob(id, self.now()).await?)
    }

    /// Deletes bytes as a collection does: under a lease, so that an upload of the same content waits.
    async fn drop_unknown(&self, key: &str, size: u64) -> Result<bool, PoolError> {
        let Some((scope, hash)) = parse_blob_key(&store_key(key)?) else {
            return Ok(false);
        };
        let owner = i64::from_be_bytes(random::<8>()?);
        let lease = self.settings().delete_lease;
        let (deadline, lease_until) = (Instant::now() + lease / 2, self.now().plus(lease));
        let bytes = UnknownBytes { scope, hash, size };
        let claim = self.catalog().claim_unknown(bytes, owner, lease_until);
        match claim.await? {
            Some(claim) => {
                let mut report = CollectionReport::default();
                self.delete_blob(&claim, deadline, &mut report).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn drop_leftover(&self, place: Place, name: &str) -> Result<bool, PoolError> {
        match place {
            Place::Store => self.primary().await?.remove_leftover(name).await?,
            Place::Staging => self.staging().remove_leftover(name).await?,
            Place::Spool => {
                let spool = self.spool().clone();
                let removed = tokio::task::spawn_blocking(move || spool.remove_leftovers()).await;
                let removed = removed.map_err(|e| PoolError::Internal(e.to_string()))?;
                removed.map_err(|e| PoolError::Internal(format!("the spool: {e}")))?;
            }
        }
        Ok(true)
    }

    async fn correct_md5(&self, blob: &FoundBlob) -> Result<bool, PoolError> {
        let Some(row) = self.stored_row(blob).await? else {
            return Ok(false);
        };
        let key = store_key(&blob.key)?;
        let store = self.primary().await?;
        let reading = read_item(store.as_ref(), &key, &Pace::new(None, None)).await?;
        match judge(&row, reading)? {
            Some(Finding::BlobWrongMd5 { counted, .. }) => {
                let mut md5 = [0; 16];
                hex::decode_to_slice(counted, &mut md5)
                    .map_err(|e| PoolError::Internal(e.to_string()))?;
                Ok(self.catalog().correct_md5(row.id, md5).await?)
            }
            _ => Ok(false),
        }
    }
}

fn store_key(key: &str) -> Result<StoreKey, PoolError> {
    StoreKey::new(key).map_err(|e| PoolError::Internal(e.to_string()))
}

fn upload_id(id: &str) -> Result<UploadId, PoolError> {
    UploadId::new(id).ok_or_else(|| PoolError::Internal(format!("`{id}` is no id of an upload")))
}

fn object_name(object: &FoundObject) -> Result<(BucketId, ObjectKey), PoolError> {
    let key = ObjectKey::new(object.key.clone());
    let key = key.map_err(|e| PoolError::Internal(e.to_string()))?;
    Ok((BucketId::from_i64(object.bucket_row), key))
}
