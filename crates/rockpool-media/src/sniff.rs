//! The media type of content, decided from its first bytes and never from what a client said.

/// As many leading bytes as [`sniff`] looks at.
pub const SNIFF_BYTES: usize = 4096;

/// A media type that [`sniff`] knows.
pub type MediaType = &'static str;

/// The media type of content that begins with `head` (its first [`SNIFF_BYTES`], or all of it if shorter).
/// `application/octet-stream` when nothing fits.
pub fn sniff(head: &[u8]) -> MediaType {
    infer::get(head).map_or("application/octet-stream", |kind| kind.mime_type())
}
