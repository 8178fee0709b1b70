//! Connections at rest, and how many there may be.
//!
//! The driver's own pool asks the server something at each return of a connection, which would double the load of
//! short reads. Here a connection goes back only after its last statement was answered, and is asked only after a rest.
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{address::ServerAddress, session::Session};
use crate::{database::Result, dialect::Fault};

/// How long to wait for a connection when all are at work. They go to who came first.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How long a connection may have rested and still be taken unasked.
const TRUSTED_REST: Duration = Duration::from_secs(30);

/// How long a connection may rest.
const MAX_REST: Duration = Duration::from_secs(300);

/// How old a connection may become: servers gather memory in them, and balancers move them only when they are new.
const MAX_AGE: Duration = Duration::from_secs(1800);

/// The connections to one database.
pub(super) struct Connections {
    address: ServerAddress,
    permits: Arc<Semaphore>,
    /// The last one that came back goes out first, so that those beyond the need grow old.
    resting: Mutex<Vec<Resting>>,
}

struct Resting {
    session: Session,
    born: Instant,
    since: Instant,
}

/// A connection at work. Dropping it closes it.
pub(super) struct Working {
    pub(super) session: Session,
    born: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// None yet, and never more than `max`.
    pub(super) fn new(address: ServerAddress, max: u32) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX).clamp(1, 10_000);
        Self {
            address,
            permits: Arc::new(Semaphore::new(max)),
            resting: Mutex::default(),
        }
    }

    /// Where they lead.
    pub(super) const fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// A connection that answers; a new one when none rests.
    pub(super) async fn take(&self) -> Result<Working> {
        let permit = timeout(MAX_WAIT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| Fault::Busy("all connections to the database are at work".to_owned()))?
            .map_err(|_| Fault::Internal("the connections are closed".to_owned()))?;
        while let Some(rested) = self.pop() {
            let Resting {
                mut session,
                born,
                since,
            } = rested;
            if since.elapsed() < TRUSTED_REST || session.control("SELECT 1").await.is_ok() {
                return Ok(Working {
                    session,
                    born,
                    _permit: permit,
                });
            }
        }
        Ok(Working {
            session: Session::connect(&self.address).await?,
            born: Instant::now(),
            _permit: permit,
        })
    }

    /// Lets a connection rest whose last statement was answered and that has no transaction open.
    pub(super) fn give_back(&self, working: Working) {
        if working.born.elapsed() < MAX_AGE {
            self.resting().push(Resting {
                session: working.session,
                born: working.born,
                since: Instant::now(),
            });
        }
    }

    /// Closes those that rest: the server went away, and they with it.
    pub(super) fn close_resting(&self) {
        let closed = std::mem::take(&mut *self.resting());
        drop(closed);
    }

    fn pop(&self) -> Option<Resting> {
        let mut resting = self.resting();
        let old = resting.partition_point(|rested| rested.since.elapsed() > MAX_REST);
        let expired: Vec<Resting> = resting.drain(..old).collect();
        let last = resting.pop();
        drop(resting);
        drop(expired);
        last
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
