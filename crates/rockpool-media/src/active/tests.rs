use super::is_active;

#[test]
fn only_what_is_known_to_be_harmless_is_not_active() {
    for passive in [
        "image/png",
        "IMAGE/JPEG",
        "image/vnd.microsoft.icon",
        "audio/ogg; codecs=opus",
        "video/mp4",
        "font/woff2",
        "text/plain; charset=utf-8",
        " text/vtt ",
        "application/vnd.apple.mpegurl",
        "application/zip",
        "application/octet-stream",
        "application/json",
    ] {
        assert!(!is_active(passive), "{passive}");
    }
    for active in [
        "text/html",
        "Text/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "image/svg+xml;charset=utf-8",
        "application/xml",
        "text/xml",
        "application/rss+xml",
        "text/javascript",
        "application/javascript",
        "text/css",
        "application/pdf",
        "application/x-shockwave-flash",
        "multipart/x-mixed-replace",
        "message/rfc822",
        "application/wasm",
        "text/markdown",
        "",
        "image",
        "image/",
        "/png",
        "image/png,text/html",
        "image/png text/html",
        "image/png\r\nx: y",
        "text/plain/html",
    ] {
        assert!(is_active(active), "{active}");
    }
}
