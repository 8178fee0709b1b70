//! A shield with a clock in the test's hand, and a site behind it.
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use rockpool_fetch::{FetchSettings, Fetcher, NameServers};
use rockpool_links::{Hosts, LinkFace, LinkSettings, Manners, Meaning};
use rockpool_types::{Clock, ManualClock, Timestamp};
use tempfile::TempDir;

use crate::{names::name_server, site::Site};

pub(crate) const MASTODON: &str = "Mastodon/4.5.0 (http.rb/5.3.1; +https://m.example/) Bot";
pub(crate) const MISSKEY: &str = "SummalyBot/5.2.0";
pub(crate) const FIREFOX: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

pub(crate) struct World {
    pub(crate) face: LinkFace,
    pub(crate) site: Site,
    pub(crate) hand: ManualClock,
    clock: Clock,
    names: SocketAddr,
    directory: Arc<TempDir>,
    change: fn(&mut LinkSettings),
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than the defaults.
    pub(crate) async fn with(change: fn(&mut LinkSettings)) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let begin = Timestamp::from_http_date("Mon, 23 Nov 2026 08:00:00 GMT").unwrap();
        let (clock, hand) = Clock::manual(begin);
        let names = name_server().await;
        Self {
            face: face(directory.path(), &clock, names, change),
            site: Site::start().await,
            hand,
            clock,
            names,
            directory,
            change,
        }
    }

    /// Another node on the same directory.
    pub(crate) fn another_node(&self) -> LinkFace {
        face(self.directory.path(), &self.clock, self.names, self.change)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The site's host, as it stands in a shielded path.
    pub(crate) fn host(&self) -> String {
        format!("site.example.com:{}", self.site.port)
    }

    /// Asks the insecure host, behind which the site is, as this user agent.
    pub(crate) async fn get(&self, path: &str, user_agent: &str) -> Reply {
        let path = format!("/{}{path}", self.host());
        ask(&self.face, "h.links.example.org", &path, user_agent, &[]).await
    }
}

fn face(
    directory: &Path,
    clock: &Clock,
    names: SocketAddr,
    change: fn(&mut LinkSettings),
) -> LinkFace {
    let mut fetching =
        FetchSettings::new("rockpool-links/0 (+https://links.example.org/)").unwrap();
    fetching.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    fetching.name_servers = NameServers::At(vec![names]);
    let front = "https://links.example.org".parse().unwrap();
    let hosts = Hosts::new(&front).unwrap();
    let mut settings = LinkSettings::new(hosts, directory);
    settings.manners = Manners {
        interval: Duration::ZERO,
        ..Manners::default()
    };
    settings.ignored_hosts = vec!["big.example.net".parse().unwrap()];
    change(&mut settings);
    LinkFace::open(settings, Fetcher::new(fetching).unwrap(), clock.clone()).unwrap()
}

/// Adds a cache host.
pub(crate) fn cache_host(settings: &mut LinkSettings) {
    let hosts = settings.hosts.clone();
    settings.hosts = hosts.with(Meaning::Cache, "fedi.links.example.org");
}

pub(crate) async fn ask(
    face: &LinkFace,
    host: &str,
    path: &str,
    user_agent: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = Request::get(path)
        .header("host", host)
        .header("user-agent", user_agent);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(face, request.body(()).unwrap()).await
}

pub(crate) async fn send(face: &LinkFace, request: Request<()>) -> Reply {
    let (parts, body) = face.handle(request).await.into_parts();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
