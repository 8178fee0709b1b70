//! `rockpool gc`: collecting by hand what nodes collect by themselves.
use anyhow::{Result, bail};
use clap::Args;
use rockpool_pool::{CollectionPlan, CollectionReport, Pool};

use crate::{
    output::{Format, fields},
    pool_error::explain,
    views::bytes,
};

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Say what would be collected now, and change nothing
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    format: Format,
}

/// Plans or collects.
///
/// # Errors
/// When the pool is in read-only mode or away, or standard output is gone.
pub(crate) async fn run(pool: &Pool, args: &GcArgs) -> Result<()> {
    if args.plan {
        let plan = pool
            .plan_collection()
            .await
            .map_err(|error| explain(error, "planning a collection"))?;
        return args.format.print(&plan, plan_words);
    }
    if pool.settings().read_only {
        bail!(
            "the pool is in read-only mode, which collects nothing; `rockpool gc --plan` only looks"
        );
    }
    let report = pool
        .collect()
        .await
        .map_err(|error| explain(error, "collecting"))?;
    args.format.print(&report, report_words)
}

fn plan_words(plan: &CollectionPlan) -> String {
    format!(
        "A collection would remove now:\n\n{}",
        fields(&[
            (
                "idle blobs",
                format!("{} ({})", plan.idle_blobs, bytes(plan.idle_bytes))
            ),
            ("abandoned blobs", plan.abandoned_blobs.to_string()),
            ("abandoned uploads", plan.abandoned_uploads.to_string()),
            ("orphaned parts", plan.orphaned_parts.to_string()),
        ])
    )
}

fn report_words(report: &CollectionReport) -> String {
    format!(
        "Collected:\n\n{}",
        fields(&[
            (
                "removed blobs",
                format!("{} ({})", report.removed_blobs, bytes(report.removed_bytes))
            ),
            ("postponed blobs", report.postponed_blobs.to_string()),
            ("removed uploads", report.removed_uploads.to_string()),
            ("removed parts", report.removed_parts.to_string()),
        ])
    )
}
