//! The background work of a node that finds out what adopted blobs are.
use std::time::Duration;

use rockpool_pool::{Pool, PoolError};

/// How long after a look it is looked again: for blobs that are adopted while the node runs, and those that could not
/// be read.
const INTERVAL: Duration = Duration::from_secs(600);

/// Looks into every blob whose media type is not known, again and again, for ever. A pool that never adopted anything
/// has none, which is found out by one look-up. May be cancelled at any point.
pub(crate) async fn run(pool: Pool) {
    loop {
        match describe_all(&pool).await {
            Ok((0, 0)) => {}
            Ok((described, failed)) => tracing::info!(
                blobs.described = described,
                blobs.failed = failed,
                "Found out what adopted blobs are"
            ),
            Err(error) => {
                tracing::warn!(error.cause = %error, "Looking into adopted blobs was put off");
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn describe_all(pool: &Pool) -> Result<(u64, u64), PoolError> {
    let (mut described, mut failed) = (0, 0);
    let mut after = None;
    loop {
        let page = pool.describe_page(after).await?;
        described += page.described;
        failed += page.failed;
        match page.last {
            Some(last) => after = Some(last),
            None => return Ok((described, failed)),
        }
    }
}
