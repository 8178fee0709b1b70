//! Listeners: sockets, connections and their bounds, the same for every face.
use std::{
    convert::Infallible,
    future::{Future, pending},
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rockpool_web::WebBody;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    idle::{Conversation, IdleConnections},
    stall::StallGuard,
};

/// The most bytes of a request's head, and of what hyper holds of a body or an answer.
const BUFFER_BYTES: usize = 64 << 10;
/// How many connections beyond the bound, while all others are busy, are answered 503 at a time; those beyond even that are
/// closed at once.
const REFUSALS: usize = 64;
/// How long a refused client may take to read its answer, and a connection that gives way to close.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// How long to wait when the system gives no new socket, for want of file descriptors above all.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The answer beyond the bound. It is the same for every face: clients of S3 too go by the status and try again.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 1\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n\
    Connection: close\r\n\r\nToo many connections\n";

/// The bounds of a listener's connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// How many there may be. One more takes the place of the one that has waited longest for a request.
    pub(crate) max_connections: usize,
    /// How long one may take to send the head of its next request, from the end of the answer before.
    pub(crate) head_timeout: Duration,
    /// How long a client may take no byte of an answer.
    pub(crate) stall_timeout: Duration,
}

/// A bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The face, as settings name it.
    name: &'static str,
    socket: TcpListener,
    /// The address, with the port that port 0 became.
    pub(crate) address: SocketAddr,
}

impl Listener {
    /// Binds the face `name`, which is also its setting and its flag, to an address.
    ///
    /// # Errors
    /// Names the address, the setting and the flag.
    pub(crate) async fn bind(name: &'static str, address: SocketAddr) -> Result<Self> {
        let failed = |error: &io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{address} is in use by another program (is another node running?); \
                 choose another with --{name} or the setting listen.{name}, or `off`"
            ),
            _ => format!(
                "cannot listen on {address}; choose another with --{name} or the setting listen.{name}, or `off`"
            ),
        };
        let socket = TcpListener::bind(address).await;
        let socket = socket.map_err(|error| anyhow::anyhow!("{}: {error}", failed(&error)))?;
        let address = socket.local_addr().context("a socket without an address")?;
        Ok(Self {
            name,
            socket,
            address,
        })
    }

    /// Accepts connections and hands their requests to `handle`, until `shutdown`. Connections go on in `tasks`; at
    /// shutdown each finishes the request that it is at and closes.
    pub(crate) async fn run<H, F>(
        self,
        limits: ConnectionLimits,
        tasks: TaskTracker,
        shutdown: CancellationToken,
        handle: H,
    ) where
        H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<WebBody>> + Send + 'static,
    {
        let connections = Arc::new(Semaphore::new(limits.max_connections));
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let idle = IdleConnections::default();
        loop {
            let stream = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        self.pause(&error).await;
                        continue;
                    }
                },
            };
            // Without it, small answers wait 40 ms for the client's delayed acknowledgement.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let room = connections.clone().try_acquire_owned();
            if room.is_ok() || idle.close_longest() {
                let (connections, conversation) = (connections.clone(), idle.enter());
                let (handle, shutdown) = (handle.clone(), shutdown.clone());
                tasks.spawn(async move {
                    let place = async {
                        match room {
                            Ok(permit) => Ok(permit),
                            Err(_) => connections.acquire_owned().await,
                        }
                    };
                    if let Ok(Ok(_permit)) = tokio::time::timeout(REFUSAL_TIME, place).await {
                        converse(stream, limits, shutdown, &conversation, handle).await;
                    }
                    conversation.end();
                });
            } else if let Ok(permit) = refusals.clone().try_acquire_owned() {
                tasks.spawn(async move {
                    // The client is told if it listens; there is nobody else to tell.
                    let _ = tokio::time::timeout(REFUSAL_TIME, refuse(stream)).await;
                    drop(permit);
                });
            }
        }
    }

    async fn pause(&self, error: &io::Error) {
        let of_client = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
        );
        if !of_client {
            tracing::error!(
                listener = self.name,
                error.cause = %error,
                "No connection can be accepted; raise the limit of open files if it is that"
            );
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

/// One connection, from its first request to its last.
async fn converse<H, F>(
    stream: TcpStream,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
    conversation: &Conversation,
    handle: H,
) where
    H: Fn(Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<WebBody>> + Send + 'static,
{
    let asked = conversation.clone();
    let service = service_fn(move |request| {
        let in_time = asked.begin();
        let (asked, answer) = (asked.clone(), handle(request));
        async move {
            if !in_time {
                // The connection is about to be closed, and its client to ask again.
                pending::<()>().await;
            }
            Ok::<_, Infallible>(answer.await.map(|body| asked.answering(body)))
        }
    });
    let io = TokioIo::new(StallGuard::new(stream, limits.stall_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = conversation.told_to_close() => return,
        () = shutdown.cancelled() => {
            // hyper takes a connection that never sent a request for a busy one.
            if conversation.is_idle() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error.cause = %error, "A connection ended before its time");
    }
}

/// Tells a client that there are too many, and waits until it has heard.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await?;
    // Closing with unread bytes would reset the connection under the answer.
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
