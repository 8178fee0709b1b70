//! Looking whether all is well: catalog against store, store against catalog, rows against each other, counts against
//! what they count. Changes nothing.
//!
//! Both sides are walked in pages, in the order of the store's keys, with a position to go on from. A pool that is checked
//! serves on, so what differs in two pages is only a suspicion: it becomes a finding when the catalog said the same before
//! and after the store was asked about that one item, or when it was counted at one moment of the database.
use std::{collections::HashSet, sync::Arc, time::Duration};

use rockpool_blobs::{BlobStore, Pace};
use rockpool_catalog::{BlobId, BlobRow};
use serde::{Deserialize, Serialize};

use crate::{Pool, PoolError, stores::StorePlace};

mod blobs;
mod code;
pub(crate) mod deep;
mod finding;
pub(crate) mod join;
mod objects;
mod replicas;
mod staging;
mod strays;

pub use code::{FindingCode, Level};
pub use finding::{Count, Finding, FoundBlob, FoundObject, FoundPart, Place};

/// What lies in the blob store by the pool's own hand, beside `staging/` where that is in it.
pub(crate) const FOLDERS: [&str; 3] = ["blobs/", "private/", QUARANTINE];

/// Where damaged blobs are moved to.
pub(crate) const QUARANTINE: &str = "quarantine/";

/// Where staged parts lie in the staging store.
pub(crate) const STAGING: &str = "staging/";

/// What waits for a collection for so long is a sign that nothing is collected.
const OVERDUE: Duration = Duration::from_secs(24 * 3600);

/// How a check goes about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOptions {
    /// Whether every blob and staged part is read and hashed.
    pub deep: bool,
    /// The caller vouches that no node runs: bytes that no row accounts for are findings however young they are.
    pub at_rest: bool,
    /// The most bytes a second that are read from the stores. `None`: no limit.
    pub bytes_per_second: Option<u64>,
    /// The most calls a second that are made to the stores. `None`: no limit.
    pub calls_per_second: Option<u32>,
    /// How many blobs are read at a time.
    pub readers: usize,
    /// How many blobs' references are counted in one walk over all objects, in about 24 bytes each.
    pub counted_at_once: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            deep: false,
            at_rest: false,
            bytes_per_second: None,
            calls_per_second: None,
            readers: 4,
            counted_at_once: 2_000_000,
        }
    }
}

/// Which part of a check is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Blobs of catalog and store, side by side.
    #[default]
    Blobs,
    /// Staged parts of catalog and staging store, side by side.
    Parts,
    /// Uploads in progress.
    Uploads,
    /// Objects, references and usage.
    Objects,
    /// What lies about in the stores and the spool.
    Strays,
    /// Copies at replicas.
    Replicas,
    /// Nothing is left to do.
    Done,
}

/// How far a check has come; it can go on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPosition {
    /// The part that is under way.
    pub stage: Stage,
    /// The last key of the store that is done with. `None`: the part has just begun.
    pub after: Option<String>,
    /// The replica that is under way.
    #[serde(default)]
    pub replica: Option<String>,
    /// What was seen so far.
    pub totals: CheckTotals,
    /// Blobs that are said to be in the store, and their bytes.
    stored: (i64, i64),
    /// What has waited for a collection for too long.
    overdue: u64,
}

/// What a check saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckTotals {
    /// Rows of blobs.
    pub blobs: u64,
    /// Bytes of blobs that are said to be in the store.
    pub blob_bytes: u64,
    /// Items in the folders of the blob store.
    pub items: u64,
    /// Staged parts.
    pub parts: u64,
    /// Uploads in progress.
    pub uploads: u64,
    /// Objects.
    pub objects: u64,
    /// Copies at replicas.
    #[serde(default)]
    pub copies: u64,
    /// Bytes that were read and hashed.
    pub read_bytes: u64,
    /// Items without a row that are too young to tell whether they are on their way to one.
    pub young_items: u64,
    /// Damaged blobs in quarantine.
    pub quarantined: u64,
    /// Findings of level note.
    pub notes: u64,
    /// Findings of level warning.
    pub warnings: u64,
    /// Findings of level error.
    pub errors: u64,
}

/// What a check tells while it goes on.
#[derive(Debug)]
pub enum CheckEvent<'a> {
    /// Something is wrong. Told once; again after going on from an earlier position.
    Found(Finding),
    /// All findings up to here have been told.
    Reached(&'a CheckPosition),
    /// So many bytes were read since the last position.
    Read(u64),
}

/// Who is told. An error ends the check.
pub type CheckWatch<'a> = &'a mut (dyn FnMut(CheckEvent<'_>) -> Result<(), PoolError> + Send);

/// How many rows and items are taken at once.
const PAGE: usize = 1_000;

impl Pool {
    /// Checks from a position on (the default: from the start). `lost` are the blobs that were found lost before that
    /// position; the objects that point to them are told one by one. May be dropped at any time.
    ///
    /// # Errors
    /// When the catalog or a store is away; the position that was told last holds.
    pub async fn check(
        &self,
        options: &CheckOptions,
        from: CheckPosition,
        lost: HashSet<BlobId>,
        watch: CheckWatch<'_>,
    ) -> Result<CheckTotals, PoolError> {
        let mut check = Check::new(self, options, from, lost, watch).await?;
        loop {
            let next = match check.position.stage {
                Stage::Blobs => {
                    check.blobs().await?;
                    Stage::Parts
                }
                Stage::Parts => {
                    check.parts().await?;
                    Stage::Uploads
                }
                Stage::Uploads => {
                    check.uploads().await?;
                    Stage::Objects
                }
                Stage::Objects => {
                    check.objects().await?;
                    Stage::Strays
                }
                Stage::Strays => {
                    check.strays().await?;
                    Stage::Replicas
                }
                Stage::Replicas => {
                    check.replicas().await?;
                    Stage::Done
                }
                Stage::Done => return Ok(check.position.totals),
            };
            check.position.stage = next;
            check.reached(None)?;
        }
    }

    /// Checks one replica. `None`: there is none of that name. May be dropped at any time.
    ///
    /// # Errors
    /// When the catalog is away, or the replica goes away meanwhile.
    pub async fn verify_replica(
        &self,
        name: &str,
        options: &CheckOptions,
        watch: CheckWatch<'_>,
    ) -> Result<Option<CheckTotals>, PoolError> {
        let places = self.places_now().await?;
        let Some(place) = places.replicas.iter().find(|place| place.name == name) else {
            return Ok(None);
        };
        let from = CheckPosition {
            stage: Stage::Replicas,
            ..CheckPosition::default()
        };
        let mut check = Check::new(self, options, from, HashSet::new(), watch).await?;
        check.replica(place).await?;
        Ok(Some(check.position.totals))
    }
}

impl Pool {
    /// Reads some blobs of a store again, one by one; answers what is wrong, and how many bytes it read. What is queued to be
    /// put there is left out.
    pub(crate) async fn read_again(
        &self,
        place: &StorePlace,
        rows: Vec<BlobRow>,
        bytes_per_second: Option<u64>,
    ) -> Result<(Vec<Finding>, u64), PoolError> {
        let options = CheckOptions {
            deep: true,
            bytes_per_second,
            readers: 1,
            ..CheckOptions::default()
        };
        let mut found = Vec::new();
        let mut watch = |event: CheckEvent<'_>| {
            if let CheckEvent::Found(finding) = event {
                found.push(finding);
            }
            Ok(())
        };
        let from = CheckPosition::default();
        let mut check = Check::new(self, &options, from, HashSet::new(), &mut watch).await?;
        let rows = check.not_queued(place, rows).await?;
        let store = place.get()?.clone();
        if Arc::ptr_eq(&store, &check.primary) {
            let findings = check.read_from(&store, rows).await?;
            check.confirm(findings).await?;
        } else {
            check.damaged_copies(place, rows).await?;
        }
        let read_bytes = check.position.totals.read_bytes;
        Ok((found, read_bytes))
    }
}

/// A check under way.
struct Check<'a> {
    pool: &'a Pool,
    /// The store that has to have every blob.
    primary: Arc<dyn BlobStore>,
    options: &'a CheckOptions,
    pace: Pace,
    position: CheckPosition,
    lost: HashSet<BlobId>,
    watch: CheckWatch<'a>,
}

impl<'a> Check<'a> {
    async fn new(
        pool: &'a Pool,
        options: &'a CheckOptions,
        position: CheckPosition,
        lost: HashSet<BlobId>,
        watch: CheckWatch<'a>,
    ) -> Result<Self, PoolError> {
        Ok(Self {
            pool,
            primary: pool.primary().await?,
            options,
            pace: Pace::new(options.bytes_per_second, options.calls_per_second),
            position,
            lost,
            watch,
        })
    }

    fn found(&mut self, finding: Finding) -> Result<(), PoolError> {
        let totals = &mut self.position.totals;
        match finding.level() {
            Level::Note => totals.notes += 1,
            Level::Warning => totals.warnings += 1,
            Level::Error => totals.errors += 1,
        }
        if let Some(blob) = finding.lost_blob() {
            self.lost.insert(BlobId::from_i64(blob.row));
        }
        (self.watch)(CheckEvent::Found(finding))
    }

    fn reached(&mut self, after: Option<String>) -> Result<(), PoolError> {
        self.position.after = after;
        (self.watch)(CheckEvent::Reached(&self.position))
    }

    fn read(&mut self, bytes: u64) -> Result<(), PoolError> {
        self.position.totals.read_bytes += bytes;
        (self.watch)(CheckEvent::Read(bytes))
    }

    /// Whether an item that no row accounts for is too young to say so: its row may be on its way.
    fn is_young(&self, modified_at: rockpool_types::Timestamp) -> bool {
        let settled = self.pool.now().minus(self.pool.settings().store_lease);
        !self.options.at_rest && modified_at >= settled
    }
}
