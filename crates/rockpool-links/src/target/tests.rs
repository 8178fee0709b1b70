use proptest::prelude::*;

use super::{ShieldedLinks, Target};
use crate::hosts::{Hosts, Meaning};

fn hosts() -> Hosts {
    Hosts::new(&"https://links.example.org".parse().unwrap()).unwrap()
}

fn parse(path: &str) -> Option<String> {
    Target::parse(path, Meaning::Front, &hosts()).map(|target| target.url.into())
}

#[test]
fn paths_lead_to_targets() {
    for (path, url) in [
        ("/example.com", "https://example.com/"),
        ("/example.com/", "https://example.com/"),
        (
            "/example.com/a/b?c=d&e=/f",
            "https://example.com/a/b?c=d&e=/f",
        ),
        ("/example.com?q", "https://example.com/?q"),
        ("/Example.COM/Page", "https://example.com/Page"),
        ("/example.com:8443/x", "https://example.com:8443/x"),
        ("/example.com:443/x", "https://example.com/x"),
        ("//example.com/x", "https://example.com/x"),
        ("/https://example.com/x?y=1", "https://example.com/x?y=1"),
        ("/https:/example.com/x", "https://example.com/x"),
        ("/HTTPS://example.com/", "https://example.com/"),
        ("/http://example.com/x", "http://example.com/x"),
        (
            "/https%3A%2F%2Fexample.com%2Fx%3Fy%3D1",
            "https://example.com/x?y=1",
        ),
        ("/b%C3%BCcher.de/%C3%BC", "https://xn--bcher-kva.de/%C3%BC"),
        ("/bücher.de/", "https://xn--bcher-kva.de/"),
        ("/xn--bcher-kva.de/", "https://xn--bcher-kva.de/"),
        ("/食狮.中国/", "https://xn--85x722f.xn--fiqs8s/"),
        ("/me.github.io/blog/", "https://me.github.io/blog/"),
        ("/example.co.uk/", "https://example.co.uk/"),
        ("/example.com/#part", "https://example.com/"),
        ("/example.com/a%20b", "https://example.com/a%20b"),
        (
            "/links.example.org/example.com/x?y",
            "https://example.com/x?y",
        ),
        (
            "/https://h.links.example.org/example.com/x",
            "http://example.com/x",
        ),
    ] {
        assert_eq!(parse(path).as_deref(), Some(url), "{path}");
    }
}

#[test]
fn other_paths_are_files() {
    for path in [
        "/",
        "",
        "/robots.txt",
        "/favicon.ico",
        "/.well-known/security.txt",
        "/index.html",
        "/localhost/",
        "/127.0.0.1/",
        "/2130706433/",
        "/0x7f.1/",
        "/[::1]/",
        "/com/",
        "/co.uk/",
        "/github.io/",
        "/example.invalidtld/",
        "/user@example.com/",
        "/user%40example.com/",
        "/user:pass@example.com/",
        "/example.com\\@evil.com/",
        "/example.com:/",
        "/example.com:99999/",
        "/exa mple.com/",
        "/javascript:alert(1)",
        "/ftp://example.com/",
        "/links.example.org/",
        "/links.example.org/about",
    ] {
        assert_eq!(parse(path), None, "{path}");
    }
    assert_eq!(parse(&format!("/example.com/{}", "x".repeat(5000))), None);
}

#[test]
fn the_host_asked_gives_the_scheme() {
    let target = Target::parse("/example.com/", Meaning::InsecureExclude, &hosts()).unwrap();
    assert_eq!(target.url.as_str(), "http://example.com/");
    assert_eq!(target.origin(), "http://example.com");
}

#[test]
fn urls_are_written_in_their_shielded_form() {
    let links = ShieldedLinks::new(&hosts());
    for (url, shielded) in [
        (
            "https://example.com/a?b=c#d",
            Some("https://links.example.org/example.com/a?b=c"),
        ),
        (
            "http://example.com:8080/a",
            Some("https://h.links.example.org/example.com:8080/a"),
        ),
        ("https://links.example.org/example.com/", None),
        ("https://me:secret@example.com/", None),
        ("https://127.0.0.1/", None),
        ("https://localhost/", None),
        ("data:image/png;base64,xxxx", None),
        ("mailto:me@example.com", None),
    ] {
        assert_eq!(
            links.shielded(&url.parse().unwrap()).as_deref(),
            shielded,
            "{url}"
        );
    }
}

#[test]
fn what_people_paste_becomes_a_shielded_link() {
    let links = ShieldedLinks::new(&hosts());
    let shielded = |text| links.of_text(text);
    assert_eq!(
        shielded("  https://example.com/page?x=1#top\n").as_deref(),
        Some("https://links.example.org/example.com/page?x=1")
    );
    assert_eq!(
        shielded("example.com").as_deref(),
        Some("https://links.example.org/example.com/")
    );
    assert_eq!(
        shielded("http://example.com").as_deref(),
        Some("https://h.links.example.org/example.com/")
    );
    assert_eq!(shielded("hello"), None);
    assert_eq!(shielded("javascript:alert(1)"), None);
}

proptest! {
    /// A shielded form leads back to where it came from, and no path makes the parser panic or leave its invariants.
    #[test]
    fn shielded_forms_lead_back(path in "[ -~]{0,60}", secure: bool) {
        let scheme = if secure { "https" } else { "http" };
        let Ok(mut url) = url::Url::parse(&format!("{scheme}://example.com/{path}")) else { return Ok(()) };
        url.set_fragment(None);
        let shielded: url::Url = ShieldedLinks::new(&hosts()).shielded(&url).unwrap().parse().unwrap();
        let meaning = hosts().meaning(shielded.host_str().unwrap()).unwrap();
        let asked = &shielded[url::Position::BeforePath..];
        prop_assert_eq!(Target::parse(asked, meaning, &hosts()).unwrap().url, url);
    }

    #[test]
    fn targets_keep_their_invariants(path in "\\PC{0,80}") {
        if let Some(target) = Target::parse(&path, Meaning::Front, &hosts()) {
            prop_assert!(target.url.domain().is_some());
            prop_assert!(target.url.username().is_empty() && target.url.password().is_none());
            prop_assert!(target.url.fragment().is_none());
            prop_assert!(matches!(target.url.scheme(), "http" | "https"));
        }
    }
}
