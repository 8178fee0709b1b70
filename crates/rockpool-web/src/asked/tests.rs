use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

#[test]
fn a_path_is_a_bucket_and_a_key_decoded_once() {
    let check = |path: &str, bucket: &str, key: &str| {
        let expected = Named::Object(
            BucketName::new(bucket).unwrap(),
            ObjectKey::new(key).unwrap(),
        );
        assert_eq!(parse_named(path), Ok(expected), "{path}");
    };
    check("/m/a.png", "m", "a.png");
    check("m/a.png", "m", "a.png");
    check("/m/a/b/c.png", "m", "a/b/c.png");
    check("/m/a%20b+c", "m", "a b+c");
    check("/m/a%2520", "m", "a%20");
    check("/m/%C3%A9%2F%3F%23", "m", "\u{e9}/?#");
    check("/m//a", "m", "/a");
    check("/m/../x/./y/", "m", "../x/./y/");
    check("/m/%2e%2e/x", "m", "../x");
    check("/%6D/a", "m", "a");
    check("/m/100%", "m", "100%");
    check("/m/%zz", "m", "%zz");
}

#[test]
fn a_path_that_names_nothing_says_why() {
    for (path, why) in [
        ("", INCOMPLETE.0),
        ("/", INCOMPLETE.0),
        ("*", INCOMPLETE.0),
        ("/m", INCOMPLETE.0),
        ("/m/", INCOMPLETE.0),
        ("//a", INCOMPLETE.0),
        ("/m/%ff", "The path is not UTF-8 when percent-decoded"),
        ("/%ff/a", "The path is not UTF-8 when percent-decoded"),
    ] {
        assert_eq!(parse_named(path), Err(BadPath(why)), "{path}");
    }
    let long = format!("/m/{}", "k".repeat(1025));
    assert!(parse_named(&long).is_err());
    assert!(parse_named(&long[..long.len() - 1]).is_ok());
    assert!(parse_key("").is_err());
}

#[test]
fn a_bucket_that_cannot_be_is_no_bad_path() {
    for path in ["/blobs/a", "/-m/a", "/a%20b/c", "/healthz/x", "/%2F/x"] {
        assert_eq!(parse_named(path), Ok(Named::Impossible), "{path}");
    }
}

#[test]
fn the_host_is_told_without_port_and_case() {
    let check = |uri: &str, host: Option<&str>, expected: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        let found = asked_host(&uri.parse().unwrap(), &headers);
        assert_eq!(
            found.as_ref().map(HostName::as_str),
            expected,
            "{uri} {host:?}"
        );
    };
    check("/k", None, None);
    check("/k", Some("media.example"), Some("media.example"));
    check("/k", Some("Media.EXAMPLE:8080"), Some("media.example"));
    check("/k", Some("media.example."), Some("media.example"));
    check("/k", Some("media.example.:443"), Some("media.example"));
    check("/k", Some("media.example:"), Some("media.example"));
    check("/k", Some("127.0.0.1:23279"), Some("127.0.0.1"));
    check("/k", Some("[::1]:23279"), None);
    check("/k", Some(""), None);
    check("/k", Some("a b"), None);
    check(
        "http://Other.example:1/k",
        Some("media.example"),
        Some("other.example"),
    );
}

proptest! {
    #[test]
    fn every_key_comes_back_from_its_encoded_path(key in "\\PC{1,60}") {
        let path = format!("/m/{}", utf8_percent_encode(&key, NON_ALPHANUMERIC));
        let expected = Named::Object(BucketName::new("m").unwrap(), ObjectKey::new(key).unwrap());
        prop_assert_eq!(parse_named(&path), Ok(expected));
    }

    #[test]
    fn no_path_and_no_host_panics(path in "\\PC{0,40}", host in "[ -~]{0,40}") {
        let _ = parse_named(&path);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(&host).unwrap());
        let _ = asked_host(&Uri::from_static("/"), &headers);
    }
}
