use super::{Nature, nature, safe_type};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[test]
fn pages_are_known() {
    for (content_type, begin, expected) in [
        (Some("text/html; charset=utf-8"), &b""[..], Nature::Page),
        (Some("Text/HTML"), b"", Nature::Page),
        (Some("application/xhtml+xml"), b"", Nature::Page),
        (None, b"\n<!DOCTYPE HTML>", Nature::Page),
        (None, b"\xEF\xBB\xBF<html>", Nature::Page),
        (None, PNG, Nature::Other),
        (Some("text/plain"), b"<html>", Nature::Other),
        (Some("application/json+oembed"), b"{", Nature::Json),
        (Some("application/json;charset=utf-8"), b"{", Nature::Json),
    ] {
        assert_eq!(nature(content_type, begin), expected, "{content_type:?}");
    }
}

#[test]
fn nothing_is_passed_on_as_what_a_browser_would_run() {
    for (content_type, begin, expected, download) in [
        (Some("image/jpeg"), PNG, "image/png", false),
        (Some("text/javascript"), PNG, "image/png", false),
        (None, b"GIF89a\x01\x00", "image/gif", false),
        (None, b"\xFF\xD8\xFF\xE0\0\x10JFIF", "image/jpeg", false),
        (
            Some("image/png"),
            b"<html><script>",
            "application/octet-stream",
            true,
        ),
        (
            Some("image/svg+xml"),
            b"<svg onload=x()>",
            "image/svg+xml",
            true,
        ),
        (
            Some("application/javascript"),
            b"x()",
            "application/octet-stream",
            true,
        ),
        (Some("text/css"), b"a{}", "application/octet-stream", true),
        (
            Some("application/json; charset=utf-8"),
            b"{}",
            "application/json",
            false,
        ),
        (
            Some("text/plain"),
            b"<script>",
            "text/plain; charset=utf-8",
            false,
        ),
        (
            Some("text/xml"),
            b"<?xml version=\"1.0\"?><oembed/>",
            "application/xml",
            true,
        ),
        (
            Some("application/pdf"),
            b"%PDF-1.7",
            "application/pdf",
            true,
        ),
        (None, b"", "application/octet-stream", true),
    ] {
        let safe = safe_type(content_type, begin);
        assert_eq!(
            (safe.content_type.as_str(), safe.download),
            (expected, download),
            "{content_type:?}"
        );
    }
}
