//! A face on a pool of its own, and clients of it.
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use rockpool_pool::{Caller, MemberLimits, NewKey};
use rockpool_s3::{S3Face, S3Settings};
use rockpool_testkit::{TestPool, TestPoolOptions};

use crate::signer::Signer;

/// The host that requests name unless they say otherwise.
pub(crate) const HOST: &str = "s3.test:23278";

/// A pool and its face.
pub(crate) struct World {
    pub(crate) pool: TestPool,
    pub(crate) face: S3Face,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(S3Settings::default()).await
    }

    pub(crate) async fn with(settings: S3Settings) -> Self {
        let pool = TestPool::start(TestPoolOptions::default()).await;
        let face = S3Face::new(pool.pool.clone(), settings);
        Self { pool, face }
    }

    /// A new member of that name, with a bucket of the same name.
    pub(crate) async fn member(&self, name: &str) -> Client<'_> {
        self.client(&self.pool.member(name).await)
    }

    pub(crate) async fn member_with(&self, name: &str, limits: MemberLimits) -> Client<'_> {
        self.client(&self.pool.member_with(name, limits).await)
    }

    /// A client with another key of a member.
    pub(crate) async fn again(&self, name: &str) -> Client<'_> {
        self.with_key(name, NewKey::default()).await
    }

    /// A client with a new key of a member.
    pub(crate) async fn with_key(&self, name: &str, key: NewKey) -> Client<'_> {
        let issued = self.pool.pool.add_key(&name.parse().unwrap(), key).await;
        let issued = issued.unwrap();
        Client {
            world: self,
            signer: Some(Signer {
                id: issued.id.as_str().to_owned(),
                secret: issued.secret.reveal().to_owned(),
            }),
        }
    }

    fn client(&self, caller: &Caller) -> Client<'_> {
        let Caller::Member(holder) = caller else {
            panic!("a member is no stranger");
        };
        Client {
            world: self,
            signer: Some(Signer {
                id: holder.access_key_id.as_str().to_owned(),
                secret: holder.secret.reveal().to_owned(),
            }),
        }
    }

    /// Somebody without a key.
    pub(crate) fn stranger(&self) -> Client<'_> {
        Client {
            world: self,
            signer: None,
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = self.face.handle(request).await;
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client<'a> {
    pub(crate) world: &'a World,
    pub(crate) signer: Option<Signer>,
}

impl Client<'_> {
    /// Sends `line`, a method and a target, with those headers and that body.
    pub(crate) async fn send(
        &self,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let (method, target) = line.split_once(' ').unwrap();
        let body = body.into();
        let mut map = HeaderMap::new();
        map.insert("host", HeaderValue::from_static(HOST));
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            map.insert(name, value);
        }
        map.insert("content-length", HeaderValue::from(body.len()));
        if let Some(signer) = &self.signer {
            let now = self.world.pool.pool.now();
            signer.sign(now, method, target, &mut map, &body);
        }
        let mut request = Request::builder().method(method).uri(target);
        *request.headers_mut().unwrap() = map;
        self.world
            .send(request.body(Full::new(body)).unwrap())
            .await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.send(&format!("GET {target}"), &[], "").await
    }

    pub(crate) async fn put(&self, target: &str, body: impl Into<Bytes>) -> Answer {
        self.send(&format!("PUT {target}"), &[], body).await.ok()
    }

    /// A URL's target, signed to be used by anybody.
    pub(crate) fn presign(&self, line: &str, seconds: u32) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let now = self.world.pool.pool.now();
        let signer = self.signer.as_ref().unwrap();
        signer.presign(now, method, target, HOST, seconds)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Insists on success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self:?}");
        self
    }

    /// Insists on a failure of that status and code.
    #[track_caller]
    pub(crate) fn fails(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.tag("Code"), code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn status_is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The text of the first element of that name, as it is in the document; empty when there is none.
    pub(crate) fn tag(&self, name: &str) -> String {
        self.tags(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of all elements of that name.
    pub(crate) fn tags(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.text()
            .split(&open)
            .skip(1)
            .map(|rest| rest.split(&close).next().unwrap().to_owned())
            .collect()
    }
}
