//! The background collector of a node.
use std::time::Duration;

use rockpool_pool::Pool;
use tokio_util::sync::CancellationToken;

/// Collects every `interval`, give or take a tenth so that nodes do not march in step, until `shutdown`. A collection
/// that shutdown interrupts is taken up by the next.
pub(crate) async fn run(pool: Pool, interval: Duration, shutdown: CancellationToken) {
    let collecting = async {
        loop {
            tokio::time::sleep(jittered(interval)).await;
            collect(&pool).await;
        }
    };
    shutdown.run_until_cancelled(collecting).await;
}

async fn collect(pool: &Pool) {
    match pool.collect().await {
        Ok(report) => tracing::info!(
            blobs.removed = report.removed_blobs,
            blobs.removed_bytes = report.removed_bytes,
            blobs.postponed = report.postponed_blobs,
            uploads.removed = report.removed_uploads,
            parts.removed = report.removed_parts,
            "Collected"
        ),
        Err(error) if error.is_transient() => {
            tracing::warn!(error.cause = %error, "A collection was put off to the next time");
        }
        Err(error) => tracing::error!(error.cause = %error, "A collection failed"),
    }
}

fn jittered(interval: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    interval.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
}
