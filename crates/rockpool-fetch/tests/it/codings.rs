//! Content codings: undone, and bombs among them.
use std::{io::Write, time::Duration};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use futures_util::TryStreamExt;
use rockpool_fetch::{FetchError, FetchRequest, Limit};

use crate::{
    origin::{Origin, ok},
    world::{fetcher, loopback, read, url},
};

const MIB: usize = 1 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut encoded, 4096, 5, 22);
    encoder.write_all(bytes).unwrap();
    drop(encoder);
    encoded
}

async fn coded(coding: &str, body: &[u8]) -> Origin {
    Origin::saying(ok(
        &format!("content-encoding: {coding}\r\netag: \"x\"\r\n"),
        body,
    ))
    .await
}

async fn outcome(coding: &str, body: &[u8]) -> Result<Vec<u8>, FetchError> {
    let origin = coded(coding, body).await;
    read(&loopback(), format!("http://{}/", origin.address)).await
}

#[tokio::test]
async fn codings_are_undone() {
    let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("identity, gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("br", brotli(&text)),
        ("identity", text.clone()),
        ("", text.clone()),
    ] {
        assert!(outcome(coding, &body).await.unwrap() == text, "{coding}");
    }
    // What comes after the end is nobody's.
    let trailing = [gzip(&text), b"garbage".to_vec()].concat();
    assert!(outcome("gzip", &trailing).await.unwrap() == text);
}

#[tokio::test]
async fn headers_say_what_is_true_of_the_body_that_is_handed_out() {
    let origin = coded("gzip", &gzip(b"hello")).await;
    let asked = url(format!("http://{}/", origin.address));
    let fetched = fetcher().get(asked.clone(), &FetchRequest::default()).await;
    let mut fetched = fetched.unwrap();
    assert!(!fetched.headers.contains_key("content-encoding"));
    assert!(!fetched.headers.contains_key("content-length"));
    assert_eq!(fetched.headers["etag"], "\"x\"");
    let sent = gzip(b"hello").len() as u64;
    assert_eq!(fetched.body.declared_bytes(), Some(sent));
    while fetched.body.try_next().await.unwrap().is_some() {}
    assert_eq!(fetched.body.sent_bytes(), sent);

    // Of a HEAD, there is nothing to undo.
    let head = fetcher()
        .head(asked, &FetchRequest::default())
        .await
        .unwrap();
    assert_eq!(head.headers["content-encoding"], "gzip");
    assert_eq!(head.body.declared_bytes(), Some(sent));
    assert_eq!(head.body.collect().await.unwrap(), "");
}

#[tokio::test]
async fn an_empty_body_needs_no_coding() {
    for coding in ["gzip", "br", "deflate"] {
        assert_eq!(outcome(coding, b"").await.unwrap(), b"");
        let headers = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\n");
        let chunked = format!("{headers}transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
        let origin = Origin::saying(chunked).await;
        let body = read(&loopback(), format!("http://{}/", origin.address)).await;
        assert_eq!(body.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_part_is_asked_for_as_it_is() {
    let answer = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 2-4/9\r\ncontent-length: 3\r\n\r\n234";
    let origin = Origin::saying(answer).await;
    let request = FetchRequest {
        range: Some(2..5),
        ..FetchRequest::default()
    };
    let asked = url(format!("http://{}/", origin.address));
    let fetched = fetcher().get(asked, &request).await.unwrap();
    assert_eq!(fetched.status, 206);
    assert_eq!(fetched.body.collect().await.unwrap(), "234");
    let head = &origin.heads()[0];
    assert!(head.contains("range: bytes=2-4\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
}

#[tokio::test]
async fn bombs_are_cut_at_the_limit_and_never_in_memory_as_a_whole() {
    let zeros = vec![0; 24 * MIB];
    for (coding, bomb) in [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("br", brotli(&zeros)),
    ] {
        assert!(bomb.len() < MIB, "{coding} has {}", bomb.len());
        let origin = coded(coding, &bomb).await;
        let request = FetchRequest {
            max_decoded_bytes: Some(5 * MIB as u64),
            ..FetchRequest::default()
        };
        let asked = url(format!("http://{}/", origin.address));
        let mut fetched = fetcher().get(asked, &request).await.unwrap();
        let (mut whole, mut largest) = (0, 0);
        let error = loop {
            match fetched.body.try_next().await {
                Ok(Some(piece)) => {
                    whole += piece.len();
                    largest = largest.max(piece.len());
                }
                Ok(None) => panic!("{coding}: an end at {whole}"),
                Err(error) => break error,
            }
        };
        let max_bytes = 5 * MIB as u64;
        let limit = Limit::Decoded;
        assert_eq!(error, FetchError::TooLarge { limit, max_bytes });
        assert!(whole <= 5 * MIB && whole > 4 * MIB, "{coding}: {whole}");
        assert!(largest <= 64 << 10, "{coding}: a piece of {largest}");
    }
}

#[tokio::test]
async fn a_bomb_in_a_bomb_is_not_unpacked_twice() {
    let bomb = gzip(&gzip(&vec![0; 4 * MIB]));
    for coding in ["gzip, gzip", "gzip, br", "gzip,deflate,br"] {
        let error = outcome(coding, &bomb).await.unwrap_err();
        assert!(matches!(error, FetchError::Protocol { .. }), "{error:?}");
    }
    let twice = ok(
        "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
        &bomb,
    );
    let origin = Origin::saying(twice).await;
    let error = read(&loopback(), format!("http://{}/", origin.address)).await;
    assert!(
        matches!(error, Err(FetchError::Protocol { .. })),
        "{error:?}"
    );
    // One layer is the content: what is inside is the caller's, as it is.
    assert_eq!(
        outcome("gzip", &bomb).await.unwrap(),
        gzip(&vec![0; 4 * MIB])
    );
}

/// Brotli's large windows would have the decoder reserve up to a gigabyte.
#[tokio::test]
async fn brotli_with_a_window_beyond_the_standard_is_refused() {
    let mut encoded = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        large_window: true,
        lgwin: 30,
        quality: 5,
        ..brotli::enc::BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut &vec![7; MIB][..], &mut encoded, &params).unwrap();
    let error = outcome("br", &encoded).await.unwrap_err();
    assert!(matches!(error, FetchError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn broken_codings_are_errors() {
    let text = vec![b'a'; 100_000];
    let flipped = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        bytes
    };
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 5].to_vec();
    let noise: Vec<u8> = (0..50_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for (coding, body) in [
        ("gzip", text.clone()),
        ("br", b"\xff\xff\xff\xff\xff".to_vec()),
        ("deflate", text.clone()),
        ("gzip", flipped(gzip(&noise))),
        ("gzip", cut(gzip(&noise))),
        ("br", cut(brotli(&noise))),
        ("deflate", cut(zlib(&noise))),
        ("zstd", text.clone()),
        ("compress", text.clone()),
        ("gzip;q=1", gzip(&text)),
    ] {
        let outcome = tokio::time::timeout(Duration::from_secs(10), outcome(coding, &body)).await;
        let error = outcome.unwrap().unwrap_err();
        assert!(
            matches!(error, FetchError::Protocol { .. }),
            "{coding}: {error:?}"
        );
    }
}
