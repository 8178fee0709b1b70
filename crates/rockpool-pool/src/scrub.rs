//! The scrub: reading everything again and again, so that bytes which went bad are found, and taken from another store, while
//! there is one that has them whole.
//!
//! The catalog has how far this pass over a store has come; whichever node comes first takes the next few blobs, under a lease.
//! A pass is spread evenly over nine tenths of the period; one that fell behind goes as fast as its limit of bytes a second allows.
use std::time::Duration;

use rockpool_catalog::{BlobRow, Scrub};
use rockpool_types::Timestamp;
use serde::Serialize;

use crate::{
    Finding, Pool, PoolError, Repair,
    check::join::{Rows, store_key},
    intake::blob_key,
    seal::random,
    stores::StorePlace,
};

/// How long a node may take over one step, beside the time for reading as slowly as it was told to.
const LEASE: Duration = Duration::from_secs(120);

/// The most blobs of a step, and the bytes after which it takes no more.
const STEP: u64 = 64;
const STEP_BYTES: u64 = 256 << 20;

/// How a scrub goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubOptions {
    /// How long it is at least from the beginning of a pass over a store to the next.
    pub period: Duration,
    /// The most bytes a second that are read. `None`: no limit.
    pub bytes_per_second: Option<u64>,
}

/// What a step of a scrub did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrubStep {
    /// What is wrong. What another store may have is queued to be taken from there.
    pub found: Vec<Finding>,
    /// With the last step of a pass: the whole pass.
    pub finished: Option<ScrubStatus>,
    /// How long it is until there is more to do.
    pub wait: Duration,
}

/// How far the scrub of a store has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScrubStatus {
    /// The store's name in the configuration.
    pub store: String,
    /// When this pass began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it was finished, in milliseconds since 1970. `None`: it goes on.
    pub finished_ms: Option<i64>,
    /// Blobs that were read in this pass.
    pub blobs: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// What was wrong, in all passes.
    pub findings: u64,
}

impl From<Scrub> for ScrubStatus {
    fn from(scrub: Scrub) -> Self {
        Self {
            started_ms: scrub.started_at.as_millis(),
            finished_ms: scrub.finished_at.map(Timestamp::as_millis),
            store: scrub.store,
            blobs: scrub.blobs,
            read_bytes: scrub.read_bytes,
            findings: scrub.findings,
        }
    }
}

impl ScrubStep {
    const fn nothing(wait: Duration) -> Self {
        Self {
            found: Vec::new(),
            finished: None,
            wait,
        }
    }
}

impl Pool {
    /// Takes the next step of the scrub of a store: reads the few blobs that are due, and has what is missing or damaged
    /// taken from another store. Never deletes anything. When it is dropped, the blobs of the step are read again later.
    ///
    /// # Errors
    /// `ReadOnly`, and when the catalog or the store is away.
    pub async fn scrub(&self, store: &str, options: &ScrubOptions) -> Result<ScrubStep, PoolError> {
        self.require_writable()?;
        let places = self.places_now().await?;
        let Some(place) = places.all().find(|place| place.name == store) else {
            return Ok(ScrubStep::nothing(LEASE));
        };
        let (owner, now) = (i64::from_be_bytes(random::<8>()?), self.now());
        let claim = self
            .catalog()
            .claim_scrub(store, owner, now, now.plus(LEASE));
        let Some(mut scrub) = claim.await? else {
            return Ok(ScrubStep::nothing(LEASE));
        };
        let next = scrub.started_at.plus(options.period);
        if scrub.finished_at.is_some() && now >= next {
            scrub = Scrub {
                findings: scrub.findings,
                ..Scrub::begin(store, now)
            };
        }
        let (total, _) = self.usage_of_store().await?;
        let (due, wait) = match scrub.finished_at {
            Some(_) => (0, now.until(next)),
            None => due(&scrub, total, now, options.period),
        };
        if due == 0 {
            self.catalog().save_scrub(&scrub, owner, now).await?;
            return Ok(ScrubStep::nothing(wait));
        }
        let step = self.scrub_step(place, &mut scrub, owner, due, options);
        let found = step.await?;
        let saved = self.catalog().save_scrub(&scrub, owner, self.now()).await?;
        let finished = (saved && scrub.finished_at.is_some()).then(|| scrub.into());
        Ok(ScrubStep {
            found,
            finished,
            wait: Duration::ZERO,
        })
    }

    /// Reads up to `due` blobs and moves the scrub on.
    async fn scrub_step(
        &self,
        place: &StorePlace,
        scrub: &mut Scrub,
        owner: i64,
        due: u64,
        options: &ScrubOptions,
    ) -> Result<Vec<Finding>, PoolError> {
        let rows = self.rows_to_scrub(scrub, due.min(STEP)).await?;
        let Some(last) = rows.last() else {
            scrub.after = None;
            scrub.finished_at = Some(self.now());
            return Ok(Vec::new());
        };
        scrub.after = Some(blob_key(last.scope, &last.hash)?.as_str().to_owned());
        let rows: Vec<BlobRow> = rows
            .into_iter()
            .filter(|row| row.state.is_stored())
            .collect();
        scrub.blobs += rows.len() as u64;
        let bytes = rows.iter().map(|row| row.size).sum::<u64>();
        let reading =
            Duration::from_secs(bytes / options.bytes_per_second.unwrap_or(u64::MAX).max(1));
        let (now, lease) = (self.now(), LEASE + reading * 2);
        let claim = self
            .catalog()
            .claim_scrub(&scrub.store, owner, now, now.plus(lease));
        if claim.await?.is_none() {
            return Ok(Vec::new());
        }
        let read = self.read_again(place, rows, options.bytes_per_second);
        let (found, read_bytes) = read.await?;
        scrub.read_bytes += read_bytes;
        scrub.findings += found.len() as u64;
        for finding in &found {
            self.act_on(&place.name, finding).await?;
        }
        Ok(found)
    }

    async fn rows_to_scrub(&self, scrub: &Scrub, limit: u64) -> Result<Vec<BlobRow>, PoolError> {
        let after = store_key(scrub.after.as_deref())?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut walk = Rows::begin(self, after.as_ref(), limit).await?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < limit && bytes < STEP_BYTES {
            walk.fill(self).await?;
            let Some((_, row)) = walk.page.pop_front() else {
                break;
            };
            bytes += row.size;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Has bytes taken from another store, where there is one, and tells the operator.
    async fn act_on(&self, store: &str, finding: &Finding) -> Result<(), PoolError> {
        let code = finding.code().as_str();
        let is_queued = finding.restorable().is_some()
            && self.has_replicas().await?
            && self.repair(finding, Repair::Restore).await?;
        if is_queued {
            tracing::warn!(store.name = store, finding.code = code, finding.text = %finding, "The scrub found a blob that is not as it should be; it is taken from another store");
        } else {
            tracing::error!(store.name = store, finding.code = code, finding.text = %finding, "The scrub found a blob that is not as it should be; `rockpool check --deep` tells what to do");
        }
        Ok(())
    }

    /// How far the scrubs of all stores have come.
    ///
    /// # Errors
    /// When the catalog is away.
    pub async fn scrub_status(&self) -> Result<Vec<ScrubStatus>, PoolError> {
        let scrubs = self.catalog().list_scrubs().await?;
        Ok(scrubs.into_iter().map(ScrubStatus::from).collect())
    }
}

/// How many blobs are due now, of `total`; and how long it is until one is.
fn due(scrub: &Scrub, total: u64, now: Timestamp, period: Duration) -> (u64, Duration) {
    let (elapsed, total) = (scrub.started_at.until(now), u128::from(total.max(1)));
    let span = period * 9 / 10;
    if elapsed >= span {
        return (STEP, Duration::ZERO);
    }
    let span_ms = span.as_millis().max(1);
    let should = total * elapsed.as_millis() / span_ms;
    let due = should.saturating_sub(u128::from(scrub.blobs));
    if due > 0 {
        return (u64::try_from(due).unwrap_or(u64::MAX), Duration::ZERO);
    }
    let next_ms = (u128::from(scrub.blobs) + 1) * span_ms / total + 1;
    let wait_ms = next_ms.min(span_ms).saturating_sub(elapsed.as_millis());
    let wait_ms = u64::try_from(wait_ms).unwrap_or(u64::MAX);
    (0, Duration::from_millis(wait_ms))
}
