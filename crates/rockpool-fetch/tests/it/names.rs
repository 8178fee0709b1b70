//! Hostile and broken name servers: the path that resolves, judges and connects in production, aimed at ours.
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use rockpool_fetch::{FetchError, FetchRequest, Fetcher, Phase, SpecialRange};
use rockpool_testkit::NameReply;

use crate::{
    origin::{Origin, ok},
    world::{SOON, get, named, read, url, within},
};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Public, and nowhere that this machine reaches; no test connects to it.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn refused(error: FetchError) -> SpecialRange {
    match error {
        FetchError::IllegalAddress { range, .. } => range,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_sent_along() {
    let origin = Origin::saying(ok("", b"hello")).await;
    let (server, settings) = named(|_, _| NameReply::addresses([LOOPBACK])).await;
    let asked = format!("http://Site.Example.:{}/", origin.address.port());
    assert_eq!(read(&settings, asked).await.unwrap(), b"hello");
    let host = format!("host: site.example:{}", origin.address.port());
    assert!(origin.heads()[0].lines().any(|line| line == host));
    let mut questions = server.asked();
    questions.sort();
    assert_eq!(questions, ["A site.example", "AAAA site.example"]);
}

#[tokio::test]
async fn a_name_at_an_address_that_is_not_public_is_refused() {
    let (_server, mut settings) = named(|name, _| match name {
        "loopback.example" => NameReply::addresses(ips(&["127.0.0.1"])),
        "private.example" => NameReply::addresses(ips(&["10.1.2.3"])),
        "metadata.example" => NameReply::addresses(ips(&["169.254.169.254"])),
        "v6.example" => NameReply::addresses(ips(&["::1"])),
        "mapped.example" => NameReply::addresses(ips(&["::ffff:10.0.0.1"])),
        "nat64.example" => NameReply::addresses(ips(&["64:ff9b::a00:1"])),
        "zero.example" => NameReply::addresses(ips(&["0.0.0.0"])),
        _ => NameReply::Absent,
    })
    .await;
    settings.allowed_networks.clear();
    let origin = Origin::saying(ok("", b"secret")).await;
    for (name, range) in [
        ("loopback.example", SpecialRange::Loopback),
        ("private.example", SpecialRange::Private),
        ("metadata.example", SpecialRange::LinkLocal),
        ("v6.example", SpecialRange::Loopback),
        ("mapped.example", SpecialRange::Private),
        ("nat64.example", SpecialRange::Private),
        ("zero.example", SpecialRange::Unspecified),
        ("localhost", SpecialRange::Loopback),
        ("sub.localhost", SpecialRange::Loopback),
    ] {
        let asked = format!("http://{name}:{}/", origin.address.port());
        let error = get(&settings, asked).await.unwrap_err();
        assert!(error.is_refusal());
        assert_eq!(error.to_string(), "this host has no public address");
        assert_eq!(refused(error), range, "{name}");
    }
    assert!(origin.heads().is_empty());
}

#[tokio::test]
async fn one_bad_address_among_good_ones_refuses_the_name() {
    let (_server, settings) = named(|name, _| match name {
        "mixed.example" => NameReply::addresses(ips(&["127.0.0.1", "10.0.0.1"])),
        "families.example" => NameReply::addresses(ips(&["127.0.0.1", "fd00::1"])),
        _ => {
            let good = (1..=200).map(|last| IpAddr::from([127, 0, 0, last]));
            NameReply::addresses(good.chain([IpAddr::from([192, 168, 0, 1])]))
        }
    })
    .await;
    let origin = Origin::saying(ok("", b"hello")).await;
    for name in ["mixed.example", "families.example", "many.example"] {
        let asked = format!("http://{name}:{}/", origin.address.port());
        let error = get(&settings, asked).await.unwrap_err();
        assert_eq!(refused(error), SpecialRange::Private, "{name}");
    }
    assert!(origin.heads().is_empty());
}

/// The classic rebinding: an address that is fine when it is judged, another one for whoever asks again to connect.
#[tokio::test]
async fn a_name_that_changes_after_it_was_judged_is_not_asked_again() {
    let origin = Origin::saying(ok("", b"secret")).await;
    let (server, mut settings) = named(|_, before| match before {
        0 => NameReply::addresses([PUBLIC]),
        _ => NameReply::addresses([LOOPBACK]),
    })
    .await;
    settings.allowed_networks.clear();
    settings.connect_timeout = Duration::from_millis(500);
    let fetcher = Fetcher::new(settings).unwrap();
    let asked = url(format!("http://rebind.example:{}/", origin.address.port()));

    let first = fetcher.get(asked.clone(), &FetchRequest::default()).await;
    assert!(
        matches!(
            first,
            Err(FetchError::Connect { .. } | FetchError::Timeout(Phase::Connect))
        ),
        "it went to the public address, which is out of reach here: {first:?}"
    );
    let questions = server.asked();
    let repeats = questions.iter().filter(|it| *it == "A rebind.example");
    assert_eq!(
        repeats.count(),
        1,
        "nothing asked between judging and connecting"
    );

    let second = fetcher.get(asked, &FetchRequest::default()).await;
    assert_eq!(refused(second.unwrap_err()), SpecialRange::Loopback);
    assert!(origin.heads().is_empty());
}

/// The same in the other direction: what was judged is what is connected to, though the name has moved on.
#[tokio::test]
async fn a_connection_goes_to_the_address_that_was_judged() {
    let judged = Origin::saying(ok("", b"judged")).await;
    let (_server, settings) = named(|_, before| match before {
        0 => NameReply::addresses([LOOPBACK]),
        _ => NameReply::addresses(ips(&["127.0.0.2"])),
    })
    .await;
    let asked = format!("http://rebind.example:{}/", judged.address.port());
    assert_eq!(read(&settings, asked).await.unwrap(), b"judged");
}

#[tokio::test]
async fn a_redirect_to_a_name_is_judged_as_a_first_url_is() {
    let (_server, settings) = named(|name, _| match name {
        "good.example" => NameReply::addresses([LOOPBACK]),
        _ => NameReply::addresses(ips(&["10.0.0.1"])),
    })
    .await;
    let origin =
        Origin::saying("HTTP/1.1 301 Moved\r\nlocation: http://bad.example/\r\n\r\n").await;
    let asked = format!("http://good.example:{}/", origin.address.port());
    let error = get(&settings, asked).await.unwrap_err();
    assert_eq!(refused(error), SpecialRange::Private);
}

#[tokio::test]
async fn aliases_are_followed_to_addresses_that_are_judged() {
    let (_server, settings) = named(|name, _| match name {
        "one.example" => NameReply::Alias("two.example".into()),
        "two.example" => NameReply::AliasOf("three.example".into(), ips(&["127.0.0.1"])),
        "bad.example" => NameReply::Alias("inner.example".into()),
        "inner.example" => NameReply::addresses(ips(&["172.16.0.1"])),
        "round.example" => NameReply::Alias("about.example".into()),
        "about.example" => NameReply::Alias("round.example".into()),
        "self.example" => NameReply::Alias("self.example".into()),
        "three.example" => NameReply::addresses(ips(&["127.0.0.1"])),
        // From n to nx to nxx and on.
        name => NameReply::Alias(name.replace(".example", "x.example")),
    })
    .await;
    let origin = Origin::saying(ok("", b"hello")).await;
    let port = origin.address.port();
    let asked = format!("http://one.example:{port}/");
    assert_eq!(read(&settings, asked).await.unwrap(), b"hello");

    let error = get(&settings, format!("http://bad.example:{port}/")).await;
    assert_eq!(refused(error.unwrap_err()), SpecialRange::Private);

    for name in ["round.example", "self.example", "n.example"] {
        let outcome = within(SOON, get(&settings, format!("http://{name}:{port}/"))).await;
        assert!(
            matches!(
                outcome,
                Err(FetchError::NoSuchHost { .. } | FetchError::Dns { .. })
            ),
            "{name}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_from_a_server_that_fails() {
    let (_server, mut settings) = named(|name, _| match name {
        "absent.example" => NameReply::Absent,
        "empty.example" => NameReply::addresses::<IpAddr>([]),
        "failing.example" => NameReply::Failure,
        "garbage.example" => NameReply::Garbage,
        _ => NameReply::Silence,
    })
    .await;
    settings.resolve_timeout = Duration::from_secs(2);
    for name in ["absent.example", "empty.example"] {
        let error = get(&settings, format!("http://{name}/")).await.unwrap_err();
        assert_eq!(error, FetchError::NoSuchHost { host: name.into() });
        assert!(!error.is_transient());
    }
    let error = get(&settings, "http://failing.example/").await.unwrap_err();
    assert!(matches!(error, FetchError::Dns { .. }), "{error:?}");
    assert!(error.is_transient());
    for name in ["garbage.example", "silent.example"] {
        let outcome = within(SOON, get(&settings, format!("http://{name}/"))).await;
        let error = outcome.unwrap_err();
        assert!(
            matches!(
                error,
                FetchError::Dns { .. } | FetchError::Timeout(Phase::Resolve)
            ),
            "{name}: {error:?}"
        );
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn an_answer_too_long_for_udp_is_read_by_tcp() {
    let (server, settings) =
        named(|_, _| NameReply::addresses((1..=100).map(|last| IpAddr::from([127, 0, 0, last]))))
            .await;
    let origin = Origin::saying(ok("", b"hello")).await;
    let asked = format!("http://many.example:{}/", origin.address.port());
    assert_eq!(read(&settings, asked).await.unwrap(), b"hello");
    assert!(server.asked_by_tcp() > 0);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let (_server, settings) =
        named(|_, _| NameReply::addresses(ips(&["127.0.0.9", "127.0.0.1"]))).await;
    // It listens at one of the two alone.
    let origin = Origin::saying(ok("", b"hello")).await;
    let asked = format!("http://two.example:{}/", origin.address.port());
    assert_eq!(read(&settings, asked).await.unwrap(), b"hello");

    let port = origin.address.port();
    drop(origin);
    let error = get(&settings, format!("http://two.example:{port}/"))
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error:?}");
}
