//! Which URLs and addresses are fetched from, by the settings; pure.
use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::{
    FetchError, FetchSettings, SpecialRange, UrlFault,
    address::{behind_nat64, special_range, unmapped},
};

/// The longest URL that is asked for, in bytes.
const LONGEST_URL: usize = 8192;

/// The longest name in DNS as text, without the dot at its end, in bytes.
const LONGEST_NAME: usize = 253;

/// A URL that may be asked for once its host's addresses have been judged.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Without a fragment.
    pub(crate) url: Url,
    pub(crate) host: TargetHost,
    pub(crate) port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetHost {
    /// Already judged.
    Address(IpAddr),
    /// ASCII, in lower case, without a dot at its end.
    Name(String),
}

impl Target {
    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// Judges `url` and, where its host is an address, that address.
pub(crate) fn check_url(mut url: Url, settings: &FetchSettings) -> Result<Target, FetchError> {
    url.set_fragment(None);
    let fault = |fault| Err(FetchError::IllegalUrl(fault));
    match url.scheme() {
        "https" => {}
        "http" if !settings.https_only => {}
        _ => return fault(UrlFault::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fault(UrlFault::Credentials);
    }
    if url.as_str().len() > LONGEST_URL {
        return fault(UrlFault::Length);
    }
    let Some(port) = url.port_or_known_default() else {
        return fault(UrlFault::Scheme);
    };
    if settings.blocked_ports.contains(&port) {
        return Err(FetchError::BlockedPort(port));
    }
    // The url crate has read all spellings of an IPv4 address already: 2130706433, 0x7f.1, 127.1 and so on.
    let host = match url.host() {
        Some(Host::Ipv4(address)) => TargetHost::Address(address.into()),
        Some(Host::Ipv6(address)) => TargetHost::Address(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
            if !labels_fit || name.len() > LONGEST_NAME {
                return fault(UrlFault::Host);
            }
            TargetHost::Name(name.to_owned())
        }
        None => return fault(UrlFault::Host),
    };
    let host = match host {
        TargetHost::Address(address) => {
            let host = url.host_str().unwrap_or_default();
            TargetHost::Address(check_address(host, address, settings)?)
        }
        name => name,
    };
    Ok(Target { url, host, port })
}

/// Judges an address that `host` has, and tells to which address a connection goes.
pub(crate) fn check_address(
    host: &str,
    address: IpAddr,
    settings: &FetchSettings,
) -> Result<IpAddr, FetchError> {
    let address = unmapped(address);
    let is_in =
        |networks: &[IpNet], address: &IpAddr| networks.iter().any(|it| it.contains(address));
    let refused = |range| {
        Err(FetchError::IllegalAddress {
            host: host.to_owned(),
            address,
            range,
        })
    };
    // Behind NAT64 is the same network that may be refused, but another's private networks than may be allowed.
    let ends_at = behind_nat64(address).unwrap_or(address);
    if is_in(&settings.refused_networks, &address) || is_in(&settings.refused_networks, &ends_at) {
        return refused(SpecialRange::Refused);
    }
    match special_range(address) {
        Some(range) if !is_in(&settings.allowed_networks, &address) => refused(range),
        _ => Ok(address),
    }
}

#[cfg(test)]
mod tests;
