//! A pool with two members and a few objects, in a temporary directory.
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Request, request::Parts};
use rockpool_pool::{Caller, ListObjects, MemberLimits};
use rockpool_s3::{S3Face, S3Settings};
use rockpool_testkit::{TestPool, TestPoolOptions};
use rockpool_types::{Acl, Timestamp};
use rockpool_web::{BlobServer, Redirector, WebSettings};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

/// The host that a request names which names none.
pub const HOST: &str = "s3.fuzz.example";

/// What only `alice` may ever read. No answer to anybody else has it.
pub const SECRET: &[u8] = b"this is for alice alone, and nobody else has these bytes";

/// A pool, and its faces.
pub struct World {
    runtime: Runtime,
    pool: TestPool,
    s3: S3Face,
    redirector: Redirector,
    blobs: BlobServer,
    keys: [(String, String); 2],
    alice: Caller,
}

impl World {
    /// A pool with the members `alice`, who has a public and a private object and an upload under way, and `bob`.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let (pool, members) = runtime.block_on(async {
            let pool = TestPool::start(TestPoolOptions::default()).await;
            let limits = MemberLimits {
                max_buckets: 3,
                max_bytes: Some(1 << 20),
                max_objects: Some(100),
            };
            let members = [
                pool.member_with("alice", limits).await,
                pool.member_with("bob", limits).await,
            ];
            let entry = pool.entry(&members[0], "alice").await;
            for (key, acl, bytes) in [
                ("public.txt", Acl::PublicRead, &b"for all"[..]),
                ("private.txt", Acl::Private, SECRET),
            ] {
                pool.put(&entry, key, acl, bytes).await.expect("an object");
            }
            (pool, members)
        });
        let key = |caller: &Caller| match caller {
            Caller::Member(holder) => (
                holder.access_key_id.as_str().to_owned(),
                holder.secret.reveal().to_owned(),
            ),
            Caller::Anonymous => unreachable!("a member is no stranger"),
        };
        let settings = S3Settings {
            domains: vec![HOST.parse().expect("a host")],
            ..S3Settings::default()
        };
        let web = || WebSettings::new("https://blob.fuzz.example".parse().expect("a URL"));
        Self {
            s3: S3Face::new(pool.pool.clone(), settings),
            redirector: Redirector::new(pool.pool.clone(), web()),
            blobs: BlobServer::new(pool.pool.clone(), web()),
            keys: [key(&members[0]), key(&members[1])],
            alice: members.into_iter().next().expect("the first of two"),
            runtime,
            pool,
        }
    }

    /// The pool's time.
    pub fn now(&self) -> Timestamp {
        self.pool.pool.now()
    }

    /// Signs a request as a member, 0 or 1, in version 4, over all of its headers and with no digest of its body.
    pub fn sign(&self, parts: &mut Parts, member: usize, payload: &'static str) {
        let (id, secret) = &self.keys[member];
        let date = self.now().to_amz_date();
        let scope = format!("{}/fuzz/s3/aws4_request", &date[..8]);
        for name in [
            "authorization",
            "x-amz-date",
            "x-amz-content-sha256",
            "date",
            "expect",
        ] {
            parts.headers.remove(name);
        }
        let text = |text: &str| HeaderValue::from_str(text).expect("printable");
        parts.headers.insert("x-amz-date", text(&date));
        parts
            .headers
            .insert("x-amz-content-sha256", HeaderValue::from_static(payload));
        parts
            .headers
            .entry("host")
            .or_insert(HeaderValue::from_static(HOST));
        let names = signed_names(&parts.headers);
        let request = canonical(parts, &names, payload);
        let hash = hex::encode(Sha256::digest(request));
        let mut key = hmac(format!("AWS4{secret}").as_bytes(), &date.as_bytes()[..8]);
        for part in ["fuzz", "s3", "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        let signature = hex::encode(hmac(
            &key,
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}").as_bytes(),
        ));
        parts.headers.insert(
            "authorization",
            text(&format!(
                "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={}, Signature={signature}",
                names.join(";")
            )),
        );
    }

    /// The S3 face's answer.
    pub fn s3(&self, parts: Parts, body: &[u8]) -> Answer {
        self.answer(async {
            let body = http_body_util::Full::new(Bytes::copy_from_slice(body));
            self.s3.handle(Request::from_parts(parts, body)).await
        })
    }

    /// The redirector's answer.
    pub fn redirector(&self, parts: Parts) -> Answer {
        self.answer(self.redirector.handle(Request::from_parts(parts, ())))
    }

    /// The blob server's answer.
    pub fn blobs(&self, parts: Parts) -> Answer {
        self.answer(self.blobs.handle(Request::from_parts(parts, ())))
    }

    fn answer<B>(&self, answer: impl Future<Output = http::Response<B>>) -> Answer
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        use http_body_util::BodyExt;
        self.runtime.block_on(async {
            let (parts, body) = answer.await.into_parts();
            let body = body
                .collect()
                .await
                .expect("the body comes whole")
                .to_bytes();
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
            }
        })
    }

    /// All that can be seen of the pool: each bucket, with its settings, objects and uploads.
    pub fn state(&self) -> String {
        self.runtime.block_on(async {
            let mut state = String::new();
            for bucket in self
                .pool
                .pool
                .list_buckets(None)
                .await
                .expect("the pool answers")
            {
                let query = ListObjects {
                    bucket: bucket.id,
                    prefix: String::new(),
                    delimiter: None,
                    after: None,
                    limit: 1000,
                };
                let page = self
                    .pool
                    .catalog
                    .list_objects(query)
                    .await
                    .expect("the catalog answers");
                state.push_str(&format!("{bucket:?} {page:?}\n"));
            }
            let usage = self
                .pool
                .pool
                .usage_of_store()
                .await
                .expect("the pool answers");
            state.push_str(&format!("{usage:?}"));
            state
        })
    }

    /// What alice alone may read, as she reads it.
    pub fn alices(&self) -> Vec<u8> {
        self.runtime.block_on(async {
            let entry = self.pool.entry(&self.alice, "alice").await;
            self.pool
                .read(&entry, "private.txt")
                .await
                .expect("alice reads what is hers")
        })
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Whether what is for alice alone stands in it, and did not in what was `asked`: libFuzzer learns from comparisons,
    /// and answers repeat what they complain of.
    pub fn gives_away(&self, asked: &[u8]) -> bool {
        let has_secret = |bytes: &[u8]| bytes.windows(8).any(|window| SECRET.starts_with(window));
        has_secret(&self.body) && !has_secret(asked)
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn signed_names(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(|name| name.as_str().to_owned());
    // The face takes no more than that.
    let mut names: Vec<String> = names.take(100).collect();
    if !names.iter().any(|name| name == "host") {
        names.push("host".to_owned());
    }
    for name in headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| name.starts_with("x-amz-"))
    {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    names
}

/// The canonical request, with the path as it came.
fn canonical(parts: &Parts, names: &[String], payload: &str) -> Vec<u8> {
    let decoded = |text: &str| -> String {
        let spaced = text.replace('+', " ");
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
        percent_encoding::percent_encode(&bytes, UNRESERVED).to_string()
    };
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut text = format!(
        "{}\n{}\n{}\n",
        parts.method,
        parts.uri.path(),
        query.join("&")
    )
    .into_bytes();
    for name in names {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        let values: Vec<Vec<u8>> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|v| collapsed(v.as_bytes()))
            .collect();
        text.extend_from_slice(&values.join(&b','));
        text.push(b'\n');
    }
    text.extend_from_slice(format!("\n{}\n{payload}", names.join(";")).as_bytes());
    text
}

/// All but RFC 3986's unreserved characters.
const UNRESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn collapsed(value: &[u8]) -> Vec<u8> {
    let words = value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}
