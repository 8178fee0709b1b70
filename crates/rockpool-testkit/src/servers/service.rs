//! A server that tests stop, kill and start again.
use std::{
    sync::{Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use super::process::{PATIENCE, Process, Program};

/// A place for a server's process, empty while it is down.
#[derive(Debug, Default)]
pub(super) struct Service(Mutex<Option<Process>>);

impl Service {
    /// Starts the program and waits until it `answers`; whether it does.
    pub(super) fn start(&self, program: Program, answers: impl Fn() -> bool) -> bool {
        let mut process = Process::start(program);
        let deadline = Instant::now() + PATIENCE;
        let ready = loop {
            if process.has_ended() || Instant::now() > deadline {
                break false;
            }
            if answers() {
                break !process.has_ended();
            }
            thread::sleep(Duration::from_millis(30));
        };
        *self.process() = ready.then_some(process);
        ready
    }

    /// Asks it with a signal to end and waits until it has, if it runs.
    pub(super) fn stop(&self, signal: &str) {
        if let Some(process) = self.process().take() {
            process.end(signal);
        }
    }

    /// Kills it, if it runs.
    pub(super) fn kill(&self) {
        if let Some(process) = self.process().take() {
            process.kill();
        }
    }

    /// Sends it a signal, if it runs.
    pub(super) fn signal(&self, name: &str) {
        if let Some(process) = self.process().as_ref() {
            process.signal_all(name);
        }
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Process::pid)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.0.lock().expect("no holder panics")
    }
}
