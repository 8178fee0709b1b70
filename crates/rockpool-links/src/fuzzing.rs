//! For the fuzz targets alone: what this crate reads from outside, each with what must hold of it. All of it panics when it
//! does not hold.
use std::sync::LazyLock;

use http::HeaderMap;
use lol_html::{RewriteStrSettings, element, rewrite_str};
use rockpool_types::Timestamp;
use url::{Position, Url};

use crate::{
    DEFAULT_SOFTWARE, Hosts, KeepSettings, Meaning, SoftwareList,
    freshness::{Lifetimes, retry_after},
    hosts::without_port,
    slim::{Slimmed, Slimmer, card_json, wishes::Wishes},
    target::{ShieldedLinks, Target},
};

/// The most that becomes of a page, in bytes.
const MAX_SLIM_BYTES: usize = 128 << 10;

/// A path on one of the shield's hosts.
pub fn target(path: &str, meaning: Meaning, hosts: &Hosts) {
    let links = ShieldedLinks::new(hosts);
    if let Some(pasted) = links.of_text(path) {
        assert!(
            pasted.starts_with(&hosts.url(Meaning::Front).unwrap_or_default())
                || pasted.starts_with(&hosts.url(Meaning::Insecure).unwrap_or_default())
        );
    }
    let Some(target) = Target::parse(path, meaning, hosts) else {
        return;
    };
    let url = &target.url;
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{url}"
    );
    assert_eq!(url.fragment(), None);
    assert_eq!(hosts.meaning(target.host()), None, "{url} is our own");
    assert!(
        target
            .origin()
            .ends_with(&url[Position::BeforeHost..Position::BeforePath])
    );
    // What is led to can be led to again, by its own shielded form.
    let shielded = links.shielded(url).expect("a target has a shielded form");
    let front = Url::parse(&shielded).expect("a shielded form is a URL");
    let meaning = hosts.meaning(front.host_str().unwrap_or_default());
    let path = &front[Position::BeforePath..Position::AfterQuery];
    let again = Target::parse(path, meaning.expect("it is ours"), hosts);
    assert_eq!(
        again.map(|again| again.url),
        Some(url.clone()),
        "{shielded}"
    );
}

/// A page that comes in these pieces.
pub fn slim(pieces: &[&[u8]], content_type: Option<&str>, hosts: &Hosts) {
    let whole = slimmed(&[&pieces.concat()], content_type, hosts);
    let piecewise = slimmed(pieces, content_type, hosts);
    let text = |slimmed: &Slimmed| String::from_utf8_lossy(&slimmed.html).into_owned();
    assert_eq!(text(&piecewise), text(&whole), "the pieces matter");
    assert_eq!(piecewise.wishes, whole.wishes, "the pieces matter");
    assert!(whole.html.len() <= MAX_SLIM_BYTES);
    insist_harmless(std::str::from_utf8(&whole.html).expect("a slimmed page is UTF-8"));
}

fn slimmed(pieces: &[&[u8]], content_type: Option<&str>, hosts: &Hosts) -> Slimmed {
    let url = Url::parse("https://example.com/blog/post?x=1").expect("a URL");
    let mut slimmer = Slimmer::new(&url, content_type, ShieldedLinks::new(hosts));
    for piece in pieces {
        slimmer.write(piece);
    }
    slimmer.finish()
}

/// Insists that nothing of a page is left that a browser would run or load from elsewhere on its own.
fn insist_harmless(html: &str) {
    let elements = element!("*", |element| {
        let tag = element.tag_name();
        let media_type = element.get_attribute("type").unwrap_or_default();
        let card = tag == "script" && media_type == "application/ld+json";
        let runs = [
            "script", "style", "svg", "iframe", "object", "embed", "base",
        ];
        assert!(card || !runs.contains(&tag.as_str()), "{tag} in {html}");
        for attribute in element.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(
                !name.starts_with("on") && name != "style",
                "{name} in {html}"
            );
            let value = html_escape::decode_html_entities(&value).to_ascii_lowercase();
            let runs =
                matches!(name.as_str(), "href" | "src") && value.trim().starts_with("javascript:");
            assert!(!runs, "{name} in {html}");
        }
        Ok(())
    });
    let settings = RewriteStrSettings::new().append_element_content_handler(elements);
    let _ = rewrite_str(html, settings);
}

/// An oEmbed document.
pub fn oembed(document: &[u8], hosts: &Hosts) {
    let (base, links) = (
        Url::parse("https://example.com/").expect("a URL"),
        ShieldedLinks::new(hosts),
    );
    let Some(shielded) = card_json::shield_oembed(document, &base, &links) else {
        return;
    };
    // What is shielded once is shielded.
    let again = card_json::shield_oembed(&shielded, &base, &links);
    assert_eq!(again.as_deref(), Some(&shielded[..]));
}

/// The headers of a site's answer, and of who asked for it.
pub fn headers(headers: &HeaderMap, now: Timestamp, keep: &KeepSettings) {
    let mut wishes = Wishes::default();
    for value in headers.get_all("x-robots-tag") {
        wishes.add_header(&String::from_utf8_lossy(value.as_bytes()));
    }
    let times = Lifetimes::of_answer(headers, now, wishes, keep);
    assert!((keep.min_fresh..=keep.max_fresh).contains(&times.fresh));
    assert!((times.fresh..=times.fresh + keep.stale_while_revalidate).contains(&times.revalidate));
    assert!((times.fresh..=times.fresh + keep.stale_if_error).contains(&times.on_error));
    let _ = retry_after(headers, now);
    for (name, value) in headers {
        if let Ok(text) = value.to_str() {
            assert!(text.starts_with(without_port(text)), "{name}");
        }
    }
}

/// A User-Agent, and a list of software to find it in.
pub fn software(user_agent: &[u8], list: &[&str]) {
    static KNOWN: LazyLock<SoftwareList> =
        LazyLock::new(|| SoftwareList::new(DEFAULT_SOFTWARE).expect("the default list"));
    let other = SoftwareList::new(list).ok();
    for list in [Some(&*KNOWN), other.as_ref()].into_iter().flatten() {
        let names: Vec<String> = list.names().collect();
        let found = list.find(user_agent);
        assert!(found.is_none_or(|software| software.index() < names.len()));
        // Letters' case says nothing.
        assert_eq!(found, list.find(&user_agent.to_ascii_uppercase()));
    }
}
