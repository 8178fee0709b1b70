//! Ogg (RFC 3533): what its streams begin with tells sound from pictures (RFC 5334).
use super::MediaType;

/// The first bytes of a stream's first packet.
const PICTURES: &[&[u8]] = &[b"\x80theora", b"BBCD\0", b"\x01video\0", b"OVP80"];
const SOUND: &[&[u8]] = &[
    b"OpusHead",
    b"\x01vorbis",
    b"\x7fFLAC",
    b"Speex   ",
    b"fLaC",
];

/// The flag of a page that begins a stream. All streams begin before any goes on.
const BEGINS_STREAM: u8 = 2;

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    if !head.starts_with(b"OggS") {
        return None;
    }
    let begins = |marks: &[&[u8]], packet: &[u8]| marks.iter().any(|mark| packet.starts_with(mark));
    let packets: Vec<_> = FirstPackets(head).collect();
    if packets.iter().any(|packet| begins(PICTURES, packet)) {
        Some("video/ogg")
    } else if packets.iter().any(|packet| begins(SOUND, packet)) {
        Some("audio/ogg")
    } else {
        Some("application/ogg")
    }
}

/// The contents of the pages that begin streams, cut where the head ends.
struct FirstPackets<'a>(&'a [u8]);

impl<'a> Iterator for FirstPackets<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let page = self.0.strip_prefix(b"OggS")?;
        if page.get(1)? & BEGINS_STREAM == 0 {
            return None;
        }
        let segments = usize::from(*page.get(22)?);
        let lengths = page.get(23..23 + segments)?;
        let length: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        let content = &page[23 + segments..];
        let (content, rest) = content.split_at(length.min(content.len()));
        self.0 = rest;
        Some(content)
    }
}
