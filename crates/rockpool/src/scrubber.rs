//! The background scrub of a node.
use std::time::Duration;

use rockpool_pool::{Pool, ScrubOptions, ScrubStep};

use crate::collector::jittered;

/// How long after its start a node begins, and how long it rests when nothing is due: what becomes due meanwhile is read in one
/// step, as each step asks the catalog where it is.
const LOOK: Duration = Duration::from_secs(60);

/// The least time between two steps.
const LEAST: Duration = Duration::from_millis(20);

/// Scrubs these stores, one after the other, step by step, for ever. May be cancelled at any point.
pub(crate) async fn run(pool: Pool, stores: Vec<String>, options: ScrubOptions) {
    let rest = LOOK.min(options.period);
    let mut wait = rest;
    loop {
        tokio::time::sleep(jittered(wait)).await;
        wait = rest;
        for store in &stores {
            match pool.scrub(store, &options).await {
                Ok(step) => {
                    tell(&step);
                    if step.wait.is_zero() {
                        wait = LEAST;
                    }
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
