//! One request on a connection of its own, and what is known of its outcome.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

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

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The text of the first element of that name.
    pub(crate) fn element(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.to_owned())
    }
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
    match (sent, read_reply(stream)) {
        (_, Ok(reply)) => Ok(reply),
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
    }
}

fn read_reply(stream: TcpStream) -> std::io::Result<Reply> {
    let broken = |what: &str| std::io::Error::other(what.to_owned());
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
    let status = status.ok_or_else(|| broken("no status"))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(broken("the head is cut off"));
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut reply = Reply {
        status,
        headers,
        body: Vec::new(),
    };
    let chunked = reply.header("transfer-encoding").is_some();
    let length: Option<u64> = reply.header("content-length").and_then(|n| n.parse().ok());
    match length {
        _ if chunked => reply.body = read_chunks(&mut reader)?,
        Some(length) => {
            reader.take(length).read_to_end(&mut reply.body)?;
            if reply.body.len() as u64 != length {
                return Err(broken("the body is cut off"));
            }
        }
        None => {
            reader.read_to_end(&mut reply.body)?;
        }
    }
    Ok(reply)
}

fn read_chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
        let before = body.len();
        reader.take(size).read_to_end(&mut body)?;
        if (body.len() - before) as u64 != size {
            return Err(std::io::Error::other("a chunk is cut off"));
        }
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(body);
        }
    }
}
