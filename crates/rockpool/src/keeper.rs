//! The background keeper of backups of a node.
use std::time::Duration;

use anyhow::Result;
use rockpool_pool::Pool;

use crate::collector::jittered;

/// How long after its start a node looks for the first time, where backups are not due sooner.
const FIRST_LOOK: Duration = Duration::from_secs(60);

/// How long after a backup that failed the next is tried.
const AFTER_FAILURE: Duration = Duration::from_secs(600);

/// The least time between two looks.
const LEAST: Duration = Duration::from_millis(100);

/// Makes a backup whenever the newest in the store is older than `interval`, and keeps the newest `keep`, for ever. The age
/// of the newest decides, so that of several nodes one makes it. May be cancelled at any point: nobody sees half a backup.
pub(crate) async fn run(pool: Pool, interval: Duration, keep: usize) {
    let mut wait = interval.min(FIRST_LOOK);
    loop {
        tokio::time::sleep(jittered(wait).max(LEAST)).await;
        wait = match look(&pool, interval, keep).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(
                    error.cause = format!("{error:#}"),
                    "The catalog could not be backed up; it is tried again in a while"
                );
                interval.min(AFTER_FAILURE)
            }
        };
    }
}

/// Makes a backup if one is due; answers how long it is until the next is.
async fn look(pool: &Pool, interval: Duration, keep: usize) -> Result<Duration> {
    let wait = until_due(pool, interval).await?;
    // A pool that nobody is a member of has nothing to lose.
    if !wait.is_zero() || pool.list_members(None).await?.is_empty() {
        return Ok(wait.max(interval.min(FIRST_LOOK)));
    }
    let made = pool.make_backup(pool.spool()).await?;
    // Another node may have made one in the same minutes.
    if until_due(pool, interval).await?.is_zero() {
        let backups = pool.backups().await?;
        let name = backups.store(&made).await?;
        let removed = backups.prune(keep).await?;
        tracing::info!(
            backup.name = name,
            backup.bytes = made.bytes(),
            backup.objects = made.header.snapshot.objects,
            backups.removed = removed.len(),
            "Backed the catalog up"
        );
    }
    until_due(pool, interval).await
}

async fn until_due(pool: &Pool, interval: Duration) -> Result<Duration> {
    let backups = pool.backups().await?.list().await?;
    let newest = backups.last().map(|backup| backup.taken_at());
    Ok(newest.map_or(Duration::ZERO, |taken_at| {
        pool.now().until(taken_at.plus(interval))
    }))
}
