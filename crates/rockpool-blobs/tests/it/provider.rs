//! A provider made by hand, which answers as a test tells it to and remembers what it was asked.
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rockpool_blobs::{S3Settings, S3Store, Spool};
use rockpool_types::SecretKey;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

pub(crate) const SECRET: &str = "a-secret-that-must-not-show";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What to do with a request.
pub(crate) enum Reply {
    /// A status, header lines, a body with its right length.
    Answer(u16, &'static str, Vec<u8>),
    /// These bytes, and then the connection is cut.
    Cut(Vec<u8>),
    /// The same, but only after a while.
    After(Duration, Box<Reply>),
    /// Nothing, for ever.
    Silence,
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Reply {
    Reply::Answer(200, "", body.into())
}

pub(crate) fn error(status: u16, code: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>So it is.</Message></Error>");
    Reply::Answer(status, "", body.into())
}

type Handler = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// A server on loopback; gone when dropped.
pub(crate) struct Provider {
    address: SocketAddr,
    log: Arc<Log>,
    task: tokio::task::JoinHandle<()>,
    directory: TempDir,
}

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Request>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Provider {
    /// Starts a server that gives `handler` the number, from 0 on, and the content of each request. It pauses for
    /// `read_pause` after each MiB of a body.
    pub(crate) async fn start_slow(
        read_pause: Duration,
        handler: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listening = TcpSocket::new_v4().unwrap();
        // A kernel may grow it to tens of MiB: nobody would see then that a slow server reads on.
        listening.set_recv_buffer_size(256 << 10).unwrap();
        listening.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = listening.listen(1024).unwrap();
        let address = listener.local_addr().unwrap();
        let (log, handler) = (Arc::new(Log::default()), Arc::new(handler));
        let task = tokio::spawn({
            let log = log.clone();
            async move {
                loop {
                    let (socket, _) = listener.accept().await.unwrap();
                    let (log, handler) = (log.clone(), handler.clone());
                    tokio::spawn(async move { serve(socket, &log, &*handler, read_pause).await });
                }
            }
        });
        Self {
            address,
            log,
            task,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn start(
        handler: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_slow(Duration::ZERO, handler).await
    }

    pub(crate) fn settings(&self) -> S3Settings {
        S3Settings::new(
            format!("http://{}", self.address).parse().unwrap(),
            "pool",
            "nowhere-1",
            "AKIAROCKPOOL",
            SecretKey::new(SECRET).unwrap(),
        )
    }

    pub(crate) fn spool(&self) -> Spool {
        Spool::open(self.directory.path()).unwrap()
    }

    pub(crate) fn store(&self) -> S3Store {
        self.store_with(|_| {})
    }

    pub(crate) fn store_with(&self, change: impl FnOnce(&mut S3Settings)) -> S3Store {
        let mut settings = self.settings();
        change(&mut settings);
        S3Store::new(settings, self.spool()).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.requests.lock().unwrap().clone()
    }

    /// The most requests that were being answered at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.log.most.load(Ordering::SeqCst)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut socket: TcpStream, log: &Log, handler: &Handler, read_pause: Duration) {
    while let Some(request) = read_request(&mut socket, read_pause).await {
        let number = {
            let mut requests = log.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let now = log.now.fetch_add(1, Ordering::SeqCst) + 1;
        log.most.fetch_max(now, Ordering::SeqCst);
        let mut reply = handler(number, &request);
        while let Reply::After(pause, then) = reply {
            sleep(pause).await;
            reply = *then;
        }
        log.now.fetch_sub(1, Ordering::SeqCst);
        let (bytes, goes_on) = match reply {
            Reply::Answer(status, headers, body) => {
                let length = match headers.to_lowercase().contains("content-length") {
                    true => String::new(),
                    false => format!("content-length: {}\r\n", body.len()),
                };
                let head = format!("HTTP/1.1 {status} So\r\n{length}{headers}\r\n");
                let body = if request.method == "HEAD" {
                    Vec::new()
                } else {
                    body
                };
                ([head.into_bytes(), body].concat(), true)
            }
            Reply::Cut(bytes) => (bytes, false),
            Reply::Silence => std::future::pending().await,
            Reply::After(..) => unreachable!("taken apart above"),
        };
        if socket.write_all(&bytes).await.is_err() || !goes_on {
            return;
        }
    }
}

/// `None` when the connection ended.
async fn read_request(socket: &mut TcpStream, read_pause: Duration) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines();
    let mut first = lines.next().unwrap().split(' ');
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        method: first.next().unwrap().to_owned(),
        target: first.next().unwrap().to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let length: usize = length.parse().unwrap();
    while request.body.len() < length {
        let step = (length - request.body.len()).min(1 << 20);
        let mut part = vec![0; step];
        socket.read_exact(&mut part).await.ok()?;
        request.body.extend(part);
        sleep(read_pause).await;
    }
    Some(request)
}
