//! A pool with one member, and the public faces before it.
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use rockpool_pool::{BucketChange, Entry, PutRequest};
use rockpool_testkit::{Body, TestPool, TestPoolOptions};
use rockpool_types::{
    Acl, BlobHash, BlobPath, BucketName, Conditions, DeliveryMode, HostName, ObjectAttributes,
    ObjectKey,
};
use rockpool_web::{BlobServer, Redirector, WebBody, WebSettings};

/// A PNG of one transparent pixel.
pub(crate) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

/// The member, and its bucket.
pub(crate) const MEMBER: &str = "mastodon.example";

pub(crate) struct World {
    pub(crate) kit: TestPool,
    pub(crate) entry: Entry,
    pub(crate) redirector: Redirector,
    pub(crate) blob_server: BlobServer,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A header as text; empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

pub(crate) fn settings() -> WebSettings {
    WebSettings::new("https://blob.example".parse().unwrap())
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: WebSettings) -> Self {
        let kit = TestPool::start(TestPoolOptions::default()).await;
        let caller = kit.member(MEMBER).await;
        Self {
            entry: kit.entry(&caller, MEMBER).await,
            redirector: Redirector::new(kit.pool.clone(), settings.clone()),
            blob_server: BlobServer::new(kit.pool.clone(), settings),
            kit,
        }
    }

    /// Puts a public object; its blob's hash.
    pub(crate) async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> BlobHash {
        self.put_with(key, Acl::PublicRead, ObjectAttributes::default(), bytes)
            .await
    }

    /// Puts a private object; its blob's hash.
    pub(crate) async fn put_private(&self, key: &str, bytes: impl Into<Bytes>) -> BlobHash {
        self.put_with(key, Acl::Private, ObjectAttributes::default(), bytes)
            .await
    }

    pub(crate) async fn put_with(
        &self,
        key: &str,
        acl: Acl,
        attributes: ObjectAttributes,
        bytes: impl Into<Bytes>,
    ) -> BlobHash {
        let key = ObjectKey::new(key).unwrap();
        let request = PutRequest {
            key: key.clone(),
            acl: Some(acl),
            attributes,
            conditions: Conditions::default(),
        };
        let pool = &self.kit.pool;
        pool.put_object(&self.entry, request, &mut Body::new(bytes))
            .await
            .unwrap();
        let object = pool.find_object(&self.entry, &key).await.unwrap();
        object.blob.hash
    }

    /// Sets the bucket's delivery mode and its hosts, and lets every cache hear of it.
    pub(crate) async fn change_bucket(&self, delivery: DeliveryMode, hosts: &[&str]) {
        let hosts = hosts.iter().map(|h| HostName::new(*h).unwrap()).collect();
        let change = BucketChange {
            delivery: Some(delivery),
            hosts: Some(hosts),
            ..BucketChange::default()
        };
        let bucket = BucketName::new(MEMBER).unwrap();
        self.kit.pool.change_bucket(&bucket, change).await.unwrap();
        self.kit.clock.advance(Duration::from_secs(5));
    }

    /// Asks the redirector. `headers` may have `host`.
    pub(crate) async fn name(&self, method: Method, uri: &str, headers: &[(&str, &str)]) -> Reply {
        let request = request(method, uri, headers);
        read_whole(self.redirector.handle(request).await).await
    }

    /// GETs from the redirector's pool host.
    pub(crate) async fn get_name(&self, uri: &str) -> Reply {
        self.name(Method::GET, uri, &[("host", "pool.example")])
            .await
    }

    /// Asks the blob server.
    pub(crate) async fn blob(&self, method: Method, uri: &str, headers: &[(&str, &str)]) -> Reply {
        let request = request(method, uri, headers);
        read_whole(self.blob_server.handle(request).await).await
    }

    /// GETs a blob from the blob server.
    pub(crate) async fn get_blob(&self, hash: &BlobHash, headers: &[(&str, &str)]) -> Reply {
        self.blob(Method::GET, &hex_path(hash), headers).await
    }
}

pub(crate) fn hex_path(hash: &BlobHash) -> String {
    format!("/{}", BlobPath::hex(hash))
}

/// The keys of a CDN for a blob, as the blob's own and a name's answers carry it.
pub(crate) fn blob_surrogate(hash: &BlobHash) -> String {
    format!("b-{}", &hash.to_hex()[..32])
}

pub(crate) fn request(
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> Request<Empty<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

/// Reads a response to its end and insists on what every response of a face has.
async fn read_whole(response: Response<WebBody>) -> Reply {
    let (parts, body) = response.into_parts();
    let reply = Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    };
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(
        reply
            .header("access-control-expose-headers")
            .contains("Content-Range")
    );
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(reply.header("x-request-id").len(), 16);
    assert!(!reply.headers.contains_key(header::VARY));
    assert!(!reply.headers.contains_key(header::SET_COOKIE));
    reply
}
