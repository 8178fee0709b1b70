//! `rockpool restore`: a backup into an empty catalog of any engine, and what differs between it and the store.
use std::{fs::OpenOptions, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use indicatif::ProgressBar;
use rockpool_catalog::Catalog;
use rockpool_pool::{BackupHeader, Backups, ReplayReport, StoredBackup, Unpacked};
use rockpool_types::{Clock, Timestamp};
use serde::Serialize;

use super::{backup::header_rows, catalog, check};
use crate::{
    config::Config,
    data_dir,
    output::{Format, fields, print, table},
    pool_error::explain,
    progress,
    views::bytes,
    wiring::{self, Leftovers},
};

/// Connections to each catalog; it uses one at a time.
const CONNECTIONS: u32 = 2;

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// List the backups in the store, and restore none
    #[arg(long, conflicts_with_all = ["from", "backup", "scratch", "without_manifests"])]
    list: bool,
    /// Restore from this file, not from the store
    #[arg(long, value_name = "FILE", conflicts_with = "backup")]
    from: Option<PathBuf>,
    /// Restore this one of the store [default: the newest]
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// A directory with room for the catalog, to unpack it in [default: the spool]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Leave the catalog as it was when the backup was taken; what came after it, and is written down in manifests, is lost
    #[arg(long)]
    without_manifests: bool,
    #[command(flatten)]
    format: Format,
}

/// What was restored.
#[derive(Debug, Serialize)]
struct Restored {
    /// The backup's name in the store, or its file.
    backup: String,
    /// The catalog that it went into.
    catalog: String,
    #[serde(flatten)]
    header: BackupHeader,
    /// What it was brought to. `None`: that was not asked for.
    manifests: Option<ReplayReport>,
}

/// Restores, and then checks the catalog against the store: exit codes are those of `check`.
///
/// # Errors
/// When the backup is damaged or the catalog is not empty: then nothing was changed.
pub(crate) async fn run(config: &Config, args: &RestoreArgs) -> Result<ExitCode> {
    let backups = {
        let (config, scratch) = (config.clone(), args.scratch.clone());
        let opening = move || wiring::open_backups(&config, scratch.as_deref());
        tokio::task::spawn_blocking(opening).await??
    };
    if args.list {
        let list = backups.list().await;
        let list = list.map_err(|error| explain(error, "listing backups"))?;
        args.format.print(&list, |list| list_words(list))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before anything is changed: nobody could use the catalog without it.
    data_dir::sealing_key(&config.paths.sealing_key, false)?;
    let bar = progress::spinner();
    bar.set_message("reading the backup");
    let (name, unpacked) = fetch(&backups, args).await?;
    let address = &config.paths.catalog;
    let snapshot = unpacked.snapshot.path();
    let snapshot = snapshot.context("the snapshot is not in the spool")?;
    let from = Catalog::open_sqlite(snapshot).await?;
    let taken_at = Timestamp::from_millis(unpacked.header.taken_at_ms);
    let manifests = match args.without_manifests {
        true => None,
        false => Some(replay(&backups, &from, taken_at, &bar).await?),
    };
    let into = || {
        format!(
            "restoring into {address}, which must be empty: move an old catalog away (of SQLite's, `-wal` and `-shm` too), \
             or name an empty database with catalog.url"
        )
    };
    let target = Catalog::open_copy_target(address, CONNECTIONS).await;
    let target = target.with_context(into)?;
    let copied = from.copy_to(&target, |progress| {
        bar.set_message(catalog::words(progress))
    });
    let copied = copied.await;
    bar.finish_and_clear();
    copied.with_context(into)?;
    drop((from, target));
    let restored = Restored {
        backup: name,
        catalog: address.to_string(),
        header: unpacked.header,
        manifests,
    };
    drop(unpacked.snapshot);
    if !args.format.is_json() {
        print(&restored_words(&restored))?;
    }
    let pool = wiring::open_pool(config, Leftovers::Remove).await?;
    if !pool.settings().read_only {
        let begun = pool.begin_manifests().await;
        begun.map_err(|error| explain(error, "restoring"))?;
    }
    let before = ("restored", &restored);
    let code = check::run_at_rest(&pool, config, args.format, before).await?;
    let lost = restored.manifests.as_ref().map_or(0, |m| m.lost.len());
    Ok(if lost == 0 { code } else { ExitCode::from(4) })
}

/// Brings the catalog of a backup to what was written down since.
async fn replay(
    backups: &Backups,
    catalog: &Catalog,
    taken_at: Timestamp,
    bar: &ProgressBar,
) -> Result<ReplayReport> {
    let tell = |report: &ReplayReport| {
        let (manifests, names) = (report.manifests, report.names);
        bar.set_message(format!(
            "reading manifests: {manifests}; names brought back: {names}"
        ));
    };
    let now = Clock::system().now();
    let replayed = backups.replay_manifests(catalog, taken_at, now, tell).await;
    replayed.map_err(|error| explain(error, "reading manifests"))
}

/// The backup that was asked for, verified, and what it is called.
async fn fetch(backups: &Backups, args: &RestoreArgs) -> Result<(String, Unpacked)> {
    let failed = |error| explain(error, "reading the backup");
    if let Some(file) = &args.from {
        let name = file.display().to_string();
        let opened = OpenOptions::new().read(true).open(file);
        let opened = opened.with_context(|| format!("--from {name} cannot be read"))?;
        return unpack(backups, name, move |backups| backups.unpack(opened)).await;
    }
    let name = match &args.backup {
        Some(name) => name.trim_start_matches("backups/").to_owned(),
        None => match backups.list().await.map_err(failed)?.pop() {
            Some(newest) => newest.name,
            None => {
                bail!("there is no backup in the store; `--from FILE` takes one from elsewhere")
            }
        },
    };
    let Some(file) = backups.fetch(&name).await.map_err(failed)? else {
        bail!("there is no backup {name} in the store; `rockpool restore --list` shows all");
    };
    unpack(backups, name, move |backups| backups.unpack(file.reader())).await
}

async fn unpack(
    backups: &Backups,
    name: String,
    unpack: impl FnOnce(&Backups) -> Result<Unpacked, rockpool_pool::UnpackError> + Send + 'static,
) -> Result<(String, Unpacked)> {
    let backups = backups.clone();
    let unpacked = tokio::task::spawn_blocking(move || unpack(&backups)).await?;
    let unpacked = unpacked.map_err(|error| anyhow!("the backup {name}: {error}"))?;
    Ok((name, unpacked))
}

fn list_words(list: &[StoredBackup]) -> String {
    let rows = list.iter().map(|backup| {
        let taken_at = backup.taken_at().to_iso8601();
        [backup.name.clone(), taken_at, bytes(backup.bytes)]
    });
    table(
        ["NAME", "TAKEN AT", "SIZE"],
        rows,
        "There are no backups in the store.",
    )
}

fn restored_words(restored: &Restored) -> String {
    let mut rows = header_rows(&restored.header);
    rows.extend(restored.manifests.iter().flat_map(manifest_rows));
    format!(
        "Restored {} into {}:\n\n{}\n\
         Now the catalog against the store. Bytes that it does not know came after that, and stay; objects that are lost \
         had bytes that were collected since.\n\n",
        restored.backup,
        restored.catalog,
        fields(&rows)
    )
}

/// What manifests brought, for people.
fn manifest_rows(manifests: &ReplayReport) -> Vec<(&'static str, String)> {
    let newest = manifests.newest_at_ms.map(Timestamp::from_millis);
    let newest = newest.map_or("no manifest was found".to_owned(), Timestamp::to_iso8601);
    let mut rows = vec![
        ("brought up to", newest),
        ("names mapped since", manifests.mapped.to_string()),
        ("names unmapped since", manifests.unmapped.to_string()),
    ];
    rows.extend(manifests.lost.iter().map(|name| {
        let place = format!("{} in bucket number {}", name.key, name.bucket);
        ("LOST, as no manifest tells of its bucket", place)
    }));
    rows
}
