//! One request on a connection of its own, and what is known of its outcome.
use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rockpool_testkit::Reply;
use url::Url;

/// Longer than a node lets a client wait, and less than a stopped node sleeps.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A whole answer.
    Reply(Reply),
    /// Nobody listened: it was not sent.
    NotSent,
    /// It broke off: it may have happened, or may happen yet.
    Unknown,
}

/// Sends a request for `url` to the node at `address`.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    url: &Url,
    headers: &[(&str, String)],
    body: &[u8],
) -> Outcome {
    let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return Outcome::NotSent;
    };
    match exchange(stream, method, url, headers, body) {
        Ok(reply) => Outcome::Reply(reply),
        Err(_) => Outcome::Unknown,
    }
}

fn exchange(
    mut stream: TcpStream,
    method: &str,
    url: &Url,
    headers: &[(&str, String)],
    body: &[u8],
) -> std::io::Result<Reply> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let query = url.query().map(|query| format!("?{query}"));
    let mut head = format!(
        "{method} {}{} HTTP/1.1\r\nHost: {}:{}\r\nContent-Length: {}\r\nConnection: close\r\n",
        url.path(),
        query.unwrap_or_default(),
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(80),
        body.len(),
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    // A node that refuses does not read the rest; its answer counts.
    match (sent, Reply::read(stream)) {
        (_, Ok(reply)) => Ok(reply),
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
    }
}
