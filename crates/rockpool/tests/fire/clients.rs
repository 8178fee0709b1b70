//! Clients that do things at random to the same few keys with the same few contents, and remember what came of it.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rockpool_testkit::{Dice, Reply};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use crate::{
    history::{Deed, History, Nanos, What, WriteId},
    nodes::{Member, Nodes},
    wire::{Outcome, send},
};

/// How many keys there are; every other one is in the second member's bucket.
pub(crate) const KEYS: usize = 6;
/// Contents that stay in memory, that go through the spool, that are parts in the catalog and parts in staging.
const SIZES: [usize; 4] = [17, 3_000, 100_000, 200_000];
/// The header that names the write.
const WRITE: &str = "x-amz-meta-write";
/// A reader may meet a collection, which has no grace here, between look-up and read; not so often in a row.
const READS: u32 = 5;
const SIGNED_FOR: Duration = Duration::from_secs(600);

/// What was done, by outcome.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) not_sent: AtomicU64,
}

/// What all clients share.
pub(crate) struct Field {
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) members: Vec<Member>,
    pub(crate) history: History,
    pub(crate) tally: Tally,
    pub(crate) stop: AtomicBool,
    began: Instant,
    writes: AtomicU64,
    /// What was seen and cannot be, in words.
    pub(crate) problems: std::sync::Mutex<Vec<String>>,
}

impl Field {
    pub(crate) fn new(nodes: Arc<Nodes>, members: Vec<Member>) -> Self {
        Self {
            nodes,
            members,
            history: History::default(),
            tally: Tally::default(),
            stop: AtomicBool::new(false),
            began: Instant::now(),
            // Zero is no write.
            writes: AtomicU64::new(1),
            problems: std::sync::Mutex::default(),
        }
    }

    fn now(&self) -> Nanos {
        // Five hundred years fit.
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn report(&self, problem: String) {
        let mut problems = self.problems.lock().unwrap_or_else(|e| e.into_inner());
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Reads every key once: what is there in the end. A key that cannot be read is a problem.
    pub(crate) fn read_all(self: &Arc<Self>) -> Result<()> {
        let reader = Client::new(self.clone(), usize::MAX, Dice::new(0, 0));
        for key in 0..KEYS {
            let since = Instant::now();
            while !reader.read(key, 0)? {
                if since.elapsed() > Duration::from_secs(30) {
                    self.report(format!(
                        "key {key} cannot be read, though nothing is wrong any more"
                    ));
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    }
}

/// The bytes of a content.
fn content(number: u64) -> Vec<u8> {
    let number = usize::try_from(number).unwrap_or(0);
    let mut dice = Dice::new(77, number as u64);
    (0..SIZES[number]).map(|_| dice.any() as u8).collect()
}

/// One client, one request at a time.
pub(crate) struct Client {
    field: Arc<Field>,
    number: usize,
    dice: Dice,
    contents: Vec<Vec<u8>>,
}

/// A write as it goes on.
struct Writing {
    id: WriteId,
    key: usize,
    start: Nanos,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(crate) fn new(field: Arc<Field>, number: usize, dice: Dice) -> Self {
        Self {
            field,
            number,
            dice,
            contents: (0..SIZES.len() as u64).map(content).collect(),
        }
    }

    /// Does things until it is told to stop.
    pub(crate) fn run(mut self) -> Result<()> {
        while !self.field.stop.load(Ordering::Relaxed) {
            let key = self.dice.roll(KEYS as u64) as usize;
            let node = self.dice.roll(self.field.nodes.count() as u64) as usize;
            match self.dice.roll(100) {
                0..30 => self.put(key, node)?,
                30..55 => {
                    self.read(key, node)?;
                }
                55..72 => self.remove(key, node)?,
                72..80 => self.copy(key, node)?,
                80..92 => self.upload(key, node)?,
                _ => self.change_acl(key, node)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, key: usize, node: usize) -> Result<()> {
        let body = self.any_content();
        let writing = self.begin(key);
        self.put_object(&writing, node, &body)
    }

    fn put_object(&self, writing: &Writing, node: usize, body: &[u8]) -> Result<()> {
        let (bucket, credentials) = self.bucket(writing.key, node)?;
        let (name, headers) = (name(writing.key), &writing.headers);
        let action = bucket.put_object(Some(&credentials), &name);
        let outcome = self.ask(node, "PUT", signed(action, headers), headers, body);
        self.wrote(writing, &outcome);
        Ok(())
    }

    /// Whether it was told what is there.
    pub(crate) fn read(&self, key: usize, node: usize) -> Result<bool> {
        for _ in 0..READS {
            match self.read_once(key, node)? {
                Some(500) => std::thread::sleep(Duration::from_millis(10)),
                status => return Ok(matches!(status, Some(200 | 404))),
            }
        }
        self.field
            .report(format!("key {key} is there and cannot be read"));
        Ok(false)
    }

    /// The status of the answer, if there was one.
    fn read_once(&self, key: usize, node: usize) -> Result<Option<u16>> {
        let (bucket, credentials) = self.bucket(key, node)?;
        let name = name(key);
        let start = self.field.now();
        let action = bucket.get_object(Some(&credentials), &name);
        let outcome = self.ask(node, "GET", signed(action, &[]), &[], &[]);
        let Outcome::Reply(reply) = outcome else {
            return Ok(None);
        };
        let end = Some(self.field.now());
        let saw = match reply.status {
            200 => Some(self.recognize(key, &reply)?),
            404 => None,
            status => return Ok(Some(status)),
        };
        self.did(key, What::Read(saw), start, end);
        Ok(Some(reply.status))
    }

    fn remove(&mut self, key: usize, node: usize) -> Result<()> {
        let (bucket, credentials) = self.bucket(key, node)?;
        let name = name(key);
        let start = self.field.now();
        let action = bucket.delete_object(Some(&credentials), &name);
        let outcome = self.ask(node, "DELETE", signed(action, &[]), &[], &[]);
        let end = self.field.now();
        if let Some(happened) = happened(&outcome) {
            self.did(key, What::Removed, start, happened.then_some(end));
        }
        Ok(())
    }

    /// Copies from another key of the same bucket, under a write id of its own.
    fn copy(&mut self, key: usize, node: usize) -> Result<()> {
        let source = name((key + 2) % KEYS);
        let mut writing = self.begin(key);
        let from = format!("/{}/{source}", self.member(key).name);
        writing.headers.extend([
            ("x-amz-copy-source", from),
            ("x-amz-metadata-directive", "REPLACE".to_owned()),
        ]);
        self.put_object(&writing, node, &[])
    }

    /// A multipart upload of one part, as Pleroma and GoToSocial send every file; its completion is asked for again
    /// when its answer is lost.
    fn upload(&mut self, key: usize, node: usize) -> Result<()> {
        let body = self.any_content();
        let writing = self.begin(key);
        let (bucket, credentials) = self.bucket(key, node)?;
        let (name, headers) = (name(key), &writing.headers);
        let action = bucket.create_multipart_upload(Some(&credentials), &name);
        let started = self.ask(node, "POST", signed(action, headers), headers, &[]);
        let Some(id) = acknowledged(&started).and_then(|reply| reply.element("UploadId")) else {
            return Ok(());
        };
        let action = bucket.upload_part(Some(&credentials), &name, 1, &id);
        let part = self.ask(node, "PUT", signed(action, &[]), &[], &body);
        let Some(etag) = acknowledged(&part).and_then(|reply| reply.header("etag")) else {
            return Ok(());
        };
        let etags = [etag.trim_matches('"')];
        for _ in 0..2 {
            let node = self.dice.roll(self.field.nodes.count() as u64) as usize;
            let (bucket, credentials) = self.bucket(key, node)?;
            let action = bucket.complete_multipart_upload(
                Some(&credentials),
                &name,
                &id,
                etags.iter().copied(),
            );
            let url = action.sign(SIGNED_FOR);
            let completion = action.body();
            let outcome = self.ask(node, "POST", url, &[], completion.as_bytes());
            self.wrote(&writing, &outcome);
            if happened(&outcome) != Some(false) {
                break;
            }
        }
        Ok(())
    }

    /// Publishes or hides an object, which moves its content to another blob. It changes no value.
    fn change_acl(&mut self, key: usize, node: usize) -> Result<()> {
        let (bucket, credentials) = self.bucket(key, node)?;
        let name = name(key);
        let headers = [("x-amz-acl", self.any_acl().to_owned())];
        let mut action = bucket.put_object(Some(&credentials), &name);
        action.query_mut().insert("acl", "");
        self.ask(node, "PUT", signed(action, &headers), &headers, &[]);
        Ok(())
    }

    fn ask(
        &self,
        node: usize,
        method: &str,
        url: url::Url,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Outcome {
        let outcome = send(self.field.nodes.address(node), method, &url, headers, body);
        // An answer that takes long begins as a 200, and an error may follow.
        let outcome = match outcome {
            Outcome::Reply(reply) if method != "GET" && reply.element("Code").is_some() => {
                match reply.status {
                    200 => Outcome::Unknown,
                    _ => Outcome::Reply(reply),
                }
            }
            outcome => outcome,
        };
        let tally = &self.field.tally;
        let count = match &outcome {
            Outcome::Reply(reply) if reply.status < 300 => &tally.acknowledged,
            Outcome::Reply(reply) if reply.status < 500 => &tally.refused,
            Outcome::Reply(_) | Outcome::Unknown => &tally.unknown,
            Outcome::NotSent => &tally.not_sent,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if let Outcome::NotSent = outcome {
            // It is being restarted.
            std::thread::sleep(Duration::from_millis(20));
        }
        outcome
    }

    /// Which write an object comes from. Its bytes must be one of the contents, whole.
    fn recognize(&self, key: usize, reply: &Reply) -> Result<WriteId> {
        if !self.contents.contains(&reply.body) {
            self.field.report(format!(
                "key {key}: a read answered {} bytes that nobody wrote",
                reply.body.len()
            ));
        }
        let id = reply.header(WRITE).context("an object without its write")?;
        Ok(id.parse()?)
    }

    /// A write of its own, public or private.
    fn begin(&mut self, key: usize) -> Writing {
        let id = self.field.writes.fetch_add(1, Ordering::Relaxed);
        let acl = self.any_acl().to_owned();
        Writing {
            id,
            key,
            start: self.field.now(),
            headers: vec![(WRITE, id.to_string()), ("x-amz-acl", acl)],
        }
    }

    fn wrote(&self, writing: &Writing, outcome: &Outcome) {
        let end = self.field.now();
        if let Some(happened) = happened(outcome) {
            let what = What::Wrote(writing.id);
            self.did(writing.key, what, writing.start, happened.then_some(end));
        }
    }

    fn did(&self, key: usize, what: What, start: Nanos, end: Option<Nanos>) {
        self.field.history.add(Deed {
            key,
            what,
            start,
            end,
            client: self.number,
        });
    }

    fn any_content(&mut self) -> Vec<u8> {
        self.contents[self.dice.roll(SIZES.len() as u64) as usize].clone()
    }

    fn any_acl(&mut self) -> &'static str {
        ["public-read", "private"][self.dice.roll(2) as usize]
    }

    /// Whose bucket a key is in.
    fn member(&self, key: usize) -> &Member {
        &self.field.members[key % self.field.members.len()]
    }

    fn bucket(&self, key: usize, node: usize) -> Result<(Bucket, Credentials)> {
        let member = self.member(key);
        let endpoint = format!("http://{}", self.field.nodes.address(node)).parse()?;
        let bucket = Bucket::new(endpoint, UrlStyle::Path, member.name.clone(), "us-east-1")?;
        let credentials = Credentials::new(&member.access_key_id, &member.secret_access_key);
        Ok((bucket, credentials))
    }
}

fn name(key: usize) -> String {
    format!("folder/{key}")
}

fn signed<'a>(mut action: impl S3Action<'a>, headers: &[(&'static str, String)]) -> url::Url {
    for (name, value) in headers {
        action.headers_mut().insert(*name, value.clone());
    }
    action.sign(SIGNED_FOR)
}

fn acknowledged(outcome: &Outcome) -> Option<&Reply> {
    match outcome {
        Outcome::Reply(reply) if reply.status < 300 => Some(reply),
        _ => None,
    }
}

/// Whether a write happened: `None` when certainly not, `Some(false)` when nobody knows.
fn happened(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Reply(reply) if reply.status < 300 => Some(true),
        Outcome::Reply(reply) if reply.status < 500 => None,
        Outcome::Reply(_) | Outcome::Unknown => Some(false),
        Outcome::NotSent => None,
    }
}
