//! Moving what waits to the provider: oldest first, several at once, verified; with patience when the provider is away.
use std::{
    fs::File,
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{
    Landing,
    files::{Files, is_whole},
    queue::Job,
};
use crate::{Content, SpoolFile, StoreError};

/// How long the mover rests after a failure; each further one doubles it, up to the longest.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// How often items are looked for that may be tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// So many failures in a row are an outage, also where each seems to be of its item alone.
const OUTAGE: u32 = 3;

/// What became of a move.
enum Outcome {
    /// It is at the provider, and waits no longer.
    Moved,
    /// It had gone.
    Gone,
    /// Somebody is removing it, or one whose lock it shares.
    Busy,
    /// Its file is not what its key says.
    Damaged,
    /// The file could not be read.
    Unreadable(StoreError),
    /// The provider did not take it.
    Refused(StoreError),
}

/// How it has gone lately.
#[derive(Default)]
struct Weather {
    failures: u32,
    rest: Duration,
    /// When to go on. `None`: at once.
    resume_at: Option<Instant>,
    /// Since when the provider has been away.
    away_since: Option<Instant>,
}

impl Landing {
    /// Moves what waits, for ever; one caller at a time. May be dropped at any point: what was under way waits on.
    pub async fn run(&self) {
        self.0.queue.put_all_back();
        let mut weather = Weather::default();
        let mut moves = FuturesUnordered::new();
        loop {
            while let Some(job) = self.next_job(&weather, moves.len()) {
                moves.push(self.carry(job));
            }
            tokio::select! {
                Some((job, outcome)) = moves.next(), if !moves.is_empty() => {
                    self.settle(&job, outcome, &mut weather);
                }
                () = self.0.added.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    fn next_job(&self, weather: &Weather, under_way: usize) -> Option<Job> {
        let now = Instant::now();
        let at_once = match weather.away_since {
            Some(_) => 1,
            None => self.0.settings.max_parallel.max(1),
        };
        if under_way >= at_once || weather.resume_at.is_some_and(|at| at > now) {
            return None;
        }
        self.0.queue.claim(now)
    }

    async fn carry(&self, job: Job) -> (Job, Outcome) {
        let outcome = match self.bring(&job).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Refused(error),
        };
        (job, outcome)
    }

    /// Holds the item's lock from before it is read until it has left: no removal comes in between, and none ends before
    /// what is on its way to the provider has arrived there.
    async fn bring(&self, job: &Job) -> Result<Outcome, StoreError> {
        let inner = &self.0;
        let doing = format!("moving {}", job.key);
        let (files, wanted) = (inner.files.clone(), job.clone());
        let opened = self.blocking(&doing, move || open(&files, &wanted)).await;
        let (lock, file) = match opened {
            Ok(Opened::Whole(lock, file)) => (lock, file),
            Ok(Opened::Gone) => return Ok(Outcome::Gone),
            Ok(Opened::Busy) => return Ok(Outcome::Busy),
            Ok(Opened::Damaged) => return Ok(Outcome::Damaged),
            Err(error) => return Ok(Outcome::Unreadable(error)),
        };
        let content = Content::Spooled(Arc::new(file));
        let put = inner.far.put(&job.key, &content, &job.media_type);
        put.await?;
        let arrived = inner.far.size(&job.key).await?;
        if arrived != Some(content.len()) {
            return Err(StoreError::Internal {
                doing,
                why: format!(
                    "the provider has {} bytes of it, not {}",
                    arrived.map_or("no".into(), |size| size.to_string()),
                    content.len()
                ),
            });
        }
        let (files, left) = (inner.files.clone(), job.clone());
        let cached = inner.cache.fits(job.size);
        let gone = match cached {
            true => inner.cache.add(&job.key, job.size),
            false => Vec::new(),
        };
        let leave = move || {
            let result = files.leave(&left.key, &left.media_type, cached);
            drop(lock);
            result.and_then(|()| files.evict(&gone))
        };
        match self.blocking(&doing, leave).await {
            Ok(()) => Ok(Outcome::Moved),
            // It is at the provider, and is put there again later.
            Err(error) => Ok(Outcome::Unreadable(error)),
        }
    }

    fn settle(&self, job: &Job, outcome: Outcome, weather: &mut Weather) {
        let (inner, now) = (&self.0, Instant::now());
        match outcome {
            Outcome::Moved => {
                inner.queue.forget(&job.key, job.version);
                self.clear_up(weather);
            }
            Outcome::Gone => inner.queue.forget(&job.key, job.version),
            Outcome::Busy => inner.queue.put_off(job, now),
            Outcome::Damaged => {
                tracing::error!(
                    store.key = %job.key,
                    "What waits in the landing is not what was put there: it is not moved; `rockpool check --deep` tells whose it is"
                );
                inner.queue.put_back(job, now, None);
            }
            Outcome::Unreadable(error) => {
                tracing::error!(store.key = %job.key, error.cause = %error, "The landing cannot be read");
                inner.queue.put_back(job, now, None);
            }
            Outcome::Refused(error) => {
                inner.queue.put_back(job, now, Some(inner.settings.settle));
                self.cloud_over(job, &error, weather);
            }
        }
    }

    /// After a success.
    fn clear_up(&self, weather: &mut Weather) {
        if let Some(since) = weather.away_since.take() {
            self.0.away.store(false, Ordering::Relaxed);
            self.0.queue.retry_all();
            let backlog = self.0.queue.backlog();
            tracing::info!(
                landing.items = backlog.items,
                landing.bytes = backlog.bytes,
                landing.away_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
                "The provider takes blobs again; what waits in the landing moves there"
            );
        }
        weather.failures = 0;
        weather.rest = Duration::ZERO;
        weather.resume_at = None;
    }

    /// After a failure.
    fn cloud_over(&self, job: &Job, error: &StoreError, weather: &mut Weather) {
        weather.failures = weather.failures.saturating_add(1);
        if !error.is_transient() && weather.failures < OUTAGE {
            tracing::error!(
                store.key = %job.key,
                error.cause = %error,
                "A blob cannot be moved to the provider; it stays in the landing and is tried again"
            );
            return;
        }
        weather.rest = (weather.rest * 2).clamp(FIRST_REST, LONGEST_REST);
        weather.resume_at = Some(Instant::now() + weather.rest);
        if weather.away_since.is_some() {
            tracing::debug!(error.cause = %error, "the provider is still away");
            return;
        }
        weather.away_since = Some(Instant::now());
        self.0.away.store(true, Ordering::Relaxed);
        let backlog = self.0.queue.backlog();
        let age = backlog.oldest.map(|since| since.until(self.0.clock.now()));
        let age_ms = age.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let (items, bytes) = (backlog.items, backlog.bytes);
        let room = self.0.settings.max_waiting_bytes.saturating_sub(bytes);
        if error.is_transient() {
            tracing::warn!(
                landing.items = items,
                landing.bytes = bytes,
                landing.oldest_ms = age_ms,
                landing.room_bytes = room,
                error.cause = %error,
                "The provider takes no blobs for now; uploads go on and wait in the landing"
            );
        } else {
            tracing::error!(
                landing.items = items,
                landing.bytes = bytes,
                landing.oldest_ms = age_ms,
                landing.room_bytes = room,
                error.cause = %error,
                "The provider refuses all blobs; uploads go on and wait in the landing as long as it has room"
            );
        }
    }
}

enum Opened {
    Whole(File, SpoolFile),
    Gone,
    Busy,
    Damaged,
}

/// Takes the item's lock and looks into its file.
fn open(files: &Files, job: &Job) -> io::Result<Opened> {
    let lock = match files.lock_key(&job.key, Duration::ZERO) {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Ok(Opened::Busy),
        lock => lock?,
    };
    let Some(file) = files.open_waiting(&job.key, &job.media_type)? else {
        return Ok(Opened::Gone);
    };
    Ok(match is_whole(&job.key, &file)? {
        true => Opened::Whole(lock, file),
        false => Opened::Damaged,
    })
}
