//! Where the faces are reached: for the file by which a node says that it is ready, and for what people are told.
use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::config::{Config, HttpUrl, ListenAddress, OrOff};

/// What a node that is ready says of itself, in JSON: by default in `node.json` of the data directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NodeFacts {
    /// Its process.
    pub(crate) pid: u32,
    /// Where its S3 face listens. `null`: it is off.
    pub(crate) s3: Option<SocketAddr>,
    /// Where its redirector listens.
    pub(crate) redirector: Option<SocketAddr>,
    /// Where its blob server listens.
    pub(crate) blobs: Option<SocketAddr>,
    /// Where its link shield listens.
    #[serde(default)]
    pub(crate) links: Option<SocketAddr>,
}

impl NodeFacts {
    /// Writes them, whole at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let draft = file.with_extension(format!("json.{}", std::process::id()));
        let text = serde_json::to_vec_pretty(self)?;
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&draft)
            .and_then(|mut opened| opened.write_all(&text))
            .and_then(|()| std::fs::rename(&draft, file));
        written
            .inspect_err(|_| drop(std::fs::remove_file(&draft)))
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Removes the file, if it is still this process's.
    pub(crate) fn withdraw(file: &Path) {
        if Self::read(file).is_some_and(|facts| facts.pid == std::process::id()) {
            // A file that stays behind misleads nobody for long: the next node replaces it.
            let _ = std::fs::remove_file(file);
        }
    }

    fn read(file: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// URLs of the faces. `None`: it is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The S3 face.
    pub(crate) s3: Option<String>,
    /// The redirector.
    pub(crate) pool: Option<String>,
    /// The blob server.
    pub(crate) blobs: Option<String>,
}

impl Addresses {
    /// The URLs of listeners themselves.
    pub(crate) fn of_listeners(node: &NodeFacts) -> Self {
        Self {
            s3: node.s3.map(listener_url),
            pool: node.redirector.map(listener_url),
            blobs: node.blobs.map(listener_url),
        }
    }

    /// What members are told: the public URLs of the configuration, else the listeners of the node that runs here,
    /// else those that the configuration would give it.
    pub(crate) fn of_members(config: &Config) -> Self {
        let settings = &config.settings;
        let listeners = match NodeFacts::read(&config.paths.ready_file) {
            Some(node) => Self::of_listeners(&node),
            None => Self {
                s3: setting_url(settings.listen.s3),
                pool: setting_url(settings.listen.redirector),
                blobs: setting_url(settings.listen.blobs),
            },
        };
        let public = &settings.public;
        let or = |url: &Option<HttpUrl>, listener: Option<String>| match url {
            Some(url) => Some(url.as_str().to_owned()),
            None => listener,
        };
        Self {
            s3: or(&public.s3_url, listeners.s3),
            pool: or(&public.pool_url, listeners.pool),
            blobs: or(&public.blob_url, listeners.blobs),
        }
    }
}

fn setting_url(setting: OrOff<ListenAddress>) -> Option<String> {
    setting.on().map(|address| listener_url(address.0))
}

/// The URL of a listener on this machine; one that listens on all addresses is reached by loopback.
fn listener_url(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}
