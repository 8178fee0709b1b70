use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const CODINGS: &[&str] = &["gzip", "deflate", "br"];

fn encode(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => {
            let mut encoded = Vec::new();
            let mut encoder = brotli::CompressorWriter::new(&mut encoded, 4096, 3, 18);
            encoder.write_all(bytes).unwrap();
            drop(encoder);
            encoded
        }
    }
}

/// Undoes `coding` with the input in pieces of `piece` bytes; `None` if it ends before the coding does.
fn decode(coding: &str, encoded: &[u8], piece: usize) -> Result<Option<Vec<u8>>, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_str(coding).unwrap(),
    );
    let mut decoder = Decoder::for_headers(&headers)?.expect("a coding");
    let mut whole = Vec::new();
    for piece in encoded.chunks(piece) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.step(&mut input)? {
                Step::Output(bytes) => {
                    assert!(bytes.len() <= STEP);
                    whole.extend_from_slice(&bytes);
                }
                Step::NeedsInput => break,
                Step::End => return Ok(Some(whole)),
            }
        }
    }
    Ok(None)
}

proptest! {
    #[test]
    fn what_was_coded_comes_back_however_it_is_cut(
        text in proptest::collection::vec(any::<u8>(), 0..2_000),
        times in 1..60_usize,
        piece in 1..5_000_usize,
    ) {
        let text = text.repeat(times);
        for coding in CODINGS {
            let decoded = decode(coding, &encode(coding, &text), piece);
            prop_assert!(decoded == Ok(Some(text.clone())), "{}", coding);
        }
    }

    #[test]
    fn nothing_that_comes_makes_a_decoder_panic_or_hang(
        bytes in proptest::collection::vec(any::<u8>(), 0..500),
        flip in any::<prop::sample::Index>(),
        piece in 1..100_usize,
    ) {
        for coding in CODINGS {
            let _ = decode(coding, &bytes, piece);
            let mut encoded = encode(coding, &bytes);
            let at = flip.index(encoded.len());
            encoded[at] ^= 0x55;
            let _ = decode(coding, &encoded, piece);
        }
    }

    #[test]
    fn what_is_cut_off_is_not_taken_for_the_whole(
        text in proptest::collection::vec(any::<u8>(), 1..500),
        keep in any::<prop::sample::Index>(),
    ) {
        for coding in CODINGS {
            let encoded = encode(coding, &text);
            let kept = &encoded[..keep.index(encoded.len())];
            prop_assert!(!matches!(decode(coding, kept, 64), Ok(Some(_))), "{}", coding);
        }
    }
}
