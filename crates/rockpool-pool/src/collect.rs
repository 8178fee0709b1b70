//! Collecting idle blobs, abandoned uploads and leftovers.
use std::time::Instant;

use rockpool_blobs::StoreKey;
use rockpool_catalog::{CollectReason, DeletedBlob, DeletionClaim};
use serde::Serialize;

use crate::{
    Pool, PoolError,
    intake::blob_key,
    seal::random,
    stores::{DEFAULT_GRACE, Places, StorePlace},
};

/// What a collection would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionPlan {
    /// Blobs that nothing has pointed to for longer than the grace period.
    pub idle_blobs: u64,
    /// Their bytes.
    pub idle_bytes: u64,
    /// Blobs whose uploader gave up, and deletions that a collector left unfinished.
    pub abandoned_blobs: u64,
    /// Uploads older than their lifetime.
    pub abandoned_uploads: u64,
    /// Staged parts that belong to no upload.
    pub orphaned_parts: u64,
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionReport {
    /// Blobs whose bytes and rows are gone.
    pub removed_blobs: u64,
    /// Their bytes.
    pub removed_bytes: u64,
    /// Deletions whose outcome is not certain yet; a later collection finishes them.
    pub postponed_blobs: u64,
    /// Uploads that were aborted.
    pub removed_uploads: u64,
    /// Staged parts that were removed.
    pub removed_parts: u64,
}

/// How many rows a collection looks at, or claims, at once.
const BATCH: u32 = 100;

impl Pool {
    /// What a collection would do now. Changes nothing.
    pub async fn plan_collection(&self) -> Result<CollectionPlan, PoolError> {
        let mut plan = CollectionPlan::default();
        let mut after = None;
        loop {
            let page = self
                .catalog()
                .list_collectable(self.now(), self.settings().grace, after, BATCH)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for blob in &page {
                match blob.reason {
                    CollectReason::Idle => {
                        plan.idle_blobs += 1;
                        plan.idle_bytes += blob.size;
                    }
                    CollectReason::LeaseExpired | CollectReason::DeletionAbandoned => {
                        plan.abandoned_blobs += 1
                    }
                }
            }
        }
        let before = self.now().minus(self.settings().upload_lifetime);
        plan.abandoned_uploads = self
            .catalog()
            .list_old_uploads(before, u32::MAX)
            .await?
            .len() as u64;
        plan.orphaned_parts = self.orphaned_parts().await?.len() as u64;
        Ok(plan)
    }

    /// Collects, in small transactions; may be stopped at any point and goes on at the next call. Several nodes may
    /// collect at once.
    pub async fn collect(&self) -> Result<CollectionReport, PoolError> {
        self.require_writable()?;
        let mut report = CollectionReport::default();
        self.collect_uploads(&mut report).await?;
        for key in self.orphaned_parts().await? {
            self.staging().remove(&key).await?;
            report.removed_parts += 1;
        }
        // A blob whose deletion has begun cannot be uploaded again until it has ended.
        self.primary().await?.accepts_removals().await?;
        let owner = i64::from_be_bytes(random::<8>()?);
        while self.collect_blobs(owner, &mut report).await? {}
        Ok(report)
    }

    async fn collect_uploads(&self, report: &mut CollectionReport) -> Result<(), PoolError> {
        let before = self.now().minus(self.settings().upload_lifetime);
        loop {
            let page = self.catalog().list_old_uploads(before, BATCH).await?;
            if page.is_empty() {
                return Ok(());
            }
            for upload in page {
                if let Some(parts) = self.drop_upload(&upload.id).await? {
                    report.removed_uploads += 1;
                    report.removed_parts += parts as u64;
                }
            }
        }
    }

    /// Staged parts that no row speaks of, and that are too old to be on their way to one.
    async fn orphaned_parts(&self) -> Result<Vec<StoreKey>, PoolError> {
        const PAGE: usize = 1_000;
        let before = self.now().minus(self.settings().store_lease);
        let mut orphans = Vec::new();
        let mut after: Option<StoreKey> = None;
        loop {
            let page = self
                .staging()
                .list("staging/", after.as_ref(), PAGE)
                .await?;
            let more = page.len() == PAGE;
            after = page.last().map(|item| item.key.clone());
            let old: Vec<_> = page
                .into_iter()
                .filter(|item| item.modified_at < before)
                .map(|item| item.key)
                .collect();
            let names = old.iter().map(|key| key.as_str().to_owned()).collect();
            let known = self.catalog().known_staged(names).await?;
            orphans.extend(
                old.into_iter()
                    .zip(known)
                    .filter(|(_, known)| !known)
                    .map(|(key, _)| key),
            );
            if !more {
                return Ok(orphans);
            }
        }
    }

    /// Deletes one batch of blobs. `false`: there was nothing to do.
    async fn collect_blobs(
        &self,
        owner: i64,
        report: &mut CollectionReport,
    ) -> Result<bool, PoolError> {
        let settings = self.settings();
        let (grace, lease) = (settings.grace, settings.delete_lease);
        let claims = self
            .catalog()
            .claim_deletions(
                owner,
                self.now(),
                grace,
                lease,
                settings.longest_delete,
                BATCH,
            )
            .await?;
        for claim in &claims {
            // Before all else: however long this process stands still below, the deadline stays where it is.
            let (began, now) = (Instant::now(), self.now());
            let left = now.until(claim.lease_until.minus(lease / 2));
            if left.is_zero() || !self.catalog().holds_deletion(claim, now).await? {
                // Too slow: what is left of the batch is abandoned, and taken over in time.
                break;
            }
            self.delete_blob(claim, began + left, report).await?;
        }
        Ok(!claims.is_empty())
    }

    /// When copies of a blob go whose bytes are gone. After a quarantine it is not told which store was the primary before.
    fn deleted(&self, claim: &DeletionClaim, places: &Places) -> DeletedBlob {
        let grace_of = |place: &StorePlace| Some((place.id?, place.store.as_ref()?.parts.grace));
        DeletedBlob {
            removed_from: places.primary.id.filter(|_| !claim.quarantine_over),
            now: self.now(),
            graces: places.all().filter_map(grace_of).collect(),
            grace: DEFAULT_GRACE,
        }
    }

    /// Has the bytes deleted, if the store can begin with it before `deadline`.
    pub(crate) async fn delete_blob(
        &self,
        claim: &DeletionClaim,
        deadline: Instant,
        report: &mut CollectionReport,
    ) -> Result<(), PoolError> {
        let blob = &claim.blob;
        let settled = self.now().plus(self.settings().longest_delete);
        let key = blob_key(blob.scope, &blob.hash)?;
        let places = self.places().await?;
        let certain = if claim.quarantine_over {
            true
        } else {
            let remove = places.primary.get()?.remove_before(&key, deadline);
            match tokio::time::timeout(self.settings().longest_delete, remove).await {
                Ok(Ok(())) if claim.uncertain => {
                    self.catalog()
                        .postpone_deletion(claim, true, settled)
                        .await?;
                    false
                }
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::warn!(store.key = %key, %error, "a blob could not be deleted; it will be tried again");
                    self.catalog()
                        .postpone_deletion(claim, false, settled)
                        .await?;
                    false
                }
                Err(_) => {
                    tracing::warn!(store.key = %key, "deleting a blob took too long; it will be tried again");
                    self.catalog()
                        .postpone_deletion(claim, false, settled)
                        .await?;
                    false
                }
            }
        };
        if !certain {
            report.postponed_blobs += 1;
        } else if self
            .catalog()
            .finish_deletion(claim, &self.deleted(claim, &places))
            .await?
        {
            report.removed_blobs += 1;
            report.removed_bytes += blob.size;
        }
        Ok(())
    }
}
