//! A node: its sockets, its faces and what runs beside them, from its start to its end.
use std::sync::Arc;

use anyhow::Result;
use http::Request;
use hyper::body::Incoming;
use rockpool_blobs::Landing;
use rockpool_links::LinkFace;
use rockpool_pool::{Pool, PoolError};
use rockpool_s3::S3Face;
use rockpool_web::{BlobServer, Health, Redirector};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    addresses::{Addresses, NodeFacts},
    collector,
    config::{Config, ListenAddress, OrOff},
    data_dir, describer, keeper,
    listener::{ConnectionLimits, Listener},
    replicator, scribe, scrubber, welcome, wiring,
};

/// A node that serves.
pub(crate) struct Node {
    config: Config,
    facts: NodeFacts,
    links: Option<LinkFace>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// Rung to have copies made at once.
    alarm: Arc<Notify>,
}

impl Node {
    /// Binds the sockets, opens the pool and serves it. With `must_say_ready`, a ready file that cannot be written is
    /// an error. A start that is cancelled leaves nothing running.
    ///
    /// # Errors
    /// When a socket, the data directory, the catalog or a store cannot be had; the words say what to do.
    pub(crate) async fn start(config: Config, must_say_ready: bool) -> Result<Self> {
        data_dir::make(&config.paths)?;
        let mut listeners = Listeners::bind(&config).await?;
        let (pool, landing) = wiring::open_pool_of_node(&config).await?;
        let links = match listeners.links {
            Some(_) => Some(wiring::open_links(&config).await?),
            None => None,
        };
        let node = Self::new(config, &listeners, links);
        node.run_links(listeners.links.take());
        listeners.run(&node, &pool)?;
        node.run_beside(&pool, landing);
        let addresses = Addresses::of_listeners(&node.facts);
        welcome::greet(&pool, &node.config, &addresses).await;
        node.say_ready(must_say_ready)?;
        Ok(node)
    }

    /// As [`Node::start`], but for the link shield alone: no pool is opened or made.
    ///
    /// # Errors
    /// When its socket or its directory cannot be had.
    pub(crate) async fn start_links(config: Config, must_say_ready: bool) -> Result<Self> {
        data_dir::make(&config.paths)?;
        let mut listeners = Listeners {
            links: bind("links", config.settings.listen.links).await?,
            ..Listeners::default()
        };
        let links = wiring::open_links(&config).await?;
        let node = Self::new(config, &listeners, Some(links));
        node.run_links(listeners.links.take());
        node.say_ready(must_say_ready)?;
        Ok(node)
    }

    fn new(config: Config, listeners: &Listeners, links: Option<LinkFace>) -> Self {
        Self {
            facts: listeners.facts(),
            config,
            links,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            alarm: Arc::default(),
        }
    }

    /// Has what is queued for replicas copied now, also what waits for another attempt.
    pub(crate) fn hasten_copies(&self) {
        self.alarm.notify_one();
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
        if let Some(links) = &self.links {
            links.tell_counts().await;
        }
        tracing::info!("The node has stopped");
    }

    /// Puts the link shield behind its socket.
    fn run_links(&self, listener: Option<Listener>) {
        let (Some(listener), Some(face)) = (listener, &self.links) else {
            return;
        };
        let (handled, kept) = (face.clone(), face.clone());
        let handle = move |request: Request<Incoming>| {
            let face = handled.clone();
            async move { face.handle(request).await }
        };
        let limits = connection_limits(&self.config);
        let (tasks, shutdown) = (self.tasks.clone(), self.shutdown.clone());
        self.tasks
            .spawn(listener.run(limits, tasks, shutdown, handle));
        self.spawn(async move { kept.upkeep().await });
    }

    /// Starts what is not asked for by a request.
    fn run_beside(&self, pool: &Pool, landing: Option<Landing>) {
        let settings = &self.config.settings;
        // In the background, as a provider that is away takes its time to be so.
        self.spawn(tell_whether_ready(pool.clone()));
        if let (Some(interval), false) = (settings.collect.interval.on(), settings.read_only) {
            self.spawn(collector::run(pool.clone(), interval.get()));
        }
        if !settings.read_only {
            self.spawn(describer::run(pool.clone()));
            self.spawn(replicator::run(pool.clone(), self.alarm.clone()));
            if let Some(interval) = settings.backup.interval.on() {
                let keep = settings.backup.keep as usize;
                self.spawn(keeper::run(pool.clone(), interval.get(), keep));
            }
            let every = settings.backup.manifests.get();
            let shutdown = self.shutdown.clone();
            self.tasks.spawn(scribe::run(pool.clone(), every, shutdown));
            if let Some(landing) = landing {
                self.spawn(async move { landing.run().await });
            }
            if let Some(options) = wiring::scrub_options(settings) {
                let stores = wiring::scrubbed_stores(settings);
                self.spawn(scrubber::run(pool.clone(), stores, options));
            }
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
            listen.links = self.facts.links.map(tracing::field::display),
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

fn connection_limits(config: &Config) -> ConnectionLimits {
    let limits = &config.settings.limits;
    ConnectionLimits {
        max_connections: limits.max_connections,
        head_timeout: limits.head_timeout.get(),
        stall_timeout: limits.stall_timeout.get(),
    }
}

/// The bound sockets; `None` where a face is off.
#[derive(Default)]
struct Listeners {
    s3: Option<Listener>,
    redirector: Option<Listener>,
    blobs: Option<Listener>,
    links: Option<Listener>,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self> {
        let listen = &config.settings.listen;
        Ok(Self {
            s3: bind("s3", listen.s3).await?,
            redirector: bind("redirector", listen.redirector).await?,
            blobs: bind("blobs", listen.blobs).await?,
            links: bind("links", listen.links).await?,
        })
    }

    fn facts(&self) -> NodeFacts {
        let address = |listener: &Option<Listener>| listener.as_ref().map(|l| l.address);
        NodeFacts {
            pid: std::process::id(),
            s3: address(&self.s3),
            redirector: address(&self.redirector),
            blobs: address(&self.blobs),
            links: address(&self.links),
        }
    }

    /// Puts the faces behind the sockets.
    fn run(self, node: &Node, pool: &Pool) -> Result<()> {
        let settings = &node.config.settings;
        let limits = connection_limits(&node.config);
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
