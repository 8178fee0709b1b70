use super::is_active;

#[test]
fn pages_scripts_and_xml_are_active() {
    for media_type in [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        " text/html ;charset=utf-8",
        "text/html,image/png",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
        "application/rss+xml",
        "application/mathml+xml",
        "text/javascript",
        "text/javascript1.5",
        "application/x-javascript",
        "application/ecmascript",
        "text/xsl",
        "application/wasm",
        "message/rfc822",
        "multipart/related",
        "multipart/x-mixed-replace",
        "application/x-shockwave-flash",
    ] {
        assert!(is_active(media_type), "{media_type}");
    }
}

#[test]
fn media_text_and_archives_are_not() {
    for media_type in [
        "",
        "html",
        "image/png",
        "image/svgz",
        "video/mp4",
        "audio/ogg",
        "text/plain",
        "text/plain; note=text/html",
        "text/vtt",
        "text/css",
        "application/json",
        "application/pdf",
        "application/zip",
        "application/octet-stream",
    ] {
        assert!(!is_active(media_type), "{media_type}");
    }
}
