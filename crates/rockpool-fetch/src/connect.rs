//! Connections to addresses that were judged, and TLS.
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::sleep,
};
use tokio_rustls::TlsConnector;

use crate::{
    FetchError, SettingsError, UrlFault,
    guard::{Target, TargetHost},
};

/// How long one address may keep silent before the next is tried beside it (RFC 8305 section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// The most addresses of one host that are tried.
const MOST_TRIED: usize = 6;

/// A connection, with or without TLS.
pub(crate) type Wire = Box<dyn Duplex>;

/// Bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The TLS of all connections: the system's roots and `more_roots`, HTTP/1.1.
pub(crate) fn tls(more_roots: &[CertificateDer<'static>]) -> Result<TlsConnector, SettingsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(system.certs);
    let (more, unreadable) = roots.add_parsable_certificates(more_roots.iter().cloned());
    if unreadable > 0 {
        return Err(SettingsError::Tls(format!(
            "{unreadable} of the additional root certificates cannot be read"
        )));
    }
    if added + more == 0 {
        return Err(SettingsError::NoRoots);
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects to one of `addresses`, all of which were judged, and shakes hands if `target` is an `https` URL. Has no time
/// limit of its own. When the future is dropped, so are the connections.
pub(crate) async fn connect(
    target: &Target,
    addresses: &[IpAddr],
    tls: &TlsConnector,
) -> Result<Wire, FetchError> {
    let stream = dial(addresses, target.port)
        .await
        .map_err(|error| FetchError::Connect {
            detail: error.to_string(),
        })?;
    // Without: requests wait for acknowledgements. It fails only on connections that are broken anyway.
    let _ = stream.set_nodelay(true);
    if !target.is_https() {
        return Ok(Box::new(stream));
    }
    let name = match &target.host {
        TargetHost::Address(address) => ServerName::from(*address),
        TargetHost::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| FetchError::IllegalUrl(UrlFault::Host))?,
    };
    let stream = tls.connect(name, stream).await.map_err(tls_error)?;
    Ok(Box::new(stream))
}

fn tls_error(error: io::Error) -> FetchError {
    let detail = error.to_string();
    let is_tls = error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>());
    if is_tls {
        FetchError::Tls { detail }
    } else {
        FetchError::Connect { detail }
    }
}

/// The first connection that stands; each address has a head start over the next.
async fn dial(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut waiting = alternate(addresses).into_iter().take(MOST_TRIED);
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::other("there is no address");
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(attempt(SocketAddr::new(address, port)));
        } else if attempts.is_empty() {
            return Err(last);
        }
        tokio::select! {
            biased;
            Some(outcome) = attempts.next() => match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            },
            () = sleep(HEAD_START) => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// The addresses with their families taking turns, in the order that each family has (RFC 8305 section 4).
fn alternate(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (mut first, mut second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6());
    let mut turns = Vec::with_capacity(addresses.len());
    first.reverse();
    second.reverse();
    while let (Some(a), Some(b)) = (first.last(), second.last()) {
        turns.extend([*a, *b]);
        first.pop();
        second.pop();
    }
    turns.extend(first.into_iter().rev());
    turns.extend(second.into_iter().rev());
    turns
}

#[cfg(test)]
mod tests;
