//! A node: its sockets, its faces and what runs beside them, from its start to its end.
use anyhow::Result;
use http::Request;
use hyper::body::Incoming;
use rockpool_pool::{Pool, PoolError};
use rockpool_s3::S3Face;
use rockpool_web::{BlobServer, Health, Redirector};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    addresses::{Addresses, NodeFacts},
    collector,
    config::{Config, ListenAddress, OrOff},
    data_dir,
    listener::{ConnectionLimits, Listener},
    welcome, wiring,
};

/// A node that serves.
pub(crate) struct Node {
    config: Config,
    facts: NodeFacts,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Node {
    /// Binds the sockets, opens the pool and serves it. With `must_say_ready`, a ready file that cannot be written is
    /// an error. A start that is cancelled leaves nothing running.
    ///
    /// # Errors
    /// When a socket, the data directory, the catalog or a store cannot be had; the words say what to do.
    pub(crate) async fn start(config: Config, must_say_ready: bool) -> Result<Self> {
        data_dir::make(&config.paths)?;
        let listeners = Listeners::bind(&config).await?;
        let pool = wiring::open_pool(&config).await?;
        let node = Self {
            facts: listeners.facts(),
            config,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        listeners.run(&node, &pool)?;
        node.run_beside(&pool);
        node.say_ready(must_say_ready)?;
        let addresses = Addresses::of_listeners(&node.facts);
        welcome::greet(&pool, &node.config, &addresses).await;
        Ok(node)
    }

    /// Stops accepting, and lets requests in flight finish within the configured time.
    pub(crate) async fn stop(&self) {
        let timeout = self.config.settings.limits.shutdown_timeout;
        tracing::info!(
            timeout = %timeout,
            "Stopping: requests in flight may finish; a second signal stops at once"
        );
        NodeFacts::withdraw(&self.config.paths.ready_file);
        self.shutdown.cancel();
        self.tasks.close();
        let finished = tokio::time::timeout(timeout.get(), self.tasks.wait()).await;
        if finished.is_err() {
            tracing::warn!(
                connections = self.tasks.len(),
                "Stopped before all requests in flight were finished"
            );
        }
        tracing::info!("The node has stopped");
    }

    /// Starts what is not asked for by a request.
    fn run_beside(&self, pool: &Pool) {
        let settings = &self.config.settings;
        // In the background, as a provider that is away takes its time to be so.
        self.spawn(tell_whether_ready(pool.clone()));
        if let (Some(interval), false) = (settings.collect.interval.on(), settings.read_only) {
            self.spawn(collector::run(pool.clone(), interval.get()));
        }
    }

    /// Runs a task that shutdown ends at whatever point it has reached.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            shutdown.run_until_cancelled(task).await;
        });
    }

    fn say_ready(&self, must: bool) -> Result<()> {
        match self.facts.write(&self.config.paths.ready_file) {
            Err(error) if must => return Err(error),
            Err(error) => tracing::error!("What the node listens on cannot be told: {error:#}"),
            Ok(()) => {}
        }
        tracing::info!(
            listen.s3 = self.facts.s3.map(tracing::field::display),
            listen.redirector = self.facts.redirector.map(tracing::field::display),
            listen.blobs = self.facts.blobs.map(tracing::field::display),
            data = %self.config.paths.data.display(),
            read_only = self.config.settings.read_only,
            "The node is ready"
        );
        Ok(())
    }
}

impl Drop for Node {
    /// Ends the listeners of a start that failed half-way.
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Logs what an operator should know at once and not by the first failed upload.
async fn tell_whether_ready(pool: Pool) {
    match pool.probe().await {
        Ok(()) => {}
        Err(PoolError::Full(why)) => {
            tracing::error!(error.cause = why, "There is no room for writes");
        }
        // It may come back; until then /readyz says so too.
        Err(error) => {
            tracing::error!(error.cause = %error, "The catalog or the store cannot be reached");
        }
    }
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
    fn run(self, node: &Node, pool: &Pool) -> Result<()> {
        let settings = &node.config.settings;
        let limits = ConnectionLimits {
            max_connections: settings.limits.max_connections,
            head_timeout: settings.limits.head_timeout.get(),
            stall_timeout: settings.limits.stall_timeout.get(),
        };
        let addresses = Addresses::of_listeners(&node.facts);
        let (tasks, shutdown) = (&node.tasks, &node.shutdown);
        if let Some(listener) = self.redirector {
            let face = Redirector::new(pool.clone(), wiring::web_settings(settings, &addresses)?);
            let handle = move |request: Request<Incoming>| {
                let face = face.clone();
                async move { face.handle(request).await }
            };
            tasks.spawn(listener.run(limits, tasks.clone(), shutdown.clone(), handle));
        }
        if let Some(listener) = self.blobs {
            let face = BlobServer::new(pool.clone(), wiring::web_settings(settings, &addresses)?);
            let handle = move |request: Request<Incoming>| {
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
