use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, GBK, ISO_8859_15, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252,
};

use super::Utf8Stream;

/// Decodes in pieces of every size, which must not matter.
fn check(content_type: Option<&str>, host: &str, bytes: &[u8], text: &str) {
    let url = format!("https://{host}/").parse().unwrap();
    for size in [1, 2, 3, 7, 100, usize::MAX] {
        let mut stream = Utf8Stream::new(content_type, &url);
        let mut out = String::new();
        for piece in bytes.chunks(size.min(bytes.len().max(1))) {
            stream.push(piece, &mut out);
        }
        stream.finish(&mut out);
        assert_eq!(out, text, "in pieces of {size}");
    }
}

#[test]
fn the_header_names_the_encoding() {
    let text = "<title>привет</title>";
    let (bytes, _, _) = WINDOWS_1251.encode(text);
    check(
        Some("text/html; charset=windows-1251"),
        "a.ru",
        &bytes,
        text,
    );
    check(Some("text/html;Charset=\"cp1251\""), "a.ru", &bytes, text);
}

#[test]
fn a_byte_order_mark_wins() {
    check(
        Some("text/html; charset=windows-1252"),
        "a.com",
        "\u{feff}<p>ü</p>".as_bytes(),
        "<p>ü</p>",
    );
    let text = "<title>ü 語</title>";
    for (mark, big) in [([0xFF, 0xFE], false), ([0xFE, 0xFF], true)] {
        let mut bytes = mark.to_vec();
        for unit in text.encode_utf16() {
            bytes.extend(if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        check(None, "a.com", &bytes, text);
    }
}

#[test]
fn the_page_names_the_encoding() {
    for (encoding, declaration, word) in [
        (
            SHIFT_JIS,
            "<META http-equiv=Content-Type content=\"text/html; charset=Shift_JIS\">",
            "日本語",
        ),
        (EUC_JP, "<meta charset='euc-jp'>", "日本語"),
        (GBK, "<meta charset=gb2312 />", "中文"),
        (BIG5, "<meta charset = \"big5\">", "中文"),
        (EUC_KR, "<meta charset=euc-kr>", "한국어"),
        (
            KOI8_R,
            "<?xml version=\"1.0\" encoding=\"koi8-r\"?>",
            "привет",
        ),
        // The beginning of this name is another's, and so is the beginning of `windows-1252`.
        (ISO_8859_15, "<meta charset=iso-8859-15>", "œuvre à 5 €"),
        (
            ISO_8859_15,
            "<?xml version='1.0' encoding='iso-8859-15'?>",
            "œuvre à 5 €",
        ),
        (
            WINDOWS_1252,
            "<!-- <meta charset=utf-8> --><meta charset=iso-8859-1>",
            "café",
        ),
    ] {
        let text = format!("{declaration}<title>{word}</title>");
        let (bytes, _, lossy) = encoding.encode(&text);
        assert!(!lossy);
        check(None, "a.com", &bytes, &text);
        check(Some("text/html"), "a.com", &bytes, &text);
    }
}

#[test]
fn utf_16_that_reads_as_ascii_is_utf_8() {
    let text = "<meta charset=utf-16><title>ü</title>";
    check(None, "a.com", text.as_bytes(), text);
}

#[test]
fn without_a_word_it_is_guessed() {
    let text = "<title>Съешь же ещё этих мягких французских булок, да выпей чаю</title>";
    let (bytes, _, _) = WINDOWS_1251.encode(text);
    check(None, "a.ru", &bytes, text);
    let text = "<title>いろはにほへと ちりぬるを わかよたれそ</title>";
    let (bytes, _, _) = SHIFT_JIS.encode(text);
    check(None, "a.jp", &bytes, text);
    let text = "<title>Grüße aus Köln</title>";
    check(None, "a.de", text.as_bytes(), text);
    let text = format!(
        "<title>x</title>{}<p>Съешь же ещё этих мягких французских булок, да выпей чаю</p>",
        " ".repeat(5_000)
    );
    let (bytes, _, _) = WINDOWS_1251.encode(&text);
    check(None, "a.ru", &bytes, &text);
    let late = format!("<title>x</title>{}<p>ü 語</p>", " ".repeat(20_000));
    check(None, "a.com", late.as_bytes(), &late);
}

#[test]
fn what_is_no_character_is_replaced() {
    check(
        Some("text/html; charset=utf-8"),
        "a.com",
        b"<p>\xff</p>",
        "<p>\u{fffd}</p>",
    );
    check(None, "a.com", b"", "");
}
