//! A load of requests over a few kept connections.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};
use url::Url;

/// One request of a load.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Beside `Host`, which is the URL's unless it is here.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

/// What a load took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) elapsed: Duration,
    /// In ascending order.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) bytes_read: usize,
}

impl Load {
    /// Adds a load that ran after this one.
    pub(crate) fn add(&mut self, later: Self) {
        self.elapsed += later.elapsed;
        self.bytes_read += later.bytes_read;
        self.latencies.extend(later.latencies);
        self.latencies.sort_unstable();
    }

    /// The latency that a share of the requests (0 to 1) was not slower than.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

/// Sends the calls, each once, over `connections` connections to one host. Every answer must have the `expected` status.
pub(crate) async fn run(
    calls: Vec<Call>,
    connections: usize,
    expected: StatusCode,
) -> Result<Load> {
    let calls = Arc::new(calls);
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(calls.clone(), next.clone(), expected));
    }
    let (mut latencies, mut bytes_read) = (Vec::with_capacity(calls.len()), 0);
    while let Some(done) = workers.join_next().await {
        let (mut some, bytes) = done??;
        latencies.append(&mut some);
        bytes_read += bytes;
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Ok(Load {
        elapsed,
        latencies,
        bytes_read,
    })
}

async fn work(
    calls: Arc<Vec<Call>>,
    next: Arc<AtomicUsize>,
    expected: StatusCode,
) -> Result<(Vec<Duration>, usize)> {
    let (mut latencies, mut bytes_read) = (Vec::new(), 0);
    let mut connection = None;
    while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut sender = match connection.take() {
            Some(sender) => sender,
            None => connect(&call.url).await?,
        };
        let begin = Instant::now();
        let (status, bytes) = send(&mut sender, call).await?;
        latencies.push(begin.elapsed());
        ensure!(
            status == expected,
            "{} {} answered {status}",
            call.method,
            call.url.path()
        );
        bytes_read += bytes;
        connection = sender.ready().await.is_ok().then_some(sender);
    }
    Ok((latencies, bytes_read))
}

/// A connection to the host of `url`.
pub(crate) async fn connect(url: &Url) -> Result<SendRequest<Full<Bytes>>> {
    let Some(address) = url
        .socket_addrs(|| None)?
        .into_iter()
        .find(|address| address.ip().is_loopback())
    else {
        bail!("{url} is not on loopback");
    };
    let stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the load goes to this machine's own loopback"
    )]
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends one call that must succeed; the body of its answer.
pub(crate) async fn fetch(call: &Call) -> Result<Bytes> {
    let mut sender = connect(&call.url).await?;
    let answer = begin(&mut sender, call).await?;
    ensure!(
        answer.status() == StatusCode::OK,
        "{} answered {}",
        call.url,
        answer.status()
    );
    Ok(answer.into_body().collect().await?.to_bytes())
}

/// Sends one call; its status, and how many bytes its body had.
pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    call: &Call,
) -> Result<(StatusCode, usize)> {
    let mut answer = begin(sender, call).await?;
    let mut bytes = 0;
    while let Some(frame) = answer.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok((answer.status(), bytes))
}

/// Sends one call; its answer, of which only the head has been read.
async fn begin(sender: &mut SendRequest<Full<Bytes>>, call: &Call) -> Result<Response<Incoming>> {
    let target = &call.url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &call.url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(target)
        .header("host", host)
        .body(Full::new(call.body.clone()))?;
    for (name, value) in &call.headers {
        request.headers_mut().insert(*name, value.parse()?);
    }
    Ok(sender.send_request(request).await?)
}
