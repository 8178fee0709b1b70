//! The delivery modes beside plain redirects.
use std::time::Duration;

use http::{Method, StatusCode};
use rockpool_types::{Acl, DeliveryMode, ObjectAttributes};

use crate::world::{PNG, World, blob_surrogate, hex_path};

const PATH: &str = "/mastodon.example/a.png";
const HTML: &str = "<!DOCTYPE html><html><script>alert(1)</script></html>";

#[tokio::test]
async fn same_host_redirects_to_a_path_that_the_same_host_serves() {
    let world = World::start().await;
    let own = "media.example";
    world.change_bucket(DeliveryMode::SameHost, &[own]).await;
    let hash = world.put("a.png", PNG).await;
    for (host, path) in [(own, "/a.png"), ("pool.example", PATH)] {
        let reply = world.name(Method::GET, path, &[("host", host)]).await;
        assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(reply.header("location"), hex_path(&hash));
        let headers = [("host", host), ("range", "bytes=1-3")];
        let blob = world
            .name(Method::GET, reply.header("location"), &headers)
            .await;
        assert_eq!(blob.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(blob.body, "PNG");
        assert!(blob.header("cache-control").contains("immutable"));
    }
}

#[tokio::test]
async fn direct_delivery_answers_with_the_bytes_for_a_short_time() {
    let world = World::start().await;
    world.change_bucket(DeliveryMode::Direct, &[]).await;
    let hash = world.put("a.png", PNG).await;
    world.kit.clock.advance(Duration::from_secs(300));
    let reply = world.get_name(PATH).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body, PNG);
    assert_eq!(reply.header("content-type"), "image/png");
    let cache = reply.header("cache-control");
    assert!(cache.starts_with("public, max-age=300"), "{cache}");
    assert!(!cache.contains("immutable"), "{cache}");
    let keys: Vec<&str> = reply.header("surrogate-key").split(' ').collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0], "n-mastodon.example");
    assert_eq!(keys[2], blob_surrogate(&hash));
    let head = world.name(Method::HEAD, PATH, &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), PNG.len().to_string());
    assert_eq!(head.header("content-type"), "image/png");
}

#[tokio::test]
async fn direct_delivery_never_mixes_old_bytes_with_new() {
    let world = World::start().await;
    world.change_bucket(DeliveryMode::Direct, &[]).await;
    world.put("a.png", PNG).await;
    let etag = world.get_name(PATH).await.header("etag").to_owned();
    let unchanged = [("if-none-match", etag.as_str())];
    let reply = world.name(Method::GET, PATH, &unchanged).await;
    assert_eq!(reply.status, StatusCode::NOT_MODIFIED);
    assert!(reply.header("surrogate-key").starts_with("n-mastodon"));
    let rest = [("range", "bytes=1-3"), ("if-range", etag.as_str())];
    let reply = world.name(Method::GET, PATH, &rest).await;
    assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(reply.body, "PNG");
    world.put("a.png", "other bytes").await;
    let reply = world.name(Method::GET, PATH, &rest).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body, "other bytes");
    let reply = world.name(Method::GET, PATH, &unchanged).await;
    assert_eq!(reply.status, StatusCode::OK);
    let same = [("if-match", etag.as_str())];
    let reply = world.name(Method::GET, PATH, &same).await;
    assert_eq!(reply.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn direct_delivery_keeps_what_the_member_said_and_a_browser_may_hear() {
    let world = World::start().await;
    world.change_bucket(DeliveryMode::Direct, &[]).await;
    let attributes = ObjectAttributes {
        content_type: Some("application/vnd.apple.mpegurl".into()),
        content_disposition: Some("inline; filename=\"a.m3u8\"".into()),
        content_language: Some("eo".into()),
        cache_control: Some("public, max-age=315576000, immutable".into()),
        ..ObjectAttributes::default()
    };
    let bytes = "\u{1}\u{2}nothing known";
    world
        .put_with("a", Acl::PublicRead, attributes, bytes)
        .await;
    world.kit.clock.advance(Duration::from_secs(300));
    let reply = world.get_name("/mastodon.example/a").await;
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.apple.mpegurl"
    );
    let disposition = reply.header("content-disposition");
    assert_eq!(disposition, "inline; filename=\"a.m3u8\"");
    assert_eq!(reply.header("content-language"), "eo");
    // The name is overwritten now and then, whatever the member says.
    let cache = reply.header("cache-control");
    assert!(cache.starts_with("public, max-age=300"), "{cache}");
}

#[tokio::test]
async fn direct_delivery_runs_nothing_either() {
    let world = World::start().await;
    world.change_bucket(DeliveryMode::Direct, &[]).await;
    for (declared, encoding, bytes) in [
        ("text/html", None, HTML),
        ("image/png", None, HTML),
        ("text/html", None, "\u{1}\u{2}nothing known"),
        ("text/html", Some("gzip"), "\u{1f}\u{8b}nothing known"),
        ("image/svg+xml", None, "plain words"),
    ] {
        let attributes = ObjectAttributes {
            content_type: Some(declared.into()),
            content_encoding: encoding.map(Into::into),
            content_disposition: Some("inline".into()),
            ..ObjectAttributes::default()
        };
        world
            .put_with("a", Acl::PublicRead, attributes, bytes)
            .await;
        let reply = world.get_name("/mastodon.example/a").await;
        assert_eq!(reply.status, StatusCode::OK);
        let disposition = reply.header("content-disposition");
        assert_eq!(disposition, "attachment", "{declared} {bytes}");
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, "sandbox; default-src 'none'");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let sent = reply.header("content-encoding");
        assert_eq!(sent, encoding.unwrap_or_default());
    }
}

#[tokio::test]
async fn direct_delivery_of_a_private_object_is_a_403() {
    let world = World::start().await;
    world.change_bucket(DeliveryMode::Direct, &[]).await;
    world.put_private("s", "secret").await;
    let reply = world.get_name("/mastodon.example/s").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}
