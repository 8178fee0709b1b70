//! `rockpool scrub`: how far the reading of everything has come.
use anyhow::Result;
use clap::Args;
use rockpool_pool::{Pool, ScrubStatus};
use rockpool_types::Timestamp;

use crate::{
    output::{Format, table},
    pool_error::explain,
    views::bytes,
};

#[derive(Debug, Args)]
pub(crate) struct ScrubArgs {
    #[command(flatten)]
    format: Format,
}

/// Shows it.
///
/// # Errors
/// When the catalog is away, or standard output is gone.
pub(crate) async fn run(pool: &Pool, args: &ScrubArgs) -> Result<()> {
    let scrubs = pool.scrub_status().await;
    let scrubs = scrubs.map_err(|error| explain(error, "the scrub"))?;
    args.format.print(&scrubs, |scrubs| words(scrubs))
}

fn words(scrubs: &[ScrubStatus]) -> String {
    let rows = scrubs.iter().map(|scrub| {
        let time = |ms| Timestamp::from_millis(ms).to_string();
        [
            scrub.store.clone(),
            time(scrub.started_ms),
            scrub.finished_ms.map_or_else(|| "-".to_owned(), time),
            format!("{} ({})", scrub.blobs, bytes(scrub.read_bytes)),
            scrub.findings.to_string(),
        ]
    });
    table(
        ["STORE", "BEGUN", "FINISHED", "READ", "FINDINGS"],
        rows,
        "Nothing was scrubbed yet: nodes begin a minute after their start, unless `scrub.period` is \"off\".",
    )
}
