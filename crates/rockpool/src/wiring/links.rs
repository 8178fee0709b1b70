//! The link shield, put together.
use anyhow::{Context, Result, anyhow};
use rockpool_fetch::{FetchSettings, Fetcher, NameServers};
use rockpool_links::{
    Hosts, KeepSettings, LinkDesk, LinkFace, LinkSettings, Manners, Meaning, SoftwareList,
};
use rockpool_types::{Clock, HostName};

use crate::config::{Config, HttpUrl, LinksSettings};

/// Opens the link shield that the configuration describes.
///
/// # Errors
/// In words that say what cannot be opened and what to do.
pub(crate) async fn open_links(config: &Config) -> Result<LinkFace> {
    let settings = link_settings(config)?;
    let fetcher = fetcher(&config.settings.links)?;
    let directory = config.paths.links.clone();
    // Opened from within the runtime, as its caches and limits are the runtime's.
    let open = move || LinkFace::open(settings, fetcher, Clock::system());
    let opened = tokio::task::spawn_blocking(open).await?;
    opened.with_context(|| {
        format!(
            "the directory {} (setting links.directory) cannot be used",
            directory.display()
        )
    })
}

/// Opens the directory of copies for an operator's command.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn open_desk(config: &Config) -> Result<LinkDesk> {
    let directory = &config.paths.links;
    LinkDesk::open(directory, Clock::system()).with_context(|| {
        format!(
            "the directory {} (setting links.directory) cannot be used",
            directory.display()
        )
    })
}

/// The shield's own hosts.
///
/// # Errors
/// When the front is not given.
pub(crate) fn hosts(links: &LinksSettings) -> Result<Hosts> {
    let url = front(links)?;
    let url = url.parse().context("the setting links.url is no URL")?;
    let mut hosts = Hosts::new(&url).context("the setting links.url names no bare host")?;
    for (meaning, name) in [
        (Meaning::Insecure, &links.insecure_host),
        (Meaning::Exclude, &links.exclude_host),
        (Meaning::InsecureExclude, &links.insecure_exclude_host),
        (Meaning::Cache, &links.cache_host),
    ] {
        if let Some(name) = name {
            hosts = hosts.with(meaning, HostName::as_str(name));
        }
    }
    Ok(hosts)
}

fn front(links: &LinksSettings) -> Result<&str> {
    let url = links.url.as_ref().map(HttpUrl::as_str);
    url.context("the setting links.url must be given, such as `https://links.example`")
}

fn link_settings(config: &Config) -> Result<LinkSettings> {
    let links = &config.settings.links;
    let mut settings = LinkSettings::new(hosts(links)?, &config.paths.links);
    let list = |patterns: &[String]| {
        SoftwareList::new(patterns).map_err(|error| anyhow!("the software of links: {error}"))
    };
    if let Some(patterns) = &links.software {
        settings.software = list(patterns)?;
    }
    if let Some(patterns) = &links.only_200 {
        settings.only_200 = list(patterns)?;
    }
    settings.ignored_hosts.clone_from(&links.ignored_hosts);
    let directory = links.static_directory.as_ref();
    settings.static_directory = directory.map(|directory| config.paths.data.join(directory));
    settings.keep = KeepSettings {
        min_fresh: links.min_fresh.get(),
        max_fresh: links.max_fresh.get(),
        stale_while_revalidate: links.stale_while_revalidate.get(),
        stale_if_error: links.stale_if_error.get(),
        failure: links.failure.get(),
    };
    settings.manners = Manners {
        concurrency: links.site_requests,
        interval: links.site_interval.get(),
        max_retry_after: links.max_retry_after.get(),
        max_fetches: links.max_fetches,
        patience: links.fetch_timeout.get(),
        ..Manners::default()
    };
    settings.max_disk_bytes = links.max_disk.as_u64();
    settings.memory_bytes = links.memory.as_u64();
    settings.max_body_bytes = links.max_body.as_u64();
    settings.prune_interval = links.prune_interval.get();
    Ok(settings)
}

/// Fetches pages; names itself, and a page about it, to every site.
fn fetcher(links: &LinksSettings) -> Result<Fetcher> {
    let contact = match &links.contact {
        Some(url) => url.as_str(),
        None => front(links)?,
    };
    let user_agent = format!("rockpool-links/{} (+{contact})", env!("CARGO_PKG_VERSION"));
    let mut settings = FetchSettings::new(&user_agent)?;
    settings.total_timeout = links.fetch_timeout.get();
    settings
        .allowed_networks
        .clone_from(&links.allowed_networks);
    if !links.name_servers.is_empty() {
        settings.name_servers = NameServers::At(links.name_servers.clone());
    }
    Ok(Fetcher::new(settings)?)
}
