//! `rockpool check --repair`: the plan, the question, and carrying it out.
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anyhow::{Result, bail};
use clap::Args;
use rockpool_pool::{Level, Pool, Repair, RepairOptions, Suspects};
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

    const fn options(&self) -> RepairOptions {
        RepairOptions {
            drop_lost: self.drop_lost,
            drop_unknown: self.drop_unknown,
        }
    }

    /// Shows the plan, asks, and carries it out. `None`: the answer was no.
    pub(super) async fn run(
        &self,
        pool: &Pool,
        journal: &Journal,
        format: Format,
    ) -> Result<Option<Repaired>> {
        let plan = self.plan(journal)?;
        if plan.is_empty() {
            return self.carry_out(pool, journal).await.map(Some);
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
        self.carry_out(pool, journal).await.map(Some)
    }

    /// How much there is of what.
    fn plan(&self, journal: &Journal) -> Result<BTreeMap<Repair, u64>> {
        let mut plan = BTreeMap::new();
        for finding in journal.findings()? {
            for repair in finding?.plan_repairs(self.options()) {
                *plan.entry(repair).or_insert(0) += 1;
            }
        }
        Ok(plan)
    }

    async fn carry_out(&self, pool: &Pool, journal: &Journal) -> Result<Repaired> {
        let failed = |error| explain(error, "repairing");
        let mut repaired = Repaired::default();
        let mut suspects = Suspects::default();
        let mut collect = false;
        for repair in Repair::ALL {
            for finding in journal.findings()? {
                let finding = finding?;
                if !finding.plan_repairs(self.options()).contains(repair) {
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
            let repairs = finding.plan_repairs(self.options());
            // Bytes in quarantine are still lost to whoever points to them.
            if repairs.iter().all(|repair| *repair == Repair::Quarantine) {
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
}
