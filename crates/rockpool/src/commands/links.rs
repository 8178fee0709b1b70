//! `rockpool links`: the link shield alone, and what an operator asks of its copies.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use rockpool_links::{LinkDesk, LinkStatus};
use serde::Serialize;

use crate::{
    commands::serve::run_node,
    config::{Config, ListenAddress, LogFormat, OrOff, Overrides, load},
    node::Node,
    output::{Format, fields},
    telemetry,
    views::bytes,
    wiring,
};

/// Where it listens when nothing else is said.
const DEFAULT_ADDRESS: &str = "127.0.0.1:23283";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LinksArgs {
    #[command(subcommand)]
    command: Option<LinksCommand>,
    /// Where it listens [default: the setting listen.links, else 127.0.0.1:23283]
    #[arg(long, value_name = "ADDRESS")]
    links: Option<ListenAddress>,
    /// Where to say in JSON, once it is ready, what it listens on [default: DIR/links.json]
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum LinksCommand {
    /// Show what is kept, and what was counted
    Status {
        #[command(flatten)]
        format: Format,
    },
    /// Remove what is kept of a URL; running nodes know within two seconds
    Purge {
        /// The URL, shielded or not
        url: String,
        #[command(flatten)]
        format: Format,
    },
}

/// Runs the shield until it is told to stop, or one command on its copies.
///
/// # Errors
/// When it cannot start; when the copies cannot be read.
pub(crate) fn run(overrides: Overrides, args: LinksArgs) -> Result<ExitCode> {
    let Some(command) = args.command else {
        return serve(overrides, args.links, args.ready_file);
    };
    let config = load(&overrides)?;
    telemetry::begin(LogFormat::Text, "warn")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    if !config.paths.links.is_dir() {
        bail!(
            "there are no copies of links in {} (setting links.directory)",
            config.paths.links.display()
        );
    }
    let desk = wiring::open_desk(&config)?;
    runtime.block_on(async {
        match command {
            LinksCommand::Status { format } => status(&desk, format).await,
            LinksCommand::Purge { url, format } => purge(&desk, &config, &url, format).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn serve(
    overrides: Overrides,
    address: Option<ListenAddress>,
    ready_file: Option<PathBuf>,
) -> Result<ExitCode> {
    let with = |links| {
        load(&Overrides {
            links,
            ..overrides.clone()
        })
    };
    let mut config = with(address.map(OrOff::On))?;
    if config.settings.listen.links == OrOff::Off {
        let default = DEFAULT_ADDRESS.parse().map_err(anyhow::Error::msg)?;
        config = with(Some(OrOff::On(default)))?;
    }
    let must_say_ready = ready_file.is_some();
    // A node of a pool in the same directory has a file of its own.
    config.paths.ready_file = ready_file.unwrap_or_else(|| config.paths.data.join("links.json"));
    run_node(config, async move |config| {
        Node::start_links(config, must_say_ready).await
    })
}

async fn status(desk: &LinkDesk, format: Format) -> Result<()> {
    let status = desk.status().await.context("the copies cannot be read")?;
    format.print(&status, status_words)
}

fn status_words(status: &LinkStatus) -> String {
    let row = |name, count: u64| (name, count.to_string());
    format!(
        "Kept:\n{}\nCounted since the directory was made:\n{}",
        fields(&[
            row("pages", status.pages),
            row("pictures and files", status.files),
            row("failures", status.failures),
            row("of these fresh", status.fresh),
            ("on disk", bytes(status.bytes)),
        ]),
        fields(&[
            row("requests of software", status.requests),
            row("that sites did not see", status.absorbed_requests),
            row("requests to sites", status.fetches),
            ("bytes that they did not send", bytes(status.saved_bytes)),
            row("people sent on", status.people),
        ])
    )
}

/// What `purge` did.
#[derive(Serialize)]
struct Purged {
    url: String,
    was_kept: bool,
}

async fn purge(desk: &LinkDesk, config: &Config, url: &str, format: Format) -> Result<()> {
    let hosts = wiring::hosts(&config.settings.links)?;
    let purged = desk.purge(url, &hosts).await;
    let purged = purged.context("the copy cannot be removed")?;
    let Some((url, was_kept)) = purged else {
        bail!("`{url}` is no URL that goes through the shield, such as `https://example.com/page`");
    };
    format.print(&Purged { url, was_kept }, |purged| match purged.was_kept {
        true => format!("Removed what was kept of {}.\n", purged.url),
        false => format!("Nothing was kept of {}.\n", purged.url),
    })
}
