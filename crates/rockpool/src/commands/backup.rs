//! `rockpool backup`: the catalog, as it is at one moment, into the store or a file.
use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use rockpool_blobs::Spool;
use rockpool_pool::{Backup, BackupHeader, Pool};
use serde::Serialize;

use crate::{
    config::Config,
    output::{Format, fields},
    pool_error::explain,
    progress,
    views::bytes,
};

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Write it to this file, not to the store
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Then remove all backups of the store but the newest N [default: none is removed]
    #[arg(long, value_name = "N", conflicts_with = "to", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// A directory with room for the catalog, to make it in [default: the spool]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

/// What was backed up.
#[derive(Debug, Serialize)]
struct Made {
    /// Its name in the store, or its file.
    backup: String,
    bytes: u64,
    #[serde(flatten)]
    header: BackupHeader,
    /// Backups of the store that were removed.
    removed: Vec<String>,
    sealing_key: String,
}

/// Makes a backup.
///
/// # Errors
/// When the catalog, the store or the file cannot be used; nothing is left behind then.
pub(crate) async fn run(pool: &Pool, config: &Config, args: &BackupArgs) -> Result<()> {
    if args.to.is_none() && pool.settings().read_only {
        bail!("the pool is in read-only mode, which stores nothing; `--to FILE` writes to a file");
    }
    let failed = |error| explain(error, "backing up");
    let spool = match &args.scratch {
        Some(directory) => Spool::open(directory)
            .with_context(|| format!("--scratch {} cannot be used", directory.display()))?,
        None => pool.spool().clone(),
    };
    let bar = progress::spinner();
    bar.set_message("reading the catalog");
    let made = pool.make_backup(&spool).await.map_err(failed)?;
    bar.set_message("writing the backup");
    let mut removed = Vec::new();
    let name = match &args.to {
        Some(file) => {
            write(&made, file).with_context(|| format!("{} cannot be written", file.display()))?;
            file.display().to_string()
        }
        None => {
            let backups = pool.backups().await.map_err(failed)?;
            let name = backups.store(&made).await.map_err(failed)?;
            if let Some(keep) = args.keep {
                removed = backups.prune(keep as usize).await.map_err(failed)?;
            }
            name
        }
    };
    bar.finish_and_clear();
    let facts = Made {
        backup: name,
        bytes: made.bytes(),
        header: made.header,
        removed,
        sealing_key: config.paths.sealing_key.display().to_string(),
    };
    args.format.print(&facts, words)
}

/// Writes the file whole and durable, or not at all; what had that name before goes. Its secrets are sealed, but nobody
/// else's business.
fn write(backup: &Backup, to: &Path) -> io::Result<()> {
    let mut draft = to.as_os_str().to_owned();
    draft.push(format!(".{}.partial", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = write_draft(backup, &draft).and_then(|()| fs::rename(&draft, to));
    if let Err(error) = written {
        // It may not even have been made.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    let directory = to.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(directory)?.sync_all()
}

fn write_draft(backup: &Backup, draft: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(draft)?;
    io::copy(&mut backup.reader(), &mut file)?;
    file.sync_all()
}

fn words(made: &Made) -> String {
    let mut rows = header_rows(&made.header);
    rows.push(("size of the backup", bytes(made.bytes)));
    if !made.removed.is_empty() {
        rows.push(("older ones removed", made.removed.len().to_string()));
    }
    format!(
        "Backed the catalog up as {}:\n\n{}\n\
         The key that opens its secrets is not in it: keep a copy of {} elsewhere.\n",
        made.backup,
        fields(&rows),
        made.sealing_key
    )
}

/// What a backup holds, for people.
pub(super) fn header_rows(header: &BackupHeader) -> Vec<(&'static str, String)> {
    let holds = &header.snapshot;
    vec![
        ("taken at", header.taken_at.clone()),
        ("members", holds.members.to_string()),
        ("buckets", holds.buckets.to_string()),
        (
            "objects",
            format!("{} ({})", holds.objects, bytes(holds.object_bytes)),
        ),
        (
            "blobs",
            format!("{} ({})", holds.blobs, bytes(holds.blob_bytes)),
        ),
    ]
}
