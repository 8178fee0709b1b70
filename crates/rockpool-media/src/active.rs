//! Which media types a browser would run.

#[cfg(test)]
mod tests;

/// Types outside `image/`, `audio/`, `video/` and `font/` that browsers show, play or save, and never run.
const PASSIVE: &[&str] = &[
    "application/json",
    "application/octet-stream",
    "application/ogg",
    "application/vnd.apple.mpegurl",
    "application/zip",
    "text/plain",
    "text/vtt",
];

/// Whether a browser might run content of `media_type` as a page or script of the host that serves it: true for
/// every type that is not known to be harmless, and for what is no media type at all. Parameters do not count.
///
/// HTML, XHTML, SVG, any other XML (a stylesheet instruction or an XHTML element in it makes it a page),
/// JavaScript, CSS and Flash are active. So is PDF: it can hold scripts and forms, viewers differ in what they let
/// those do, and no Fediverse server shows one inside a page.
pub fn is_active(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or("").trim();
    let essence = essence.to_ascii_lowercase();
    let Some((family, subtype)) = essence.split_once('/') else {
        return true;
    };
    // The characters of tokens, RFC 9110 section 5.6.2: anything else could be read as two types.
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if subtype.is_empty() || !subtype.bytes().all(token) {
        return true;
    }
    let passive = match family {
        "image" | "audio" | "video" | "font" => !subtype.contains("xml"),
        _ => PASSIVE.contains(&essence.as_str()),
    };
    !passive
}
