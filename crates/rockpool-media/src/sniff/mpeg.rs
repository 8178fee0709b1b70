//! MPEG's streams without a container's header: MP3 and its elder layers, AAC in ADTS, ID3 tags, transport streams.
use super::{MediaType, SNIFF_BYTES};

/// A transport stream's packet (ISO/IEC 13818-1), and one with the time stamp of M2TS before it, in bytes.
const TS_PACKET: usize = 188;
const M2TS_PACKET: usize = 192;
const M2TS_STAMP: usize = 4;
const TS_SYNC: u8 = 0x47;

/// Bit rates in kbit/s by index: MPEG-1 layers I, II, III, then MPEG-2 layer I, then its layers II and III.
const BIT_RATES: [[usize; 15]; 5] = [
    [
        0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ],
    [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ],
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Samples a second of MPEG-1; MPEG-2 has half of them, MPEG-2.5 a quarter.
const SAMPLE_RATES: [usize; 3] = [44_100, 48_000, 32_000];

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    tagged(head)
        .or_else(|| repeats(head, mp3_frame).then_some("audio/mpeg"))
        .or_else(|| repeats(head, adts_frame).then_some("audio/aac"))
        .or_else(|| is_transport_stream(head).then_some("video/mp2t"))
}

/// An ID3v2 tag: audio, of the kind that follows it, or MP3 when that lies beyond the head.
fn tagged(head: &[u8]) -> Option<MediaType> {
    let header: &[u8; 10] = head.first_chunk()?;
    let (version, size) = (header[3], &header[6..]);
    if !head.starts_with(b"ID3") || !(2..=4).contains(&version) || size.iter().any(|b| *b > 127) {
        return None;
    }
    let size = size
        .iter()
        .fold(0, |size, byte| size << 7 | usize::from(*byte));
    let behind = head.get(10 + size..).unwrap_or_default();
    if behind.starts_with(b"fLaC") {
        Some("audio/flac")
    } else if repeats(behind, adts_frame) {
        Some("audio/aac")
    } else {
        Some("audio/mpeg")
    }
}

/// Whether `frame`, which gives a frame's length, fits at the beginning and right behind that frame, or where the
/// content ends there.
fn repeats(head: &[u8], frame: impl Fn(&[u8]) -> Option<usize>) -> bool {
    let Some(length) = frame(head) else {
        return false;
    };
    match head.get(length..) {
        Some([]) => head.len() < SNIFF_BYTES,
        Some(next) => frame(next).is_some(),
        None => false,
    }
}

/// The length in bytes of the MPEG audio frame (ISO/IEC 11172-3 and 13818-3) that `bytes` begins with.
fn mp3_frame(bytes: &[u8]) -> Option<usize> {
    let header: &[u8; 4] = bytes.first_chunk()?;
    if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = (header[1] >> 3 & 3, header[1] >> 1 & 3);
    let divisor = match version {
        3 => 1,
        2 => 2,
        0 => 4,
        _ => return None,
    };
    let rates = match (version, layer) {
        (_, 0) => return None,
        (3, layer) => &BIT_RATES[3 - usize::from(layer)],
        (_, 3) => &BIT_RATES[3],
        _ => &BIT_RATES[4],
    };
    // Index 0 means a free bit rate, which nothing uses, and whose frames tell no length.
    let bit_rate = *rates
        .get(usize::from(header[2] >> 4))
        .filter(|rate| **rate > 0)?;
    let sample_rate = SAMPLE_RATES.get(usize::from(header[2] >> 2 & 3))? / divisor;
    let padding = usize::from(header[2] >> 1 & 1);
    Some(match layer {
        3 => (12_000 * bit_rate / sample_rate + padding) * 4,
        1 if divisor > 1 => 72_000 * bit_rate / sample_rate + padding,
        _ => 144_000 * bit_rate / sample_rate + padding,
    })
}

/// The length in bytes of the ADTS frame (ISO/IEC 13818-7) that `bytes` begins with.
fn adts_frame(bytes: &[u8]) -> Option<usize> {
    let header: &[u8; 7] = bytes.first_chunk()?;
    let sample_rate = header[2] >> 2 & 15;
    if header[0] != 0xff || header[1] & 0xf6 != 0xf0 || sample_rate > 12 {
        return None;
    }
    let length = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    (length >= 7).then_some(length)
}

fn is_transport_stream(head: &[u8]) -> bool {
    let every = |start: usize, packet: usize| {
        let syncs: Vec<_> = head.iter().skip(start).step_by(packet).collect();
        let enough = syncs.len() > 2 || (!head.is_empty() && head.len().is_multiple_of(packet));
        enough && syncs.iter().all(|byte| **byte == TS_SYNC)
    };
    every(0, TS_PACKET) || every(M2TS_STAMP, M2TS_PACKET)
}
