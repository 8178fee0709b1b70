//! A signer of both versions, written from Amazon's documentation beside the verifier and sharing nothing with it.
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{AMAZON_TIME, SECRET, request};

pub(crate) const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";

/// A request to sign: nothing in it is encoded yet.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) method: &'static str,
    /// Begins with a slash.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// With `host`; names in lower case, each once.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content_sha256: String,
    pub(crate) amz_date: String,
    pub(crate) region: String,
}

impl Order {
    /// A request to `localhost` at the time of Amazon's examples, with an unsigned payload.
    pub(crate) fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: vec![("host".to_owned(), "localhost:23278".to_owned())],
            content_sha256: "UNSIGNED-PAYLOAD".to_owned(),
            amz_date: AMAZON_TIME.to_owned(),
            region: "us-east-1".to_owned(),
        }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The path and query as they travel.
    pub(crate) fn target(&self) -> String {
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name, false), escape(value, false)))
            .collect();
        let path = escape(&self.path, true);
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", &self.amz_date[..8], self.region)
    }

    pub(crate) fn signing_key(&self) -> Vec<u8> {
        [&self.amz_date[..8], &self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{SECRET}").into_bytes(), |key, step| {
                hmac_sha256(&key, step.as_bytes())
            })
    }

    /// Names that are signed, and the signature. `canonical_path`: how the path is spelt in it.
    fn sign_v4(&self, canonical_path: &str) -> (String, String) {
        let mut query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name, false), escape(value, false)))
            .collect();
        // No name is another's beginning in these tests, so that sorting whole parameters is sorting by name.
        query.sort();
        let mut headers = self.headers.clone();
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let mut canonical = format!("{}\n{canonical_path}\n{}\n", self.method, query.join("&"));
        for (name, value) in &headers {
            let words: Vec<&str> = value.split([' ', '\t']).filter(|w| !w.is_empty()).collect();
            canonical += &format!("{name}:{}\n", words.join(" "));
        }
        canonical += &format!("\n{names}\n{}", self.content_sha256);
        let string_to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            self.amz_date,
            self.scope(),
            hex::encode(Sha256::digest(canonical))
        );
        let signature = hmac_sha256(&self.signing_key(), string_to_sign.as_bytes());
        (names, hex::encode(signature))
    }

    /// Signed in the header, with `x-amz-date` unless there is a `date`.
    pub(crate) fn v4_header(self) -> Parts {
        let target = self.target();
        let path = escape(&self.path, true);
        self.v4_header_spelt(&target, &path)
    }

    /// Signed in the header, with a target and a canonical path of one's own.
    pub(crate) fn v4_header_spelt(mut self, target: &str, canonical_path: &str) -> Parts {
        let (date, sha256) = (self.amz_date.clone(), self.content_sha256.clone());
        self = self.header("x-amz-content-sha256", &sha256);
        if !self.headers.iter().any(|(name, _)| name == "date") {
            self = self.header("x-amz-date", &date);
        }
        let (names, signature) = self.sign_v4(canonical_path);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/{}, SignedHeaders={names}, Signature={signature}",
            self.scope()
        );
        let mut headers = self.headers.clone();
        headers.push(("authorization".to_owned(), authorization));
        self.send(target, &headers)
    }

    /// Signed in the query.
    pub(crate) fn v4_query(mut self, expires_secs: i64) -> Parts {
        let mut names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let names = names.join(";");
        let (date, credential) = (self.amz_date.clone(), format!("{KEY_ID}/{}", self.scope()));
        self = self
            .query("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .query("X-Amz-Credential", &credential)
            .query("X-Amz-Date", &date)
            .query("X-Amz-Expires", &expires_secs.to_string())
            .query("X-Amz-SignedHeaders", &names);
        let (_, signature) = self.sign_v4(&escape(&self.path, true));
        self = self.query("X-Amz-Signature", &signature);
        self.send(&self.target(), &self.headers)
    }

    /// Version 2's signature with `time` at its place: a date, or when it expires. `signed_query` and
    /// `bucket_prefix` go into the resource.
    fn sign_v2(&self, time: &str, bucket_prefix: &str, signed_query: &str) -> String {
        let value = |name: &str| {
            let found = self.headers.iter().find(|(n, _)| n == name);
            found
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let mut amz: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-amz-"))
            .map(|(name, value)| format!("{name}:{}\n", value.trim()))
            .collect();
        amz.sort();
        let string_to_sign = format!(
            "{}\n{}\n{}\n{time}\n{}{bucket_prefix}{}{signed_query}",
            self.method,
            value("content-md5"),
            value("content-type"),
            amz.concat(),
            escape(&self.path, true),
        );
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(string_to_sign.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// Signed in version 2's header, with this HTTP date.
    pub(crate) fn v2_header(self, date: &str, bucket_prefix: &str, signed_query: &str) -> Parts {
        let signature = self.sign_v2(date, bucket_prefix, signed_query);
        let mut headers = self.headers.clone();
        headers.push(("date".to_owned(), date.to_owned()));
        headers.push((
            "authorization".to_owned(),
            format!("AWS {KEY_ID}:{signature}"),
        ));
        self.send(&self.target(), &headers)
    }

    /// Signed in version 2's query, until then (seconds since 1970).
    pub(crate) fn v2_query(mut self, expires: i64, signed_query: &str) -> Parts {
        let expires = expires.to_string();
        let signature = self.sign_v2(&expires, "", signed_query);
        self = self
            .query("AWSAccessKeyId", KEY_ID)
            .query("Expires", &expires)
            .query("Signature", &signature);
        self.send(&self.target(), &self.headers)
    }

    fn send(&self, target: &str, headers: &[(String, String)]) -> Parts {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        request(self.method, target, &headers)
    }
}

/// A body in signed chunks, after a request that was signed by `order`.
pub(crate) fn sign_chunks(
    order: &Order,
    seed: &str,
    chunks: &[&[u8]],
    trailer: Option<&str>,
) -> Vec<u8> {
    let context = format!("{}\n{}", order.amz_date, order.scope());
    let sign = |text: String| hex::encode(hmac_sha256(&order.signing_key(), text.as_bytes()));
    let empty = hex::encode(Sha256::digest(b""));
    let mut previous = seed.to_owned();
    let mut wire = Vec::new();
    for chunk in chunks.iter().copied().chain([&b""[..]]) {
        let digest = hex::encode(Sha256::digest(chunk));
        previous = sign(format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{context}\n{previous}\n{empty}\n{digest}"
        ));
        let head = format!("{:x};chunk-signature={previous}\r\n", chunk.len());
        wire.extend_from_slice(head.as_bytes());
        if !chunk.is_empty() {
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
    }
    if let Some(line) = trailer {
        let digest = hex::encode(Sha256::digest(format!("{line}\n")));
        let signature = sign(format!(
            "AWS4-HMAC-SHA256-TRAILER\n{context}\n{previous}\n{digest}"
        ));
        wire.extend_from_slice(
            format!("{line}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes(),
        );
    }
    wire.extend_from_slice(b"\r\n");
    wire
}

/// Amazon's UriEncode.
pub(crate) fn escape(text: &str, keep_slash: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b'/' if keep_slash => escaped.push('/'),
            byte => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

pub(crate) fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
