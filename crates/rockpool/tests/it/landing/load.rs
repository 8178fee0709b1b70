//! Members that upload and readers that read, all the time.
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rockpool_testkit::Reply;

use crate::{
    harness::{Keys, Server},
    http::{Client, get, head, try_connect},
};

const UPLOADERS: u64 = 4;

/// Load on a pool; [`Self::stop`] ends it.
pub(crate) struct Load {
    tally: Arc<Tally>,
    threads: Vec<JoinHandle<()>>,
}

/// What became of it.
#[derive(Default)]
pub(crate) struct Tally {
    stop: AtomicBool,
    /// Names whose upload was acknowledged, and the seeds of their contents.
    pub(crate) stored: Mutex<BTreeMap<String, u64>>,
    /// Uploads that were not acknowledged, and why.
    pub(crate) failed_uploads: Mutex<Vec<String>>,
    pub(crate) reads: AtomicU64,
    /// Of these, by redirects to the provider.
    pub(crate) redirected: AtomicU64,
    pub(crate) failed_reads: Mutex<Vec<String>>,
}

/// The content of a seed: 1 KiB to 200 KiB, small ones more often.
pub(crate) fn content(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let size = match next() % 10 {
        0 => 200 << 10,
        1..4 => 40 << 10,
        _ => 1 << 10,
    };
    (0..size / 8).flat_map(|_| next().to_le_bytes()).collect()
}

/// Reads an object by its name as the world does.
pub(crate) fn read_publicly(url: &str) -> Result<(Vec<u8>, bool), String> {
    let reply = get(url);
    match (reply.status, reply.header("location")) {
        (200, _) => Ok((reply.body, false)),
        (301, Some(location)) => {
            let there = get(location);
            let there = match there.header("location") {
                Some(location) => get(location),
                None => there,
            };
            match there.status {
                200 => Ok((there.body, true)),
                status => Err(format!("{location} answers {status}")),
            }
        }
        (status, _) => Err(format!("{url} answers {status}")),
    }
}

impl Load {
    /// Uploads under names that begin with `prefix`, each thread with a pause behind each upload.
    pub(crate) fn uploads(pool: &Server, member: &Keys, prefix: &str, pause: Duration) -> Self {
        let tally = Arc::new(Tally::default());
        let mut threads = Vec::new();
        for uploader in 0..UPLOADERS {
            let client = Client::new(pool, member);
            let (tally, prefix) = (tally.clone(), prefix.to_owned());
            threads.push(thread::spawn(move || {
                for number in 0.. {
                    if tally.stop.load(Ordering::Relaxed) {
                        return;
                    }
                    tally.upload(&client, &format!("{prefix}-{uploader}-{number}"));
                    thread::sleep(pause);
                }
            }));
        }
        Self { tally, threads }
    }

    /// Reads what was uploaded, too, as the world does.
    pub(crate) fn and_reads(mut self, pool: &Server, member: &Keys, pause: Duration) -> Self {
        let tally = self.tally.clone();
        let base = format!("{}/{}", pool.redirector_url(), member.name);
        self.threads.push(thread::spawn(move || {
            for turn in 0.. {
                if tally.stop.load(Ordering::Relaxed) {
                    return;
                }
                tally.read(&base, turn);
                thread::sleep(pause);
            }
        }));
        self
    }

    pub(crate) fn stop(self) -> Arc<Tally> {
        self.tally.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.tally
    }
}

impl Tally {
    fn upload(&self, client: &Client, name: &str) {
        let seed = name.bytes().fold(7, |sum: u64, b| {
            sum.wrapping_mul(31).wrapping_add(u64::from(b))
        });
        match put(client, name, &content(seed)) {
            Ok(()) => drop(self.stored.lock().unwrap().insert(name.to_owned(), seed)),
            Err(why) => self.failed_uploads.lock().unwrap().push(why),
        }
    }

    fn read(&self, base: &str, turn: u64) {
        let picked = {
            let stored = self.stored.lock().unwrap();
            let at = turn.wrapping_mul(7919) as usize % stored.len().max(1);
            stored
                .iter()
                .nth(at)
                .map(|(name, seed)| (name.clone(), *seed))
        };
        let Some((name, seed)) = picked else { return };
        self.reads.fetch_add(1, Ordering::Relaxed);
        match read_publicly(&format!("{base}/{name}")) {
            Ok((bytes, redirected)) if bytes == content(seed) => {
                self.redirected
                    .fetch_add(u64::from(redirected), Ordering::Relaxed);
            }
            Ok(_) => {
                let why = format!("{name} has other bytes");
                self.failed_reads.lock().unwrap().push(why);
            }
            Err(why) => self.failed_reads.lock().unwrap().push(why),
        }
    }
}

/// An upload that may fail, as the node may be killed meanwhile.
fn put(client: &Client, name: &str, bytes: &[u8]) -> Result<(), String> {
    let url = client.put_url(name);
    let reply = try_connect(&url).and_then(|mut stream| {
        stream.write_all(head("PUT", &url, bytes.len()).as_bytes())?;
        stream.write_all(bytes)?;
        Reply::read(stream)
    });
    match reply {
        Ok(reply) if reply.status == 200 => Ok(()),
        Ok(reply) => Err(format!("{name} is answered {}", reply.status)),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
