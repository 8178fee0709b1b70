//! The bounds of listeners.
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rockpool_testkit::Reply;
use url::Url;

use crate::{
    harness::{Server, within_two_seconds},
    http::{connect, get},
};

fn blobs(server: &Server) -> Url {
    server.blobs_url().parse().unwrap()
}

/// Whether a connection is served: it answers a request, and stays open.
fn is_served(stream: &mut TcpStream) -> bool {
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: pool\r\n\r\n")
        .unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    start == *b"HTTP/1.1 200"
}

#[test]
fn connections_beyond_the_bound_are_told_so_and_closed() {
    let server = Server::configured("[limits]\nmax_connections = 2\n", &[]);
    let url = blobs(&server);
    let mut held = [connect(&url), connect(&url)];
    assert!(held.iter_mut().all(is_served));
    let beyond = Reply::read(connect(&url)).unwrap();
    assert_eq!(
        (beyond.status, beyond.header("retry-after")),
        (503, Some("1"))
    );
    drop(held);
    within_two_seconds("room is made", || {
        get(&format!("{url}healthz")).status == 200
    });
}

#[test]
fn a_connection_that_sends_no_request_is_closed() {
    let server = Server::configured("[limits]\nhead_timeout = \"1s\"\n", &[]);
    let begun = Instant::now();
    let mut silent = connect(&blobs(&server));
    silent.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    let mut idle = connect(&blobs(&server));
    assert!(is_served(&mut idle));
    for mut stream in [silent, idle] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_millis(900) && waited < Duration::from_secs(10),
        "{waited:?}"
    );
}

#[test]
fn a_head_without_end_is_refused() {
    let server = Server::start(&[]);
    let mut stream = connect(&blobs(&server));
    let line = format!("X-Padding: {}\r\n", "a".repeat(8 << 10));
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: pool\r\n")
        .unwrap();
    // The node may close the connection before all of it is written.
    let _ = (0..12).try_for_each(|_| stream.write_all(line.as_bytes()));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    assert_eq!(get(&format!("{}healthz", blobs(&server))).status, 200);
}

#[test]
fn answers_leave_without_waiting_for_the_clients_acknowledgement() {
    let server = Server::start(&[]);
    let url = blobs(&server);
    let mut stream = connect(&url);
    let begun = Instant::now();
    for _ in 0..50 {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: pool\r\n\r\n")
            .unwrap();
        let mut answer = [0; 4096];
        assert!(stream.read(&mut answer).unwrap() > 0);
    }
    // Nagle's algorithm against delayed acknowledgements would take 40 ms each.
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}
