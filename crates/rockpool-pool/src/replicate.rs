//! Copying blobs to replicas, removing there what the pool removed, and putting back what the primary lacks.
//!
//! The catalog has the queue of each store; any number of nodes work at it, each piece under a lease. A copy is read from
//! whichever store has the blob, verified by its digest on the way, and looked for after it was put.
use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::{
    StreamExt,
    future::{Either, select},
    stream,
};
use rockpool_blobs::{BlobStore, Content, Pace, StoreKey};
use rockpool_catalog::{Blob, CopyAction, CopyClaim, CopyTerms, Filled, StoreId};
use serde::Serialize;

use crate::{
    Pool, PoolError,
    check::deep::{Reading, read_item},
    digests::Digests,
    intake::{Sink, blob_key},
    seal::random,
    stores::{Places, StorePlace},
};

mod kept;

pub use kept::{AddReplica, PromoteReplica, StoreStatus};

/// Rows that are claimed for each blob that is copied at a time.
const CLAIMS: usize = 4;

/// Older blobs that are queued for a replica at once.
const FILL: u32 = 500;

/// How long what cannot be done yet is put off, and after what failed for the first time; doubled each time, up to an hour.
const WAIT: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What a pass over the queues did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplicationReport {
    /// Blobs that were copied.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Blobs that were there already.
    pub found: u64,
    /// Blobs that were removed.
    pub removed: u64,
    /// What failed, and is tried again later.
    pub failed: u64,
}

impl ReplicationReport {
    /// Whether anything was done or tried.
    pub const fn is_empty(&self) -> bool {
        self.copied + self.found + self.removed + self.failed == 0
    }

    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Copied(bytes) => {
                self.copied += 1;
                self.copied_bytes += bytes;
            }
            Outcome::Found => self.found += 1,
            Outcome::Removed => self.removed += 1,
            Outcome::Away | Outcome::Failed => self.failed += 1,
            Outcome::Nothing => {}
        }
    }
}

/// What became of one piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Copied(u64),
    Found,
    Removed,
    /// The store it is for did not answer.
    Away,
    Failed,
    /// It is not to be done, not yet, or by somebody else.
    Nothing,
}

/// Why a copy was not made.
enum Obstacle {
    /// The store that it is for failed.
    Target(PoolError),
    /// No store has the bytes, or they cannot be read.
    Source(String),
}

impl Pool {
    /// Works off what is due at all stores, until nothing is. Stores that were away a moment ago are left out. May be
    /// cancelled at any point, and run at several nodes at once.
    ///
    /// # Errors
    /// `ReadOnly`, and when the catalog is away. What fails at a store is logged, counted and tried again later.
    pub async fn replicate(&self) -> Result<ReplicationReport, PoolError> {
        self.require_writable()?;
        let places = self.places_now().await?;
        let mut report = ReplicationReport::default();
        let passes = places.all().map(|place| async {
            let mut report = ReplicationReport::default();
            let worked = self.work_at(&places, place, &mut report).await;
            (report, worked)
        });
        let mut passes = stream::iter(passes.collect::<Vec<_>>()).buffer_unordered(8);
        let mut outcome = Ok(());
        while let Some((of_store, worked)) = passes.next().await {
            report.copied += of_store.copied;
            report.copied_bytes += of_store.copied_bytes;
            report.found += of_store.found;
            report.removed += of_store.removed;
            report.failed += of_store.failed;
            outcome = outcome.and(worked);
        }
        if report.copied > 0 {
            self.stores().forget_lacks();
        }
        outcome.map(|()| report)
    }

    /// Forgets that stores were away and copies failed: the next pass tries all of them.
    ///
    /// # Errors
    /// When the catalog is away.
    pub async fn hasten_replication(&self) -> Result<(), PoolError> {
        for place in self.places_now().await?.all() {
            if let (Some(id), Some(store)) = (place.id, &place.store) {
                store.note_pass(false);
                self.catalog().hasten_copies(id, self.now()).await?;
            }
        }
        Ok(())
    }

    async fn work_at(
        &self,
        places: &Places,
        place: &StorePlace,
        report: &mut ReplicationReport,
    ) -> Result<(), PoolError> {
        let (Some(id), Some(store)) = (place.id, &place.store) else {
            return Ok(());
        };
        let owner = i64::from_be_bytes(random::<8>()?);
        while !store.is_paused() {
            let claims = self.claim_work(id, store.parts.max_parallel, owner).await?;
            if claims.is_empty() {
                if place.filled_to.is_none() {
                    return Ok(());
                }
                match self.catalog().fill_store(id, self.now(), FILL).await? {
                    Filled::More => continue,
                    // What was queued by this very call comes before the end.
                    Filled::Whole if self.catalog().has_copies_due(id, self.now()).await? => {
                        continue;
                    }
                    Filled::Whole | Filled::NotBefore(_) => return Ok(()),
                }
            }
            let outcomes: Vec<Result<Outcome, PoolError>> = stream::iter(claims)
                .map(|claim| async move { self.work_on(places, place, &claim).await })
                .buffer_unordered(store.parts.max_parallel.max(1))
                .collect()
                .await;
            let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_, _>>()?;
            outcomes.iter().for_each(|outcome| report.add(outcome));
            let is_away = |outcome: &Outcome| *outcome == Outcome::Away;
            let did_something =
                |outcome: &Outcome| !matches!(outcome, Outcome::Away | Outcome::Nothing);
            store.note_pass(outcomes.iter().any(is_away) && !outcomes.iter().any(did_something));
        }
        Ok(())
    }

    async fn claim_work(
        &self,
        store: StoreId,
        parallel: usize,
        owner: i64,
    ) -> Result<Vec<CopyClaim>, PoolError> {
        let terms = CopyTerms {
            owner,
            now: self.now(),
            lease: self.settings().delete_lease,
            longest_delete: self.settings().longest_delete,
        };
        if !self.catalog().has_copies_due(store, terms.now).await? {
            return Ok(Vec::new());
        }
        let limit = u32::try_from(parallel.max(1) * CLAIMS).unwrap_or(u32::MAX);
        let (catalog, copy) = (self.catalog(), CopyAction::Copy);
        let mut claims = catalog.claim_copies(store, copy, terms, limit).await?;
        let remove = CopyAction::Remove;
        claims.extend(catalog.claim_copies(store, remove, terms, limit).await?);
        Ok(claims)
    }

    async fn work_on(
        &self,
        places: &Places,
        place: &StorePlace,
        claim: &CopyClaim,
    ) -> Result<Outcome, PoolError> {
        if claim.action == CopyAction::Remove {
            return self.remove_copy(place, claim).await;
        }
        // It may have waited for others of its batch.
        let until = self.now().plus(self.settings().delete_lease);
        if !self.catalog().extend_copy(claim, until).await? {
            return Ok(Outcome::Nothing);
        }
        let copying = pin!(self.copy_to(places, place, claim));
        match select(copying, pin!(self.keep_lease(claim))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), _)) => Ok(Outcome::Nothing),
        }
    }

    /// Extends a claim again and again; ends when it is lost.
    async fn keep_lease(&self, claim: &CopyClaim) {
        let lease = self.settings().delete_lease;
        loop {
            tokio::time::sleep(lease / 3).await;
            let until = self.now().plus(lease);
            match self.catalog().extend_copy(claim, until).await {
                Ok(true) => {}
                Ok(false) => return,
                // The next may be in time.
                Err(error) => {
                    tracing::debug!(%error, "a lease on a copy could not be extended");
                }
            }
        }
    }

    async fn copy_to(
        &self,
        places: &Places,
        place: &StorePlace,
        claim: &CopyClaim,
    ) -> Result<Outcome, PoolError> {
        let Some(blob) = self.catalog().find_blob(claim.scope, &claim.hash).await? else {
            return self.put_off_or_drop(claim).await;
        };
        let key = blob_key(blob.scope, &blob.hash)?;
        let obstacle = match self.try_copy(places, place, claim, &blob, &key).await {
            Ok(outcome) => {
                let kept = self.catalog().finish_copy(claim).await?;
                return Ok(if kept { outcome } else { Outcome::Nothing });
            }
            Err(obstacle) => obstacle,
        };
        let due = self.now().plus(pause_after(claim.attempts));
        self.catalog().release_copy(claim, true, due).await?;
        Ok(match obstacle {
            Obstacle::Target(error) => {
                tracing::warn!(store.name = place.name, blob.hash = %blob.hash, error.cause = %error, "A blob could not be copied; it will be tried again");
                if error.is_transient() {
                    Outcome::Away
                } else {
                    Outcome::Failed
                }
            }
            Obstacle::Source(why) => {
                tracing::error!(store.name = place.name, blob.hash = %blob.hash, error.cause = why, "A blob cannot be copied: no store could give its bytes");
                Outcome::Failed
            }
        })
    }

    /// The blob is on its way into the pool, or it went.
    async fn put_off_or_drop(&self, claim: &CopyClaim) -> Result<Outcome, PoolError> {
        let hashes = vec![claim.hash];
        let known = self.catalog().known_hashes(claim.scope, hashes).await?;
        if known.contains(&true) {
            let due = self.now().plus(WAIT);
            self.catalog().release_copy(claim, false, due).await?;
        } else {
            self.catalog().finish_copy(claim).await?;
        }
        Ok(Outcome::Nothing)
    }

    async fn try_copy(
        &self,
        places: &Places,
        place: &StorePlace,
        claim: &CopyClaim,
        blob: &Blob,
        key: &StoreKey,
    ) -> Result<Outcome, Obstacle> {
        let target = place.get().map_err(Obstacle::Target)?;
        let size = async || {
            let size = target.size(key).await;
            size.map_err(|error| Obstacle::Target(error.into()))
        };
        let found = size().await?;
        if found == Some(blob.size) && !claim.renew {
            return Ok(Outcome::Found);
        }
        let mut can_be_kept = found.is_some();
        if found.is_some() {
            let reading = read_item(target.as_ref(), key, &Pace::new(None, None)).await;
            match reading.map_err(Obstacle::Target)? {
                Reading::Read { digested, .. } if digested.hash == blob.hash => {
                    return Ok(Outcome::Found);
                }
                Reading::Read { .. } => {}
                // It cannot be copied to `quarantine/` either; what is put takes its place.
                Reading::Failed(_) | Reading::Absent => can_be_kept = false,
            }
        }
        let content = self.fetch(places, place, blob, key).await?;
        if can_be_kept {
            let moved = self.move_copy_away(target.as_ref(), claim, key).await;
            moved.map_err(Obstacle::Target)?;
        }
        let put = target.put(key, &content, &blob.media_type).await;
        put.map_err(|error| Obstacle::Target(error.into()))?;
        match size().await? {
            Some(bytes) if bytes == blob.size => Ok(Outcome::Copied(bytes)),
            other => Err(Obstacle::Target(PoolError::Internal(format!(
                "{key} was put and is not there as it was: {other:?} bytes of {}",
                blob.size
            )))),
        }
    }

    /// The bytes of a blob from any store but the one that they are for.
    async fn fetch(
        &self,
        places: &Places,
        target: &StorePlace,
        blob: &Blob,
        key: &StoreKey,
    ) -> Result<Content, Obstacle> {
        let mut why = "there is no other store".to_owned();
        let pace = target.store.as_ref().map(|store| &store.pace);
        for source in places.all().filter(|source| source.id != target.id) {
            match self.read_from(source, blob, key, pace).await {
                Ok(Some(content)) => return Ok(content),
                Ok(None) => {
                    why = format!("{} lacks it or has it damaged", source.name);
                    self.put_again(source, blob, true).await;
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(Obstacle::Source(why))
    }

    /// Reads a blob whole from a store, at a pace. `None`: it is not there, or its bytes are not what its name says.
    pub(crate) async fn read_from(
        &self,
        source: &StorePlace,
        blob: &Blob,
        key: &StoreKey,
        pace: Option<&Pace>,
    ) -> Result<Option<Content>, PoolError> {
        let Some(mut reader) = source.get()?.open(key, None).await? else {
            return Ok(None);
        };
        if reader.size != blob.size {
            return Ok(None);
        }
        let mut sink = Sink::new(self, Digests::new([]), Some(blob.size));
        while let Some(chunk) = reader.stream.next().await {
            let broke_off =
                |error| PoolError::Unavailable(format!("reading {key} broke off: {error}"));
            let chunk = chunk.map_err(broke_off)?;
            if let Some(pace) = pace {
                pace.bytes(chunk.len()).await;
            }
            sink.write(chunk).await?;
        }
        let (content, digested, _) = sink.finish().await?;
        Ok((digested.hash == blob.hash).then_some(content))
    }

    /// Moves what is under a blob's name to `quarantine/`. Nobody puts the right bytes there meanwhile, nor makes the blob live
    /// by bytes that were: the queue knows how long the removal may take.
    async fn move_copy_away(
        &self,
        store: &dyn BlobStore,
        claim: &CopyClaim,
        key: &StoreKey,
    ) -> Result<(), PoolError> {
        let settings = self.settings();
        let deadline = Instant::now() + settings.delete_lease / 2;
        let settled = settings.delete_lease + settings.longest_delete;
        let until = self.now().plus(settled);
        if !self.catalog().replace_copy(claim, until).await? {
            return Err(PoolError::Unavailable("somebody else copies it".into()));
        }
        self.move_away(store, key, deadline).await.map(|_| ())
    }

    async fn remove_copy(
        &self,
        place: &StorePlace,
        claim: &CopyClaim,
    ) -> Result<Outcome, PoolError> {
        let settings = self.settings();
        // Before all else: however long this process stands still below, the deadline stays where it is.
        let (began, now) = (Instant::now(), self.now());
        let left = now.until(claim.lease_until.minus(settings.delete_lease / 2));
        if left.is_zero() || !self.catalog().holds_removal(claim, now).await? {
            let due = now.plus(WAIT);
            self.catalog().release_copy(claim, false, due).await?;
            return Ok(Outcome::Nothing);
        }
        let key = blob_key(claim.scope, &claim.hash)?;
        let remove = place.get()?.remove_before(&key, began + left);
        let error = match tokio::time::timeout(settings.longest_delete, remove).await {
            Ok(Ok(())) => {
                let kept = self.catalog().finish_copy(claim).await?;
                return Ok(if kept {
                    Outcome::Removed
                } else {
                    Outcome::Nothing
                });
            }
            Ok(Err(error)) => PoolError::from(error),
            Err(_) => PoolError::Unavailable("it took too long".into()),
        };
        tracing::warn!(store.name = place.name, store.key = %key, error.cause = %error, "A copy could not be removed; it will be tried again");
        let due = self.now().plus(pause_after(claim.attempts));
        self.catalog().release_copy(claim, true, due).await?;
        Ok(if error.is_transient() {
            Outcome::Away
        } else {
            Outcome::Failed
        })
    }
}

fn pause_after(attempts: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(attempts))
        .min(LONGEST_PAUSE)
}
