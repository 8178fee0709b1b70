//! A plain HTTP/1.1 client's half of an exchange: answers as they come, byte for byte.
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
};

/// An answer (RFC 9112).
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Reads an answer from a connection, which is used for nothing else.
    ///
    /// # Errors
    /// When it is cut off, in its head or its body, or is no HTTP.
    pub fn read(stream: TcpStream) -> std::io::Result<Self> {
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
        let mut reply = Self {
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

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The text of the first element of that name.
    pub fn element(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.to_owned())
    }
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
