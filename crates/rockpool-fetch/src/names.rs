//! Names to addresses, once.
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::future::join;
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RecordType},
    },
};

use crate::{FetchError, FetchSettings, NameServers, SettingsError, UrlFault};

/// The most names whose addresses are remembered, for as long as their servers say, but no longer than [`LONGEST_MEMORY`].
const REMEMBERED: u64 = 1024;
const LONGEST_MEMORY: Duration = Duration::from_secs(300);
const LONGEST_MEMORY_OF_ABSENCE: Duration = Duration::from_secs(30);

/// Asks name servers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Names(TokioResolver);

impl Names {
    pub(crate) fn new(settings: &FetchSettings) -> Result<Self, SettingsError> {
        let fault = |error: NetError| SettingsError::NameServers(error.to_string());
        let (servers, mut options) = match &settings.name_servers {
            NameServers::System => {
                let (system, options) =
                    hickory_resolver::system_conf::read_system_conf().map_err(fault)?;
                (system.name_servers().to_vec(), options)
            }
            NameServers::At(servers) => {
                let mut options = ResolverOpts::default();
                options.use_hosts_file = ResolveHosts::Never;
                (servers.iter().copied().map(server).collect(), options)
            }
        };
        options.cache_size = REMEMBERED;
        options.positive_max_ttl = Some(LONGEST_MEMORY);
        options.negative_max_ttl = Some(LONGEST_MEMORY_OF_ABSENCE);
        // Without domains to search: what a URL names is what is asked for.
        let config = ResolverConfig::from_name_servers(servers);
        let resolver = Resolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(fault)?;
        Ok(Self(resolver))
    }

    /// All addresses of `host`, IPv6 first; at least one.
    pub(crate) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, FetchError> {
        let mut name =
            Name::from_ascii(host).map_err(|_| FetchError::IllegalUrl(UrlFault::Host))?;
        name.set_fqdn(true);
        let (v6, v4) = join(
            self.0.lookup(name.clone(), RecordType::AAAA),
            self.0.lookup(name, RecordType::A),
        )
        .await;
        let mut addresses = Vec::new();
        let mut fault = None;
        for answer in [v6, v4] {
            match answer {
                Ok(found) => {
                    addresses.extend(found.answers().iter().filter_map(|it| it.data.ip_addr()))
                }
                Err(error) if is_absence(&error) => {}
                Err(error) => fault = Some(error.to_string()),
            }
        }
        match fault {
            _ if !addresses.is_empty() => Ok(addresses),
            Some(detail) => Err(FetchError::Dns {
                host: host.to_owned(),
                detail,
            }),
            None => Err(FetchError::NoSuchHost {
                host: host.to_owned(),
            }),
        }
    }
}

/// Whether a server said that there is no such name, or no such record.
fn is_absence(error: &NetError) -> bool {
    matches!(
        error,
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
    )
}

fn server(at: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = at.port();
        connection
    });
    NameServerConfig::new(at.ip(), true, connections.to_vec())
}
