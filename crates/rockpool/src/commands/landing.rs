//! `rockpool landing`: what waits to be moved to the provider.
use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use rockpool_blobs::Landing;
use rockpool_types::Clock;
use serde::Serialize;

use crate::{
    config::{Config, Span},
    output::{Format, fields},
    views::bytes,
};

#[derive(Debug, Args)]
pub(crate) struct LandingArgs {
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct LandingFacts {
    enabled: bool,
    directory: PathBuf,
    waiting_items: usize,
    waiting_bytes: u64,
    max_waiting_bytes: u64,
    /// `None`: nothing waits.
    oldest_ms: Option<u64>,
}

/// Looks into the directory, whether or not a node runs.
///
/// # Errors
/// When it cannot be read, or standard output is gone.
pub(crate) fn run(config: &Config, args: &LandingArgs) -> Result<()> {
    let directory = config.paths.landing.clone();
    let backlog = Landing::look(&directory)
        .with_context(|| format!("the landing {} cannot be read", directory.display()))?;
    let now = Clock::system().now();
    let facts = LandingFacts {
        enabled: config.settings.landing.enabled,
        directory,
        waiting_items: backlog.items,
        waiting_bytes: backlog.bytes,
        max_waiting_bytes: config.settings.landing.max_waiting.as_u64(),
        oldest_ms: backlog
            .oldest
            .map(|since| u64::try_from(since.until(now).as_millis()).unwrap_or(u64::MAX)),
    };
    args.format.print(&facts, words)
}

fn words(facts: &LandingFacts) -> String {
    let oldest = facts.oldest_ms.map_or("-".to_owned(), |ms| {
        Span::from(Duration::from_secs(ms / 1000)).to_string()
    });
    fields(&[
        ("landing", facts.directory.display().to_string()),
        ("on", if facts.enabled { "yes" } else { "no" }.to_owned()),
        (
            "waiting",
            format!(
                "{} of at most {}, in {} blobs",
                bytes(facts.waiting_bytes),
                bytes(facts.max_waiting_bytes),
                facts.waiting_items
            ),
        ),
        ("oldest for", oldest),
    ])
}
