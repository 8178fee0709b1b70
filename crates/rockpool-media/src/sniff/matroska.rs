//! EBML (RFC 8794): Matroska and WebM (RFC 9559), with pictures or with sound alone.
use super::MediaType;

const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const TRACK_TYPE_AUDIO: &[u8] = &[2];

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let mut file = Elements(head);
    let header = file.next().filter(|found| found.id == EBML)?;
    let doc_type = Elements(header.content)
        .find(|found| found.id == DOC_TYPE)?
        .content;
    let sound = only_sound(file);
    match (doc_type, sound) {
        (b"webm", false) => Some("video/webm"),
        (b"webm", true) => Some("audio/webm"),
        (_, false) if doc_type.starts_with(b"matroska") => Some("video/x-matroska"),
        (_, true) if doc_type.starts_with(b"matroska") => Some("audio/x-matroska"),
        _ => None,
    }
}

/// Whether the list of tracks lies in the head, names one, and all of them are sound.
fn only_sound(mut file: Elements<'_>) -> bool {
    let tracks = file
        .find(|found| found.id == SEGMENT)
        .and_then(|segment| Elements(segment.content).find(|found| found.id == TRACKS))
        .filter(|tracks| tracks.whole);
    let Some(tracks) = tracks else {
        return false;
    };
    let kinds: Vec<_> = Elements(tracks.content)
        .filter(|found| found.id == TRACK_ENTRY)
        .map(|track| Elements(track.content).find(|found| found.id == TRACK_TYPE))
        .collect();
    let sound = |kind: &Option<Found<'_>>| {
        kind.as_ref()
            .is_some_and(|kind| kind.content == TRACK_TYPE_AUDIO)
    };
    !kinds.is_empty() && kinds.iter().all(sound)
}

struct Found<'a> {
    id: u32,
    /// Cut where the head ends.
    content: &'a [u8],
    whole: bool,
}

/// The elements in a row of bytes, until they make no sense.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let (id, id_len) = number(self.0, 4, false)?;
        let (size, size_len) = number(&self.0[id_len..], 8, true)?;
        let rest = &self.0[id_len + size_len..];
        // A live recording has elements of unknown size, all ones; they last to the end.
        let unknown = size == (1 << (7 * size_len)) - 1;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let whole = !unknown && size <= rest.len();
        let (content, rest) = rest.split_at(size.min(rest.len()));
        self.0 = rest;
        Some(Found {
            id: u32::try_from(id).ok()?,
            content,
            whole,
        })
    }
}

/// A number of variable length (RFC 8794 section 4) of at most `longest` bytes, and its length; as it stands for an
/// id, without the length mark for a size.
fn number(bytes: &[u8], longest: usize, unmark: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > longest {
        return None;
    }
    let value = bytes
        .get(..length)?
        .iter()
        .fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    let mark = 1 << (7 * length);
    Some((if unmark { value ^ mark } else { value }, length))
}
