//! How far a check is.
use indicatif::ProgressBar;
use rockpool_pool::{CheckEvent, CheckPosition, Stage};

use crate::progress::{self, Counted};

pub(super) struct Progress {
    bar: ProgressBar,
    deep: bool,
    found: u64,
}

impl Progress {
    /// A bar over the blobs of the store, or over their bytes when all are read.
    pub(super) fn begin((blobs, bytes): (u64, u64), deep: bool, from: &CheckPosition) -> Self {
        let bar = if deep {
            progress::bar(bytes, Counted::Bytes)
        } else {
            progress::bar(blobs, Counted::Blobs)
        };
        let progress = Self {
            bar,
            deep,
            found: from.totals.warnings + from.totals.errors,
        };
        progress.show(from);
        progress
    }

    pub(super) fn tell(&mut self, event: &CheckEvent<'_>) {
        match event {
            CheckEvent::Found(_) => self.found += 1,
            CheckEvent::Read(bytes) if self.deep => self.bar.inc(*bytes),
            CheckEvent::Read(_) => {}
            CheckEvent::Reached(position) => self.show(position),
        }
    }

    fn show(&self, position: &CheckPosition) {
        let totals = &position.totals;
        let done = if self.deep {
            totals.read_bytes
        } else {
            totals.blobs
        };
        self.bar.set_position(done);
        let stage = match position.stage {
            Stage::Blobs => "blobs",
            Stage::Parts => "staged parts",
            Stage::Uploads => "uploads",
            Stage::Objects => "objects and counts",
            Stage::Strays => "leftovers",
            Stage::Replicas => "replicas",
            Stage::Done => "done",
        };
        self.bar
            .set_message(format!("{stage}, {} found", self.found));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
