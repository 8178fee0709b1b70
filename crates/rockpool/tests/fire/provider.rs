//! A provider that misbehaves: an HTTP proxy on loopback in front of a bucket that works. It refuses, waits, cuts
//! connections before and after the work is done, tears answers, and carries out deletes late.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use rockpool_testkit::Dice;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use crate::{nodes::Member, wire};

/// How late a delete is carried out at the latest, which the pool is told as `collect.longest_delete`.
pub(crate) const LATEST: Duration = Duration::from_millis(1800);

/// A proxy; it serves until the process ends.
pub(crate) struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// The bucket that works, and its owner, whose name it has.
    behind: SocketAddr,
    owner: Member,
    dice: Mutex<Dice>,
    /// Whether it misbehaves.
    bad: AtomicBool,
    /// Whether it refuses everything.
    away: AtomicBool,
    faults: AtomicU64,
    late: AtomicU64,
}

/// What is done to a request.
enum Fault {
    None,
    /// 503 before anything is done.
    Refuse,
    Wait(Duration),
    /// The connection ends before anything is done.
    CutBefore,
    /// It is done, and the answer is lost.
    CutAfter,
    /// It is done, and half of the answer comes.
    Tear,
    /// A delete: it seems to fail, and is done so much later.
    Late(Duration),
}

impl Provider {
    pub(crate) fn start(behind: SocketAddr, owner: Member, dice: Dice) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            behind,
            owner,
            dice: Mutex::new(dice),
            bad: AtomicBool::new(false),
            away: AtomicBool::new(false),
            faults: AtomicU64::new(0),
            late: AtomicU64::new(0),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                // A connection that breaks is what this is about.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Ok(Self { address, shared })
    }

    pub(crate) fn misbehave(&self, bad: bool) {
        self.shared.bad.store(bad, Ordering::Relaxed);
    }

    /// Refuses everything for a while.
    pub(crate) fn be_away(&self, time: Duration) {
        self.shared.away.store(true, Ordering::Relaxed);
        thread::sleep(time);
        self.shared.away.store(false, Ordering::Relaxed);
    }

    /// The settings of the section of a store whose blobs lie here.
    pub(crate) fn settings(&self, store: &str) -> String {
        let Member {
            name,
            access_key_id,
            secret_access_key,
        } = &self.shared.owner;
        format!(
            "kind = \"s3\"\n[{store}.s3]\nendpoint = \"http://{}\"\nbucket = \"{name}\"\ncall_timeout = \"2s\"\n\
             access_key_id = \"{access_key_id}\"\nsecret_access_key = \"{secret_access_key}\"\n",
            self.address
        )
    }

    /// How many requests were harmed, and how many deletes of these came late.
    pub(crate) fn faults(&self) -> (u64, u64) {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (count(&self.shared.faults), count(&self.shared.late))
    }
}

/// A request as it came.
struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
    is_delete: bool,
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(request) = read_request(&mut reader)? {
            let fault = self.choose(&request);
            if !matches!(fault, Fault::None) {
                self.faults.fetch_add(1, Ordering::Relaxed);
            }
            match fault {
                Fault::None => stream.write_all(&self.forward(&request)?)?,
                Fault::Wait(time) => {
                    thread::sleep(time);
                    stream.write_all(&self.forward(&request)?)?;
                }
                Fault::Refuse => stream.write_all(
                    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 38\r\n\r\n\
                      <Error><Code>SlowDown</Code></Error>\r\n",
                )?,
                Fault::CutBefore => return stream.shutdown(Shutdown::Both),
                Fault::CutAfter => {
                    self.forward(&request)?;
                    return stream.shutdown(Shutdown::Both);
                }
                Fault::Tear => {
                    let answer = self.forward(&request)?;
                    stream.write_all(&answer[..answer.len() / 2])?;
                    return stream.shutdown(Shutdown::Both);
                }
                Fault::Late(time) => {
                    stream.shutdown(Shutdown::Both)?;
                    thread::sleep(time);
                    return self.delete(&request);
                }
            }
        }
        Ok(())
    }

    fn choose(&self, request: &Request) -> Fault {
        if self.away.load(Ordering::Relaxed) {
            return Fault::Refuse;
        }
        if !self.bad.load(Ordering::Relaxed) {
            return Fault::None;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = u64::try_from(LATEST.as_millis()).unwrap_or(u64::MAX);
        let late = Duration::from_millis(dice.between(latest / 3, latest));
        let wait = Duration::from_millis(dice.roll(600));
        match dice.roll(100) {
            0..30 if request.is_delete => Fault::Late(late),
            0..4 => Fault::Refuse,
            4..10 => Fault::Wait(wait),
            10..14 => Fault::CutBefore,
            14..18 => Fault::CutAfter,
            18..21 => Fault::Tear,
            _ => Fault::None,
        }
    }

    /// Carries out a delete that was accepted earlier, whether or not its signature still holds.
    fn delete(&self, request: &Request) -> std::io::Result<()> {
        let head = String::from_utf8_lossy(&request.head);
        let path = head.split([' ', '?']).nth(1).unwrap_or_default();
        let key = path
            .trim_start_matches('/')
            .trim_start_matches(&self.owner.name);
        let endpoint = format!("http://{}", self.behind);
        let endpoint = endpoint.parse().map_err(std::io::Error::other)?;
        let name = self.owner.name.clone();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, name, "us-east-1");
        let bucket = bucket.map_err(std::io::Error::other)?;
        let credentials =
            Credentials::new(&self.owner.access_key_id, &self.owner.secret_access_key);
        let action = bucket.delete_object(Some(&credentials), key.trim_start_matches('/'));
        let url = action.sign(Duration::from_secs(60));
        match wire::send(self.behind, "DELETE", &url, &[], &[]) {
            wire::Outcome::Reply(reply) if reply.status == 204 => {
                self.late.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            other => Err(std::io::Error::other(format!("{other:?}"))),
        }
    }

    /// The answer of the bucket behind, byte for byte.
    fn forward(&self, request: &Request) -> std::io::Result<Vec<u8>> {
        let mut behind = TcpStream::connect(self.behind)?;
        behind.write_all(&request.head)?;
        behind.write_all(&request.body)?;
        let mut answer = Vec::new();
        behind.read_to_end(&mut answer)?;
        // It was asked to close; this connection stays open.
        let text = b"connection: close\r\n";
        let lower = answer.to_ascii_lowercase();
        if let Some(at) = lower.windows(text.len()).position(|part| part == text) {
            answer.drain(at..at + text.len());
        }
        Ok(answer)
    }
}

/// `None`: the connection ended between requests.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut length = 0;
    let mut is_delete = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if head.is_empty() {
            is_delete = lower.starts_with("delete ");
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        if lower.starts_with("connection:") {
            continue;
        }
        if line.trim_end().is_empty() {
            head.extend_from_slice(b"Connection: close\r\n\r\n");
            break;
        }
        head.extend_from_slice(line.as_bytes());
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok((body.len() as u64 == length).then_some(Request {
        head,
        body,
        is_delete,
    }))
}
