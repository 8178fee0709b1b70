//! The scribe of a node: writes down beside the blobs what changes in the catalog.
use std::time::Duration;

use rockpool_pool::{Pool, PoolError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::collector::jittered;

/// How often manifests that no backup needs are looked for.
const CLEARING: Duration = Duration::from_secs(3600);

/// How long the end of the node waits for the last manifest. What it lacks is written down after the next start.
const PARTING: Duration = Duration::from_secs(3);

/// Writes down what changed, every `every`, and once more when the node ends. A failure is told once, and so is its end.
pub(crate) async fn run(pool: Pool, every: Duration, shutdown: CancellationToken) {
    let mut scribe = Scribe::default();
    let writing = async {
        loop {
            let outcome = scribe.write(&pool).await;
            scribe.tell(&outcome);
            tokio::time::sleep(jittered(every)).await;
        }
    };
    shutdown.run_until_cancelled(writing).await;
    let parting = tokio::time::timeout(PARTING, pool.write_manifests()).await;
    if !matches!(parting, Ok(Ok(_))) {
        tracing::warn!("What changed last is written down beside the blobs after the next start");
    }
}

/// Removes what no backup needs. A failure costs some room, until the next time.
async fn clear(pool: &Pool) {
    let clearing = async { pool.backups().await?.prune_manifests(pool.now()).await };
    match clearing.await {
        Ok(removed) => tracing::debug!(removed, "Removed manifests that no backup needs"),
        Err(error) => tracing::warn!(
            error.cause = %error,
            "Manifests that no backup needs could not be removed; it is tried again in an hour"
        ),
    }
}

#[derive(Default)]
struct Scribe {
    has_begun: bool,
    is_failing: bool,
    cleared_at: Option<Instant>,
}

impl Scribe {
    async fn write(&mut self, pool: &Pool) -> Result<(), PoolError> {
        if !self.has_begun {
            pool.begin_manifests().await?;
            self.has_begun = true;
        }
        let names = pool.write_manifests().await?;
        if names > 0 {
            tracing::debug!(names, "Wrote down what changed in the catalog");
        }
        if self.cleared_at.is_none_or(|at| at.elapsed() > CLEARING) {
            self.cleared_at = Some(Instant::now());
            clear(pool).await;
        }
        Ok(())
    }

    fn tell(&mut self, outcome: &Result<(), PoolError>) {
        match outcome {
            Err(error) if !self.is_failing => tracing::error!(
                error.cause = %error,
                "What changes in the catalog cannot be written down beside the blobs; until it can be, losing the database \
                 means losing the names of what comes now"
            ),
            Ok(()) if self.is_failing => {
                tracing::info!(
                    "What changes in the catalog is written down beside the blobs again"
                );
            }
            _ => {}
        }
        self.is_failing = outcome.is_err();
    }
}
