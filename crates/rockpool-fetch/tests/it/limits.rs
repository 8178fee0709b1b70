//! Origins that are slow, endless, or tell lies about their length.
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use rockpool_fetch::{FetchError, FetchRequest, FetchSettings, Limit, Phase};
use tokio::{io::AsyncWriteExt, net::TcpListener, time::sleep};

use crate::{
    origin::{Origin, ok, until_closed},
    world::{SOON, fetcher, get, loopback, read, url, within},
};

/// How often a drip comes, and the patience of those who wait for more than drips.
const DRIP: Duration = Duration::from_millis(20);
const SHORT: Duration = Duration::from_millis(400);

/// Says `first`, and then `drip` again and again, waiting `pause` before each, until the other side has had enough.
async fn dripping(first: &'static str, drip: &'static [u8], pause: Duration) -> Origin {
    Origin::start(move |_, mut stream| async move {
        stream.write_all(first.as_bytes()).await.unwrap();
        loop {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            if stream.write_all(drip).await.is_err() {
                return;
            }
        }
    })
    .await
}

async fn fault_of(origin: &Origin, settings: &FetchSettings) -> FetchError {
    let began = Instant::now();
    let outcome = within(SOON, read(settings, format!("http://{}/", origin.address))).await;
    let error = outcome.unwrap_err();
    within(SOON, origin.closed()).await;
    assert!(began.elapsed() < SOON);
    error
}

async fn assert_left(origin: &Origin, settings: &FetchSettings, phase: Phase) {
    assert_eq!(fault_of(origin, settings).await, FetchError::Timeout(phase));
}

#[tokio::test]
async fn an_origin_that_takes_connections_and_never_answers_is_left() {
    let origin = Origin::start(|_, stream| until_closed(stream)).await;
    let mut settings = loopback();
    settings.head_timeout = SHORT;
    assert_left(&origin, &settings, Phase::Head).await;
}

#[tokio::test]
async fn an_origin_that_does_not_even_take_connections_is_left() {
    // A queue of one, which is filled: more connections are not answered.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(
        Duration::from_millis(200),
        tokio::net::TcpStream::connect(address),
    )
    .await
    {
        waiting.push(stream);
    }
    let mut settings = loopback();
    settings.connect_timeout = SHORT;
    let outcome = within(SOON, get(&settings, format!("http://{address}/"))).await;
    assert_eq!(outcome.unwrap_err(), FetchError::Timeout(Phase::Connect));
}

#[tokio::test]
async fn a_head_that_drips_is_left() {
    let origin = dripping("HTTP/1.1 200 OK\r\nx: ", b"y", DRIP).await;
    let mut settings = loopback();
    settings.head_timeout = SHORT;
    assert_left(&origin, &settings, Phase::Head).await;
}

#[tokio::test]
async fn endless_interim_answers_are_left() {
    let origin = dripping("", b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", DRIP).await;
    let mut settings = loopback();
    settings.head_timeout = SHORT;
    assert_left(&origin, &settings, Phase::Head).await;
}

#[tokio::test]
async fn a_body_that_drips_is_left_when_the_time_for_all_is_over() {
    let origin = dripping(
        "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n",
        b"y",
        DRIP,
    )
    .await;
    let mut settings = loopback();
    settings.total_timeout = SHORT;
    assert_left(&origin, &settings, Phase::Total).await;
}

#[tokio::test]
async fn a_body_that_stops_is_left_when_it_is_idle_for_too_long() {
    let origin = Origin::start(|_, mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
        stream.write_all(head).await.unwrap();
        until_closed(stream).await;
    })
    .await;
    let mut settings = loopback();
    settings.idle_timeout = SHORT;
    assert_left(&origin, &settings, Phase::Idle).await;
}

#[tokio::test]
async fn the_time_for_all_covers_redirects() {
    let origin = Origin::start(|_, mut stream| async move {
        sleep(SHORT / 3).await;
        let answer = b"HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n";
        let _ = stream.write_all(answer).await;
    })
    .await;
    let mut settings = loopback();
    settings.total_timeout = SHORT;
    settings.max_redirects = 1000;
    assert_left(&origin, &settings, Phase::Total).await;
}

#[tokio::test]
async fn a_body_shorter_than_it_said_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhello",
    ] {
        let origin = Origin::saying(answer).await;
        let error = fault_of(&origin, &loopback()).await;
        assert!(matches!(error, FetchError::Interrupted { .. }), "{error:?}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn a_body_longer_than_it_said_ends_where_it_should() {
    let origin =
        Origin::saying("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, and more").await;
    let body = read(&loopback(), format!("http://{}/", origin.address)).await;
    assert_eq!(body.unwrap(), b"hello");
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let origin = Origin::saying("HTTP/1.0 200 OK\r\n\r\nhello").await;
    let body = read(&loopback(), format!("http://{}/", origin.address)).await;
    assert_eq!(body.unwrap(), b"hello");
}

#[tokio::test]
async fn contradictory_or_senseless_lengths_are_refused() {
    for headers in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: 0x5\r\n",
    ] {
        let origin = Origin::saying(format!("HTTP/1.1 200 OK\r\n{headers}\r\nhello")).await;
        let error = fault_of(&origin, &loopback()).await;
        assert!(
            matches!(error, FetchError::Protocol { .. }),
            "{headers}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_chunked_body_without_an_end_is_cut_at_the_limit() {
    let first = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let origin = dripping(first, b"8\r\n01234567\r\n", Duration::ZERO).await;
    let mut settings = loopback();
    settings.max_sent_bytes = 100_000;
    let limit = Limit::Sent;
    assert_eq!(
        fault_of(&origin, &settings).await,
        FetchError::TooLarge {
            limit,
            max_bytes: 100_000
        }
    );
}

#[tokio::test]
async fn chunks_of_nothing_but_decoration_do_not_go_on_for_ever() {
    let first = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;";
    let origin = dripping(first, &[b'x'; 4096], Duration::ZERO).await;
    let error = fault_of(&origin, &loopback()).await;
    assert!(
        matches!(
            error,
            FetchError::Protocol { .. } | FetchError::Interrupted { .. }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_body_larger_than_allowed_is_read_up_to_the_limit_and_no_further() {
    let origin = Origin::saying(ok("", &[b'x'; 200_000])).await;
    let asked = url(format!("http://{}/", origin.address));
    let request = FetchRequest {
        max_sent_bytes: Some(100_000),
        ..FetchRequest::default()
    };
    let too_large = FetchError::TooLarge {
        limit: Limit::Sent,
        max_bytes: 100_000,
    };
    // Who wants the whole learns at once that they cannot have it.
    let fetched = fetcher().get(asked.clone(), &request).await.unwrap();
    assert_eq!(fetched.body.collect().await.unwrap_err(), too_large);
    // Who reads piece by piece has what fits.
    let mut fetched = fetcher().get(asked, &request).await.unwrap();
    let mut read = 0;
    let error = loop {
        match fetched.body.try_next().await {
            Ok(Some(piece)) => read += piece.len(),
            Ok(None) => panic!("an end at {read}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error, too_large);
    assert!((50_000..=100_000).contains(&read), "{read}");
    assert_eq!(fetched.body.try_next().await.unwrap(), None);
}

#[tokio::test]
async fn endless_headers_are_cut_at_the_limit() {
    for drip in [
        &b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"[..],
        b"zzzzzzzzzzzzzzzzzzzzzz",
    ] {
        let origin = dripping("HTTP/1.1 200 OK\r\nlong: ", drip, Duration::ZERO).await;
        let error = fault_of(&origin, &loopback()).await;
        assert!(
            matches!(
                error,
                FetchError::TooLarge {
                    limit: Limit::Head,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    // Within the limit, but more headers than anybody has.
    let many: String = (0..1000).map(|n| format!("x{n}: y\r\n")).collect();
    let origin = Origin::saying(ok(&many, b"")).await;
    let error = fault_of(&origin, &loopback()).await;
    assert!(
        matches!(
            error,
            FetchError::TooLarge {
                limit: Limit::Head,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    for answer in [
        &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"<html>no head</html>\r\n\r\n",
    ] {
        let origin = Origin::saying(answer).await;
        let error = fault_of(&origin, &loopback()).await;
        assert!(matches!(error, FetchError::Protocol { .. }), "{error:?}");
    }
    for answer in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-"] {
        let origin = Origin::saying(answer).await;
        let error = fault_of(&origin, &loopback()).await;
        assert!(
            matches!(
                error,
                FetchError::Interrupted { .. } | FetchError::Protocol { .. }
            ),
            "{error:?}"
        );
    }
    let origin = Origin::saying(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
    )
    .await;
    let error = fault_of(&origin, &loopback()).await;
    assert!(matches!(error, FetchError::Protocol { .. }), "{error:?}");
}
