use super::{SNIFF_BYTES, sniff};

fn check(expected: &str, heads: &[&[u8]]) {
    for head in heads {
        let shown = String::from_utf8_lossy(&head[..head.len().min(60)]);
        assert_eq!(sniff(head), expected, "{shown:?}");
    }
}

#[test]
fn what_is_empty_or_strange_is_unknown() {
    check(
        "application/octet-stream",
        &[
            b"",
            b"\xef\xbb\xbf",
            b"\x01\x02\x03\x04",
            b"abc\0def",
            b"caf\xe9 latin",
            &[0; 600],
        ],
    );
}

#[test]
fn pictures_are_known_by_their_marks() {
    check(
        "image/png",
        &[
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            // An animated one is a PNG to all who do not know better.
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\x08acTL",
        ],
    );
    check(
        "image/jpeg",
        &[b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\xff\xd8\xff\xdb"],
    );
    check("image/gif", &[b"GIF89a\x01\0\x01\0", b"GIF87a\x01\0\x01\0"]);
    check(
        "image/webp",
        &[b"RIFF\x24\0\0\0WEBPVP8 ", b"RIFF\x24\0\0\0WEBPVP8L"],
    );
    check(
        "image/jxl",
        &[
            b"\xff\x0a\xfa\x1f",
            b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ",
        ],
    );
    check(
        "image/jp2",
        &[b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "],
    );
    check("image/bmp", &[b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"]);
    check(
        "image/tiff",
        &[b"II*\0\x08\0\0\0\0\0\0\0", b"MM\0*\0\0\0\x08\0\0\0\0"],
    );
    check("image/vnd.microsoft.icon", &[b"\0\0\x01\0\x01\0\x10\x10"]);
}

/// A box, or with several contents a box of boxes.
fn boxed(kind: &[u8; 4], contents: &[&[u8]]) -> Vec<u8> {
    let content = contents.concat();
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes(), &kind[..], &content].concat()
}

fn brands(list: &str) -> Vec<u8> {
    let (major, compatible) = list.split_at(4);
    boxed(b"ftyp", &[major.as_bytes(), &[0; 4], compatible.as_bytes()])
}

#[test]
fn boxes_are_told_apart_by_their_brands() {
    for (list, expected) in [
        ("avifmif1avifmiaf", "image/avif"),
        ("mif1mif1avifmiaf", "image/avif"),
        ("avisavismsf1", "image/avif"),
        ("msf1msf1avis", "image/avif"),
        ("heicmif1heic", "image/heic"),
        ("mif1mif1heicminimiaf", "image/heic"),
        ("heixmif1heix", "image/heic"),
        ("hevchevcmsf1", "image/heic-sequence"),
        ("mif1mif1", "image/heif"),
        ("msf1", "image/heif-sequence"),
        ("qt  qt  ", "video/quicktime"),
        ("M4A M4A mp42isom", "audio/mp4"),
        ("M4B ", "audio/mp4"),
        ("M4V M4V M4A mp42isom", "video/mp4"),
        ("isomisomiso2avc1mp41", "video/mp4"),
        ("mp42", "video/mp4"),
        ("dashiso6mp41", "video/mp4"),
        ("3gp43gp4isom", "video/3gpp"),
        ("3g2a", "video/3gpp2"),
        ("crx crx isom", "image/x-canon-cr3"),
    ] {
        assert_eq!(sniff(&brands(list)), expected, "{list}");
    }
    check(
        "video/quicktime",
        &[
            b"\0\0\0\x08wide\0\0\x10\0mdat",
            b"\0\0\x10\0moov\0\0\0\x6cmvhd",
            b"\0\0\0\x01mdat\0\0\0\x01",
        ],
    );
}

fn track(handler: &[u8; 4]) -> Vec<u8> {
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
    boxed(
        b"trak",
        &[
            &boxed(b"tkhd", &[&[0; 84]]),
            &boxed(b"mdia", &[&boxed(b"mdhd", &[&[0; 24]]), &hdlr]),
        ],
    )
}

#[test]
fn an_mp4_whose_tracks_are_all_sound_is_audio() {
    let header = boxed(b"mvhd", &[&[0; 100]]);
    let file = |movie: &[&[u8]]| [brands("isomiso2"), boxed(b"moov", movie)].concat();
    check("audio/mp4", &[&file(&[&header, &track(b"soun")])]);
    check(
        "video/mp4",
        &[
            &file(&[&header, &track(b"vide")]),
            &file(&[&header, &track(b"soun"), &track(b"vide")]),
            &file(&[&header]),
            // The head may end before a second track.
            &file(&[&header, &track(b"soun"), &[0; SNIFF_BYTES]]),
        ],
    );
}

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let size = u16::try_from(content.len()).unwrap() | 0x4000;
    [id, &size.to_be_bytes(), content].concat()
}

#[test]
fn matroska_is_told_apart_by_its_document_type_and_tracks() {
    let file = |doc_type: &[u8], tracks: &[u8]| {
        let header = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", doc_type));
        let info = element(b"\x15\x49\xa9\x66", &[0x2a, 0xd7, 0xb1, 0x83, 15, 66, 64]);
        let entries: Vec<u8> = tracks
            .iter()
            .flat_map(|kind| element(b"\xae", &[0xd7, 0x81, 1, 0x83, 0x81, *kind]))
            .collect();
        let segment = [info, element(b"\x16\x54\xae\x6b", &entries)].concat();
        // A segment of unknown size, as live recordings have it.
        [
            &header[..],
            b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff",
            &segment,
        ]
        .concat()
    };
    check(
        "video/webm",
        &[
            &file(b"webm", &[1]),
            &file(b"webm", &[2, 1]),
            &file(b"webm", &[]),
        ],
    );
    check(
        "audio/webm",
        &[&file(b"webm", &[2]), &file(b"webm", &[2, 2])],
    );
    check(
        "video/x-matroska",
        &[&file(b"matroska", &[1, 2, 17]), &file(b"matroska\0", &[1])],
    );
    check("audio/x-matroska", &[&file(b"matroska", &[2])]);
    let sound = file(b"webm", &[2]);
    check("video/webm", &[&sound[..sound.len() - 1]]);
}

fn ogg_page(flags: u8, packet: &[u8]) -> Vec<u8> {
    let length = u8::try_from(packet.len()).unwrap();
    [b"OggS\0", &[flags][..], &[0; 20], &[1, length], packet].concat()
}

#[test]
fn ogg_is_told_apart_by_what_its_streams_begin_with() {
    let skeleton = ogg_page(2, b"fishead\0\x03\0\0\0");
    let opus = ogg_page(2, b"OpusHead\x01\x02");
    let vorbis = ogg_page(2, b"\x01vorbis\0\0");
    let theora = ogg_page(2, b"\x80theora\x03\x02");
    let later = ogg_page(0, b"\x80theora");
    check(
        "audio/ogg",
        &[
            &opus,
            &vorbis,
            &[&skeleton[..], &vorbis].concat(),
            &[&opus[..], &later].concat(),
        ],
    );
    check(
        "video/ogg",
        &[&theora, &[&skeleton[..], &vorbis, &theora].concat()],
    );
    check("application/ogg", &[&skeleton, b"OggS"]);
}

/// A frame of MPEG-1 layer III: 128 kbit/s at 44.1 kHz, 417 bytes.
fn mp3_frame() -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(b"\xff\xfb\x90\x64");
    frame
}

/// A frame of AAC in ADTS with `len` bytes.
fn adts_frame(len: u8) -> Vec<u8> {
    let mut frame = vec![0; usize::from(len)];
    frame[..7].copy_from_slice(&[0xff, 0xf1, 0x50, 0x80, len >> 3, len << 5 | 0x1f, 0xfc]);
    frame
}

#[test]
fn sound_is_known_by_its_marks_and_by_frames_that_follow_each_other() {
    let tag = |size: u8| {
        [
            b"ID3\x04\0\0\0\0\0",
            &[size][..],
            &vec![0; usize::from(size)],
        ]
        .concat()
    };
    check(
        "audio/mpeg",
        &[
            &mp3_frame().repeat(2),
            &mp3_frame().repeat(20),
            &mp3_frame(),
            &[tag(20), mp3_frame()].concat(),
            b"ID3\x03\0\0\0\x1f\x76\x76cover art beyond the head",
        ],
    );
    check(
        "audio/aac",
        &[
            &adts_frame(200).repeat(3),
            &[tag(9), adts_frame(99).repeat(2)].concat(),
        ],
    );
    check(
        "audio/flac",
        &[
            b"fLaC\0\0\0\x22",
            &[&tag(30)[..], b"fLaC\0\0\0\x22"].concat(),
        ],
    );
    check(
        "audio/wav",
        &[b"RIFF\x24\0\0\0WAVEfmt ", b"RF64\xff\xff\xff\xffWAVEds64"],
    );
    check(
        "audio/aiff",
        &[b"FORM\0\0\0\x24AIFFCOMM", b"FORM\0\0\0\x24AIFCFVER"],
    );
    check("audio/midi", &[b"MThd\0\0\0\x06\0\x01\0\x02\0\x60"]);
}

#[test]
fn streams_and_elder_containers_are_video() {
    let packet = |lead: &[u8]| [lead, b"G\x40\0\x10", &[0xff; 184]].concat();
    check(
        "video/mp2t",
        &[
            &packet(b"").repeat(30),
            &packet(b"").repeat(2),
            &packet(b"\0\0\x01\x02").repeat(5),
        ],
    );
    check(
        "application/octet-stream",
        &[&[packet(b"").repeat(2), vec![0; 188]].concat()],
    );
    check("video/x-msvideo", &[b"RIFF\x24\0\0\0AVI LIST"]);
    check(
        "video/mpeg",
        &[
            b"\0\0\x01\xba\x44\0\x04\0\x04\x01",
            b"\0\0\x01\xb3\x14\0\xf0",
        ],
    );
    check("video/x-flv", &[b"FLV\x01\x05\0\0\0\x09"]);
}

#[test]
fn documents_archives_and_fonts_are_known_by_their_marks() {
    check(
        "application/pdf",
        &[b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", b"%PDF-1.4\nplain"],
    );
    check(
        "application/zip",
        &[b"PK\x03\x04\x14\0\0\0\x08\0", b"PK\x05\x06\0\0\0\0"],
    );
    check("application/gzip", &[b"\x1f\x8b\x08\0\0\0\0\0"]);
    check(
        "application/x-shockwave-flash",
        &[b"CWS\x0a\x10\0\0\0x\xda", b"FWS\x06\x10\0\0\0"],
    );
    check("font/woff2", &[b"wOF2\0\x01\0\0"]);
    check("application/postscript", &[b"%!PS-Adobe-3.0 EPSF-3.0\n"]);
}

#[test]
fn only_the_first_bytes_count() {
    let mut long = b"plain text ".repeat(SNIFF_BYTES);
    assert_eq!(sniff(&long), "text/plain");
    long[SNIFF_BYTES] = 0;
    assert_eq!(sniff(&long), "text/plain");
    long[SNIFF_BYTES - 1] = 0;
    assert_eq!(sniff(&long), "application/octet-stream");
}

/// Every mark of the tests above, cut and continued at random, must not make it panic.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = super::MARKS.iter().map(|(mark, _)| mark.to_vec()).collect();
    seeds.extend([
        brands("isomiso2"),
        [brands("isom"), boxed(b"moov", &[&track(b"soun")])].concat(),
        b"\x1a\x45\xdf\xa3\x84\x42\x82\x81w\x18\x53\x80\x67\x01".to_vec(),
        ogg_page(2, b"OpusHead"),
        [mp3_frame(), mp3_frame()].concat(),
        adts_frame(200).repeat(2),
        b"ID3\x04\0\0\0\0\x7f\x7f".to_vec(),
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]><!-- d --><svg/>".to_vec(),
        b"/* a */ let b = {};".to_vec(),
        b"<!doctype \xc3\xa9".to_vec(),
    ]);
    seeds
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        seed in proptest::sample::select(seeds()),
        keep in 0_usize..700,
        change in proptest::option::of((0_usize..700, proptest::num::u8::ANY)),
        more in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
    ) {
        let mut bytes = seed;
        bytes.truncate(keep);
        bytes.extend(more);
        if let Some((at, byte)) = change
            && let Some(there) = bytes.get_mut(at)
        {
            *there = byte;
        }
        proptest::prop_assert!(sniff(&bytes).contains('/'));
    }
}
