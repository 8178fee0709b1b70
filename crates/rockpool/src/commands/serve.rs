//! `rockpool serve`: a node, from its sockets to its end.
use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use http::Request;
use hyper::body::Incoming;
use rockpool_pool::{Pool, PoolError};
use rockpool_s3::S3Face;
use rockpool_web::{BlobServer, Health, Redirector};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    addresses::{Addresses, NodeFacts},
    collector,
    config::{Config, ListenAddress, OrOff, Overrides, load},
    data_dir,
    listener::{ConnectionLimits, Listener},
    telemetry, welcome, wiring,
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
        ..overrides
    })?;
    let must_say_ready = args.ready_file.is_some();
    if let Some(file) = args.ready_file {
        config.paths.ready_file = file;
    }
    let log = &config.settings.log;
    telemetry::begin(log.format, &log.filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("the runtime cannot start")?;
    let code = runtime.block_on(serve(config, must_say_ready));
    // What shutdown did not wait for is not waited for here either.
    runtime.shutdown_background();
    code
}

async fn serve(config: Config, must_say_ready: bool) -> Result<ExitCode> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    data_dir::make(&config.paths)?;
    let listeners = Listeners::bind(&config).await?;
    let node = listeners.facts();
    let pool = wiring::open_pool(&config).await?;
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    listeners.run(&config, &pool, &node, &tasks, &shutdown)?;
    if let (Some(interval), false) = (
        config.settings.collect.interval.on(),
        config.settings.read_only,
    ) {
        let collecting = collector::run(pool.clone(), interval.get(), shutdown.clone());
        tasks.spawn(collecting);
    }
    match pool.probe().await {
        Ok(()) => {}
        Err(PoolError::Full(why)) => {
            tracing::error!(error.cause = why, "There is no room for writes")
        }
        // It may come back; until then /readyz says so too.
        Err(error) => {
            tracing::error!(error.cause = %error, "The catalog or the store cannot be reached");
        }
    }
    match node.write(&config.paths.ready_file) {
        Err(error) if must_say_ready => return Err(error),
        Err(error) => tracing::error!("What the node listens on cannot be told: {error:#}"),
        Ok(()) => {}
    }
    tracing::info!(
        listen.s3 = node.s3.map(tracing::field::display),
        listen.redirector = node.redirector.map(tracing::field::display),
        listen.blobs = node.blobs.map(tracing::field::display),
        data = %config.paths.data.display(),
        read_only = config.settings.read_only,
        "The node is ready"
    );
    welcome::greet(&pool, &config, &Addresses::of_listeners(&node)).await;

    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    let timeout = config.settings.limits.shutdown_timeout;
    tracing::info!(timeout = %timeout, "Stopping: requests in flight may finish; a second signal stops at once");
    NodeFacts::withdraw(&config.paths.ready_file);
    shutdown.cancel();
    tasks.close();
    let code = tokio::select! {
        () = tasks.wait() => ExitCode::SUCCESS,
        () = tokio::time::sleep(timeout.get()) => {
            tracing::warn!(connections = tasks.len(), "Stopped before all requests in flight were finished");
            ExitCode::SUCCESS
        }
        _ = interrupted.recv() => ExitCode::FAILURE,
        _ = terminated.recv() => ExitCode::FAILURE,
    };
    tracing::info!("The node has stopped");
    Ok(code)
}

/// The bound sockets; `None` where a face is off.
struct Listeners {
    s3: Option<Listener>,
    redirector: Option<Listener>,
    blobs: Option<Listener>,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self> {
        let listen = &config.settings.listen;
        Ok(Self {
            s3: bind("s3", listen.s3).await?,
            redirector: bind("redirector", listen.redirector).await?,
            blobs: bind("blobs", listen.blobs).await?,
        })
    }

    fn facts(&self) -> NodeFacts {
        let address = |listener: &Option<Listener>| listener.as_ref().map(|l| l.address);
        NodeFacts {
            pid: std::process::id(),
            s3: address(&self.s3),
            redirector: address(&self.redirector),
            blobs: address(&self.blobs),
        }
    }

    /// Puts the faces behind the sockets.
    fn run(
        self,
        config: &Config,
        pool: &Pool,
        node: &NodeFacts,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Result<()> {
        let settings = &config.settings;
        let limits = ConnectionLimits {
            max_connections: settings.limits.max_connections,
            head_timeout: settings.limits.head_timeout.get(),
            stall_timeout: settings.limits.stall_timeout.get(),
        };
        let addresses = Addresses::of_listeners(node);
        if let Some(listener) = self.redirector {
            let face = Redirector::new(pool.clone(), wiring::web_settings(settings, &addresses)?);
            let handle = move |request| {
                let face = face.clone();
                async move { face.handle(request).await }
            };
            tasks.spawn(listener.run(limits, tasks.clone(), shutdown.clone(), handle));
        }
        if let Some(listener) = self.blobs {
            let face = BlobServer::new(pool.clone(), wiring::web_settings(settings, &addresses)?);
            let handle = move |request| {
                let face = face.clone();
                async move { face.handle(request).await }
            };
            tasks.spawn(listener.run(limits, tasks.clone(), shutdown.clone(), handle));
        }
        if let Some(listener) = self.s3 {
            let health = Health::new(pool.clone(), wiring::PROBE_TIMEOUT);
            let face = S3Face::new(pool.clone(), wiring::s3_settings(settings));
            let handle = move |request: Request<Incoming>| {
                let (face, health) = (face.clone(), health.clone());
                async move {
                    match health.respond(request.method(), request.uri().path()).await {
                        Some(answer) => answer,
                        None => face.handle(request).await,
                    }
                }
            };
            tasks.spawn(listener.run(limits, tasks.clone(), shutdown.clone(), handle));
        }
        Ok(())
    }
}

async fn bind(name: &'static str, setting: OrOff<ListenAddress>) -> Result<Option<Listener>> {
    match setting.on() {
        Some(address) => Listener::bind(name, address.0).await.map(Some),
        None => Ok(None),
    }
}
