//! How a [`crate::Fetcher`] behaves towards all sites.
use std::{net::SocketAddr, time::Duration};

use http::HeaderValue;
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;

use crate::BROWSERS_BLOCKED_PORTS;

/// How a [`crate::Fetcher`] behaves towards all sites. [`FetchSettings::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Sent with each request. It should name the software and a page at which whoever runs a site can find out why
    /// they are asked, and by whom.
    pub user_agent: HeaderValue,
    /// The longest that resolving one name may take. Default: 5 s.
    pub resolve_timeout: Duration,
    /// The longest that connecting to one host may take: all of its addresses that are tried, and TLS. Default: 5 s.
    pub connect_timeout: Duration,
    /// The longest from the request to the end of the answer's head. Default: 10 s.
    pub head_timeout: Duration,
    /// The longest between two pieces of a body, while the caller waits for one. Default: 10 s.
    pub idle_timeout: Duration,
    /// The longest for everything: names, redirects and the whole body. Default: 60 s.
    pub total_timeout: Duration,
    /// The most redirects that are followed. Default: 5.
    pub max_redirects: usize,
    /// The most bytes of an answer's status line and headers; no less than 8192 is enforced. Default: 64 KiB.
    pub max_head_bytes: usize,
    /// The most bytes of a body as it is sent, unless a request says otherwise. Default: 8 MiB.
    pub max_sent_bytes: u64,
    /// The most bytes of a body when its content coding is removed, unless a request says otherwise. Default: 16 MiB.
    pub max_decoded_bytes: u64,
    /// Networks that are fetched from although they are not public, e.g. a private network whose servers members
    /// use. Default: none.
    pub allowed_networks: Vec<IpNet>,
    /// Networks that are not fetched from although they are public, e.g. this organisation's own; this goes before
    /// `allowed_networks`. Default: none.
    pub refused_networks: Vec<IpNet>,
    /// Ports that are not connected to. Default: [`BROWSERS_BLOCKED_PORTS`].
    pub blocked_ports: Vec<u16>,
    /// Whether only `https` is fetched. Default: no.
    pub https_only: bool,
    /// Whether a redirect may lead from `https` to `http`. Default: no, as whoever named an `https` URL would then be
    /// given what anybody on the way may have written.
    pub allow_downgrade: bool,
    /// Who is asked for names. Default: whom the system asks.
    pub name_servers: NameServers,
    /// Certificates that are trusted beside the system's, e.g. of a private network's own authority. Default: none.
    pub more_roots: Vec<CertificateDer<'static>>,
}

impl FetchSettings {
    /// The defaults, with this `user_agent`.
    ///
    /// # Errors
    /// When `user_agent` cannot be a header's value.
    pub fn new(user_agent: &str) -> Result<Self, SettingsError> {
        Ok(Self {
            user_agent: HeaderValue::from_str(user_agent)
                .map_err(|_| SettingsError::UserAgent(user_agent.to_owned()))?,
            resolve_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            max_redirects: 5,
            max_head_bytes: 64 << 10,
            max_sent_bytes: 8 << 20,
            max_decoded_bytes: 16 << 20,
            allowed_networks: Vec::new(),
            refused_networks: Vec::new(),
            blocked_ports: BROWSERS_BLOCKED_PORTS.to_vec(),
            https_only: false,
            allow_downgrade: false,
            name_servers: NameServers::System,
            more_roots: Vec::new(),
        })
    }
}

/// Who is asked for names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameServers {
    /// The servers in `/etc/resolv.conf`, after `/etc/hosts`. Search domains are never appended.
    System,
    /// These, by UDP and TCP; `/etc/hosts` is not read.
    At(Vec<SocketAddr>),
}

/// Why there is no fetcher with such settings, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The User-Agent cannot be sent.
    #[error("the user agent {0:?} has characters that no header may have")]
    UserAgent(String),
    /// The system's configuration of its resolver cannot be used.
    #[error("cannot find out whom to ask for names: {0}")]
    NameServers(String),
    /// No certificate could be checked.
    #[error(
        "this system has no root certificates to check sites' with; install the package ca-certificates"
    )]
    NoRoots,
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}
