//! How a shield behaves.
use std::{path::PathBuf, time::Duration};

use rockpool_types::HostName;

use crate::{
    hosts::Hosts,
    software::{DEFAULT_ONLY_200, DEFAULT_SOFTWARE, SoftwareList},
};

/// How a shield behaves. [`LinkSettings::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Its own host names.
    pub hosts: Hosts,
    /// Who gets copies; everybody else is sent on.
    pub software: SoftwareList,
    /// Of these, who is told `200` in place of `203` of a slimmed page.
    pub only_200: SoftwareList,
    /// Sites that everybody is sent on to: they need no shield, or want none. Their sub-domains too.
    pub ignored_hosts: Vec<HostName>,
    /// The directory of copies. Several nodes may share it.
    pub directory: PathBuf,
    /// A directory of files for the front, such as `.well-known/`; they go before the built-in ones. `None`: there is none.
    pub static_directory: Option<PathBuf>,
    /// How long copies are kept.
    pub keep: KeepSettings,
    /// How sites are treated.
    pub manners: Manners,
    /// The most bytes of all copies on disk, give or take what comes in between two prunings. Default: 1 GiB.
    pub max_disk_bytes: u64,
    /// The most bytes of bodies in the memory cache. Default: 16 MiB.
    pub memory_bytes: u64,
    /// The most bytes of anything but a page, of which only the slimmed copy is kept. Default: 8 MiB.
    pub max_body_bytes: u64,
    /// How often copies that are due are removed. Default: 10 minutes.
    pub prune_interval: Duration,
}

/// How long copies are kept. The site decides, within these bounds.
#[derive(Clone, Debug)]
pub struct KeepSettings {
    /// The least that a copy is fresh, even where the site says `no-store`: long enough to spare it a rush. Default: 5
    /// minutes.
    pub min_fresh: Duration,
    /// The most that a copy is fresh, and how long it is where the site says nothing. Default: 1 day.
    pub max_fresh: Duration,
    /// How long after that it is still passed on while a new one is fetched. Default: 1 day.
    pub stale_while_revalidate: Duration,
    /// How long after that it is still passed on when the site is away. Default: 7 days.
    pub stale_if_error: Duration,
    /// How long it is remembered that a site failed. Default: 5 minutes.
    pub failure: Duration,
}

/// How sites are treated.
#[derive(Clone, Debug)]
pub struct Manners {
    /// How many requests a site sees at once. Default: 2.
    pub concurrency: usize,
    /// The least time from one request to the next. Default: 250 ms.
    pub interval: Duration,
    /// The longest that `Retry-After` is heeded. Default: 1 hour.
    pub max_retry_after: Duration,
    /// How many fetches may wait for one site; whoever comes beyond is told to come back. Default: 64.
    pub max_waiting: usize,
    /// How many fetches run at once, of all sites. Default: 64.
    pub max_fetches: usize,
    /// The longest that a fetch may wait for its turn. Default: 20 s.
    pub patience: Duration,
}

impl LinkSettings {
    /// The defaults, for these hosts and this directory.
    pub fn new(hosts: Hosts, directory: impl Into<PathBuf>) -> Self {
        let list =
            |patterns| SoftwareList::new(patterns).expect("the default patterns are few and short");
        Self {
            hosts,
            software: list(DEFAULT_SOFTWARE),
            only_200: list(DEFAULT_ONLY_200),
            ignored_hosts: Vec::new(),
            directory: directory.into(),
            static_directory: None,
            keep: KeepSettings::default(),
            manners: Manners::default(),
            max_disk_bytes: 1 << 30,
            memory_bytes: 16 << 20,
            max_body_bytes: 8 << 20,
            prune_interval: Duration::from_secs(600),
        }
    }

    /// Whether everybody is sent on to this host.
    pub(crate) fn ignores(&self, host: &str) -> bool {
        self.ignored_hosts.iter().any(|ignored| {
            host.strip_suffix(ignored.as_str())
                .is_some_and(|below| below.is_empty() || below.ends_with('.'))
        })
    }
}

impl Default for KeepSettings {
    fn default() -> Self {
        Self {
            min_fresh: Duration::from_secs(300),
            max_fresh: Duration::from_secs(86_400),
            stale_while_revalidate: Duration::from_secs(86_400),
            stale_if_error: Duration::from_secs(7 * 86_400),
            failure: Duration::from_secs(300),
        }
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            concurrency: 2,
            interval: Duration::from_millis(250),
            max_retry_after: Duration::from_secs(3600),
            max_waiting: 64,
            max_fetches: 64,
            patience: Duration::from_secs(20),
        }
    }
}
