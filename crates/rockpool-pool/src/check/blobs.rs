//! Blobs of catalog and store, side by side.
use std::collections::{HashMap, HashSet};

use rockpool_blobs::{BlobStore, StoreKey, StoredItem};
use rockpool_catalog::{BlobId, BlobRow, BlobState, Scope};
use rockpool_types::{BlobHash, Timestamp};

use super::{
    Check, FOLDERS, Finding, OVERDUE, Place, QUARANTINE,
    finding::FoundBlob,
    join::{Pair, Walk},
};
use crate::{PoolError, intake::parse_blob_key};

/// How many keys are compared between two positions; fewer when each blob is read.
const BATCH: usize = 1_000;
const DEEP_BATCH: usize = 64;

/// What looks wrong in a batch, to be looked at again.
#[derive(Default)]
struct Suspicions {
    /// Live or idle rows whose item is absent or of another size.
    rows: Vec<BlobRow>,
    /// Items that no row of the batch accounts for.
    items: Vec<StoredItem>,
    /// Digests that seem to have several rows.
    doubles: Vec<BlobRow>,
    /// Rows whose item is there, to be read.
    whole: Vec<BlobRow>,
}

impl Check<'_> {
    pub(super) async fn blobs(&mut self) -> Result<(), PoolError> {
        let (store, after) = (self.primary.clone(), self.position.after.clone());
        let begun = Walk::begin(self.pool, store.as_ref(), &FOLDERS, after.as_deref());
        let mut walk = begun.await?;
        let batch = self.batch();
        let mut last: Option<(Scope, BlobHash)> = None;
        loop {
            let mut suspicions = Suspicions::default();
            let mut reached = None;
            for _ in 0..batch {
                let Some(pair) = walk.next(&self.pace).await? else {
                    break;
                };
                reached = Some(pair.key.clone());
                self.compare(pair, &mut last, &mut suspicions)?;
            }
            self.look_again(suspicions).await?;
            let Some(reached) = reached else {
                return Ok(());
            };
            self.reached_blob(&reached)?;
        }
    }

    pub(super) const fn batch(&self) -> usize {
        if self.options.deep { DEEP_BATCH } else { BATCH }
    }

    /// Records that everything up to a key was looked at, if rows can go on from there.
    pub(super) fn reached_blob(&mut self, key: &StoreKey) -> Result<(), PoolError> {
        match parse_blob_key(key) {
            Some(_) => self.reached(Some(key.as_str().to_owned())),
            None => Ok(()),
        }
    }

    fn compare(
        &mut self,
        pair: Pair<BlobRow>,
        last: &mut Option<(Scope, BlobHash)>,
        suspicions: &mut Suspicions,
    ) -> Result<(), PoolError> {
        if pair.item.is_some() {
            self.position.totals.items += 1;
        }
        let Some(row) = pair.row else {
            let double = parse_blob_key(&pair.key).is_some_and(|name| *last == Some(name));
            if pair.key.as_str().starts_with(QUARANTINE) {
                self.position.totals.quarantined += 1;
            } else if !double {
                suspicions.items.extend(pair.item);
            }
            return Ok(());
        };
        self.row(&row)?;
        if last.replace((row.scope, row.hash)) == Some((row.scope, row.hash)) {
            suspicions.doubles.push(row);
        } else if row.state.is_stored() {
            match pair.item {
                Some(item) if item.size == row.size => suspicions.whole.push(row),
                _ => suspicions.rows.push(row),
            }
        }
        Ok(())
    }

    /// Looks at a row by itself: it was read at one moment.
    fn row(&mut self, row: &BlobRow) -> Result<(), PoolError> {
        let totals = &mut self.position.totals;
        totals.blobs += 1;
        if row.state.is_stored() {
            totals.blob_bytes += row.size;
            let stored = &mut self.position.stored;
            stored.0 += 1;
            stored.1 = stored.1.saturating_add_unsigned(row.size);
        }
        if (row.state == BlobState::Live) != (row.references > 0) {
            self.found(Finding::BlobWrongState {
                blob: FoundBlob::of(row)?,
                state: state_name(row.state).to_owned(),
                references: row.references,
            })?;
        }
        let settings = self.pool.settings();
        let due = match (row.state, row.since) {
            (BlobState::Idle, Some(since)) => Some(since.plus(settings.grace)),
            (BlobState::Storing, Some(since)) => Some(since),
            (BlobState::Deleting, Some(since)) => Some(since.plus(settings.longest_delete)),
            _ => None,
        };
        let Some(due) = due else { return Ok(()) };
        self.count_overdue(due);
        if due < self.pool.now() && row.state != BlobState::Idle {
            self.found(Finding::LeaseExpired {
                blob: FoundBlob::of(row)?,
                state: state_name(row.state).to_owned(),
                since_ms: due.as_millis(),
            })?;
        }
        Ok(())
    }

    /// Counts what should have been collected long ago.
    pub(super) fn count_overdue(&mut self, due: Timestamp) {
        if due.plus(OVERDUE) < self.pool.now() {
            self.position.overdue += 1;
        }
    }

    async fn look_again(&mut self, suspicions: Suspicions) -> Result<(), PoolError> {
        for row in suspicions.doubles {
            let rows = self.pool.catalog().find_rows_of_hash(row.scope, row.hash);
            if rows.await?.len() > 1 {
                let blob = FoundBlob::of(&row)?;
                self.found(Finding::BlobDuplicate { blob })?;
            }
        }
        let mut whole = suspicions.whole;
        whole.extend(self.absent_items(suspicions.rows).await?);
        self.unknown_items(suspicions.items).await?;
        if self.options.deep {
            let store = self.primary.clone();
            let findings = self.read_from(&store, whole).await?;
            self.confirm(findings).await?;
        }
        Ok(())
    }

    /// Asks the store for each item, and the catalog whether its row is still there. Answers the rows whose item is whole
    /// after all.
    async fn absent_items(&mut self, rows: Vec<BlobRow>) -> Result<Vec<BlobRow>, PoolError> {
        let (mut whole, mut findings) = (Vec::new(), Vec::new());
        for row in rows {
            let blob = FoundBlob::of(&row)?;
            let key = StoreKey::new(blob.key.clone());
            let key = key.map_err(|e| PoolError::Internal(e.to_string()))?;
            self.pace.calls(1).await;
            let finding = match self.primary.size(&key).await? {
                None => Finding::BlobMissing { blob },
                Some(found_bytes) if found_bytes != row.size => Finding::BlobWrongSize {
                    blob,
                    expected_bytes: row.size,
                    found_bytes,
                },
                Some(_) => {
                    whole.push(row);
                    continue;
                }
            };
            findings.push((row, finding));
        }
        self.confirm(findings).await?;
        Ok(whole)
    }

    /// Tells what was found of rows that were stored before the store was asked, and are so still. In between they were
    /// so too: a row that leaves that state never comes back.
    pub(super) async fn confirm(
        &mut self,
        findings: Vec<(BlobRow, Finding)>,
    ) -> Result<(), PoolError> {
        let ids: Vec<BlobId> = findings.iter().map(|(row, _)| row.id).collect();
        let rows = self.pool.catalog().find_blob_rows(ids).await?;
        let stored = rows.into_iter().filter(|row| row.state.is_stored());
        let stored: HashSet<BlobId> = stored.map(|row| row.id).collect();
        for (row, finding) in findings {
            if stored.contains(&row.id) {
                self.found(finding)?;
            }
        }
        Ok(())
    }

    /// Tells of items that had no row while they were there. Old ones cannot be on their way to a row.
    async fn unknown_items(&mut self, items: Vec<StoredItem>) -> Result<(), PoolError> {
        let items = self.without_row(items).await?;
        let mut there = Vec::new();
        for item in items {
            if self.is_young(item.modified_at) {
                self.position.totals.young_items += 1;
            } else if self.is_still_there(self.primary.as_ref(), &item).await? {
                there.push(item);
            }
        }
        for item in self.without_row(there).await? {
            let (key, bytes) = (item.key.as_str().to_owned(), item.size);
            self.found(match parse_blob_key(&item.key) {
                Some(_) => Finding::BytesUnknown { key, bytes },
                None => Finding::ItemUnknown {
                    place: Place::Store,
                    name: key,
                    bytes,
                },
            })?;
        }
        Ok(())
    }

    /// Those of the items that no row accounts for now.
    pub(super) async fn without_row(
        &self,
        items: Vec<StoredItem>,
    ) -> Result<Vec<StoredItem>, PoolError> {
        let mut hashes: HashMap<Scope, Vec<BlobHash>> = HashMap::new();
        let names: Vec<_> = items.iter().map(|item| parse_blob_key(&item.key)).collect();
        for (scope, hash) in names.iter().flatten() {
            hashes.entry(*scope).or_default().push(*hash);
        }
        let mut known: HashSet<(Scope, BlobHash)> = HashSet::new();
        for (scope, hashes) in hashes {
            let answers = self.pool.catalog().known_hashes(scope, hashes.clone());
            let answers = answers.await?.into_iter().zip(hashes);
            known.extend(answers.filter(|(is, _)| *is).map(|(_, hash)| (scope, hash)));
        }
        let pairs = items.into_iter().zip(names);
        let unknown = pairs.filter(|(_, name)| name.is_none_or(|name| !known.contains(&name)));
        Ok(unknown.map(|(item, _)| item).collect())
    }

    /// Whether the store has the very item still, not written again since.
    pub(super) async fn is_still_there(
        &self,
        store: &dyn BlobStore,
        item: &StoredItem,
    ) -> Result<bool, PoolError> {
        self.pace.calls(1).await;
        let found = store.list(item.key.as_str(), None, 1).await?;
        Ok(found.first() == Some(item))
    }
}

const fn state_name(state: BlobState) -> &'static str {
    match state {
        BlobState::Storing => "storing",
        BlobState::Live => "live",
        BlobState::Idle => "idle",
        BlobState::Deleting => "deleting",
    }
}
