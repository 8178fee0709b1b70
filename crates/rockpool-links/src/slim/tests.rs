use super::{Appetite, Slimmed, Slimmer};
use crate::{hosts::Hosts, target::ShieldedLinks};

fn slimmer(content_type: Option<&str>) -> Slimmer {
    let hosts = Hosts::new(&"https://links.example.org".parse().unwrap()).unwrap();
    let url = "https://example.com/blog/post?x=1".parse().unwrap();
    Slimmer::new(&url, content_type, ShieldedLinks::new(&hosts))
}

fn slim_bytes(bytes: &[u8], piece: usize) -> Slimmed {
    let mut slimmer = slimmer(Some("text/html; charset=utf-8"));
    for piece in bytes.chunks(piece) {
        if slimmer.write(piece) == Appetite::Enough {
            break;
        }
    }
    slimmer.finish()
}

/// Slims in pieces of several sizes, which must not matter.
fn slim(page: &str) -> String {
    let whole = slim_bytes(page.as_bytes(), usize::MAX).html;
    for piece in [1, 5, 64]
        .into_iter()
        .filter(|piece| page.len() / piece < 10_000)
    {
        assert_eq!(slim_bytes(page.as_bytes(), piece).html, whole);
    }
    String::from_utf8(whole.to_vec()).unwrap()
}

#[test]
fn what_previews_are_made_of_stays() {
    let page = r#"<!DOCTYPE html>
<html lang="en" prefix="og: https://ogp.me/ns#" class="no-js" onload="x()"><head>
<meta charset="iso-8859-1"><meta http-equiv="refresh" content="0; url=/away">
<title>A &amp; B</title>
<meta property="og:title" content="A &quot;title&quot; &amp; more">
<meta property="og:image" content="/img/a.jpg?w=1&amp;h=2">
<meta property="og:url" content="https://example.com/blog/post">
<meta name="twitter:player" content="/player">
<meta name="robots" content="noarchive">
<link rel="canonical" href="/blog/post"><link rel=stylesheet href=/a.css>
<link rel="alternate" type="application/json+oembed" href="https://example.com/oembed?url=https%3A%2F%2Fexample.com">
<link rel="alternate" type="application/rss+xml" href="/feed">
<link rel="icon" href="favicon.png"><link rel="icon" href="data:image/png;base64,AAAA">
<style>a{}</style><script>alert(1)</script>
<script type="application/ld+json">{"@type":"Article","headline":"A"}</script>
</head><body style="color:red"><!-- a comment --><svg><title>icon</title></svg>
<div class="wrap h-entry p-4"><p class="lead p-summary" onclick="x()">Hello   <b>big</b>
world</p></div><a rel="me noopener" href="/@me">me</a> <a href="/other">other</a>
<img src="b.png" srcset="c.png 2x" alt="B"><img src="data:image/gif;base64,R0lGOD">
<div data-jortlink-remove><p>secret <meta name=x content=y></p></div><noscript><p>no</p></noscript>
<a class="u-url" href="javascript:alert(1)">x</a></body></html>"#;
    let expected = r#"<!DOCTYPE html><html lang="en" prefix="og: https://ogp.me/ns#"><head><meta charset="utf-8"><title>A &amp; B</title><meta property="og:title" content="A &quot;title&quot; &amp; more"><meta property="og:image" content="https://links.example.org/example.com/img/a.jpg?w=1&amp;h=2"><meta property="og:url" content="https://example.com/blog/post"><meta name="twitter:player" content="https://example.com/player"><meta name="robots" content="noarchive"><link rel="canonical" href="https://example.com/blog/post"><link rel="alternate" type="application/json+oembed" href="https://links.example.org/example.com/oembed?url=https%3A%2F%2Fexample.com"><link rel="alternate" type="application/rss+xml" href="https://example.com/feed"><link rel="icon" href="https://links.example.org/example.com/blog/favicon.png"><script type="application/ld+json">{"@type":"Article","headline":"A"}</script></head><body><div class="h-entry"><p class="p-summary">Hello big
world</p></div>"#;
    let slimmed = slim(page);
    assert!(slimmed.starts_with(expected), "{slimmed}");
    assert!(slimmed.contains(r#"<a rel="me noopener" href="https://example.com/@me">me</a>"#));
    assert!(
        slimmed.contains(r#"<img src="https://links.example.org/example.com/blog/b.png" alt="B">"#)
    );
    assert!(slimmed.contains(r#"<a class="u-url">x</a>"#));
    for gone in [
        "secret",
        "script>a",
        "style",
        "svg",
        "icon</",
        "comment",
        "srcset",
        "base64",
        "onclick",
        "javascript",
        "no</p>",
    ] {
        assert!(!slimmed.contains(gone), "{gone}");
    }
    assert!(slim_bytes(page.as_bytes(), 100).wishes.no_archive);
}

#[test]
fn what_is_text_inside_of_an_element_does_not_become_markup_without_it() {
    for element in [
        "plaintext",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "noscript",
        "style",
        "textarea",
    ] {
        for before in ["", "<select><option>x</select>", "<title>T</title>"] {
            let page =
                format!("<body><p>a</p>{before}<{element} itemprop=x><script>alert(1)</script>");
            let slimmed = slim(&page);
            assert!(slimmed.contains("<p>a</p>"), "{slimmed}");
            assert!(!slimmed.contains("alert"), "{page}: {slimmed}");
        }
    }
}

#[test]
fn no_element_keeps_a_url_that_runs() {
    for tag in [
        "a",
        "p",
        "img src=/a.png",
        "meta name=a content=b",
        "link rel=me href=/a",
    ] {
        let slimmed = slim(&format!("<body><{tag} rel=me cite=' javascript:alert(1)'>"));
        assert!(slimmed.contains(&format!("<{}", &tag[..1])), "{slimmed}");
        assert!(!slimmed.contains("alert"), "{slimmed}");
    }
}

#[test]
fn an_attribute_that_is_given_again_goes() {
    // Browsers look at the first alone; other software may not.
    for (page, expected) in [
        (
            r#"<a rel=me href="/a" HREF="javascript:alert(1)">x</a>"#,
            r#"<a rel=me href="https://example.com/a">x</a>"#,
        ),
        (
            r#"<link rel="icon" href="/i.png" href="javascript:alert(1)" href="/j">"#,
            r#"<link rel="icon" href="https://links.example.org/example.com/i.png">"#,
        ),
        (
            r#"<meta name=description content='A "B" &amp; C' content=D name=x>"#,
            r#"<meta content="A &quot;B&quot; &amp; C" name="description">"#,
        ),
    ] {
        let slimmed = slim(page);
        assert!(slimmed.ends_with(expected), "{slimmed}");
    }
}

#[test]
fn a_base_element_is_followed_and_goes() {
    let slimmed = slim(
        "<head><base href='https://cdn.example.net/x/'><meta property=og:image content=i.png>\
         <link rel=canonical href=post></head>",
    );
    assert_eq!(
        slimmed,
        "<head><meta charset=\"utf-8\"><meta property=og:image content=\"https://links.example.org/cdn.example.net/x/i.png\">\
         <link rel=canonical href=\"https://cdn.example.net/x/post\"></head>"
    );
}

#[test]
fn pictures_are_led_through_the_shield_however_they_are_named() {
    for (element, shielded) in [
        (
            "<link itemprop=thumbnailUrl href=/t.jpg>",
            "href=\"https://links.example.org/example.com/t.jpg\"",
        ),
        (
            "<link rel=image_src href=/t.jpg>",
            "href=\"https://links.example.org/example.com/t.jpg\"",
        ),
        (
            "<meta itemprop=image content=//i.example.net/t.jpg>",
            "content=\"https://links.example.org/i.example.net/t.jpg\"",
        ),
        (
            "<meta name=twitter:image content=http://example.com/t.jpg>",
            "content=\"https://h.links.example.org/example.com/t.jpg\"",
        ),
        (
            "<meta property=og:image content=http://localhost/t.jpg>",
            "content=\"http://localhost/t.jpg\"",
        ),
    ] {
        let slimmed = slim(element);
        assert!(slimmed.contains(shielded), "{element}: {slimmed}");
    }
}

#[test]
fn broken_pages_give_what_they_have() {
    for (page, part) in [
        (
            "<meta property=og:title content=T><p>x",
            "<meta property=og:title content=T>",
        ),
        (
            "<body><title>Late</title><meta property='og:title' content='In the body'>",
            "content='In the body'",
        ),
        ("<head><title>Open", "<title>Open"),
        ("plain words", "plain words"),
        (
            "<html><head></head></head></body><p>x</p></html></html>",
            "<p>x</p>",
        ),
        ("<script type='application/ld+json'>{\"a\":1", ""),
        ("<<<>>><meta name=a content=b", ""),
        ("", ""),
    ] {
        let slimmed = slim(page);
        assert!(slimmed.contains(part), "{page}: {slimmed}");
    }
}

#[test]
fn a_long_page_is_read_for_as_long_as_it_may_matter() {
    let head = "<html><head><title>T</title></head><body>";
    let paragraph = "<div><p>Lorem ipsum dolor sit amet</p></div>\n".repeat(1000);
    let mut slimmer = slimmer(Some("text/html"));
    let mut written = head.len();
    slimmer.write(head.as_bytes());
    while slimmer.write(paragraph.as_bytes()) == Appetite::More {
        written += paragraph.len();
    }
    assert!(written < 400 << 10, "{written}");
    assert!(slimmer.finish().html.len() < 20 << 10);
}

#[test]
fn a_late_head_is_waited_for() {
    let page = format!(
        "<html><head><script>{}</script><meta property=og:title content=T></head>",
        "x();".repeat(200_000)
    );
    assert!(slim(&page).contains("og:title"));
}

#[test]
fn a_tag_without_end_takes_no_memory_without_end() {
    let mut slimmer = slimmer(Some("text/html"));
    slimmer.write(b"<head><title>T</title><meta name=a content=b></head><body><img src=\"data:");
    let mut appetite = Appetite::More;
    for _ in 0..3000 {
        appetite = slimmer.write(&[b'A'; 1024]);
        if appetite == Appetite::Enough {
            break;
        }
    }
    assert_eq!(appetite, Appetite::Enough);
    let html = slimmer.finish().html;
    assert!(html.starts_with(
        b"<head><meta charset=\"utf-8\"><title>T</title><meta name=a content=b></head><body>"
    ));
}

#[test]
fn deep_nesting_ends_well() {
    let page = "<div class=h-entry>".repeat(20_000);
    assert!(slim_bytes(page.as_bytes(), 4096).html.len() <= 128 << 10);
}

#[test]
fn a_long_title_is_cut_where_it_gets_too_long_in_whatever_pieces_it_comes() {
    let slimmed = slim(&format!("<title>{}</title>", "é".repeat(2000)));
    let title = slimmed.split_once("<title>").unwrap().1;
    assert_eq!(title, format!("{}</title>", "é".repeat(1024)));
}

#[test]
fn a_long_text_is_cut_where_it_gets_too_long_in_whatever_pieces_it_comes() {
    let slimmed = slim(&format!("<body><p>{}</p>", "a b".repeat(5000)));
    assert!(slimmed.len() < 8300, "{}", slimmed.len());
}

#[test]
fn a_character_across_the_end_of_what_is_read_does_not_keep_a_page_from_ending() {
    let mut slimmer = slimmer(Some("text/html; charset=utf-8"));
    let head = "<head><script>";
    slimmer.write(head.as_bytes());
    slimmer.write("a".repeat((2 << 20) - head.len() - 1).as_bytes());
    assert_eq!(slimmer.write("é".as_bytes()), Appetite::Enough);
}
