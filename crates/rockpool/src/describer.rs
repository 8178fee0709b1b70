//! The background work of a node that finds out what adopted blobs are.
use std::time::Duration;

use rockpool_pool::Pool;

/// How long after a look it is looked again: for blobs that are adopted while the node runs.
const INTERVAL: Duration = Duration::from_secs(600);

/// How long after a look that found nothing but what cannot be read.
const INTERVAL_OF_FAILURES: Duration = Duration::from_secs(24 * 3600);

/// Looks into every blob whose media type is not known, again and again, for ever, but each time only at those that have
/// come since. A pool that never adopted anything has none, which is found out by one look-up. May be cancelled at any
/// point.
pub(crate) async fn run(pool: Pool) {
    let mut after = None;
    loop {
        let mut interval = INTERVAL;
        match pool.describe_blobs(after).await {
            Ok(done) => {
                after = done.next;
                if done.described + done.failed > 0 {
                    tracing::info!(
                        blobs.described = done.described,
                        blobs.failed = done.failed,
                        "Found out what adopted blobs are"
                    );
                }
                if done.described == 0 && done.failed > 0 {
                    interval = INTERVAL_OF_FAILURES;
                }
            }
            Err(error) => {
                tracing::warn!(error.cause = %error, "Looking into adopted blobs was put off");
            }
        }
        tokio::time::sleep(interval).await;
    }
}
