//! `rockpool check`: whether all is well, and putting right what is not.
use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::Args;
use rockpool_pool::{CheckEvent, CheckOptions, CheckTotals, Finding, Level, Pool, PoolError};
use rockpool_types::ByteSize;
use serde::Serialize;

use crate::{config::Config, output::Format, pool_error::explain};

mod journal;
mod progress;
mod repair;
mod report;

use journal::Journal;
use progress::Progress;
use repair::RepairArgs;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Read and hash every blob and staged part
    #[arg(long)]
    deep: bool,
    /// The most bytes a second to read, such as `20MB` [default: no limit]
    #[arg(long, value_name = "SIZE")]
    rate: Option<ByteSize>,
    /// The most calls a second to the stores [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    calls: Option<u32>,
    /// How many blobs to read at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    readers: u16,
    /// No node runs: what no row accounts for is wrong however young it is
    #[arg(long)]
    at_rest: bool,
    /// Go on with a check that was interrupted, with that check's flags
    #[arg(long, conflicts_with_all = ["deep", "at_rest"])]
    resume: bool,
    #[command(flatten)]
    repair: RepairArgs,
    #[command(flatten)]
    format: Format,
}

impl CheckArgs {
    fn options(&self) -> CheckOptions {
        CheckOptions {
            deep: self.deep,
            at_rest: self.at_rest,
            readers: self.readers.into(),
            ..CheckOptions::default()
        }
    }
}

/// Checks, and repairs where that was asked for. 0: nothing is wrong; 3: warnings; 4: errors.
///
/// # Errors
/// When it cannot be checked to the end, the pool is in read-only mode and is to be repaired, or standard output is gone.
pub(crate) async fn run(pool: &Pool, config: &Config, args: &CheckArgs) -> Result<ExitCode> {
    if args.repair.wanted() && pool.settings().read_only {
        bail!("the pool is in read-only mode, which repairs nothing; `rockpool check` looks");
    }
    let path = journal_path(config);
    let (mut journal, mut options) = if args.resume {
        Journal::resume(&path)?
    } else {
        let options = args.options();
        (Journal::begin(&path, &options)?, options)
    };
    options.bytes_per_second = args.rate.map(ByteSize::as_u64);
    options.calls_per_second = args.calls;
    let totals = check(pool, &options, &mut journal).await?;
    let left = report::worst(&totals);
    let repaired = if args.repair.wanted() {
        args.repair.run(pool, &journal, args.format).await?
    } else {
        None
    };
    report::print(args.format, None, &journal, &totals, repaired.as_ref())?;
    journal.finish()?;
    let left = match repaired {
        Some(repaired) => repaired.left,
        None => left,
    };
    Ok(exit_code(left))
}

/// Checks a pool that no node serves, and prints what was found; JSON begins with the named facts `before` it. Exit codes
/// are those of [`run`].
///
/// # Errors
/// When it cannot be checked to the end.
pub(super) async fn run_at_rest(
    pool: &Pool,
    config: &Config,
    format: Format,
    (name, before): (&str, &impl Serialize),
) -> Result<ExitCode> {
    let options = CheckOptions {
        at_rest: true,
        ..CheckOptions::default()
    };
    let mut journal = Journal::begin(&journal_path(config), &options)?;
    let totals = check(pool, &options, &mut journal).await?;
    let before = Some((name, serde_json::to_value(before)?));
    report::print(format, before, &journal, &totals, None)?;
    journal.finish()?;
    Ok(exit_code(report::worst(&totals)))
}

fn journal_path(config: &Config) -> PathBuf {
    config.paths.data.join("check.jsonl")
}

fn exit_code(worst: Option<Level>) -> ExitCode {
    match worst {
        None | Some(Level::Note) => ExitCode::SUCCESS,
        Some(Level::Warning) => ExitCode::from(3),
        Some(Level::Error) => ExitCode::from(4),
    }
}

async fn check(pool: &Pool, options: &CheckOptions, journal: &mut Journal) -> Result<CheckTotals> {
    let (from, lost) = (journal.position().clone(), journal.lost()?);
    let usage = pool.usage_of_store().await;
    let usage = usage.map_err(|error| explain(error, "checking"))?;
    let mut progress = Progress::begin(usage, options.deep, &from);
    let mut watch = |event: CheckEvent<'_>| {
        progress.tell(&event);
        let written = match event {
            CheckEvent::Found(finding) => journal.found(&finding),
            CheckEvent::Reached(position) => journal.reached(position),
            CheckEvent::Read(_) => Ok(()),
        };
        written.map_err(|error| PoolError::Internal(format!("{error:#}")))
    };
    let checked = pool.check(options, from, lost, &mut watch).await;
    progress.end();
    checked.map_err(|error| {
        let advice = "the check stopped; `rockpool check --resume` goes on from there";
        explain(error, "checking").context(advice)
    })
}

/// Whether somebody can be asked.
fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// What is known of a finding by its code, for people: the code, what it means and what to do.
fn explanation(finding: &Finding) -> String {
    let code = finding.code();
    format!("{}: {} {}\n", code.as_str(), code.meaning(), code.advice())
}
