//! `[links]`: the link shield's settings, how they are read, and what they must be to each other.
use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use rockpool_types::{ByteSize, HostName};
use serde::Serialize;

use super::{
    reader::Section,
    settings::as_texts,
    values::{HttpUrl, Span},
};

/// `[links]`: the link shield.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LinksSettings {
    /// The front as the world reaches it. Must be given where `listen.links` is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<HttpUrl>,
    /// The host for sites without TLS. Absent: `h.` before the front's.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub(crate) insecure_host: Option<HostName>,
    /// The host for links without a preview. Absent: `x.` before the front's.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub(crate) exclude_host: Option<HostName>,
    /// The host for both. Absent: `hx.` before the front's.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub(crate) insecure_exclude_host: Option<HostName>,
    /// The host of a CDN that does not look at who asks, to which software is sent. Absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub(crate) cache_host: Option<HostName>,
    /// A page that says who runs this, which sites find in the User-Agent. Absent: the front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<HttpUrl>,
    /// The directory of copies. Default `links`.
    pub(crate) directory: PathBuf,
    /// A directory of files for the front. Absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) static_directory: Option<PathBuf>,
    /// What stands in the User-Agents of software. Absent: the built-in list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) software: Option<Vec<String>>,
    /// Of these, who is told 200 in place of 203. Absent: the built-in list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) only_200: Option<Vec<String>>,
    /// Sites that everybody is sent on to. Default none.
    #[serde(serialize_with = "as_texts")]
    pub(crate) ignored_hosts: Vec<HostName>,
    /// The most that copies take on disk. Default 1 GiB.
    pub(crate) max_disk: ByteSize,
    /// The most that bodies take in the memory cache. Default 16 MiB.
    pub(crate) memory: ByteSize,
    /// The largest file that is passed on. Default 8 MiB.
    pub(crate) max_body: ByteSize,
    /// The least that a copy is fresh. Default 5 minutes.
    pub(crate) min_fresh: Span,
    /// The most that a copy is fresh. Default 1 day.
    pub(crate) max_fresh: Span,
    /// How long after that it is passed on while a new one is fetched. Default 1 day.
    pub(crate) stale_while_revalidate: Span,
    /// How long after that it is passed on when the site is away. Default 7 days.
    pub(crate) stale_if_error: Span,
    /// How long it is remembered that a site failed. Default 5 minutes.
    pub(crate) failure: Span,
    /// How many requests a site sees at once. Default 2.
    pub(crate) site_requests: usize,
    /// The least time between two requests to a site. Default 250 ms.
    pub(crate) site_interval: Span,
    /// The longest that a site's `Retry-After` is heeded. Default 1 hour.
    pub(crate) max_retry_after: Span,
    /// How many fetches run at once. Default 64.
    pub(crate) max_fetches: usize,
    /// The longest that a fetch may take. Default 20 seconds.
    pub(crate) fetch_timeout: Span,
    /// How often what is due is removed. Default 10 minutes.
    pub(crate) prune_interval: Span,
    /// Networks that are fetched from although they are not public. Default none.
    pub(crate) allowed_networks: Vec<IpNet>,
    /// Who is asked for names. Default none: whom the system asks.
    pub(crate) name_servers: Vec<SocketAddr>,
}

impl Default for LinksSettings {
    fn default() -> Self {
        Self {
            url: None,
            insecure_host: None,
            exclude_host: None,
            insecure_exclude_host: None,
            cache_host: None,
            contact: None,
            directory: PathBuf::from("links"),
            static_directory: None,
            software: None,
            only_200: None,
            ignored_hosts: Vec::new(),
            max_disk: ByteSize::new(1 << 30),
            memory: ByteSize::new(16 << 20),
            max_body: ByteSize::new(8 << 20),
            min_fresh: Span::from_secs(300),
            max_fresh: Span::from_secs(86_400),
            stale_while_revalidate: Span::from_secs(86_400),
            stale_if_error: Span::from_secs(7 * 86_400),
            failure: Span::from_secs(300),
            site_requests: 2,
            site_interval: Span::from_millis(250),
            max_retry_after: Span::from_secs(3600),
            max_fetches: 64,
            fetch_timeout: Span::from_secs(20),
            prune_interval: Span::from_secs(600),
            allowed_networks: Vec::new(),
            name_servers: Vec::new(),
        }
    }
}

impl LinksSettings {
    pub(super) fn fill(&mut self, section: &mut Section<'_, '_>) {
        section.parse_option("url", &mut self.url);
        section.parse_option("insecure_host", &mut self.insecure_host);
        section.parse_option("exclude_host", &mut self.exclude_host);
        section.parse_option("insecure_exclude_host", &mut self.insecure_exclude_host);
        section.parse_option("cache_host", &mut self.cache_host);
        section.parse_option("contact", &mut self.contact);
        section.read("directory", &mut self.directory);
        section.read_option("static_directory", &mut self.static_directory);
        section.read_option("software", &mut self.software);
        section.read_option("only_200", &mut self.only_200);
        section.parse_list("ignored_hosts", &mut self.ignored_hosts);
        section.read("max_disk", &mut self.max_disk);
        section.read("memory", &mut self.memory);
        section.read("max_body", &mut self.max_body);
        section.read("min_fresh", &mut self.min_fresh);
        section.read("max_fresh", &mut self.max_fresh);
        section.read("stale_while_revalidate", &mut self.stale_while_revalidate);
        section.read("stale_if_error", &mut self.stale_if_error);
        section.read("failure", &mut self.failure);
        section.read("site_requests", &mut self.site_requests);
        section.read("site_interval", &mut self.site_interval);
        section.read("max_retry_after", &mut self.max_retry_after);
        section.read("max_fetches", &mut self.max_fetches);
        section.read("fetch_timeout", &mut self.fetch_timeout);
        section.read("prune_interval", &mut self.prune_interval);
        section.parse_list("allowed_networks", &mut self.allowed_networks);
        section.parse_list("name_servers", &mut self.name_servers);
    }

    /// What they must be; `on`: the face listens.
    pub(super) fn check(&self, on: bool, must: &mut impl FnMut(bool, &str, &str)) {
        let second = Span::from_secs(1);
        must(
            !on || self.url.is_some(),
            "links.url",
            "must be given, such as `https://links.example`, since listen.links has an address",
        );
        let is_front = |url: &HttpUrl| {
            let url = url.as_str().parse().ok();
            url.is_some_and(|url| rockpool_links::Hosts::new(&url).is_some())
        };
        must(
            self.url.as_ref().is_none_or(is_front),
            "links.url",
            "a host name without a path expected, such as `https://links.example`",
        );
        must(
            self.min_fresh >= second && self.min_fresh <= self.max_fresh,
            "links.min_fresh",
            "must be `1s` or more, and no more than links.max_fresh",
        );
        for (key, span) in [
            ("links.failure", self.failure),
            ("links.fetch_timeout", self.fetch_timeout),
            ("links.prune_interval", self.prune_interval),
        ] {
            must(span >= second, key, "must be `1s` or more");
        }
        for (key, count) in [
            ("links.site_requests", self.site_requests),
            ("links.max_fetches", self.max_fetches),
        ] {
            must(count > 0, key, "must be 1 or more");
        }
        must(
            self.max_body.as_u64() > 0 && self.max_body <= self.max_disk,
            "links.max_body",
            "must be more than nothing, and no more than links.max_disk",
        );
        must(
            (1 << 20..=1 << 32).contains(&self.memory.as_u64()),
            "links.memory",
            "must be from `1 MiB` to `4 GiB`",
        );
    }
}

fn as_text<S: serde::Serializer>(
    name: &Option<HostName>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    name.as_ref().map(HostName::as_str).serialize(serializer)
}
