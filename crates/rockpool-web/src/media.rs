//! The content type that a browser is told, and what it must not run.
use rockpool_pool::is_active;
use rockpool_types::ObjectAttributes;

const UNKNOWN: &str = "application/octet-stream";

/// How a browser is told to take content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presentation {
    /// `Content-Type`.
    pub(crate) content_type: String,
    /// Whether a browser would run it as a page or script. It is then offered as a download.
    pub(crate) active: bool,
}

/// How a blob is presented where only its hash is known: by what its bytes are.
pub(crate) fn present_blob(media_type: &str) -> Presentation {
    Presentation {
        content_type: with_charset(media_type),
        active: is_active(media_type),
    }
}

/// How an object's bytes are presented under its name. What the bytes are counts; what the member said counts where the
/// bytes say little: text, unknown types, and content under a `Content-Encoding`. Either way nothing runs.
pub(crate) fn present_object(media_type: &str, attributes: &ObjectAttributes) -> Presentation {
    let vague = matches!(essence(media_type), UNKNOWN | "text/plain")
        || attributes.content_encoding.is_some();
    match &attributes.content_type {
        Some(declared) if vague && is_media_type(declared) => present_blob(declared),
        _ => present_blob(media_type),
    }
}

/// The part of a media type before its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn with_charset(media_type: &str) -> String {
    match media_type {
        "text/plain" | "text/vtt" => format!("{media_type}; charset=utf-8"),
        other => other.to_owned(),
    }
}

/// Whether `text` is a media type, with parameters or without (RFC 9110 section 8.3.1), on one line.
fn is_media_type(text: &str) -> bool {
    let token = |t: &str| {
        !t.is_empty()
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let one_line = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    one_line
        && essence(text)
            .split_once('/')
            .is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

#[cfg(test)]
mod tests;
