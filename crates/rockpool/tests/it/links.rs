//! The link shield as operators run it: as a part of a node, and alone; with a site and a name server on loopback.
use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, UdpSocket},
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::Reply;
use serde_json::Value;
use url::Url;

use crate::{
    harness::{Server, rockpool},
    http::connect,
};

const MASTODON: &str = "Mastodon/4.5.0 (http.rb/5.3.1; +https://m.example/) Bot";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const PAGE: &str = "<title>A page</title><script>x()</script>";

/// Asks one of the shield's hosts.
fn ask(address: &str, host: &str, path: &str, user_agent: &str) -> Reply {
    let url: Url = format!("http://{address}/").parse().unwrap();
    let mut stream = connect(&url);
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    Reply::read(stream).unwrap()
}

/// A site that has one page, and counts how often it is asked for it.
fn site() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            count.fetch_add(1, Ordering::SeqCst);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                PAGE.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, asked)
}

/// A name server that says of every name that it is on loopback (RFC 1035 section 4).
fn name_server() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((_, from)) = socket.recv_from(&mut query) {
            let end = 12 + query[12..].iter().position(|b| *b == 0).unwrap() + 5;
            let is_a = query[end - 3] == 1;
            let mut answer = query[..2].to_vec();
            answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            answer.extend_from_slice(&query[12..end]);
            if is_a {
                answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

fn configuration() -> String {
    format!(
        "[links]\nurl = \"https://links.example.org\"\nallowed_networks = [\"127.0.0.0/8\"]\nname_servers = [\"{}\"]\n",
        name_server()
    )
}

#[test]
fn a_node_has_a_shield_where_it_is_told_to() {
    let mut server = Server::configured(&configuration(), &["--links", "127.0.0.1:0"]);
    let links = server.links_address();
    let (port, asked) = site();
    let path = format!("/site.example.com:{port}/page");
    for _ in 0..3 {
        let copy = ask(&links, "h.links.example.org", &path, MASTODON);
        assert_eq!(copy.status, 200);
        let text = String::from_utf8(copy.body).unwrap();
        assert_eq!(text, "<meta charset=\"utf-8\"><title>A page</title>");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let sent_on = ask(&links, "h.links.example.org", &path, FIREFOX);
    assert_eq!(sent_on.status, 302);
    let url = format!("http://site.example.com:{port}/page");
    assert_eq!(sent_on.header("location"), Some(url.as_str()));
    assert_eq!(ask(&links, &links, "/healthz", "probe").status, 200);
    server.signal("TERM");
    assert!(server.wait().success());

    let status = server.cli_json(&["links", "status"]);
    assert_eq!(status["pages"], 1);
    assert_eq!(status["requests"], 3);
    assert_eq!(status["absorbed_requests"], 2);
    assert_eq!(status["people"], 1);
    let purged = server.cli_json(&["links", "purge", &url]);
    assert_eq!(purged["was_kept"], true);
    assert!(
        server
            .cli_ok(&["links", "purge", &url])
            .starts_with("Nothing was kept")
    );
    assert!(!server.cli(&["links", "purge", "hello"]).status.success());
}

#[test]
fn a_node_without_it_has_none() {
    let server = Server::start(&[]);
    assert!(!server.data().join("links").exists());
    let status = server.cli(&["links", "status"]);
    assert!(String::from_utf8_lossy(&status.stderr).contains("there are no copies of links in"));
}

#[test]
fn a_shield_needs_to_know_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let output = rockpool(&["links", "--data"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("links.url: must be given"), "{words}");
}

/// A shield alone. Dropping it kills the process.
pub(crate) struct Alone(Child);

impl Alone {
    /// Starts one on a data directory with its settings; it, and its address once it is ready.
    pub(crate) fn start(data: &Path) -> (Self, String) {
        let child = rockpool(&["links", "--links", "127.0.0.1:0", "--data"])
            .arg(data)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alone = Self(child);
        let since = Instant::now();
        loop {
            if let Ok(text) = fs::read(data.join("links.json")) {
                let facts: Value = serde_json::from_slice(&text).unwrap();
                return (alone, facts["links"].as_str().unwrap().to_owned());
            }
            assert!(
                since.elapsed() < Duration::from_secs(30),
                "it does not become ready"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_shield_runs_alone_without_a_pool_and_outlives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    fs::write(data.join("rockpool.toml"), configuration()).unwrap();
    let (port, asked) = site();
    let path = format!("/site.example.com:{port}/");
    for _ in 0..2 {
        let (alone, address) = Alone::start(data);
        let copy = ask(&address, "h.links.example.org", &path, MASTODON);
        assert_eq!(copy.status, 200);
        drop(alone);
        fs::remove_file(data.join("links.json")).unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the copy is still there");
    for name in ["catalog.db", "store", "sealing.key"] {
        assert!(!data.join(name).exists(), "{name}");
    }
}
