//! The media type of content, decided from its first bytes and never from what a client said.
//!
//! Formats whose mark can be told from anything else come first, then text, then the `infer` crate's long list: some
//! of its marks are two letters (`BM`) that a sentence may begin with, and it takes all of an audio and video
//! container's kinds for one.

mod isobmff;
mod matroska;
mod mpeg;
mod ogg;
#[cfg(test)]
mod tests;
mod text;

/// As many leading bytes as [`sniff`] looks at.
pub const SNIFF_BYTES: usize = 4096;

/// A media type that [`sniff`] knows.
pub type MediaType = &'static str;

/// What nothing is known about.
const UNKNOWN: MediaType = "application/octet-stream";

/// Marks at the very beginning. None is the beginning of another's, so their order does not matter.
const MARKS: &[(&[u8], MediaType)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"FWS", FLASH),
    (b"CWS", FLASH),
    (b"ZWS", FLASH),
    (b"\0asm", "application/wasm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO", "font/otf"),
    (b"\0\x01\0\0\0", "font/ttf"),
];

const FLASH: MediaType = "application/x-shockwave-flash";

/// The media type of content that begins with `head` (its first [`SNIFF_BYTES`], or all of it if shorter).
/// `application/octet-stream` when nothing fits.
pub fn sniff(head: &[u8]) -> MediaType {
    let head = &head[..head.len().min(SNIFF_BYTES)];
    container(head)
        .or_else(|| text::sniff(head))
        .or_else(|| rare(head))
        .unwrap_or(UNKNOWN)
}

fn container(head: &[u8]) -> Option<MediaType> {
    MARKS
        .iter()
        .find(|(mark, media_type)| {
            // A small version number, where a word would go on with a letter.
            head.starts_with(mark) && (*media_type != FLASH || head.get(3).is_some_and(|b| *b < 64))
        })
        .map(|(_, media_type)| *media_type)
        .or_else(|| riff(head))
        .or_else(|| isobmff::sniff(head))
        .or_else(|| matroska::sniff(head))
        .or_else(|| ogg::sniff(head))
        .or_else(|| mpeg::sniff(head))
}

/// RIFF and its big-endian elder IFF: a form type at byte 8.
fn riff(head: &[u8]) -> Option<MediaType> {
    match (head.get(..4)?, head.get(8..12)?) {
        (b"RIFF", b"WEBP") => Some("image/webp"),
        (b"RIFF" | b"RF64", b"WAVE") => Some("audio/wav"),
        (b"RIFF", b"AVI ") => Some("video/x-msvideo"),
        (b"FORM", b"AIFF" | b"AIFC") => Some("audio/aiff"),
        _ => None,
    }
}

/// What `infer` knows of binary formats.
fn rare(head: &[u8]) -> Option<MediaType> {
    infer::get(head)
        .filter(|kind| kind.matcher_type() != infer::MatcherType::Text)
        .map(|kind| kind.mime_type())
}

/// The four bytes at `at` as a big-endian number.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}
