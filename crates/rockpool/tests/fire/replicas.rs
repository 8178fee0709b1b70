//! A replica in a directory or at a provider: it comes while clients write, takes the primary's place, and is what is left
//! when the primary is lost.
use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rockpool_testkit::Dice;

use crate::{clients::Field, nodes::Nodes};

/// Where its settings are.
pub(crate) const SECTION: &str = "replicas.far";

/// The pool's stores, by their names: the one of `[store]`, which is a directory, and the replica.
const STORES: [&str; 2] = ["main", "far"];

/// How often a promotion is asked for, which is refused while a blob is still to be copied.
const ATTEMPTS: u32 = 10;

/// How long copies may take when nothing is wrong any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// The settings of the replica: where it is at a provider, or a directory.
pub(crate) fn settings(at_provider: Option<String>) -> String {
    let place = at_provider.unwrap_or_else(|| "directory = \"far\"\n".to_owned());
    format!("[{SECTION}]\ndelete_grace = \"0s\"\n{place}")
}

/// Whether it is a replica now; its provider may be in a bad mood.
pub(crate) fn add(nodes: &Nodes) -> Result<bool> {
    Ok(nodes.cli(&["replica", "add", "far"])?.status.success())
}

/// Has the primary and the replica change places, by chance at once, though blobs are still to be copied: no store is lost, so
/// nothing may be. `false`: too much was still to be copied, or the provider is in a bad mood.
pub(crate) fn promote_other(nodes: &Nodes, dice: &mut Dice) -> Result<bool> {
    let mut arguments = vec!["replica", "promote"];
    match primary(nodes)?.as_deref() {
        Some("main") => arguments.push("far"),
        Some(_) => arguments.push("main"),
        None => return Ok(false),
    }
    if dice.roll(2) == 0 {
        arguments.push("--lossy");
    }
    for _ in 0..ATTEMPTS {
        // What failed is copied now, and not later.
        (0..nodes.count()).try_for_each(|node| nodes.signal(node, "ALRM"))?;
        if nodes.cli(&arguments)?.status.success() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Loses all blobs of the directory while it is the primary, by chance for good, so that the replica takes its place; all is
/// read all the same, and comes back. Or, by chance, nothing is lost: `false`. One node runs, and nothing else is wrong.
pub(crate) fn lose_primary(nodes: &Nodes, field: &Arc<Field>, dice: &mut Dice) -> Result<bool> {
    if primary(nodes)?.is_none() {
        nodes.cli_ok(&["replica", "add", "far"])?;
    }
    sync(nodes)?;
    if primary(nodes)?.as_deref() != Some("main") {
        nodes.cli_ok(&["replica", "promote", "main"])?;
        sync(nodes)?;
        // Nodes know it within a moment, and at their start.
        nodes.stop(0)?;
        nodes.start(0)?;
    }
    let chance = dice.roll(5);
    if chance == 0 {
        return Ok(false);
    }
    for folder in ["blobs", "private"] {
        remove_files(&nodes.data.join("store").join(folder))?;
    }
    if chance < 3 {
        nodes.cli_ok(&["replica", "promote", "far"])?;
    }
    field.read_all()?;
    sync(nodes)?;
    Ok(true)
}

/// Has every store get what it lacks, and lose what it is to lose as soon as that may be.
pub(crate) fn sync(nodes: &Nodes) -> Result<()> {
    let since = Instant::now();
    for name in STORES {
        // What failed is tried again now, and not in a minute.
        let catalog = rusqlite::Connection::open(nodes.data.join("catalog.db"))?;
        let sql = "UPDATE copies SET due_at = COALESCE(settled_at, 0) WHERE owner IS NULL";
        catalog.execute(sql, [])?;
        while let Err(error) = nodes.cli_ok(&["replica", "sync", name]) {
            if since.elapsed() > PATIENCE {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

/// The name of the primary. `None`: there is no replica.
fn primary(nodes: &Nodes) -> Result<Option<String>> {
    let stores = nodes.cli_json(&["replica", "status"])?;
    let mut stores = stores.as_array().context("stores")?.iter();
    let primary = stores.find(|store| store["primary"] == true);
    Ok(primary.and_then(|store| Some(store["name"].as_str()?.to_owned())))
}

/// Removes all files below a folder, if there is one.
fn remove_files(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        match path.is_dir() {
            true => remove_files(&path)?,
            // A collection may come first.
            false => drop(fs::remove_file(&path)),
        }
    }
    Ok(())
}
