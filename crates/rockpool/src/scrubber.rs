//! The background scrub of a node.
use std::time::Duration;

use rockpool_pool::{Pool, ScrubOptions, ScrubStep};

use crate::collector::jittered;

/// How long after its start a node begins, and the longest that it rests.
const LOOK: Duration = Duration::from_secs(60);

/// The least time between two steps.
const LEAST: Duration = Duration::from_millis(20);

/// Scrubs these stores, one after the other, step by step, for ever. May be cancelled at any point.
pub(crate) async fn run(pool: Pool, stores: Vec<String>, options: ScrubOptions) {
    let mut wait = LOOK.min(options.period);
    loop {
        tokio::time::sleep(jittered(wait).max(LEAST)).await;
        wait = LOOK;
        for store in &stores {
            match pool.scrub(store, &options).await {
                Ok(step) => {
                    tell(&step);
                    wait = wait.min(step.wait);
                }
                Err(error) => {
                    tracing::warn!(store.name = store, error.cause = %error, "The scrub was put off");
                }
            }
        }
    }
}

fn tell(step: &ScrubStep) {
    if let Some(pass) = &step.finished {
        tracing::info!(
            store.name = pass.store,
            blobs.read = pass.blobs,
            blobs.read_bytes = pass.read_bytes,
            findings.ever = pass.findings,
            "The scrub has read everything once"
        );
    }
}
