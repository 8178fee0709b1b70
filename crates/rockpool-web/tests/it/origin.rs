//! The faces over TCP, as an edge's origin; and a plain client.
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::{client::conn::http1 as client, server::conn::http1 as server, service::service_fn};
use hyper_util::rt::TokioIo;
use rockpool_web::{BlobServer, Redirector, WebBody};
use tokio::{
    net::{TcpListener, UnixStream},
    task::JoinHandle,
};

use crate::world::{Reply, request};

/// What is served.
#[derive(Clone)]
pub(crate) enum Served {
    Names(Redirector),
    /// Blobs, by several nodes in turn.
    Blobs(Vec<BlobServer>),
}

/// A face on a port of its own. It remembers what it was asked, and ends when it is dropped.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Origin {
    pub(crate) async fn start(served: Served) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (served, log) = (served.clone(), log.clone());
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let turn = remember(&log, &request);
                    let served = served.clone();
                    async move { Ok::<_, std::convert::Infallible>(serve(served, turn, request).await) }
                });
                tokio::spawn(
                    server::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    /// What was asked since the last call: method and range.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes a request down; how many came before it.
fn remember<B>(log: &Mutex<Vec<String>>, request: &Request<B>) -> usize {
    let range = request.headers().get("range");
    let range = range.map_or("", |r| r.to_str().unwrap());
    let mut log = log.lock().unwrap();
    log.push(
        format!("{} {range}", request.method())
            .trim_end()
            .to_owned(),
    );
    log.len() - 1
}

async fn serve<B>(served: Served, turn: usize, request: Request<B>) -> Response<WebBody> {
    match served {
        Served::Names(redirector) => redirector.handle(request).await,
        Served::Blobs(nodes) => nodes[turn % nodes.len()].handle(request).await,
    }
}

/// Asks a server on a Unix socket, on a connection of its own. The body must come whole.
pub(crate) async fn ask(
    socket: &Path,
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let stream = UnixStream::connect(socket).await.unwrap();
    exchange(TokioIo::new(stream), method, uri, headers).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge that is asked is the test's own"
)]
async fn exchange<T>(io: T, method: Method, uri: &str, headers: &[(&str, &str)]) -> Reply
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = client::handshake::<_, Empty<Bytes>>(io).await.unwrap();
    tokio::spawn(connection);
    let mut headers = headers.to_vec();
    if headers.iter().all(|(name, _)| *name != "host") {
        headers.push(("host", "edge.example"));
    }
    let response = sender.send_request(request(method, uri, &headers)).await;
    let (parts, body) = response.unwrap().into_parts();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
