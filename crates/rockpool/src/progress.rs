//! How far a long command is: a line on standard error, when that is a terminal.
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line without news moves.
const TICK: Duration = Duration::from_millis(200);

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Blobs.
    Blobs,
    /// Bytes.
    Bytes,
    /// Names of objects.
    Names,
}

/// A line with a message, for work of unknown size.
pub(crate) fn spinner() -> ProgressBar {
    let spinner = in_style(ProgressBar::new_spinner(), "{spinner} {msg}");
    spinner.enable_steady_tick(TICK);
    spinner
}

/// A line with a message, and a bar that is full at `total`.
pub(crate) fn bar(total: u64, counted: Counted) -> ProgressBar {
    let template = match counted {
        Counted::Blobs => "{msg} [{bar:30}] {human_pos}/{human_len} blobs {eta}",
        Counted::Names => "{msg} [{bar:30}] {human_pos}/{human_len} names {per_sec} {eta}",
        Counted::Bytes => "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    };
    in_style(ProgressBar::new(total), template)
}

fn in_style(bar: ProgressBar, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates above are right");
    bar.with_style(style.progress_chars("=> "))
}
