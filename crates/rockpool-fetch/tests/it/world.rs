//! Fetchers for tests.
use std::time::Duration;

use rockpool_fetch::{FetchSettings, Fetcher};
use url::Url;

/// Who the fetchers of tests say that they are.
pub(crate) const USER_AGENT: &str = "rockpool-test/1 (+https://pool.example/about)";

/// Settings that reach loopback, with little patience.
pub(crate) fn loopback() -> FetchSettings {
    let mut settings = FetchSettings::new(USER_AGENT).unwrap();
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    settings.resolve_timeout = Duration::from_secs(5);
    settings.total_timeout = Duration::from_secs(20);
    settings
}

/// A fetcher that reaches loopback.
pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(loopback()).unwrap()
}

/// A URL that must be one.
pub(crate) fn url(text: impl AsRef<str>) -> Url {
    text.as_ref().parse().unwrap()
}
