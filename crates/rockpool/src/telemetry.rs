//! Logs to standard error, for people or for machines.
use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Begins logging. A panic is logged as an error too.
///
/// # Errors
/// When the filter makes no sense, or logging has begun already.
pub(crate) fn begin(format: LogFormat, filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).context("the setting log.filter makes no sense")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let begun = match format {
        LogFormat::Text => logs
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("logging cannot begin: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(
            panic.at = panic.location().map(tracing::field::display),
            panic.message = panic.payload_as_str().unwrap_or("(no text)"),
            "A bug: please report it with these lines"
        );
    }));
    Ok(())
}
