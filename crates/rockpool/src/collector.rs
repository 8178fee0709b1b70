//! The background collector of a node.
use std::time::Duration;

use rockpool_pool::Pool;

/// Collects every `interval`, give or take a tenth so that nodes do not march in step, for ever. May be cancelled at any
/// point: the next collection goes on from there.
pub(crate) async fn run(pool: Pool, interval: Duration) {
    loop {
        tokio::time::sleep(jittered(interval)).await;
        collect(&pool).await;
    }
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

/// Within a tenth of the interval, so that nodes do not march in step.
pub(crate) fn jittered(interval: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    interval.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
}
