//! TLS: certificates that are right, wrong, and none.
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rockpool_fetch::{FetchError, FetchSettings};
use rockpool_testkit::NameReply;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::{
    origin::{Origin, ok},
    world::{get, named, read},
};

/// Signs certificates that the fetchers of tests trust.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// What a server for `names` needs; `year` is when its certificate runs out.
    fn acceptor(&self, names: &[SanType], year: i32) -> TlsAcceptor {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// An origin that answers by TLS.
async fn secure(acceptor: TlsAcceptor) -> Origin {
    Origin::start_raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            // Fetchers that do not like the certificate hang up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let _ = stream.write_all(&ok("", b"safe")).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

async fn world(authority: &Authority) -> (rockpool_testkit::NameServer, FetchSettings) {
    let (server, mut settings) =
        named(|_, _| NameReply::addresses([std::net::Ipv4Addr::LOCALHOST])).await;
    settings.more_roots = vec![authority.root()];
    (server, settings)
}

#[tokio::test]
async fn a_certificate_for_the_name_or_address_is_right() {
    let authority = Authority::new();
    let (_server, settings) = world(&authority).await;
    let names = [
        dns("site.example"),
        SanType::IpAddress([127, 0, 0, 1].into()),
    ];
    let origin = secure(authority.acceptor(&names, 2090)).await;
    let port = origin.address.port();
    for host in ["site.example", "site.example.", "127.0.0.1"] {
        let body = read(&settings, format!("https://{host}:{port}/")).await;
        assert_eq!(body.unwrap(), b"safe", "{host}");
    }
}

#[tokio::test]
async fn any_other_certificate_is_wrong() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let (_server, settings) = world(&authority).await;
    for (acceptor, why) in [
        (
            authority.acceptor(&[dns("other.example")], 2090),
            "another's name",
        ),
        (authority.acceptor(&[dns("site.example")], 2021), "expired"),
        (
            stranger.acceptor(&[dns("site.example")], 2090),
            "an unknown authority",
        ),
    ] {
        let origin = secure(acceptor).await;
        let asked = format!("https://site.example:{}/", origin.address.port());
        let error = get(&settings, asked).await.unwrap_err();
        assert!(matches!(error, FetchError::Tls { .. }), "{why}: {error:?}");
        assert!(!error.is_transient());
        assert!(!error.to_string().contains("site.example"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_taken_for_one_with() {
    let authority = Authority::new();
    let (_server, settings) = world(&authority).await;
    let origin = Origin::start_raw(|mut stream| async move {
        let _ = stream.write_all(&ok("", b"unsafe")).await;
    })
    .await;
    let asked = format!("https://site.example:{}/", origin.address.port());
    let error = get(&settings, asked).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Tls { .. } | FetchError::Connect { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_followed_only_where_that_is_allowed() {
    let authority = Authority::new();
    let (_server, mut settings) = world(&authority).await;
    let plain = Origin::saying(ok("", b"plain")).await;
    let location = format!("http://127.0.0.1:{}/", plain.address.port());
    let acceptor = authority.acceptor(&[dns("site.example")], 2090);
    let origin = Origin::start_raw(move |stream| {
        let (acceptor, location) = (acceptor.clone(), location.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let asked = format!("https://site.example:{}/", origin.address.port());
    let error = get(&settings, &asked).await.unwrap_err();
    assert_eq!(error, FetchError::Downgrade);
    assert!(plain.heads().is_empty());
    settings.allow_downgrade = true;
    assert_eq!(read(&settings, &asked).await.unwrap(), b"plain");
}
