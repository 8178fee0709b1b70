//! What headers declare about a body, lengths, and clients that stall or leave.
use std::{io, pin::Pin, task};

use futures_util::stream;
use http_body::SizeHint;
use http_body_util::StreamBody;
use rockpool_types::{Checksum, ChecksumAlgorithm};
use tokio::time::Instant;

use super::*;

/// A body of known length that fails, or never comes.
enum Broken {
    Silent,
    Failing,
}

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match *self {
            Self::Silent => task::Poll::Pending,
            Self::Failing => task::Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(5)
    }
}

/// Reads the plain body `hello`.
fn plain(list: &[(&'static str, &str)], payload: Payload) -> Result<Vec<Declared>, BodyFault> {
    let mut all = vec![("content-length", "5")];
    all.extend_from_slice(list);
    let (content, declared) = read(pieces(b"hello", &[2]), &headers(&all), payload)?;
    assert_eq!(content, b"hello");
    Ok(declared)
}

#[test]
fn every_declared_digest_is_handed_on() {
    let declared = plain(
        &[
            ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
            ("x-amz-checksum-crc32", "NhCmhg=="),
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ("x-amz-checksum-mode", "ENABLED"),
            ("x-amz-checksum-algorithm", "CRC32"),
        ],
        Payload::Sha256([7; 32]),
    );
    let md5 = hex::decode("5d41402abc4b2a76b9719d911017c592").unwrap();
    let crc32 = Checksum::from_base64(ChecksumAlgorithm::Crc32, "NhCmhg==").unwrap();
    let expected = [
        Declared::ContentMd5(md5.try_into().unwrap()),
        Declared::PayloadSha256([7; 32]),
        Declared::Checksum(crc32),
    ];
    assert_eq!(declared.unwrap(), expected);
    assert_eq!(plain(&[], Payload::Unsigned).unwrap(), []);
}

#[test]
fn a_checksum_of_every_algorithm_is_read() {
    for algorithm in ChecksumAlgorithm::ALL {
        let checksum = Checksum::new(algorithm, vec![1; algorithm.length()]).unwrap();
        let value = checksum.to_base64();
        let declared = plain(&[(algorithm.header(), &value)], Payload::Unsigned).unwrap();
        assert_eq!(declared, [Declared::Checksum(checksum)]);
    }
}

#[test]
fn the_algorithms_to_compute_are_known_before_the_body() {
    let check = |list: &[(&'static str, &str)],
                 payload: Payload,
                 expected: &[ChecksumAlgorithm]| {
        let body = S3Body::new(Pieces(VecDeque::new()), &headers(list), payload, LIMITS).unwrap();
        assert_eq!(body.algorithms(), expected, "{list:?}");
    };
    let length = ("content-length", "0");
    let (crc, sha) = (ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Sha256);
    check(&[length], Payload::Unsigned, &[]);
    check(&[length], Payload::Sha256([0; 32]), &[sha]);
    check(
        &[length, ("x-amz-checksum-crc32", "AAAAAA==")],
        Payload::Sha256([0; 32]),
        &[crc, sha],
    );
    check(
        &[("x-amz-trailer", "X-Amz-Checksum-Crc32")],
        Payload::UnsignedChunks,
        &[crc],
    );
}

#[test]
fn digests_that_are_no_digests_are_refused() {
    let refused = |list: &[(&'static str, &str)]| plain(list, Payload::Unsigned).unwrap_err();
    for md5 in ["", "not base64", "XUFAKrxLKna5cZ2REBfFkg", "AAAA"] {
        let fault = refused(&[("content-md5", md5)]);
        assert!(
            matches!(fault, BodyFault::InvalidContentMd5),
            "{md5}: {fault}"
        );
    }
    for crc in ["", "AAAA", "AAAAAAA", "AAAAAA==-2"] {
        let fault = refused(&[("x-amz-checksum-crc32", crc)]);
        assert!(
            matches!(fault, BodyFault::InvalidChecksum("x-amz-checksum-crc32")),
            "{crc}: {fault}"
        );
    }
    let sha1 = ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=");
    let fault = refused(&[("x-amz-checksum-crc32", "NhCmhg=="), sha1]);
    assert!(matches!(fault, BodyFault::SeveralChecksums), "{fault}");
}

#[test]
fn a_checksum_of_the_object_is_not_taken_for_the_bodys() {
    let list = headers(&[
        ("content-length", "5"),
        ("x-amz-checksum-crc32", "AAAAAA==-2"),
    ]);
    let body =
        S3Body::beside_object_checksum(pieces(b"hello", &[5]), &list, Payload::Unsigned, LIMITS);
    let body = body.unwrap();
    assert_eq!(body.declared(), []);
    assert_eq!(body.algorithms(), []);
}

#[test]
fn a_plain_body_needs_a_length_unless_it_is_empty() {
    let open = |list: &[(&'static str, &str)]| {
        S3Body::new(
            pieces(b"hello", &[5]),
            &headers(list),
            Payload::Unsigned,
            LIMITS,
        )
        .map(|b| b.length())
    };
    assert_eq!(open(&[("content-length", "5")]).unwrap(), Some(5));
    assert!(matches!(open(&[]), Err(BodyFault::MissingLength)));
    let chunked = [("transfer-encoding", "chunked")];
    assert!(matches!(open(&chunked), Err(BodyFault::MissingLength)));
    let empty = http_body_util::Empty::<Bytes>::new();
    let body = S3Body::new(empty, &HeaderMap::new(), Payload::Unsigned, LIMITS).unwrap();
    assert_eq!(body.length(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stalls_is_given_up() {
    let list = headers(&[("content-length", "5")]);
    let mut body = S3Body::new(Broken::Silent, &list, Payload::Unsigned, LIMITS).unwrap();
    let error = body.next_chunk().await.unwrap_err();
    let fault = error.0.downcast_ref::<BodyFault>();
    assert!(matches!(fault, Some(BodyFault::Stalled(wait)) if *wait == LIMITS.stall));
}

/// What becomes of a body of 5 KiB whose bytes come one at a time, so long after another.
async fn trickled(interval: Duration, pause: Duration) -> Result<usize, BodyFault> {
    const LENGTH: usize = 5 << 10;
    let bytes = stream::unfold(0, move |sent| async move {
        tokio::time::sleep(interval).await;
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x")));
        (sent < LENGTH).then_some((frame, sent + 1))
    });
    let list = headers(&[("content-length", &LENGTH.to_string())]);
    let wire = StreamBody::new(Box::pin(bytes));
    let mut body = S3Body::new(wire, &list, Payload::Unsigned, LIMITS)?;
    let mut came = 0;
    while let Some(data) = body.next_data().await? {
        came += data.len();
        tokio::time::sleep(pause).await;
    }
    Ok(came)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_is_given_up() {
    let begun = Instant::now();
    let second = Duration::from_secs(1);
    let outcome = trickled(second, Duration::ZERO).await;
    assert!(matches!(outcome, Err(BodyFault::Trickled)), "{outcome:?}");
    assert!(begun.elapsed() < LIMITS.stall + 2 * second);
    // Slow, but it comes to an end.
    let outcome = trickled(Duration::from_millis(4), Duration::ZERO).await;
    assert_eq!(outcome.unwrap(), 5 << 10);
    // What a store takes to write is not the client's fault.
    let outcome = trickled(Duration::from_millis(1), second).await;
    assert_eq!(outcome.unwrap(), 5 << 10);
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_apart() {
    let list = headers(&[("content-length", "5")]);
    let mut body = S3Body::new(Broken::Failing, &list, Payload::Unsigned, LIMITS).unwrap();
    let error = body.next_chunk().await.unwrap_err();
    let fault = error.0.downcast_ref::<BodyFault>();
    assert!(matches!(fault, Some(BodyFault::Disconnected(_))));
}
