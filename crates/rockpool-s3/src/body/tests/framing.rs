//! Chunked bodies: any fragmentation, broken framings, trailers.
use bytes::Bytes;
use http::HeaderMap;
use proptest::{collection::vec, prelude::*};
use rockpool_pool::Declared;
use rockpool_types::{ChecksumAlgorithm, SecretKey};

use super::{BodyFault, headers, pieces, read};
use crate::{
    auth::{
        Claim, Payload,
        tests::signer::{Order, sign_chunks},
    },
    body::chunks::ChunkDecoder,
};

fn announced() -> HeaderMap {
    headers(&[("x-amz-trailer", "x-amz-checksum-crc32")])
}

/// Reads an unsigned chunked body in one piece.
fn unsigned(wire: &[u8], headers: &HeaderMap) -> Result<(Vec<u8>, Vec<Declared>), BodyFault> {
    read(
        pieces(wire, &[wire.len()]),
        headers,
        Payload::UnsignedChunks,
    )
}

fn fault(wire: &[u8], headers: &HeaderMap) -> BodyFault {
    unsigned(wire, headers).expect_err("the body must be refused")
}

/// An unsigned chunked body as SDKs send it.
fn frame(chunks: &[Vec<u8>], tail: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for chunk in chunks {
        wire.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n");
    wire.extend_from_slice(tail.as_bytes());
    wire
}

/// A request in signed chunks with a trailer, and its body.
fn signed(chunks: &[&[u8]]) -> (HeaderMap, Payload, Vec<u8>) {
    let mut order = Order::new("PUT", "/bkt/key").header("x-amz-trailer", "x-amz-checksum-crc32");
    order.content_sha256 = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".to_owned();
    let parts = order.clone().v4_header();
    let secret = SecretKey::new(crate::auth::tests::SECRET).unwrap();
    let now = rockpool_types::Timestamp::from_amz_date(&order.amz_date).unwrap();
    let claim = Claim::parse(&parts).unwrap().unwrap();
    let payload = claim.verify(&parts, &secret, now, None).unwrap();
    let authorization = parts.headers["authorization"].to_str().unwrap();
    let (_, seed) = authorization.split_once("Signature=").unwrap();
    let wire = sign_chunks(&order, seed, chunks, Some("x-amz-checksum-crc32:AAAAAA=="));
    (parts.headers, payload, wire)
}

proptest! {
    #[test]
    fn any_fragmentation_gives_the_same_body(
        chunks in vec(vec(any::<u8>(), 1..300), 0..6),
        cuts in vec(1_usize..40, 1..20),
    ) {
        let content = chunks.concat();
        let wire = frame(&chunks, "x-amz-checksum-crc32:AAAAAA==\r\n\r\n");
        let read_unsigned = read(pieces(&wire, &cuts), &announced(), Payload::UnsignedChunks).unwrap();
        prop_assert_eq!(&read_unsigned.0, &content);
        prop_assert_eq!(read_unsigned.1.len(), 1);

        let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let (headers, payload, wire) = signed(&slices);
        let read_signed = read(pieces(&wire, &cuts), &headers, payload).unwrap();
        prop_assert_eq!(&read_signed.0, &content);
        prop_assert_eq!(read_signed.1, read_unsigned.1);
    }

    #[test]
    fn a_changed_bit_of_a_signed_body_changes_nothing_unseen(
        chunks in vec(vec(any::<u8>(), 1..40), 1..4),
        at: prop::sample::Index,
        bit in 0_u32..8,
    ) {
        let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        let (headers, payload, mut wire) = signed(&slices);
        let intact = read(pieces(&wire, &[wire.len()]), &headers, payload.clone()).unwrap();
        let at = at.index(wire.len());
        wire[at] ^= 1 << bit;
        // The case of hexadecimal digits, and white space about a trailer, mean nothing.
        if let Ok(changed) = read(pieces(&wire, &[wire.len()]), &headers, payload) {
            prop_assert_eq!(changed, intact);
        }
    }

    #[test]
    fn a_body_cut_short_is_never_whole(chunks in vec(vec(any::<u8>(), 1..40), 0..4), at: prop::sample::Index) {
        let wire = frame(&chunks, "x-amz-checksum-crc32:AAAAAA==\r\n\r\n");
        // The last line end alone may be missing.
        let cut = &wire[..at.index(wire.len() - 2)];
        prop_assert!(unsigned(cut, &announced()).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(
        wire in vec(prop::sample::select(b"0123;\r\nx-amz:checksum=\xff".to_vec()), 0..80),
        piece in 1_usize..9,
    ) {
        for trailers in [None, Some(None), Some(Some(ChecksumAlgorithm::Crc32))] {
            let mut decoder = ChunkDecoder::new(None, None, trailers);
            let mut given = 0;
            let whole = wire.chunks(piece).all(|part| {
                let mut part = Bytes::copy_from_slice(part);
                given += part.len();
                loop {
                    match decoder.decode(&mut part) {
                        Ok(Some(data)) => assert!(data.len() <= given),
                        Ok(None) => return true,
                        Err(_) => return false,
                    }
                }
            });
            if whole {
                let _ = decoder.finish();
            }
        }
    }
}

#[test]
fn broken_framings_are_refused() {
    let none = HeaderMap::new();
    for wire in [
        "",
        "5",
        "5\r\nhello",
        "5\r\nhello\r\n",
        "0",
        "0\r",
        "5\r\nhello\r\n0",
    ] {
        let fault = fault(wire.as_bytes(), &none);
        assert!(matches!(fault, BodyFault::Truncated), "{wire:?}: {fault}");
    }
    for wire in [
        "\r\n",
        "x\r\n",
        "5\nhello",
        "-1\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "+5\r\n",
        "5 \r\n",
        "0x5\r\n",
        "5;a=b\r\nhello\r\n",
        "5;chunk-signature=00\r\n",
        "5\r\nhelloworld\r\n",
        "5\r\nhello\n0\r\n",
        "11111111111111111\r\n",
        "ffffffffffffffff\r\n",
    ] {
        let outcome = read(
            pieces(wire.as_bytes(), &[3]),
            &none,
            Payload::UnsignedChunks,
        );
        let fault = outcome.expect_err(wire);
        let known = matches!(fault, BodyFault::MalformedChunk(_))
            || wire.starts_with('f') && matches!(fault, BodyFault::Truncated);
        assert!(known, "{wire:?}: {fault}");
    }
    let endless = vec![b'0'; 2000];
    assert!(matches!(
        fault(&endless, &none),
        BodyFault::MalformedChunk(_)
    ));
    let overflow = b"1\r\na\r\nffffffffffffffff\r\n";
    assert!(matches!(
        fault(overflow, &none),
        BodyFault::MalformedChunk(_)
    ));
}

#[test]
fn chunks_bear_signatures_exactly_when_they_are_announced() {
    let signature = "0".repeat(64);
    let wire = format!("5;chunk-signature={signature}\r\nhello\r\n");
    let refused = fault(wire.as_bytes(), &HeaderMap::new());
    assert!(matches!(refused, BodyFault::MalformedChunk(_)), "{refused}");
    let (headers, payload, _) = signed(&[]);
    let refused = read(pieces(b"5\r\nhello\r\n0\r\n\r\n", &[99]), &headers, payload).unwrap_err();
    assert!(matches!(refused, BodyFault::MalformedChunk(_)), "{refused}");
}

#[test]
fn a_chunk_or_the_trailer_out_of_its_place_is_refused() {
    let (headers, payload, wire) = signed(&[b"one", b"two"]);
    let text = String::from_utf8(wire).unwrap();
    let mut parts: Vec<&str> = text.split_inclusive("\r\n").collect();
    read(
        pieces(parts.concat().as_bytes(), &[99]),
        &headers,
        payload.clone(),
    )
    .unwrap();
    parts.swap(0, 2);
    parts.swap(1, 3);
    let swapped = read(
        pieces(parts.concat().as_bytes(), &[99]),
        &headers,
        payload.clone(),
    );
    assert!(matches!(swapped, Err(BodyFault::ChunkSignatureMismatch)));
    // A body of another request with the same secret has another seed.
    let (_, other, _) = signed(&[b"one"]);
    let (_, _, wire) = signed(&[b"one", b"two"]);
    read(pieces(&wire, &[99]), &headers, other).unwrap();
    let unsigned_trailer = text.replace("x-amz-trailer-signature", "x-amz-other");
    let refused = read(
        pieces(unsigned_trailer.as_bytes(), &[99]),
        &headers,
        payload,
    );
    assert!(matches!(refused, Err(BodyFault::UnknownTrailer(_))));
}

#[test]
fn the_decoded_length_has_to_be_the_declared_one() {
    let check = |declared: &str| {
        let headers = headers(&[("x-amz-decoded-content-length", declared)]);
        unsigned(b"5\r\nhello\r\n0\r\n\r\n", &headers)
    };
    assert_eq!(check("5").unwrap().0, b"hello");
    assert!(matches!(
        check("4"),
        Err(BodyFault::TooManyBytes { declared: 4 })
    ));
    assert!(matches!(check("6"), Err(BodyFault::Truncated)));
    assert!(matches!(check("five"), Err(BodyFault::InvalidLength(_))));
    assert!(matches!(check("+5"), Err(BodyFault::InvalidLength(_))));
    assert!(matches!(check(""), Err(BodyFault::InvalidLength(_))));
}

#[test]
fn trailers_are_the_announced_checksum_or_refused() {
    let check = |tail: &str, headers: &HeaderMap| {
        unsigned(format!("1\r\na\r\n0\r\n{tail}").as_bytes(), headers)
    };
    let good = check("X-Amz-Checksum-CRC32: AAAAAA== \r\n\r\n", &announced()).unwrap();
    assert!(matches!(&good.1[..], [Declared::Checksum(c)] if c.value() == [0; 4]));
    check("\r\n", &HeaderMap::new()).unwrap();
    check("", &HeaderMap::new()).unwrap();

    let unknown = check("x-amz-checksum-crc32:AAAAAA==\r\n\r\n", &HeaderMap::new());
    assert!(matches!(unknown, Err(BodyFault::UnknownTrailer(_))));
    let unknown = check("x-amz-checksum-sha1:AAAAAA==\r\n\r\n", &announced());
    assert!(matches!(unknown, Err(BodyFault::UnknownTrailer(_))));
    let invalid = check("x-amz-checksum-crc32:AAAA\r\n\r\n", &announced());
    assert!(matches!(invalid, Err(BodyFault::InvalidChecksum(_))));
    for tail in [
        "\r\n",
        "x-amz-checksum-crc32\r\n\r\n",
        "x-amz-checksum-crc32:AAAAAA==\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        "\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        "x-amz-checksum-crc32:AAAAAA==\r\n\r\ngarbage\r\n",
    ] {
        let malformed = check(tail, &announced());
        assert!(
            matches!(malformed, Err(BodyFault::MalformedTrailer(_))),
            "{tail:?}: {malformed:?}"
        );
    }
    let long = format!("x-amz-checksum-crc32:{}", "A".repeat(17_000));
    assert!(matches!(
        check(&long, &announced()),
        Err(BodyFault::MalformedTrailer(_))
    ));

    for header in ["x-amz-meta-a", "x-amz-checksum-crc32, x-other"] {
        let refused = check("\r\n", &headers(&[("x-amz-trailer", header)]));
        assert!(
            matches!(refused, Err(BodyFault::UnknownTrailer(_))),
            "{header}"
        );
    }
    let two = headers(&[("x-amz-trailer", "x-amz-checksum-crc32,x-amz-checksum-sha1")]);
    assert!(matches!(
        check("\r\n", &two),
        Err(BodyFault::SeveralChecksums)
    ));
}

#[test]
fn nothing_follows_the_last_signed_chunk() {
    let mut order = Order::new("PUT", "/bkt/key");
    order.content_sha256 = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned();
    let parts = order.clone().v4_header();
    let (_, seed) = parts.headers["authorization"]
        .to_str()
        .unwrap()
        .split_once("Signature=")
        .unwrap();
    let secret = SecretKey::new(crate::auth::tests::SECRET).unwrap();
    let now = rockpool_types::Timestamp::from_amz_date(&order.amz_date).unwrap();
    let payload = Claim::parse(&parts)
        .unwrap()
        .unwrap()
        .verify(&parts, &secret, now, None)
        .unwrap();
    let wire = sign_chunks(&order, seed, &[b"hello"], None);
    read(pieces(&wire, &[7]), &parts.headers, payload.clone()).unwrap();
    for garbage in ["x", "\r\n", "x-amz-checksum-crc32:AAAAAA==\r\n"] {
        let longer = [&wire[..], garbage.as_bytes()].concat();
        let refused = read(pieces(&longer, &[7]), &parts.headers, payload.clone());
        assert!(
            matches!(refused, Err(BodyFault::MalformedChunk(_))),
            "{garbage:?}"
        );
    }
}
