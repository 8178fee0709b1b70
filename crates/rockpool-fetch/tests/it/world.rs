//! Fetchers for tests, and names for them.
use std::time::{Duration, Instant};

use rockpool_fetch::{FetchError, FetchRequest, FetchSettings, Fetched, Fetcher, NameServers};
use rockpool_testkit::{NameReply, NameServer};
use url::Url;

/// Who the fetchers of tests say that they are.
pub(crate) const USER_AGENT: &str = "rockpool-test/1 (+https://pool.example/about)";

/// The longest that a test waits for what should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Settings that reach loopback and need no name server.
pub(crate) fn loopback() -> FetchSettings {
    let mut settings = FetchSettings::new(USER_AGENT).unwrap();
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    settings.name_servers = NameServers::At(Vec::new());
    settings
}

/// A fetcher that reaches loopback.
pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(loopback()).unwrap()
}

/// A name server with this zone, and settings that reach loopback and ask it.
pub(crate) async fn named(
    zone: impl Fn(&str, usize) -> NameReply + Send + Sync + 'static,
) -> (NameServer, FetchSettings) {
    let server = NameServer::start(zone).await.unwrap();
    let mut settings = loopback();
    settings.name_servers = NameServers::At(vec![server.address]);
    (server, settings)
}

/// A URL that must be one.
pub(crate) fn url(text: impl AsRef<str>) -> Url {
    text.as_ref().parse().unwrap()
}

/// Asks for `text` with a fetcher of its own.
pub(crate) async fn get(
    settings: &FetchSettings,
    text: impl AsRef<str>,
) -> Result<Fetched, FetchError> {
    Fetcher::new(settings.clone())
        .unwrap()
        .get(url(text), &FetchRequest::default())
        .await
}

/// Asks for `text` and reads the whole answer.
pub(crate) async fn read(
    settings: &FetchSettings,
    text: impl AsRef<str>,
) -> Result<Vec<u8>, FetchError> {
    Ok(get(settings, text).await?.body.collect().await?.to_vec())
}

/// What `work` yields, which must not take longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let outcome = tokio::time::timeout(limit, work).await;
    outcome.unwrap_or_else(|_| panic!("nothing after {:?}", began.elapsed()))
}
