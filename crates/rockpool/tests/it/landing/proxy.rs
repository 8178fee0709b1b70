//! A proxy before a provider that works, which has bad days when it is told to, and remembers when it was called.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::harness::Server;

/// What becomes of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// All are answered with this status.
    Refuses(u16),
    /// All are read and never answered.
    Hangs,
}

/// A proxy on loopback; it serves until the process ends.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    mood: Mutex<Mood>,
    calls: Mutex<Vec<Instant>>,
}

impl Proxy {
    pub(crate) fn before(provider: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let behind = provider.s3_url().trim_start_matches("http://").parse();
        let shared = Arc::new(Shared {
            behind: behind.unwrap(),
            mood: Mutex::new(Mood::Fine),
            calls: Mutex::default(),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                // A connection that breaks is its client's affair.
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// When calls came, in order.
    pub(crate) fn calls(&self) -> Vec<Instant> {
        self.shared.calls.lock().unwrap().clone()
    }
}

impl Shared {
    /// Answers one call; the connection ends behind it.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let Some((head, body)) = read_request(&mut reader)? else {
            return Ok(());
        };
        self.calls.lock().unwrap().push(Instant::now());
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fine => {
                let mut behind = TcpStream::connect(self.behind)?;
                behind.write_all(&head)?;
                behind.write_all(&body)?;
                std::io::copy(&mut behind, &mut stream).map(|_| ())
            }
            Mood::Refuses(status) => write!(
                stream,
                "HTTP/1.1 {status} No\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 36\r\n\r\n\
                 <Error><Code>SlowDown</Code></Error>"
            ),
            Mood::Hangs => {
                thread::sleep(Duration::from_secs(5));
                Ok(())
            }
        }
    }
}

/// The head, asking for the connection's end, and the body. `None`: the connection ended before.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (mut head, mut body, mut length) = (Vec::new(), Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        if line.trim_end().is_empty() {
            head.extend_from_slice(b"Connection: close\r\n\r\n");
            break;
        }
        if !lower.starts_with("connection:") {
            head.extend_from_slice(line.as_bytes());
        }
    }
    reader.take(length).read_to_end(&mut body)?;
    Ok((body.len() as u64 == length).then_some((head, body)))
}
