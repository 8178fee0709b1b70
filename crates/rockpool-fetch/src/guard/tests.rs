use proptest::prelude::*;

use super::*;

fn settings() -> FetchSettings {
    FetchSettings::new("test").unwrap()
}

fn check(url: &str) -> Result<Target, FetchError> {
    check_url(url.parse().unwrap(), &settings())
}

fn range_of(url: &str) -> SpecialRange {
    match check(url).unwrap_err() {
        FetchError::IllegalAddress { range, .. } => range,
        other => panic!("{url}: {other:?}"),
    }
}

#[test]
fn an_address_in_any_spelling_is_judged() {
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0x7F.0X0.0x0.0x1/",
        "http://%31%32%37%2e%30%2e%30%2e%31/",
        "http://127.255.255.254/",
        "http://\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}/",
        "http://127\u{3002}0\u{ff0e}0\u{ff61}1/",
        "http://\u{2460}\u{2461}\u{2466}.0.0.1/",
        "http:\\\\127.0.0.1\\",
        "http:127.0.0.1",
        "http:///127.0.0.1",
        "http://\t127.0.\n0.1/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::FFFF:7F00:1]/",
        "http://[0000:0000:0000:0000:0000:ffff:7f00:0001]/",
        "http://[64:ff9b::127.0.0.1]/",
    ] {
        assert_eq!(range_of(url), SpecialRange::Loopback, "{url}");
    }
    for (url, range) in [
        ("http://0/", SpecialRange::Unspecified),
        ("http://[::]/", SpecialRange::Unspecified),
        ("http://10.1/", SpecialRange::Private),
        ("http://192.168.1.1:8080/", SpecialRange::Private),
        (
            "http://2852039166/latest/meta-data/",
            SpecialRange::LinkLocal,
        ),
        ("http://[fe80::1]/", SpecialRange::LinkLocal),
        ("http://[fec0::1]/", SpecialRange::Private),
        ("http://[fd00:ec2::254]/", SpecialRange::Private),
        ("http://[::127.0.0.1]/", SpecialRange::Embedded),
        ("http://[2002:7f00:1::1]/", SpecialRange::Embedded),
        ("http://[64:ff9b:1::7f00:1]/", SpecialRange::Embedded),
        (
            "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
            SpecialRange::Embedded,
        ),
        ("http://4294967295/", SpecialRange::Broadcast),
        ("http://224.0.0.1/", SpecialRange::Multicast),
        ("http://[ff02::1]/", SpecialRange::Multicast),
    ] {
        assert_eq!(range_of(url), range, "{url}");
    }
}

#[test]
fn a_public_address_is_connected_to_as_it_is() {
    for (url, address) in [
        ("http://1.1.1.1/", "1.1.1.1"),
        ("http://[::ffff:1.1.1.1]/", "1.1.1.1"),
        ("http://[64:ff9b::101:101]/", "64:ff9b::101:101"),
        ("https://[2606:4700::1]/", "2606:4700::1"),
    ] {
        let target = check(url).unwrap();
        assert_eq!(
            target.host,
            TargetHost::Address(address.parse().unwrap()),
            "{url}"
        );
    }
}

#[test]
fn urls_that_are_not_of_the_web_are_refused() {
    for (url, fault) in [
        ("ftp://example.org/", UrlFault::Scheme),
        ("file:///etc/passwd", UrlFault::Scheme),
        ("gopher://example.org:70/", UrlFault::Scheme),
        ("data:text/plain,hello", UrlFault::Scheme),
        ("ws://example.org/", UrlFault::Scheme),
        ("unix:/run/docker.sock", UrlFault::Scheme),
        ("http://user@example.org/", UrlFault::Credentials),
        ("http://user:secret@example.org/", UrlFault::Credentials),
        ("http://:secret@example.org/", UrlFault::Credentials),
        ("http://example.org@127.0.0.1/", UrlFault::Credentials),
        ("http://a..b/", UrlFault::Host),
        ("http://./", UrlFault::Host),
    ] {
        assert_eq!(
            check(url).unwrap_err(),
            FetchError::IllegalUrl(fault),
            "{url}"
        );
    }
    let label = format!("http://{}.example/", "a".repeat(64));
    assert_eq!(
        check(&label).unwrap_err(),
        FetchError::IllegalUrl(UrlFault::Host)
    );
    let name = format!("http://{}example/", "abcdefghi.".repeat(26));
    assert_eq!(
        check(&name).unwrap_err(),
        FetchError::IllegalUrl(UrlFault::Host)
    );
    let long = format!("http://example.org/{}", "a".repeat(LONGEST_URL));
    assert_eq!(
        check(&long).unwrap_err(),
        FetchError::IllegalUrl(UrlFault::Length)
    );
}

#[test]
fn names_are_asked_for_as_dns_has_them() {
    for (url, name) in [
        ("http://Example.ORG/", "example.org"),
        ("http://example.org./", "example.org"),
        ("http://b\u{fc}cher.example/", "xn--bcher-kva.example"),
        ("http://\u{ff45}xample.org/", "example.org"),
        ("http://_dmarc.example.org/", "_dmarc.example.org"),
    ] {
        assert_eq!(
            check(url).unwrap().host,
            TargetHost::Name(name.into()),
            "{url}"
        );
    }
}

#[test]
fn blocked_ports_are_refused_and_others_are_not() {
    for port in [0, 1, 22, 25, 53, 587, 6000, 6667, 10080] {
        let url = format!("http://example.org:{port}/");
        assert_eq!(check(&url).unwrap_err(), FetchError::BlockedPort(port));
    }
    for url in [
        "http://example.org:80/",
        "http://example.org:443/",
        "http://example.org:8080/",
        "https://example.org:8443/",
        "http://example.org:3000/",
    ] {
        assert!(check(url).is_ok(), "{url}");
    }
}

#[test]
fn the_settings_open_and_close_networks() {
    let mut settings = settings();
    settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    settings.refused_networks = vec![
        "127.0.0.9/32".parse().unwrap(),
        "1.1.1.0/24".parse().unwrap(),
    ];
    let outcome = |url: &str| check_url(url.parse().unwrap(), &settings).is_ok();
    assert!(outcome("http://127.0.0.1/"));
    assert!(outcome("http://[::ffff:127.0.0.1]/"));
    assert!(outcome("http://[fd12::1]/"));
    assert!(!outcome("http://[::1]/"));
    assert!(!outcome("http://10.0.0.1/"));
    assert!(!outcome("http://127.0.0.9/"));
    assert!(!outcome("http://1.1.1.1/"));
    assert!(!outcome("http://[::ffff:1.1.1.1]/"));
    assert!(!outcome("http://[64:ff9b::101:101]/"));
    // Through NAT64, it would be another network's loopback.
    assert!(!outcome("http://[64:ff9b::7f00:1]/"));
    settings.https_only = true;
    assert_eq!(
        check_url("http://example.org/".parse().unwrap(), &settings).unwrap_err(),
        FetchError::IllegalUrl(UrlFault::Scheme)
    );
}

proptest! {
    #[test]
    fn no_url_gets_to_a_special_address(text in "(http|https|HTTP):[/\\\\]{0,3}[0-9a-fxA-FX.:\\[\\]%@]{1,40}") {
        if let Ok(url) = text.parse::<Url>()
            && let Ok(target) = check_url(url, &settings())
            && let TargetHost::Address(address) = target.host
        {
            prop_assert_eq!(special_range(address), None);
        }
    }

    #[test]
    fn checking_never_panics(text in "\\PC{0,60}") {
        if let Ok(url) = text.parse::<Url>() {
            let _ = check_url(url, &settings());
        }
    }
}
