//! Content types: what an answer is, and as what it is passed on, so that a browser runs nothing of it.
use infer::MatcherType;

/// How many bytes of a body tell what it is.
pub(crate) const SNIFF_BYTES: usize = 8 << 10;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// HTML, to be slimmed.
    Page,
    /// JSON, which may be an oEmbed document.
    Json,
    /// Anything else.
    Other,
}

/// As what a body is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SafeType {
    pub(crate) content_type: String,
    /// Whether a browser has to save it.
    pub(crate) download: bool,
}

/// What an answer with this `Content-Type` and this beginning is.
pub(crate) fn nature(content_type: Option<&str>, begin: &[u8]) -> Nature {
    match essence(content_type).as_str() {
        "text/html" | "application/xhtml+xml" => Nature::Page,
        "application/json" | "text/json" | "application/json+oembed" => Nature::Json,
        "" if looks_like_html(begin) => Nature::Page,
        _ => Nature::Other,
    }
}

/// The type without its parameters, in lower case.
fn essence(content_type: Option<&str>) -> String {
    let essence = content_type.unwrap_or_default().split(';').next();
    essence.unwrap_or_default().trim().to_ascii_lowercase()
}

fn looks_like_html(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begin);
    let begin = begin.trim_ascii_start();
    ["<!doctype html", "<html", "<head", "<title", "<!--"]
        .iter()
        .any(|tag| {
            begin
                .get(..tag.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(tag.as_bytes()))
        })
}

/// As what a body that is no page is passed on: pictures, sounds and films as what their bytes are, whatever was said;
/// data that browsers only show as what it is; everything else as bytes to be saved.
pub(crate) fn safe_type(content_type: Option<&str>, begin: &[u8]) -> SafeType {
    let as_is = |content_type: &str| SafeType {
        content_type: content_type.to_owned(),
        download: false,
    };
    let saved = |content_type: &str| SafeType {
        content_type: content_type.to_owned(),
        download: true,
    };
    if let Some(found) = infer::get(begin) {
        let media_type = found.mime_type();
        match found.matcher_type() {
            MatcherType::Image | MatcherType::Audio | MatcherType::Video => {
                return as_is(media_type);
            }
            _ => {}
        }
    }
    match essence(content_type).as_str() {
        "application/json" | "text/json" => as_is("application/json"),
        "application/json+oembed" => as_is("application/json+oembed"),
        "text/plain" => as_is("text/plain; charset=utf-8"),
        // Browsers run what is in these, when they show them.
        "image/svg+xml" => saved("image/svg+xml"),
        "text/xml+oembed" => saved("text/xml+oembed"),
        "text/xml" | "application/xml" => saved("application/xml"),
        "application/rss+xml" => saved("application/rss+xml"),
        "application/atom+xml" => saved("application/atom+xml"),
        "application/pdf" => saved("application/pdf"),
        _ => saved("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests;
