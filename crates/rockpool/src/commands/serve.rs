//! `rockpool serve`: a node, until a signal ends it.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::{Config, ListenAddress, OrOff, Overrides, load},
    node::Node,
    telemetry,
};

/// How many threads wait for the disk and the catalog at a time.
const BLOCKING_THREADS: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where the S3 API listens, or `off` [default: 127.0.0.1:23278]
    #[arg(long, value_name = "ADDRESS")]
    s3: Option<OrOff<ListenAddress>>,
    /// Where the redirector listens, or `off` [default: 127.0.0.1:23279]
    #[arg(long, value_name = "ADDRESS")]
    redirector: Option<OrOff<ListenAddress>>,
    /// Where the blob server listens, or `off` [default: 127.0.0.1:23281]
    #[arg(long, value_name = "ADDRESS")]
    blobs: Option<OrOff<ListenAddress>>,
    /// Where the link shield listens, or `off` [default: off]
    #[arg(long, value_name = "ADDRESS")]
    links: Option<OrOff<ListenAddress>>,
    /// Where to say in JSON, once it is ready, what the node listens on [default: DIR/node.json]
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// Runs a node until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run(overrides: Overrides, args: ServeArgs) -> Result<ExitCode> {
    let mut config = load(&Overrides {
        s3: args.s3,
        redirector: args.redirector,
        blobs: args.blobs,
        links: args.links,
        ..overrides
    })?;
    let must_say_ready = args.ready_file.is_some();
    if let Some(file) = args.ready_file {
        config.paths.ready_file = file;
    }
    run_node(config, async move |config| {
        Node::start(config, must_say_ready).await
    })
}

/// Runs what `start` starts until a signal ends it.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run_node(
    config: Config,
    start: impl AsyncFnOnce(Config) -> Result<Node>,
) -> Result<ExitCode> {
    let log = &config.settings.log;
    telemetry::begin(log.format, &log.filter)?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("the runtime cannot start")?;
    let code = runtime.block_on(serve(start(config)));
    // What shutdown did not wait for is not waited for here either.
    runtime.shutdown_background();
    code
}

/// Allows as many open files as the system lets this process have: shells and Docker begin with 1024, for programs that would
/// be confused by more.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(error.cause = %error, "The limit of open files cannot be raised");
    }
}

async fn serve(start: impl Future<Output = Result<Node>>) -> Result<ExitCode> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    // Heard from the first moment on: unheard, it would end the process.
    let mut alarmed = signal(SignalKind::alarm())?;
    let mut told_to_stop = async || {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    let node = tokio::select! {
        node = start => node?,
        () = told_to_stop() => return Ok(ExitCode::FAILURE),
    };
    loop {
        tokio::select! {
            () = told_to_stop() => break,
            _ = alarmed.recv() => node.hasten_copies(),
        }
    }
    Ok(tokio::select! {
        () = node.stop() => ExitCode::SUCCESS,
        () = told_to_stop() => ExitCode::FAILURE,
    })
}
