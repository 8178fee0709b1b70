//! Copies at replicas, beside the rows of blobs.
use std::collections::HashSet;

use rockpool_blobs::{BlobStore, StoreKey, StoredItem};
use rockpool_catalog::{BlobRow, Scope};
use rockpool_types::BlobHash;

use super::{
    Check, Finding, OVERDUE,
    finding::FoundBlob,
    join::{Pair, Walk},
};
use crate::{PoolError, intake::parse_blob_key, stores::StorePlace};

/// What replicas have of the pool's blobs.
const FOLDERS: [&str; 2] = ["blobs/", "private/"];

/// What looks wrong in a batch, to be looked at again.
#[derive(Default)]
struct Suspicions {
    /// Blobs whose copy is absent or of another size.
    rows: Vec<BlobRow>,
    /// Copies of no blob of the batch.
    items: Vec<StoredItem>,
    /// Blobs whose copy is there, to be read.
    whole: Vec<BlobRow>,
}

impl Check<'_> {
    /// Checks every replica, from the one that is under way on.
    pub(super) async fn replicas(&mut self) -> Result<(), PoolError> {
        let places = self.pool.places_now().await?;
        let begun = self.position.replica.take();
        let first = places
            .replicas
            .iter()
            .position(|place| Some(&place.name) == begun.as_ref());
        if first.is_none() {
            self.position.after = None;
        }
        for place in places.replicas.iter().skip(first.unwrap_or(0)) {
            self.position.replica = Some(place.name.clone());
            self.replica(place).await?;
            self.position.after = None;
        }
        self.position.replica = None;
        Ok(())
    }

    /// Checks one replica. One that cannot be reached is a finding.
    pub(super) async fn replica(&mut self, place: &StorePlace) -> Result<(), PoolError> {
        let replica = place.name.clone();
        let store = match place.get() {
            Ok(store) => store.clone(),
            Err(error) => {
                let why = error.to_string();
                return self.found(Finding::ReplicaAway { replica, why });
            }
        };
        self.pace.calls(1).await;
        if let Err(error) = store.probe().await {
            let why = error.to_string();
            return self.found(Finding::ReplicaAway { replica, why });
        }
        self.behind(place).await?;
        self.copies(place, store.as_ref()).await
    }

    /// Tells when what is queued has been so for long.
    async fn behind(&mut self, place: &StorePlace) -> Result<(), PoolError> {
        let Some(id) = place.id else { return Ok(()) };
        let queue = self.pool.catalog().copy_queue(id).await?;
        match queue.oldest {
            Some(since) if since.plus(OVERDUE) < self.pool.now() => {
                self.found(Finding::ReplicaBehind {
                    replica: place.name.clone(),
                    copies: queue.copies,
                    since_ms: since.as_millis(),
                })
            }
            _ => Ok(()),
        }
    }

    async fn copies(&mut self, place: &StorePlace, store: &dyn BlobStore) -> Result<(), PoolError> {
        let after = self.position.after.clone();
        let mut walk = Walk::begin(self.pool, store, &FOLDERS, after.as_deref()).await?;
        let batch = self.batch();
        loop {
            let mut suspicions = Suspicions::default();
            let mut reached = None;
            for _ in 0..batch {
                let Some(pair) = walk.next(&self.pace).await? else {
                    break;
                };
                reached = Some(pair.key.clone());
                self.position.totals.copies += u64::from(pair.item.is_some());
                suspicions.add(pair);
            }
            self.missing_copies(place, store, &mut suspicions).await?;
            self.unknown_copies(place, store, suspicions.items).await?;
            if self.options.deep {
                self.damaged_copies(place, suspicions.whole).await?;
            }
            let Some(reached) = reached else {
                return Ok(());
            };
            self.reached_blob(&reached)?;
        }
    }

    /// Tells of copies that are not there, or of another size, though nothing is queued. Others are added to the whole ones.
    async fn missing_copies(
        &mut self,
        place: &StorePlace,
        store: &dyn BlobStore,
        suspicions: &mut Suspicions,
    ) -> Result<(), PoolError> {
        let mut findings = Vec::new();
        for row in self
            .not_queued(place, std::mem::take(&mut suspicions.rows))
            .await?
        {
            let blob = FoundBlob::of(&row)?;
            let key = StoreKey::new(blob.key.clone());
            let key = key.map_err(|e| PoolError::Internal(e.to_string()))?;
            self.pace.calls(1).await;
            let replica = place.name.clone();
            let finding = match store.size(&key).await? {
                None => Finding::ReplicaMissing { replica, blob },
                Some(bytes) if bytes != row.size => {
                    let why = format!("{bytes} bytes instead of {}", row.size);
                    Finding::ReplicaDamaged { replica, blob, why }
                }
                Some(_) => {
                    suspicions.whole.push(row);
                    continue;
                }
            };
            findings.push((row, finding));
        }
        self.confirm_copies(place, findings).await
    }

    /// Reads copies, and tells which are damaged.
    pub(super) async fn damaged_copies(
        &mut self,
        place: &StorePlace,
        rows: Vec<BlobRow>,
    ) -> Result<(), PoolError> {
        let store = place.get()?.clone();
        let replica = &place.name;
        let mut findings = Vec::new();
        for (row, finding) in self.read_from(&store, rows).await? {
            let replica = replica.clone();
            let finding = match finding {
                Finding::BlobMissing { blob } => Finding::ReplicaMissing { replica, blob },
                Finding::BlobDamaged { blob } => {
                    let why = "its bytes have another SHA-512".to_owned();
                    Finding::ReplicaDamaged { replica, blob, why }
                }
                Finding::BlobWrongSize {
                    blob, found_bytes, ..
                } => {
                    let why = format!("{found_bytes} bytes instead of {}", row.size);
                    Finding::ReplicaDamaged { replica, blob, why }
                }
                Finding::BlobUnreadable { blob, why } => {
                    Finding::ReplicaDamaged { replica, blob, why }
                }
                _ => continue,
            };
            findings.push((row, finding));
        }
        self.confirm_copies(place, findings).await
    }

    /// Tells what was found of blobs for which nothing is queued even now: then their copies were there once.
    async fn confirm_copies(
        &mut self,
        place: &StorePlace,
        findings: Vec<(BlobRow, Finding)>,
    ) -> Result<(), PoolError> {
        let rows = findings.iter().map(|(row, _)| row.clone()).collect();
        let rows = self.not_queued(place, rows).await?;
        let sure: HashSet<_> = rows.into_iter().map(|row| row.id).collect();
        let findings = findings.into_iter();
        let sure = findings.filter(|(row, _)| sure.contains(&row.id)).collect();
        self.confirm(sure).await
    }

    /// Those of the blobs that a store should have by now.
    pub(super) async fn not_queued(
        &mut self,
        place: &StorePlace,
        rows: Vec<BlobRow>,
    ) -> Result<Vec<BlobRow>, PoolError> {
        let names = rows.iter().map(|row| (row.scope, row.hash)).collect();
        let queued = self.queued_at(place, names).await?;
        let is_due = |row: &BlobRow| place.filled_to.is_none_or(|filled_to| row.id <= filled_to);
        let rows = rows.into_iter().filter(is_due);
        Ok(rows
            .filter(|row| !queued.contains(&(row.scope, row.hash)))
            .collect())
    }

    // Not by a shared reference: who is told what is found need not be shared between threads.
    async fn queued_at(
        &mut self,
        place: &StorePlace,
        names: Vec<(Scope, BlobHash)>,
    ) -> Result<HashSet<(Scope, BlobHash)>, PoolError> {
        match place.id {
            Some(id) if !names.is_empty() => {
                Ok(self.pool.catalog().queued_copies(id, names).await?)
            }
            _ => Ok(HashSet::new()),
        }
    }

    /// Tells of copies that no blob has, and that are not queued to go.
    async fn unknown_copies(
        &mut self,
        place: &StorePlace,
        store: &dyn BlobStore,
        items: Vec<StoredItem>,
    ) -> Result<(), PoolError> {
        let unknown = self.without_row(items).await?;
        let names = unknown.iter().filter_map(|item| parse_blob_key(&item.key));
        let queued = self.queued_at(place, names.collect()).await?;
        let mut there = Vec::new();
        for item in unknown {
            let name = parse_blob_key(&item.key);
            if name.is_some_and(|name| queued.contains(&name)) {
                continue;
            }
            if self.is_young(item.modified_at) {
                self.position.totals.young_items += 1;
            } else if self.is_still_there(store, &item).await? {
                there.push(item);
            }
        }
        for item in self.without_row(there).await? {
            self.found(Finding::ReplicaBytesUnknown {
                replica: place.name.clone(),
                key: item.key.as_str().to_owned(),
                bytes: item.size,
            })?;
        }
        Ok(())
    }
}

impl Suspicions {
    fn add(&mut self, pair: Pair<BlobRow>) {
        match (pair.row, pair.item) {
            (Some(row), Some(item)) if row.state.is_stored() && item.size == row.size => {
                self.whole.push(row);
            }
            (Some(row), _) if row.state.is_stored() => self.rows.push(row),
            (Some(_), _) => {}
            (None, item) => self.items.extend(item),
        }
    }
}
