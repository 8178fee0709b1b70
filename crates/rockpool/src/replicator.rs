//! The background work of a node at replicas.
use std::{sync::Arc, time::Duration};

use rockpool_pool::{Pool, StoreStatus};
use tokio::{sync::Notify, time::Instant};

/// How long after a pass it is looked again whether anything is due: one look-up a store.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often it is looked how far replicas are behind, and how far is too far.
const LOOK: Duration = Duration::from_secs(600);
const TOO_FAR: Duration = Duration::from_secs(3600);

/// Works off the queues of all stores, again and again, for ever; at each alarm also what waits for another attempt. May be
/// cancelled at any point.
pub(crate) async fn run(pool: Pool, alarm: Arc<Notify>) {
    let mut looked = Instant::now();
    loop {
        pass(&pool).await;
        if looked.elapsed() > LOOK {
            looked = Instant::now();
            look(&pool).await;
        }
        let hastened = tokio::time::timeout(INTERVAL, alarm.notified()).await;
        if hastened.is_ok() {
            tracing::info!(
                "Told by SIGALRM to copy to replicas what waits for another attempt too"
            );
            if let Err(error) = pool.hasten_replication().await {
                tracing::warn!(error.cause = %error, "Copies could not be hastened");
            }
        }
    }
}

async fn pass(pool: &Pool) {
    match pool.replicate().await {
        Ok(report) if report.is_empty() => {}
        Ok(report) => tracing::info!(
            blobs.copied = report.copied,
            blobs.copied_bytes = report.copied_bytes,
            blobs.found = report.found,
            blobs.removed = report.removed,
            blobs.failed = report.failed,
            "Worked at replicas"
        ),
        Err(error) if error.is_transient() => {
            tracing::warn!(error.cause = %error, "Work at replicas was put off");
        }
        Err(error) => tracing::error!(error.cause = %error, "Work at replicas failed"),
    }
}

async fn look(pool: &Pool) {
    let stores = match pool.store_status().await {
        Ok(stores) => stores,
        Err(error) => {
            tracing::warn!(error.cause = %error, "How far replicas are behind cannot be told");
            return;
        }
    };
    let is_behind = |store: &&StoreStatus| {
        let oldest = store.oldest_seconds.map(Duration::from_secs);
        oldest.is_some_and(|oldest| oldest > TOO_FAR)
    };
    for store in stores.iter().filter(is_behind) {
        tracing::warn!(
            store.name = store.name,
            copies.queued = store.copies,
            copies.failing = store.failing,
            copies.oldest_seconds = store.oldest_seconds,
            "A store is behind; `rockpool replica status` shows more"
        );
    }
}
