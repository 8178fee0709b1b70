//! `rockpool check --repair`: the plan, the question, and carrying it out.
use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Write},
};

use anyhow::{Result, bail};
use clap::Args;
use rockpool_pool::{Finding, Level, Pool, Repair, RepairOptions, Suspects};
use serde::Serialize;

use super::{can_ask, journal::Journal};
use crate::{
    output::{Format, fields},
    pool_error::explain,
};

#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// Put right what was found, after showing the plan and asking
    #[arg(long)]
    repair: bool,
    /// Do not ask
    #[arg(long, requires = "repair")]
    yes: bool,
    /// Remove objects whose bytes are lost, and the rows of lost blobs
    #[arg(long, requires = "repair")]
    drop_lost: bool,
    /// Remove blobs of the store that the catalog does not know; not after restoring an old catalog!
    #[arg(long, requires = "repair")]
    drop_unknown: bool,
}

/// What was repaired.
#[derive(Debug, Default, Serialize)]
pub(super) struct Repaired {
    /// Repairs by kind.
    repaired: BTreeMap<&'static str, u64>,
    /// Findings that are left.
    unrepaired: u64,
    /// The worst level of those.
    pub(super) left: Option<Level>,
}

impl Repaired {
    pub(super) fn words(&self) -> String {
        let rows: Vec<(&str, String)> = self
            .repaired
            .iter()
            .map(|(name, count)| (*name, count.to_string()))
            .chain([("left as it is", self.unrepaired.to_string())])
            .collect();
        format!("\nRepaired:\n\n{}", fields(&rows))
    }
}

const fn name(repair: Repair) -> &'static str {
    match repair {
        Repair::Restore => "blobs taken from another store",
        Repair::Quarantine => "blobs moved to quarantine",
        Repair::RemoveObject => "objects removed",
        Repair::RemoveBlob => "rows of lost blobs removed",
        Repair::Drop => "leftovers removed",
        Repair::Correct => "counts, states and digests corrected",
        Repair::Collect => "left to a collection, which runs now",
    }
}

impl RepairArgs {
    pub(super) const fn wanted(&self) -> bool {
        self.repair
    }

    async fn options(&self, pool: &Pool) -> Result<RepairOptions> {
        let has_replicas = pool.has_replicas().await;
        Ok(RepairOptions {
            drop_lost: self.drop_lost,
            drop_unknown: self.drop_unknown,
            has_replicas: has_replicas.map_err(|error| explain(error, "repairing"))?,
        })
    }

    /// Shows the plan, asks, and carries it out. `None`: the answer was no.
    pub(super) async fn run(
        &self,
        pool: &Pool,
        journal: &Journal,
        format: Format,
    ) -> Result<Option<Repaired>> {
        let options = self.options(pool).await?;
        let plan = plan(journal, options)?;
        if plan.is_empty() {
            return carry_out(pool, journal, options).await.map(Some);
        }
        if !format.is_json() || !self.yes {
            let rows: Vec<(&str, String)> = plan
                .iter()
                .map(|(repair, count)| (name(*repair), count.to_string()))
                .collect();
            write!(io::stderr(), "The repair would be:\n\n{}\n", fields(&rows))?;
        }
        if !self.yes {
            if !can_ask() {
                bail!("nothing was repaired: say --yes where nobody can be asked");
            }
            write!(io::stderr(), "Carry it out? [y/N] ")?;
            let mut answer = String::new();
            io::stdin().read_line(&mut answer)?;
            if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
                return Ok(None);
            }
        }
        carry_out(pool, journal, options).await.map(Some)
    }
}

/// How much there is of what.
fn plan(journal: &Journal, options: RepairOptions) -> Result<BTreeMap<Repair, u64>> {
    let mut plan = BTreeMap::new();
    for finding in journal.findings()? {
        for repair in finding?.plan_repairs(options) {
            *plan.entry(repair).or_insert(0) += 1;
        }
    }
    Ok(plan)
}

async fn carry_out(pool: &Pool, journal: &Journal, options: RepairOptions) -> Result<Repaired> {
    let failed = |error| explain(error, "repairing");
    let mut repaired = Repaired::default();
    let mut suspects = Suspects::default();
    let mut collect = false;
    let restored = restore(pool, journal, options).await?;
    if !restored.is_empty() {
        let count = restored.len() as u64;
        repaired.repaired.insert(name(Repair::Restore), count);
    }
    for repair in Repair::ALL
        .iter()
        .filter(|repair| **repair != Repair::Restore)
    {
        for finding in journal.findings()? {
            let finding = finding?;
            if !finding.plan_repairs(options).contains(repair) {
                continue;
            }
            collect |= matches!(repair, Repair::Collect | Repair::RemoveBlob);
            if pool.repair(&finding, *repair).await.map_err(failed)? {
                *repaired.repaired.entry(name(*repair)).or_default() += 1;
            }
        }
    }
    for finding in journal.findings()? {
        let finding = finding?;
        finding.suspect(&mut suspects);
        let repairs = finding.plan_repairs(options);
        // Bytes in quarantine are still lost to whoever points to them.
        let helps = |repair: &Repair| !matches!(repair, Repair::Quarantine | Repair::Restore);
        let is_restored = bytes_of(&finding).is_some_and(|bytes| restored.contains(&bytes));
        if !is_restored && !repairs.iter().any(helps) {
            repaired.unrepaired += 1;
            repaired.left = repaired.left.max(Some(finding.level()));
        }
    }
    let corrected = pool.correct_counts(suspects).await.map_err(failed)?;
    if corrected > 0 {
        *repaired.repaired.entry(name(Repair::Correct)).or_default() += corrected;
    }
    if collect {
        pool.collect().await.map_err(failed)?;
        *repaired.repaired.entry(name(Repair::Collect)).or_default() += 1;
    }
    Ok(repaired)
}

/// A blob's row, and the replica where its bytes are to be, if not at the primary.
type Bytes = (Option<String>, i64);

/// The bytes that are not where a finding says that they should be.
fn bytes_of(finding: &Finding) -> Option<Bytes> {
    if let Finding::ObjectLost { blob, .. } = finding {
        return Some((None, blob.row));
    }
    let (replica, blob) = finding.restorable()?;
    Some((replica.map(str::to_owned), blob.row))
}

/// Takes from other stores what stores lack, all at once; answers what was.
async fn restore(pool: &Pool, journal: &Journal, options: RepairOptions) -> Result<HashSet<Bytes>> {
    let failed = |error| explain(error, "taking blobs from replicas");
    let is_planned = |finding: &Finding| finding.plan_repairs(options).contains(&Repair::Restore);
    let (mut queued, mut restored) = (false, HashSet::new());
    for finding in journal.findings()? {
        let finding = finding?;
        if is_planned(&finding) {
            let repair = pool.repair(&finding, Repair::Restore);
            queued |= repair.await.map_err(failed)?;
        }
    }
    if !queued {
        return Ok(restored);
    }
    pool.hasten_replication().await.map_err(failed)?;
    pool.replicate().await.map_err(failed)?;
    for finding in journal.findings()? {
        let finding = finding?;
        if is_planned(&finding) && pool.is_restored(&finding).await.map_err(failed)? {
            restored.extend(bytes_of(&finding));
        }
    }
    Ok(restored)
}
