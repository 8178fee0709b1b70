//! How an adoption gets on, on standard error: a bar on a terminal, a line now and then elsewhere.
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use rockpool_pool::AdoptionReport;

use crate::progress::{self, Counted};

/// How often a line tells of it where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    bar: ProgressBar,
    told: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = progress::bar(0, Counted::Names);
        bar.set_message("adopting");
        Self { bar, told: None }
    }

    pub(super) fn show(&mut self, report: &AdoptionReport) {
        let done = report.adopted + report.kept + report.left_out;
        self.bar.set_length(report.names);
        self.bar.set_position(done);
        let is_due = self.told.is_none_or(|told| told.elapsed() >= INTERVAL);
        if self.bar.is_hidden() && is_due {
            self.told = Some(Instant::now());
            eprintln!("rockpool: {done} of {} names", report.names);
        }
    }

    /// Leaves the bar where it is.
    pub(super) fn end(&self) {
        self.bar.abandon();
    }
}
