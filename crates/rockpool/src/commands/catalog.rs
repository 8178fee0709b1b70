//! `rockpool catalog`: the catalog as a whole.
use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use rockpool_catalog::{Catalog, CatalogAddress, CopyProgress};
use serde::Serialize;

use crate::{
    config::{Config, read_secret_file},
    output::Format,
    progress,
};

/// Connections to each of the two; it uses one at a time.
const CONNECTIONS: u32 = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Copy the catalog into an empty database of any engine, and compare the two; no node may run meanwhile
    Copy(CopyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Where to: `sqlite:PATH`, `mysql://...` or `postgres://...`, as the setting catalog.url
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// A file whose first line is that URL, which keeps its password off the command line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    to_file: Option<PathBuf>,
}

/// What was copied.
#[derive(Debug, Serialize)]
struct Copied {
    from: String,
    to: String,
    /// Rows of each table.
    rows: BTreeMap<&'static str, u64>,
}

/// Copies.
///
/// # Errors
/// When one of the two cannot be opened, or they differ in the end; the words say what to do.
pub(crate) async fn run(config: &Config, command: CatalogCommand) -> Result<()> {
    let CatalogCommand::Copy(args) = command;
    let from = &config.paths.catalog;
    let to = args.target.address(config)?;
    let source = Catalog::open(from, CONNECTIONS).await?;
    let target = Catalog::open_copy_target(&to, CONNECTIONS)
        .await
        .with_context(|| format!("the target {to}"))?;
    let bar = progress::spinner();
    let mut rows = BTreeMap::new();
    let copied = source
        .copy_to(&target, |progress| {
            bar.set_message(words(progress));
            if progress.verifying {
                rows.insert(progress.table, progress.rows);
            }
        })
        .await;
    bar.finish_and_clear();
    copied?;
    let facts = Copied {
        from: from.to_string(),
        to: to.to_string(),
        rows,
    };
    args.format.print(&facts, |facts| {
        let of = |table: &str| facts.rows.get(table).copied().unwrap_or(0);
        format!(
            "Copied {} members, {} objects and {} blobs from {} to {}; the two are alike.\n\
             Set catalog.url of every node to the new place before you start it.\n",
            of("members"),
            of("objects"),
            of("blobs"),
            facts.from,
            facts.to
        )
    })
}

/// How far a copy is, for people.
pub(super) fn words(progress: CopyProgress) -> String {
    let doing = if progress.verifying {
        "comparing"
    } else {
        "copying"
    };
    format!("{doing} {}: {} rows", progress.table, progress.rows)
}

impl Target {
    /// The address; a relative path is relative to the data directory, as in settings.
    fn address(&self, config: &Config) -> Result<CatalogAddress> {
        let text = match (&self.to, &self.to_file) {
            (Some(url), _) => url.clone(),
            (None, Some(file)) => read_secret_file(file)
                .map_err(|error| anyhow!("--to-file: {error}"))?
                .reveal()
                .to_owned(),
            (None, None) => String::new(),
        };
        match text
            .parse()
            .map_err(|words: String| anyhow!("--to: {words}"))?
        {
            CatalogAddress::Sqlite(path) => {
                Ok(CatalogAddress::Sqlite(config.paths.data.join(path)))
            }
            server => Ok(server),
        }
    }
}
