//! The bounds of listeners.
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rockpool_testkit::Reply;
use url::Url;

use crate::{
    harness::Server,
    http::{Client, connect, get, head, send},
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
fn beyond_the_bound_idle_connections_give_way_and_busy_ones_do_not() {
    let server = Server::configured("[limits]\nmax_connections = 2\n", &[]);
    let keys = server.add_member("alice");
    let put = Client::new(&server, &keys).put_url("a");
    let mut idle = [connect(&put), connect(&put)];
    assert!(idle.iter_mut().all(is_served));
    // These are in the middle of an upload.
    let mut busy = [(); 2].map(|()| {
        let mut stream = connect(&put);
        let head = head("PUT", &put, 4).replace("\r\nHost:", "\r\nExpect: 100-continue\r\nHost:");
        stream.write_all(head.as_bytes()).unwrap();
        let mut invited = [0; 25];
        stream.read_exact(&mut invited).unwrap();
        assert_eq!(&invited, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"ab").unwrap();
        stream
    });
    for mut stream in idle {
        let mut rest = Vec::new();
        // It was closed; whether with a reset does not matter.
        let _ = stream.read_to_end(&mut rest);
        assert!(
            rest.starts_with(b"\r\n") || !rest.starts_with(b"HTTP"),
            "{rest:?}"
        );
    }
    let beyond = Reply::read(connect(&put)).unwrap();
    assert_eq!(
        (beyond.status, beyond.header("retry-after")),
        (503, Some("1"))
    );
    for stream in &mut busy {
        stream.write_all(b"cd").unwrap();
    }
    for stream in busy {
        assert_eq!(Reply::read(stream).unwrap().status, 200);
    }
    assert_eq!(send("PUT", &put, b"afterwards").status, 200);
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
