//! The redirector: names, hosts, redirects.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use rockpool_pool::{BodyError, BodySource, Declared, PutRequest};
use rockpool_testkit::Body;
use rockpool_types::{
    Acl, BlobPath, ChecksumAlgorithm, Conditions, DeliveryMode, ObjectAttributes, ObjectKey,
};
use rockpool_web::{BlobPathForm, bucket_key, object_key};
use tokio::sync::Notify;

use crate::world::{PNG, World, blob_surrogate, hex_path, settings};

#[tokio::test]
async fn a_name_redirects_to_the_blob_host_for_minutes() {
    let world = World::start().await;
    let hash = world.put("media/a b.png", PNG).await;
    world.kit.clock.advance(Duration::from_secs(300));
    let path = "/mastodon.example/media/a%20b.png";
    let reply = world.get_name(path).await;
    assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
    let location = format!("https://blob.example{}", hex_path(&hash));
    assert_eq!(reply.header("location"), location);
    assert_eq!(
        reply.header("cache-control"),
        "public, max-age=300, stale-while-revalidate=60, stale-if-error=86400"
    );
    assert_eq!(reply.header("content-length"), "0");
    assert_eq!(reply.header("surrogate-control"), "");
    assert_eq!(reply.header("rockpool-waited"), "");
    let bucket = &world.entry.bucket().name;
    let key = ObjectKey::new("media/a b.png").unwrap();
    let (of_bucket, of_key) = (bucket_key(bucket), object_key(bucket, &key));
    let surrogates = format!("{of_bucket} {of_key} {}", blob_surrogate(&hash));
    assert_eq!(reply.header("surrogate-key"), surrogates);
    let head = world.name(Method::HEAD, path, &[]).await;
    assert_eq!(head.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(head.header("location"), location);
}

#[tokio::test]
async fn an_answer_is_kept_no_longer_than_its_object_has_stood() {
    let world = World::start().await;
    for delivery in [DeliveryMode::Redirect, DeliveryMode::Direct] {
        world.change_bucket(delivery, &[]).await;
        for content in ["#EXTM3U\n1", "#EXTM3U\n2"] {
            world.put("live.m3u8", content).await;
            for (wait, fresh, stale) in [(0, 1, 1), (7, 7, 7), (60, 67, 60), (600, 300, 60)] {
                world.kit.clock.advance(Duration::from_secs(wait));
                let reply = world.get_name("/mastodon.example/live.m3u8").await;
                let expected = format!(
                    "public, max-age={fresh}, stale-while-revalidate={stale}, stale-if-error=86400"
                );
                assert_eq!(reply.header("cache-control"), expected, "{delivery}");
            }
        }
    }
}

#[tokio::test]
async fn the_other_url_form_and_a_longer_life_at_a_cdn_are_settings() {
    let mut settings = settings();
    settings.blob_path_form = BlobPathForm::Base64;
    settings.name_cdn_max_age = Some(Duration::from_secs(86_400));
    settings.name_max_age = Duration::from_secs(60);
    settings.blob_base = "https://cdn.example/pool/".parse().unwrap();
    let world = World::with(settings).await;
    let hash = world.put("a.tar.gz", PNG).await;
    world.kit.clock.advance(Duration::from_secs(300));
    let reply = world.get_name("/mastodon.example/a.tar.gz").await;
    let path = BlobPath::base64(&hash, &ObjectKey::new("a.tar.gz").unwrap());
    assert!(path.ends_with(".tar.gz"));
    let location = format!("https://cdn.example/pool/{path}");
    assert_eq!(reply.header("location"), location);
    assert_eq!(reply.header("surrogate-control"), "max-age=86400");
    let cache = reply.header("cache-control");
    assert!(cache.starts_with("public, max-age=60, "), "{cache}");
}

#[tokio::test]
async fn every_odd_key_is_found_by_its_encoded_path() {
    let world = World::start().await;
    for (key, path) in [
        ("a+b", "a+b"),
        ("a+b", "a%2Bb"),
        ("a%20b", "a%2520b"),
        ("/lead", "/lead"),
        ("a//b", "a//b"),
        ("a/../b", "a/../b"),
        ("..", "%2e%2e"),
        ("trail/", "trail/"),
        ("\u{1f40b}.png", "%F0%9F%90%8B.png"),
        ("q?x#y", "q%3Fx%23y"),
        ("index.html", "index.html"),
    ] {
        let hash = world.put(key, key.to_owned()).await;
        let reply = world.get_name(&format!("/mastodon.example/{path}")).await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY, "{path}");
        let location = reply.header("location");
        assert!(location.ends_with(&hex_path(&hash)), "{path}");
    }
}

#[tokio::test]
async fn what_names_nothing_is_a_400_and_what_is_not_there_a_404() {
    let world = World::start().await;
    world.put("a.png", PNG).await;
    let long = format!("/mastodon.example/{}", "k".repeat(1025));
    for path in [
        "/mastodon.example",
        "/mastodon.example/",
        "//a",
        "/mastodon.example/%ff",
        &long,
    ] {
        let reply = world.get_name(path).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    for path in [
        "/mastodon.example/b.png",
        "/mastodon.example/A.png",
        "/nobody/a.png",
        "/-/a",
        "/blobs/a",
    ] {
        let reply = world.get_name(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.header("cache-control"), "public, max-age=10");
    }
    // So that an upload can purge what a CDN remembers of its absence.
    let absent = world.get_name("/mastodon.example/b.png").await;
    let key = ObjectKey::new("b.png").unwrap();
    let of_key = object_key(&world.entry.bucket().name, &key);
    assert!(absent.header("surrogate-key").contains(&of_key));
    let nobody = world.get_name("/nobody/a").await;
    assert_eq!(nobody.header("surrogate-key"), "n-nobody");
}

#[tokio::test]
async fn a_private_object_is_a_403_whatever_the_query_says() {
    let world = World::start().await;
    world.put_private("s", "secret").await;
    for query in [
        "",
        "?X-Amz-Signature=00&X-Amz-Credential=a&X-Amz-Algorithm=AWS4-HMAC-SHA256",
    ] {
        let reply = world.get_name(&format!("/mastodon.example/s{query}")).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("location"), "");
    }
    // A public object needs no query, and none is in its way.
    world.put("p", "open").await;
    let signed = "/mastodon.example/p?X-Amz-Signature=00";
    let reply = world.get_name(signed).await;
    assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
    assert!(!reply.header("location").contains('?'));
}

#[tokio::test]
async fn an_overwritten_and_a_removed_object_are_seen_at_once() {
    let world = World::start().await;
    let path = "/mastodon.example/a";
    for bytes in ["first", "second"] {
        let hash = world.put("a", bytes).await;
        let reply = world.get_name(path).await;
        assert!(reply.header("location").ends_with(&hash.to_hex()));
    }
    world.kit.remove(&world.entry, "a").await;
    assert_eq!(world.get_name(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_buckets_own_host_serves_its_keys() {
    let world = World::start().await;
    let own = "media.example";
    world.change_bucket(DeliveryMode::Redirect, &[own]).await;
    let hash = world.put("a/b.png", PNG).await;
    let index = world.put("index.html", "<html></html>").await;
    let get = async |uri: &str, host: &str| world.name(Method::GET, uri, &[("host", host)]).await;
    for host in [own, "MEDIA.example:8443", "media.example."] {
        let reply = get("/a/b.png", host).await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY, "{host}");
        assert!(reply.header("location").ends_with(&hash.to_hex()));
    }
    let absolute = get("http://media.example/a/b.png", "pool.example").await;
    assert_eq!(absolute.status, StatusCode::MOVED_PERMANENTLY);
    let own_index = get("/index.html", own).await;
    assert!(own_index.header("location").ends_with(&index.to_hex()));
    // There, a path is a key alone; elsewhere, a bucket comes first.
    let reply = get("/mastodon.example/a/b.png", own).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    let reply = get("/a/b.png", "other.example").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&hex_path(&hash), own).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_homepage_is_a_redirect_or_a_line_of_text() {
    let mut settings = settings();
    settings.homepage = Some("https://about.example/pool".parse().unwrap());
    let world = World::with(settings).await;
    for path in ["/", "/?a=b", "/index.html"] {
        let name = world.get_name(path).await;
        let blob = world.blob(Method::GET, path, &[]).await;
        for reply in [name, blob] {
            assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY, "{path}");
            assert_eq!(reply.header("location"), "https://about.example/pool");
            assert_eq!(reply.header("cache-control"), "public, max-age=300");
        }
    }
    let plain = World::start().await;
    let reply = plain.get_name("/").await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
}

/// A body that waits for leave to end.
struct Held {
    bytes: Body,
    reached: Arc<Notify>,
    leave: Arc<Notify>,
}

#[async_trait]
impl BodySource for Held {
    fn length(&self) -> Option<u64> {
        None
    }

    fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        Vec::new()
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        let chunk = self.bytes.next_chunk().await?;
        if chunk.is_none() {
            self.reached.notify_one();
            self.leave.notified().await;
        }
        Ok(chunk)
    }

    fn declared(&self) -> Vec<Declared> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_reader_waits_for_an_upload_that_is_under_way() {
    let world = World::start().await;
    let (reached, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut body = Held {
        bytes: Body::new(PNG),
        reached: reached.clone(),
        leave: leave.clone(),
    };
    let (pool, entry) = (world.kit.pool.clone(), world.entry.clone());
    let upload = tokio::spawn(async move {
        let request = PutRequest {
            key: ObjectKey::new("late.png").unwrap(),
            acl: Some(Acl::PublicRead),
            attributes: ObjectAttributes::default(),
            conditions: Conditions::default(),
        };
        pool.put_object(&entry, request, &mut body).await
    });
    reached.notified().await;
    let mut reader = Box::pin(world.get_name("/mastodon.example/late.png"));
    let early = tokio::time::timeout(Duration::from_millis(500), &mut reader).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    // Another name of that bucket has nothing to wait for.
    let other = world.get_name("/mastodon.example/other.png").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    leave.notify_one();
    let reply = reader.await;
    assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(reply.header("rockpool-waited"), "true");
    upload.await.unwrap().unwrap();
}
