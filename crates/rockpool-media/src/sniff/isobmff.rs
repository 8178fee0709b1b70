//! Boxes in boxes (ISO/IEC 14496-12): MP4, QuickTime, HEIF, AVIF and their kin, told apart by their brands.
use super::{MediaType, u32_at};

/// Brands of the `ftyp` box that decide alone, wherever they stand in its list.
const IMAGE_BRANDS: &[(&[u8; 4], MediaType)] = &[
    (b"avif", "image/avif"),
    (b"avis", "image/avif"),
    (b"heic", "image/heic"),
    (b"heix", "image/heic"),
    (b"heim", "image/heic"),
    (b"heis", "image/heic"),
    (b"hevc", "image/heic-sequence"),
    (b"hevx", "image/heic-sequence"),
    (b"mif1", "image/heif"),
    (b"msf1", "image/heif-sequence"),
    (b"crx ", "image/x-canon-cr3"),
    (b"jxl ", "image/jxl"),
];

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let size = u32_at(head, 0)?;
    let kind = head.get(4..8)?;
    if kind != b"ftyp" {
        // QuickTime from before the box was invented. Text does not begin with a byte below a space.
        let early = matches!(kind, b"moov" | b"mdat" | b"wide" | b"pnot");
        let sized = size == 1 || (8..0x2000_0000).contains(&size);
        return (early && sized).then_some("video/quicktime");
    }
    let end = usize::try_from(size).ok()?.min(head.len());
    let brands = head.get(8..end)?;
    let major = brands.get(..4)?;
    let compatible = brands.get(8..).unwrap_or_default();
    let image = |brand: &[u8]| {
        let found = IMAGE_BRANDS.iter().find(|(known, _)| *known == brand);
        found.map(|(_, media_type)| *media_type)
    };
    match major {
        // Generic brands: what the images are coded in stands among the compatible ones.
        b"mif1" | b"msf1" | b"miaf" => compatible
            .chunks_exact(4)
            .filter(|brand| !matches!(*brand, b"mif1" | b"msf1"))
            .find_map(image)
            .or_else(|| image(major))
            .or(Some("image/heif")),
        b"qt  " => Some("video/quicktime"),
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => Some("audio/mp4"),
        _ if image(major).is_some() => image(major),
        _ if major.starts_with(b"3gp") || major.starts_with(b"3gr") => Some("video/3gpp"),
        _ if major.starts_with(b"3g2") => Some("video/3gpp2"),
        _ if only_sound(head.get(end..)?) => Some("audio/mp4"),
        _ => Some("video/mp4"),
    }
}

/// Whether all tracks lie in the head, there is one, and all of them are sound.
fn only_sound(boxes: &[u8]) -> bool {
    let handlers = Boxes(boxes)
        .find(|found| found.kind == *b"moov" && found.whole)
        .map(|movie| {
            Boxes(movie.content)
                .filter(|found| found.kind == *b"trak")
                .map(|track| handler(track.content))
                .collect::<Vec<_>>()
        })
        .unwrap_or_default();
    !handlers.is_empty() && handlers.iter().all(|handler| *handler == Some(b"soun"))
}

/// A track's kind: `soun`, `vide`, ...
fn handler(track: &[u8]) -> Option<&[u8; 4]> {
    let media = Boxes(track).find(|found| found.kind == *b"mdia")?;
    let handler = Boxes(media.content).find(|found| found.kind == *b"hdlr")?;
    handler.content.get(8..)?.first_chunk()
}

struct Found<'a> {
    kind: [u8; 4],
    /// Without the header; cut where the head ends.
    content: &'a [u8],
    whole: bool,
}

/// The boxes in a row of bytes, until they make no sense.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let size = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let kind = *self.0.get(4..)?.first_chunk()?;
        // Sizes of 0 and 1, to the end and in 64 bits, are those of media data, behind which nothing is in the head.
        let end = size.min(self.0.len());
        let content = self.0.get(8..end)?;
        let whole = size <= self.0.len();
        self.0 = &self.0[end..];
        Some(Found {
            kind,
            content,
            whole,
        })
    }
}
