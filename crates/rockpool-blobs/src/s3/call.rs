//! A call: attempts, pauses between them, and an end.
use std::{pin::pin, sync::Arc, time::Duration};

use reqwest::Response;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    answer::{Failure, Stop, element, judge},
    body::{Outgoing, Progress},
    provider::{Provider, Signed},
};
use crate::StoreError;

/// The first pause between attempts; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The most bytes of an answer that is read into memory: a listing's page has up to 1000 keys of 1024 bytes.
const MOST_TEXT: usize = 8 << 20;

/// The most bytes of an error that are read.
const MOST_ERROR: usize = 64 << 10;

/// Something that is done at the provider, in one attempt or several.
pub(super) struct Call<'a> {
    pub(super) provider: &'a Provider,
    /// As [`StoreError`] words it.
    pub(super) doing: String,
    limit: Duration,
    attempts: u32,
    permits: &'a Arc<Semaphore>,
}

/// A successful answer whose body is still to be read, and the leave to hold the connection.
pub(super) struct Answer {
    pub(super) response: Response,
    _permit: OwnedSemaphorePermit,
}

impl<'a> Call<'a> {
    pub(super) fn new(provider: &'a Provider, doing: String) -> Self {
        Self {
            provider,
            doing,
            limit: provider.call_timeout,
            attempts: provider.attempts,
            permits: &provider.permits,
        }
    }

    /// A call whose answer is read at a reader's pace: it waits for a connection among its like, so that slow readers
    /// keep nobody from writing.
    pub(super) fn reading(provider: &'a Provider, doing: String) -> Self {
        Self {
            permits: &provider.read_permits,
            ..Self::new(provider, doing)
        }
    }

    /// Lets the call take a second longer for each MiB of `bytes`.
    pub(super) fn with_bytes(mut self, bytes: u64) -> Self {
        self.limit += Duration::from_secs(bytes >> 20);
        self
    }

    /// Makes one attempt only.
    pub(super) fn once(self) -> Self {
        Self {
            attempts: 1,
            ..self
        }
    }

    /// Attempts until one succeeds, none can, or the attempts or the time run out.
    pub(super) async fn attempt<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let deadline = Instant::now() + self.limit;
        let mut pause = FIRST_PAUSE;
        let mut number = 0;
        loop {
            number += 1;
            let (why, after) = match timeout_at(deadline, attempt()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(Failure::Stop(stop))) => return Err(stop),
                Ok(Err(Failure::Again { why, after })) => (why, after),
                Err(_) => return Err(self.unavailable(number, "it takes too long")),
            };
            let wait = after.unwrap_or(Duration::ZERO).max(jittered(pause));
            if number >= self.attempts || Instant::now() + wait >= deadline {
                return Err(self.unavailable(number, &why));
            }
            tracing::info!(
                store.attempt = number,
                "trying again after a failure while {}: {why}",
                self.doing
            );
            sleep(wait).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    fn unavailable(&self, attempts: u32, why: &str) -> Stop {
        Stop::Error(StoreError::Unavailable {
            doing: self.doing.clone(),
            why: match attempts {
                1 => why.to_owned(),
                _ => format!("{why} ({attempts} attempts)"),
            },
        })
    }

    /// Sends a request once, as soon as a connection may be had, and takes its answer if that is a success.
    pub(super) async fn exchange(
        &self,
        signed: Result<Signed, String>,
        body: Option<Outgoing>,
    ) -> Result<Answer, Failure> {
        let signed = signed.map_err(|why| Failure::internal(&self.doing, why))?;
        let provider = self.provider;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|error| Failure::internal(&self.doing, error.to_string()))?;
        provider.pace.calls(1).await;
        let mut request = provider
            .client
            .request(signed.method, signed.url)
            .headers(signed.headers);
        let mut progress = Progress::default();
        if let Some(body) = body {
            // Explicit, because without it a streamed body goes in chunks, and an empty one without any length.
            request = request.header("content-length", body.len).body(body.body);
            progress = body.progress;
        }
        let answer = unless_stalled(request.send(), &progress, provider.stall_timeout).await?;
        let response = answer.map_err(|error| Failure::again(describe(error)))?;
        let answer = Answer {
            response,
            _permit: permit,
        };
        if answer.response.status().is_success() {
            return Ok(answer);
        }
        let status = answer.response.status();
        let headers = answer.response.headers().clone();
        // What cannot be read of an error says nothing; its status still does.
        let body = answer.read(MOST_ERROR, provider.stall_timeout).await;
        let body = body.unwrap_or_default();
        let bucket = provider.bucket.name();
        Err(judge(&self.doing, bucket, status, &headers, &body))
    }

    /// Like [`Self::exchange`], with the answer read whole. S3 answers 200 before it is
    /// done with long work, so an error may still stand in the body.
    pub(super) async fn exchange_text(
        &self,
        signed: Result<Signed, String>,
        body: Option<Outgoing>,
    ) -> Result<String, Failure> {
        let answer = self.exchange(signed, body).await?;
        let text = answer.read(MOST_TEXT, self.provider.stall_timeout).await?;
        if text.contains("<Error>") {
            let why = element(&text, "Code").unwrap_or_default();
            return Err(Failure::again(format!("the provider answered {why}")));
        }
        Ok(text)
    }
}

impl Answer {
    /// The body as text, if it has at most `most` bytes.
    async fn read(mut self, most: usize, stall: Duration) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        loop {
            let chunk = timeout(stall, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| Failure::again(stalled(stall)))?;
            match chunk.map_err(|error| Failure::again(describe(error)))? {
                Some(chunk) if bytes.len() + chunk.len() > most => {
                    return Err(Failure::again("the provider's answer is too long"));
                }
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            }
        }
    }
}

/// The outcome of `work`, unless neither it ends nor `progress` moves for as long as `limit`. reqwest's own limit
/// would end an upload that takes longer, however well it goes on.
async fn unless_stalled<T>(
    work: impl Future<Output = T>,
    progress: &Progress,
    limit: Duration,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    let mut seen = progress.bytes();
    loop {
        if let Ok(done) = timeout(limit, &mut work).await {
            return Ok(done);
        }
        let now = progress.bytes();
        if now == seen {
            return Err(Failure::again(stalled(limit)));
        }
        seen = now;
    }
}

pub(super) fn stalled(limit: Duration) -> String {
    format!("the connection stood still for {} ms", limit.as_millis())
}

/// An error and its causes, without the URL, which holds a signature.
pub(super) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Half of `pause` and a random part of the other half, so that callers who failed together part.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness the pause is merely not random.
    let _ = getrandom::fill(&mut random);
    let share = f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX);
    pause.mul_f64(0.5 + share / 2.0)
}
