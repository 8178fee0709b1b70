use crate::{SNIFF_BYTES, sniff};

fn check(expected: &str, head: &[u8]) {
    let shown = String::from_utf8_lossy(&head[..head.len().min(60)]);
    assert_eq!(sniff(head), expected, "{shown:?}");
}

fn check_text(expected: &str, heads: &[&str]) {
    for head in heads {
        check(expected, head.as_bytes());
    }
}

/// `text` in UTF-16 of either byte order, with and without a byte order mark.
fn utf16(text: &str) -> [Vec<u8>; 4] {
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    [
        marked(&[0xff, 0xfe], &little),
        marked(&[0xfe, 0xff], &big),
        little,
        big,
    ]
}

#[test]
fn what_a_browser_runs_as_a_page_is_html() {
    check_text(
        "text/html",
        &[
            "<!DOCTYPE html><html><body>hi",
            "<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\n<html>",
            "\u{feff}  \r\n\t<HTML>",
            "<!-- a comment --><script>alert(1)</script>",
            "<!-- one --><!-- two -->\n<body onload=alert(1)>",
            "<!--><script>alert(1)</script>--> text",
            "<!-- without end <script>",
            "<script src=x></script>",
            "<ScRiPt>",
            "<img src=x onerror=alert(1)>",
            "<iframe/src=x>",
            "<p>text",
            "<html>\0\x01 binary \u{fffd}",
            "<?php echo 1; ?><html>",
            "<!DOCTYPE html>",
        ],
    );
    for head in utf16("  <!DOCTYPE html><script>alert(1)</script>")
        .iter()
        .take(2)
    {
        check("text/html", head);
    }
    for head in utf16("<html><body>") {
        check("text/html", &head);
    }
    check("text/html", b"<html>caf\xe9");
}

#[test]
fn what_a_browser_runs_as_a_picture_with_scripts_is_svg() {
    check_text(
        "image/svg+xml",
        &[
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Inkscape -->\n<svg>",
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x.dtd'><svg>",
            "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a \"b>\">]><svg>",
            "<?xml-stylesheet href='a>b'?><svg>",
            "\u{feff}\n<SVG onload=alert(1)>",
            "<svg/onload=alert(1)>",
            "<s:svg xmlns:s='http://www.w3.org/2000/svg'>",
        ],
    );
    for head in utf16("<svg onload='alert(1)'/>") {
        check("image/svg+xml", &head);
    }
    let long = format!("<?xml version='1.0'?>{}<svg>", " ".repeat(4000));
    check_text("image/svg+xml", &[&long]);
}

#[test]
fn other_markup_is_xml() {
    check_text(
        "application/xml",
        &[
            "<?xml version=\"1.0\"?><rss version=\"2.0\">",
            "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\"",
            "<x:y xmlns:x='http://www.w3.org/1999/xhtml'/>",
        ],
    );
    check_text(
        "application/xhtml+xml",
        &["<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">"],
    );
}

#[test]
fn playlists_captions_and_json_are_told_from_plain_text() {
    check_text(
        "application/vnd.apple.mpegurl",
        &[
            "#EXTM3U\n#EXT-X-VERSION:3\n",
            "\u{feff}#EXTM3U\r\n",
            "#EXTM3U",
        ],
    );
    check_text(
        "text/vtt",
        &[
            "WEBVTT\n\n00:01.000 --> 00:02.000\nHi",
            "\u{feff}WEBVTT - title\n",
        ],
    );
    let long = format!("{{\"a\": [{}", "\"é\", ".repeat(2000));
    check_text(
        "application/json",
        &[
            "{\"@context\": \"https://www.w3.org/ns/activitystreams\", \"type\": \"Note\"}",
            " [1, 2, {\"a\": null}]\n",
            "{}",
            &long,
        ],
    );
}

#[test]
fn scripts_are_told_from_plain_text() {
    check_text(
        "text/javascript",
        &[
            "// a comment\n/* and another */ (function () { })();",
            "\"use strict\";",
            "let x = 1;",
            "const{a}=b;const c=1",
            "const {a} = b;",
            "var a;",
            "function f(x) { return x }",
            "import { a } from './a.js';",
            "export default 1",
            "class A extends B {",
            "#!/usr/bin/env node\nlet x=1",
            "window.location='https://example.org'",
        ],
    );
}

#[test]
fn all_other_text_is_plain() {
    let cut = format!("{}é and more", "x".repeat(SNIFF_BYTES - 1));
    check_text(
        "text/plain",
        &[
            "hello",
            "  \n",
            "let us go",
            "import taxes are high",
            "class reunion tonight",
            "function follows form",
            "BMW is a car",
            "GIFT ideas",
            "ID3 tags are odd",
            "RIFF raff of the town",
            "#EXTM3Ux",
            "WEBVTTx",
            "<3 you all",
            "<foo@example.org> wrote:",
            "<http://example.org/>",
            "a < b",
            "{not json}",
            "[1] a footnote",
            "{\"cut\": ",
            "#!/bin/sh\necho",
            "日本語",
            &cut,
        ],
    );
    for head in utf16("prose in two bytes").iter().take(2) {
        check("text/plain", head);
    }
}
