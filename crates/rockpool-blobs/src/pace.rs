//! Being gentle to a store: no more bytes and calls in a second than were allowed.
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Work may run ahead of its pace by so much, and no pause is shorter.
const SLACK: Duration = Duration::from_millis(50);

/// A pace that any number of tasks keep together. Who waits and gives up has used its time all the same.
#[derive(Debug)]
pub struct Pace {
    bytes_per_second: Option<u64>,
    calls_per_second: Option<u32>,
    /// When what was done so far should have been done.
    due: Mutex<Instant>,
}

impl Pace {
    /// `None` is no limit; 0 is taken for 1.
    pub fn new(bytes_per_second: Option<u64>, calls_per_second: Option<u32>) -> Self {
        Self {
            bytes_per_second,
            calls_per_second,
            due: Mutex::new(Instant::now()),
        }
    }

    /// Waits until so many calls may be made.
    pub async fn calls(&self, count: u32) {
        if let Some(rate) = self.calls_per_second {
            self.spend(Duration::from_secs(1) * count / rate.max(1))
                .await;
        }
    }

    /// Waits until so many bytes, which have come, were due.
    pub async fn bytes(&self, count: usize) {
        if let Some(rate) = self.bytes_per_second {
            #[expect(clippy::cast_precision_loss, reason = "a pause need not be exact")]
            let seconds = count as f64 / rate.max(1) as f64;
            self.spend(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
                .await;
        }
    }

    async fn spend(&self, time: Duration) {
        let now = Instant::now();
        let due = {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            // Time that nobody used is not saved up.
            *due = (*due).max(now).checked_add(time).unwrap_or(now);
            *due
        };
        if due > now + SLACK {
            tokio::time::sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_and_calls_take_their_time() {
        let pace = Pace::new(Some(1000), Some(10));
        let begun = Instant::now();
        for _ in 0..10 {
            pace.bytes(500).await;
        }
        assert!((4900..=5001).contains(&begun.elapsed().as_millis()));
        let begun = Instant::now();
        for _ in 0..20 {
            pace.calls(1).await;
        }
        assert!((1900..=2001).contains(&begun.elapsed().as_millis()));
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_waits() {
        let pace = Pace::new(None, None);
        let begun = Instant::now();
        pace.bytes(usize::MAX).await;
        pace.calls(u32::MAX).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
