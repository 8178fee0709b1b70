//! Manners towards sites: few requests at once, some time between them, and none while one asks to be left alone.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout_at},
};

use crate::settings::Manners;

/// How many sites are remembered before those are forgotten that nothing is remembered of.
const TIDY_AT: usize = 1024;
/// How many fetches may wait for each that may run. A fetch that waits takes a little memory and an open file.
const WAITING_FOR_ONE: usize = 8;

/// All sites. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Origins {
    manners: Manners,
    sites: Arc<Mutex<HashMap<String, Arc<Site>>>>,
    fetches: Arc<Semaphore>,
    /// Fetches that wait or run, of all sites.
    line: Arc<Semaphore>,
}

struct Site {
    slots: Arc<Semaphore>,
    /// Fetches that wait or run: [`Manners::max_waiting`] permits.
    queue: Arc<Semaphore>,
    /// When the next request may be sent.
    next: Mutex<Instant>,
}

/// The right to ask a site once. Dropping it lets the next one ask.
pub(crate) struct Pass {
    site: Arc<Site>,
    _slot: OwnedSemaphorePermit,
    _queue: OwnedSemaphorePermit,
    _fetch: OwnedSemaphorePermit,
}

/// A site cannot be asked at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotNow {
    /// When it may be again.
    pub(crate) after: Duration,
}

impl Origins {
    pub(crate) fn new(manners: Manners) -> Self {
        let permits = |n: usize| Arc::new(Semaphore::new(n.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            fetches: permits(manners.max_fetches),
            line: permits(manners.max_fetches.saturating_mul(1 + WAITING_FOR_ONE)),
            sites: Arc::default(),
            manners,
        }
    }

    /// A place in the line of all who want to ask a site, for as long as it is held.
    ///
    /// # Errors
    /// When the line is long enough.
    pub(crate) fn line_up(&self) -> Result<OwnedSemaphorePermit, NotNow> {
        self.line.clone().try_acquire_owned().map_err(|_| NotNow {
            after: self.manners.patience,
        })
    }

    /// Waits for the turn to ask a site, which is named by scheme, host and port.
    ///
    /// # Errors
    /// When it would take too long.
    pub(crate) async fn enter(&self, origin: &str) -> Result<Pass, NotNow> {
        let site = self.site(origin);
        let later = |at: Instant| NotNow {
            after: at.saturating_duration_since(Instant::now()),
        };
        let soon = NotNow {
            after: self.manners.patience,
        };
        let deadline = Instant::now() + self.manners.patience;
        let next = *lock(&site.next);
        if next > deadline {
            return Err(later(next));
        }
        let queue = site.queue.clone().try_acquire_owned().map_err(|_| soon)?;
        let acquire = |semaphore: &Arc<Semaphore>| {
            let semaphore = semaphore.clone();
            async move {
                let permit = timeout_at(deadline, semaphore.acquire_owned()).await;
                permit.map_err(|_| soon)?.map_err(|_| soon)
            }
        };
        let slot = acquire(&site.slots).await?;
        let fetch = acquire(&self.fetches).await?;
        let turn = {
            let mut next = lock(&site.next);
            let turn = (*next).max(Instant::now());
            if turn > deadline {
                return Err(later(turn));
            }
            *next = turn + self.manners.interval;
            turn
        };
        sleep_until(turn).await;
        Ok(Pass {
            site,
            _slot: slot,
            _queue: queue,
            _fetch: fetch,
        })
    }

    fn site(&self, origin: &str) -> Arc<Site> {
        let mut sites = lock(&self.sites);
        if sites.len() >= TIDY_AT {
            let now = Instant::now();
            sites.retain(|_, site| Arc::strong_count(site) > 1 || *lock(&site.next) > now);
        }
        let new = || {
            Arc::new(Site {
                slots: Arc::new(Semaphore::new(self.manners.concurrency.max(1))),
                queue: Arc::new(Semaphore::new(self.manners.max_waiting.max(1))),
                next: Mutex::new(Instant::now()),
            })
        };
        sites.entry(origin.to_owned()).or_insert_with(new).clone()
    }

    /// How long `Retry-After` is heeded.
    pub(crate) fn heeded(&self, asked: Duration) -> Duration {
        asked.min(self.manners.max_retry_after)
    }
}

impl Pass {
    /// Leaves the site alone for a while.
    pub(crate) fn leave_alone(&self, wait: Duration) {
        let mut next = lock(&self.site.next);
        *next = (*next).max(Instant::now() + wait);
    }
}

/// What is locked is changed in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
