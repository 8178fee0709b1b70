//! Manifests: what changed in the catalog, written down beside the blobs every minute, so that a restored backup can be
//! brought to where the lost catalog was.
//!
//! A manifest is a file of JSON lines under zstd, named by the time at which the changes were read and by its digest. What
//! has a row among the changes of the catalog is in a manifest soon; what has none is in one already, or in every backup.
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    time::Duration,
};

use bytes::Bytes;
use rockpool_blobs::{Content, StoreKey};
use rockpool_catalog::{BucketId, Catalog, ManifestLine, Replay, Replayed};
use rockpool_types::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha512};

use crate::{Backups, Pool, PoolError};

/// The folder of the blob store that manifests lie in. Nothing in it is public.
pub(crate) const MANIFESTS: &str = "manifests/";

/// How the names of manifests end. Before it are the time and [`DIGEST_DIGITS`] of its SHA-512.
const ENDING: &str = ".jsonl.zst";
const DIGEST_DIGITS: usize = 32;

/// Changes in one manifest.
const CHANGES: u32 = 5_000;

/// The longest that reading them may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How much earlier than a backup a manifest may be, by its name, and yet tell of what came after: the clocks of nodes
/// differ, and changes are read for a while. And how much earlier than that one may be which tells more of the same names.
const SLACK: Duration = Duration::from_secs(3600);

/// How long manifests stay while there is no backup in the store that needs them: it may lie elsewhere.
const WITHOUT_BACKUP: Duration = Duration::from_secs(30 * 24 * 3600);

/// The most bytes that a manifest is unpacked to.
const MAX_BYTES: u64 = 1 << 30;

/// How many items of the store are listed at a time, and how many names brought to what manifests say.
const PAGE: usize = 1_000;
const NAMES: u32 = 500;

/// What came of bringing a catalog to what manifests say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Manifests that were read.
    pub manifests: u64,
    /// When the newest of them was written, in milliseconds since 1970. `None`: there was none.
    pub newest_at_ms: Option<i64>,
    /// Whether they told of members, buckets and access keys.
    pub accounts: bool,
    /// Names that they told of.
    pub names: u64,
    /// Names that were mapped, or mapped to something else.
    pub mapped: u64,
    /// Names that were unmapped.
    pub unmapped: u64,
    /// Names whose bucket no manifest tells of: they are lost.
    pub lost: Vec<LostName>,
}

/// A name that could not be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostName {
    /// The number of its bucket.
    pub bucket: i64,
    /// Its key.
    pub key: String,
}

impl Pool {
    /// Writes down what changed since it was last done; durable on return. Answers how many names that were. Dropping the
    /// future leaves the rest for the next time. What two nodes do at once is harmless.
    ///
    /// # Errors
    /// The catalog's and the store's; what changed stays to be written down.
    pub async fn write_manifests(&self) -> Result<u64, PoolError> {
        let mut written = 0;
        loop {
            let began = self.now();
            let changes = self.catalog().read_changes(CHANGES).await?;
            if changes.rows() == 0 {
                return Ok(written);
            }
            if began.until(self.now()) > PATIENCE {
                return Err(PoolError::Unavailable(
                    "reading what changed took too long to say at which time it was so".to_owned(),
                ));
            }
            let names = changes.lines.len() as u64;
            let is_last = changes.rows() < CHANGES as usize;
            let (packed, changes) = blocking(move || Ok((pack(&changes.lines)?, changes))).await?;
            let key = key_of(began, &packed)?;
            let content = Content::Memory(packed);
            let store = self.primary().await?;
            store.put(&key, &content, "application/zstd").await?;
            self.catalog().forget_changes(changes).await?;
            written += names;
            if is_last {
                return Ok(written);
            }
        }
    }

    /// Has changes numbered beyond all that were written down before, whatever happened to the database meanwhile: at
    /// every start of a node, and after a restore.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn begin_manifests(&self) -> Result<(), PoolError> {
        Ok(self.catalog().renumber_changes(self.now()).await?)
    }
}

impl Backups {
    /// Removes the manifests that no backup in the store needs; answers how many that were.
    ///
    /// # Errors
    /// The store's; some may be gone then.
    pub async fn prune_manifests(&self, now: Timestamp) -> Result<u64, PoolError> {
        let needed = match self.list().await?.first() {
            Some(oldest) => oldest.taken_at().minus(2 * SLACK),
            None => now.minus(WITHOUT_BACKUP),
        };
        let mut removed = 0;
        loop {
            let items = self.blob_store().list(MANIFESTS, None, PAGE).await?;
            let old: Vec<StoreKey> = items
                .into_iter()
                .map(|item| item.key)
                .take_while(|key| key.as_str() < beginning(needed).as_str())
                .filter(is_manifest)
                .collect();
            for key in &old {
                self.blob_store().remove(key).await?;
            }
            removed += old.len() as u64;
            if old.len() < PAGE {
                return Ok(removed);
            }
        }
    }

    /// Brings a catalog in a file, a backup that was taken at `taken_at`, to what manifests say; `progress` is told how many
    /// manifests and names are done. What is done again comes to the same.
    ///
    /// # Errors
    /// The store's; and when a manifest is damaged, in words that say which.
    pub async fn replay_manifests(
        &self,
        catalog: &Catalog,
        taken_at: Timestamp,
        began: Timestamp,
        mut progress: impl FnMut(&ReplayReport) + Send,
    ) -> Result<ReplayReport, PoolError> {
        let mut report = ReplayReport::default();
        let replay = catalog.begin_replay().await?;
        let later = taken_at.minus(SLACK);
        let mut after = Some(store_key(beginning(later.minus(SLACK)))?);
        loop {
            let items = self
                .blob_store()
                .list(MANIFESTS, after.as_ref(), PAGE)
                .await?;
            let is_last = items.len() < PAGE;
            after = items.last().map(|item| item.key.clone());
            for item in items {
                let Some(time) = time_of(&item.key) else {
                    continue;
                };
                let lines = self.read_manifest(&item.key).await?;
                replay.take(lines, time >= later).await?;
                report.manifests += 1;
                report.newest_at_ms = Some(time.as_millis());
                progress(&report);
            }
            if is_last {
                break;
            }
        }
        let newest = report.newest_at_ms.map(Timestamp::from_millis);
        let now = newest.unwrap_or(taken_at);
        report.accounts = replay.replay_accounts(now).await?;
        replay_names(&replay, now, began, &mut report, &mut progress).await?;
        replay.finish().await?;
        Ok(report)
    }

    async fn read_manifest(&self, key: &StoreKey) -> Result<Vec<ManifestLine>, PoolError> {
        let damaged = |why: String| {
            PoolError::Internal(format!(
                "{key} is damaged: {why}. Put it back from your copy of the store; or move it away, and restore without what it says"
            ))
        };
        let Some(file) = self.fetch_item(key).await? else {
            return Err(PoolError::Unavailable(format!("{key} went meanwhile")));
        };
        let packed = blocking(move || {
            let mut packed = Vec::new();
            file.reader().read_to_end(&mut packed)?;
            Ok(packed)
        });
        let packed = packed.await?;
        if !key.as_str().ends_with(&name_end(&packed)) {
            return Err(damaged("it has another digest than its name".to_owned()));
        }
        let lines = blocking(move || unpack(&packed)).await;
        lines.map_err(|error| damaged(error.to_string()))
    }
}

async fn replay_names(
    replay: &Replay,
    now: Timestamp,
    began: Timestamp,
    report: &mut ReplayReport,
    progress: &mut (impl FnMut(&ReplayReport) + Send),
) -> Result<(), PoolError> {
    let mut after: Option<(BucketId, Vec<u8>)> = None;
    loop {
        let lines = replay.page(after.take(), NAMES).await?;
        let names: Vec<(BucketId, String)> = lines
            .iter()
            .filter_map(|line| line.name().map(|(bucket, key)| (bucket, key.to_owned())))
            .collect();
        let Some((bucket, key)) = names.last() else {
            return Ok(());
        };
        after = Some((*bucket, key.as_bytes().to_vec()));
        let outcomes = replay.replay(lines, now, began).await?;
        for ((bucket, key), outcome) in names.into_iter().zip(outcomes) {
            report.names += 1;
            match outcome {
                Replayed::Unchanged => {}
                Replayed::Mapped => report.mapped += 1,
                Replayed::Unmapped => report.unmapped += 1,
                Replayed::NoBucket => report.lost.push(LostName {
                    bucket: bucket.as_i64(),
                    key,
                }),
            }
        }
        progress(report);
    }
}

/// Whether the item is a manifest.
pub(crate) fn is_manifest(key: &StoreKey) -> bool {
    time_of(key).is_some()
}

fn time_of(key: &StoreKey) -> Option<Timestamp> {
    let name = key.as_str().strip_prefix(MANIFESTS)?;
    let (time, digest) = name.strip_suffix(ENDING)?.split_once('-')?;
    let is_digest = digest.len() == DIGEST_DIGITS && digest.bytes().all(|b| b.is_ascii_hexdigit());
    let time = Timestamp::from_amz_date(time).ok()?;
    is_digest.then_some(time)
}

/// Where the keys of manifests of that second and later ones begin.
fn beginning(time: Timestamp) -> String {
    format!("{MANIFESTS}{}", time.to_amz_date())
}

fn name_end(packed: &[u8]) -> String {
    let digest = hex::encode(Sha512::digest(packed));
    format!("-{}{ENDING}", &digest[..DIGEST_DIGITS])
}

fn key_of(time: Timestamp, packed: &[u8]) -> Result<StoreKey, PoolError> {
    store_key(format!("{}{}", beginning(time), name_end(packed)))
}

fn store_key(key: String) -> Result<StoreKey, PoolError> {
    StoreKey::new(key).map_err(|e| PoolError::Internal(e.to_string()))
}

fn pack(lines: &[ManifestLine]) -> io::Result<Bytes> {
    let mut encoder = zstd::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
    for line in lines {
        serde_json::to_writer(&mut encoder, line)?;
        encoder.write_all(b"\n")?;
    }
    encoder.finish().map(Bytes::from)
}

fn unpack(packed: &[u8]) -> io::Result<Vec<ManifestLine>> {
    let decoder = zstd::Decoder::with_buffer(packed)?;
    let lines = BufReader::new(decoder.take(MAX_BYTES)).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PoolError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .flatten()
        .map_err(|e| PoolError::Internal(e.to_string()))
}
