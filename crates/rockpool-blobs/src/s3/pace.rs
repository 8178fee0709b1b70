//! Calls a second: what some providers refuse beyond, and others bill.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// So far a call may lie behind its time and still not push back those after it: what timers are late by.
const LATENESS: Duration = Duration::from_millis(20);

/// So many reads go before a call of the other kind that waits.
const READS_IN_ROW: u32 = 3;

/// Spaces the calls of a store evenly. Reads go first, as somebody looks at the screen meanwhile; every fourth call is one
/// of the others as long as any waits.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two calls.
    interval: Duration,
    state: Mutex<State>,
    /// Those who wait stand in these two lines, so that only their heads look at the time.
    reads: tokio::sync::Mutex<()>,
    others: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// When the next call may begin.
    next: Instant,
    reads_in_row: u32,
    reads_waiting: u32,
    others_waiting: u32,
}

/// A place in a line, left when it is dropped: at one's turn, or by who waits no longer.
struct Place<'a> {
    pace: &'a Pace,
    is_read: bool,
}

impl Pace {
    /// At most so many calls a second, at least 1.
    pub(super) fn new(calls_per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / calls_per_second.max(1),
            state: Mutex::new(State {
                next: Instant::now(),
                reads_in_row: 0,
                reads_waiting: 0,
                others_waiting: 0,
            }),
            reads: tokio::sync::Mutex::default(),
            others: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for one's turn to make a call. Whoever stops waiting takes no turn.
    pub(super) async fn turn(&self, is_read: bool) {
        let _place = Place::take(self, is_read);
        let line = if is_read { &self.reads } else { &self.others };
        let _head = line.lock().await;
        loop {
            let Some(at) = self.try_take(is_read) else {
                return;
            };
            sleep_until(at).await;
        }
    }

    /// `None`: the turn is taken. Else: when to look again.
    fn try_take(&self, is_read: bool) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if now < state.next {
            return Some(state.next);
        }
        let others_turn = state.reads_in_row >= READS_IN_ROW || state.reads_waiting == 0;
        let mine = match is_read {
            true => state.others_waiting == 0 || !others_turn,
            false => others_turn,
        };
        if !mine {
            return Some(now + self.interval);
        }
        state.reads_in_row = if is_read { state.reads_in_row + 1 } else { 0 };
        let earliest = now.checked_sub(LATENESS).unwrap_or(now);
        state.next = state.next.max(earliest) + self.interval;
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers and a time, each changed at once.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Place<'a> {
    fn take(pace: &'a Pace, is_read: bool) -> Self {
        let place = Self { pace, is_read };
        *place.count(&mut pace.state()) += 1;
        place
    }

    fn count<'s>(&self, state: &'s mut State) -> &'s mut u32 {
        match self.is_read {
            true => &mut state.reads_waiting,
            false => &mut state.others_waiting,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.count(&mut self.pace.state()) -= 1;
    }
}

#[cfg(test)]
mod tests;
