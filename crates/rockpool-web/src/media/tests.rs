use super::*;

#[test]
fn a_blob_is_presented_as_what_its_bytes_are() {
    for (media_type, content_type, active) in [
        ("image/png", "image/png", false),
        ("text/plain", "text/plain; charset=utf-8", false),
        ("text/vtt", "text/vtt; charset=utf-8", false),
        ("text/html", "text/html", true),
        ("image/svg+xml", "image/svg+xml", true),
    ] {
        let presentation = present_blob(media_type);
        assert_eq!(presentation.content_type, content_type);
        assert_eq!(presentation.active, active, "{media_type}");
    }
}

#[test]
fn a_members_word_counts_only_where_the_bytes_say_little() {
    let check =
        |blob: &str, declared: Option<&str>, encoding: Option<&str>, expected: (&str, bool)| {
            let attributes = ObjectAttributes {
                content_type: declared.map(Into::into),
                content_encoding: encoding.map(Into::into),
                ..ObjectAttributes::default()
            };
            let found = present_object(blob, &attributes);
            assert_eq!(
                (found.content_type.as_str(), found.active),
                expected,
                "{blob} {declared:?} {encoding:?}"
            );
        };
    check("image/png", Some("text/html"), None, ("image/png", false));
    check("image/png", None, None, ("image/png", false));
    check(
        "image/svg+xml",
        Some("image/png"),
        None,
        ("image/svg+xml", true),
    );
    check(
        "text/plain",
        Some("application/vnd.apple.mpegurl"),
        None,
        ("application/vnd.apple.mpegurl", false),
    );
    check("text/plain", Some("text/html"), None, ("text/html", true));
    check(
        "text/plain",
        None,
        None,
        ("text/plain; charset=utf-8", false),
    );
    check(UNKNOWN, Some("font/woff2"), None, ("font/woff2", false));
    check(
        UNKNOWN,
        Some("Image/SVG+xml; a=b"),
        None,
        ("Image/SVG+xml; a=b", true),
    );
    check(UNKNOWN, Some("nonsense"), None, (UNKNOWN, false));
    check(UNKNOWN, Some("a/b\r\nX: y"), None, (UNKNOWN, false));
    check(
        "application/gzip",
        Some("text/html"),
        Some("gzip"),
        ("text/html", true),
    );
    check(
        "application/gzip",
        Some("text/plain"),
        Some("gzip"),
        ("text/plain; charset=utf-8", false),
    );
    check(
        "application/gzip",
        None,
        Some("gzip"),
        ("application/gzip", true),
    );
}
