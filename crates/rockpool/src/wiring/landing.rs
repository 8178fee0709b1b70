//! The landing before a provider.
use std::sync::Arc;

use anyhow::{Context, Result};
use rockpool_blobs::{BlobStore, Landing, LandingSettings};

use super::Opener;
use crate::config::Config;

/// What lands: blobs, public and private. What repairs put aside goes to the provider at once.
const FOLDERS: [&str; 2] = ["blobs/", "private/"];

/// The landing before the store `far`. `None`: there is none, and nothing waits in one of before. Blocking.
///
/// # Errors
/// When its directory cannot be used, or another node holds it.
pub(super) fn before(
    far: &Arc<dyn BlobStore>,
    config: &Config,
    opener: Opener,
) -> Result<Option<Landing>> {
    let (settings, directory) = (&config.settings.landing, &config.paths.landing);
    let about = || {
        format!(
            "the landing {} (setting landing.directory) cannot be used",
            directory.display()
        )
    };
    let has_backlog = Landing::has_backlog(directory).with_context(about)?;
    if !settings.enabled && !has_backlog {
        return Ok(None);
    }
    if opener == Opener::Command {
        let landing = Landing::beside(directory, far.clone());
        return landing.with_context(about).map(Some);
    }
    if !settings.enabled {
        tracing::info!(
            landing.directory = %directory.display(),
            "The landing is off; what still waits in it is moved"
        );
    }
    let if_enabled = |bytes: u64| if settings.enabled { bytes } else { 0 };
    let settings = LandingSettings {
        folders: FOLDERS.map(str::to_owned).to_vec(),
        max_waiting_bytes: if_enabled(settings.max_waiting.as_u64()),
        cache_bytes: if_enabled(settings.cache.as_u64()),
        max_parallel: settings.max_parallel,
        settle: config.settings.collect.longest_delete.get(),
    };
    let landing = Landing::open(directory, far.clone(), settings);
    landing.with_context(about).map(Some)
}
