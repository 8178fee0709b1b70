//! `/healthz` and `/readyz`, for load balancers and supervisors.
use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Method, Response, StatusCode, header};
use rockpool_pool::{Pool, PoolError};
use rockpool_types::Timestamp;
use tokio::{sync::Mutex, time::timeout};

use crate::{WebBody, answer::Answer, face::into_response, problem::Problem};

/// How long one probe's outcome answers for: whoever asks without pause costs the store next to nothing.
const PROBE_LIFETIME: Duration = Duration::from_secs(1);

/// Whether this node lives, and whether it can do its work. Cheap to clone; all clones share their probes.
#[derive(Clone)]
pub struct Health {
    pool: Pool,
    timeout: Duration,
    last: Arc<Mutex<Option<Probe>>>,
}

struct Probe {
    made_at: Timestamp,
    /// `Err` says what cannot be reached.
    outcome: Result<(), String>,
}

impl Health {
    /// Health of a node with this pool; a probe that takes longer than `timeout` has failed.
    pub fn new(pool: Pool, timeout: Duration) -> Self {
        Self {
            pool,
            timeout,
            last: Arc::default(),
        }
    }

    /// The answer to a GET or HEAD of `/healthz` (200 while the process answers at all) or `/readyz` (200 when the
    /// catalog and the store can be reached, full or not, else 503). `None`: the request is for something else.
    pub async fn respond(&self, method: &Method, path: &str) -> Option<Response<WebBody>> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let answer = match self.check(path).await? {
            Ok(answer) => answer,
            Err(problem) => {
                let cause = problem.cause.as_deref().unwrap_or_default();
                tracing::warn!(error.cause = cause, "This node is not ready");
                problem.answer
            }
        };
        Some(into_response(answer, method == Method::HEAD, "", None))
    }

    /// As [`Self::respond`], for a face that finishes and logs its answers itself.
    pub(crate) async fn check(&self, path: &str) -> Option<Result<Answer, Problem>> {
        let fine = |words: &str| {
            Answer::text(StatusCode::OK, words)
                .with(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
        };
        match path {
            "/healthz" => Some(Ok(fine("alive"))),
            "/readyz" => Some(self.probe().await.map(|()| fine("ready")).map_err(|why| {
                let mut problem = Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Not ready: the catalog or the blob store cannot be reached",
                );
                problem.cause = Some(why);
                problem
            })),
            _ => None,
        }
    }

    /// Probes the pool, or tells what the last probe found if that was just now. One probe at a time.
    async fn probe(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some(probe) = &*last {
            let fresh_until = probe.made_at.plus(PROBE_LIFETIME);
            if (probe.made_at..fresh_until).contains(&self.pool.now()) {
                return probe.outcome.clone();
            }
        }
        let outcome = match timeout(self.timeout, self.pool.probe()).await {
            // A full node reads as well as ever: taking it out of service would help nobody.
            Ok(Err(PoolError::Full(why))) => {
                tracing::warn!(error.cause = why, "There is no room for writes");
                Ok(())
            }
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        };
        *last = Some(Probe {
            made_at: self.pool.now(),
            outcome: outcome.clone(),
        });
        outcome
    }
}
