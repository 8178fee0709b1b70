//! How often, and after which waits, a transaction is run again. Nothing else in rockpool repeats what a database
//! refused.
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{database::Result, dialect::Fault};

/// How long a transaction is run again at all, from its first fault. Mastodon hangs up after five seconds.
const MAX_TRYING: Duration = Duration::from_secs(4);

/// The waits after conflicts: the first, doubled each time up to the longest.
const CONFLICT_WAITS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// The waits for a database that is away. Before the first there is none: a connection may be dead while its server is
/// not.
const AWAY_WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// The attempts of one transaction.
pub(super) struct Attempts {
    until: Option<Instant>,
    conflicts: u32,
    absences: u32,
}

impl Attempts {
    /// Before the first.
    pub(super) fn new() -> Self {
        Self {
            until: None,
            conflicts: 0,
            absences: 0,
        }
    }

    /// Waits before the next attempt; answers the fault when there is none.
    pub(super) async fn wait_after(&mut self, fault: Fault) -> Result<()> {
        let wait = match &fault {
            Fault::Conflict(_) => {
                self.conflicts += 1;
                doubled(CONFLICT_WAITS, self.conflicts - 1)
            }
            Fault::Away(_) => {
                self.absences += 1;
                match self.absences {
                    1 => Duration::ZERO,
                    more => doubled(AWAY_WAITS, more - 2),
                }
            }
            Fault::Busy(_) | Fault::Unknown(_) | Fault::Full | Fault::Internal(_) => {
                return Err(fault);
            }
        };
        let wait = jittered(wait);
        let now = Instant::now();
        if now + wait >= *self.until.get_or_insert(now + MAX_TRYING) {
            return Err(fault);
        }
        sleep(wait).await;
        Ok(())
    }
}

fn doubled((first, longest): (Duration, Duration), times: u32) -> Duration {
    first.saturating_mul(1_u32 << times.min(16)).min(longest)
}

/// Between half of the wait and one and a half, so that those who met do not meet again.
fn jittered(wait: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    wait.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
