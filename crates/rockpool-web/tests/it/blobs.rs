//! The blob server.
use http::{Method, StatusCode};
use proptest::prelude::*;
use rockpool_testkit::Fault;
use rockpool_types::{Acl, BlobHash, BlobPath, ObjectAttributes, ObjectKey};

use crate::world::{PNG, World, blob_surrogate, hex_path, request, settings};

const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[tokio::test]
async fn a_blob_is_served_under_both_of_its_paths_for_ever() {
    let world = World::start().await;
    let hash = world.put("a.png", PNG).await;
    let base64 = BlobPath::base64(&hash, &ObjectKey::new("a.png").unwrap());
    for path in [
        hex_path(&hash),
        format!("/{base64}"),
        format!("/{base64}?a=b"),
    ] {
        let reply = world.blob(Method::GET, &path, &[]).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert_eq!(reply.body, PNG);
        assert_eq!(reply.header("content-type"), "image/png");
        assert_eq!(reply.header("content-length"), PNG.len().to_string());
        assert_eq!(reply.header("cache-control"), FOR_EVER);
        assert_eq!(
            reply.header("etag"),
            format!("\"{}\"", &hash.to_hex()[..32])
        );
        assert_eq!(
            reply.header("last-modified"),
            "Mon, 01 Jan 2001 00:00:00 GMT"
        );
        assert_eq!(reply.header("accept-ranges"), "bytes");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("surrogate-key"), blob_surrogate(&hash));
        assert_eq!(reply.header("content-disposition"), "");
        assert_eq!(reply.header("content-security-policy"), "");
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let world = World::start().await;
    let hash = world.put("a.png", PNG).await;
    let mut get = world.get_blob(&hash, &[]).await;
    let mut head = world.blob(Method::HEAD, &hex_path(&hash), &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    get.headers.remove("x-request-id");
    head.headers.remove("x-request-id");
    assert_eq!(head.headers, get.headers);
    // A range counts for GET alone.
    let range = [("range", "bytes=0-0")];
    let head = world.blob(Method::HEAD, &hex_path(&hash), &range).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), PNG.len().to_string());
}

#[tokio::test]
async fn ranges_are_answered_to_the_byte() {
    let world = World::start().await;
    let hash = world.put("a.png", PNG).await;
    let size = PNG.len();
    for (range, start, end) in [
        ("bytes=0-9".to_owned(), 0, 10),
        (format!("bytes=10-{}", size + 1_000_000), 10, size),
        ("bytes=5-".to_owned(), 5, size),
        ("bytes=-4".to_owned(), size - 4, size),
        ("bytes=0-".to_owned(), 0, size),
    ] {
        let reply = world.get_blob(&hash, &[("range", &range)]).await;
        assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(reply.body, &PNG[start..end], "{range}");
        assert_eq!(reply.header("content-length"), (end - start).to_string());
        let content_range = format!("bytes {start}-{}/{size}", end - 1);
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-type"), "image/png");
        assert_eq!(reply.header("cache-control"), FOR_EVER);
        assert!(!reply.header("etag").is_empty());
    }
    for range in ["bytes=0-1,4-5", "bytes=9-1", "pages=1-2"] {
        let reply = world.get_blob(&hash, &[("range", range)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{range}");
        assert_eq!(reply.body, PNG);
    }
    let beyond = format!("bytes={size}-");
    let reply = world.get_blob(&hash, &[("range", &beyond)]).await;
    assert_eq!(reply.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(reply.header("content-range"), format!("bytes */{size}"));
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[tokio::test]
async fn conditions_are_honoured_with_the_blobs_tag() {
    let world = World::start().await;
    let hash = world.put("a.png", PNG).await;
    let etag = format!("\"{}\"", &hash.to_hex()[..32]);
    let reply = world.get_blob(&hash, &[("if-none-match", &etag)]).await;
    assert_eq!(reply.status, StatusCode::NOT_MODIFIED);
    assert!(reply.body.is_empty());
    assert_eq!(reply.header("etag"), etag);
    assert_eq!(reply.header("cache-control"), FOR_EVER);
    assert!(!reply.headers.contains_key("content-length"));
    let reply = world.get_blob(&hash, &[("if-match", "\"other\"")]).await;
    assert_eq!(reply.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(reply.header("cache-control"), "no-store");
    let weak = format!("W/{etag}");
    for (tag, status) in [
        (etag.as_str(), StatusCode::PARTIAL_CONTENT),
        (weak.as_str(), StatusCode::OK),
        ("\"other\"", StatusCode::OK),
    ] {
        let headers = [("range", "bytes=1-2"), ("if-range", tag)];
        assert_eq!(
            world.get_blob(&hash, &headers).await.status,
            status,
            "{tag}"
        );
    }
}

#[tokio::test]
async fn an_empty_blob_is_served_too() {
    let world = World::start().await;
    let hash = world.put("nothing", "").await;
    let reply = world.get_blob(&hash, &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-length"), "0");
    let reply = world.get_blob(&hash, &[("range", "bytes=0-")]).await;
    assert_eq!(reply.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn what_a_browser_would_run_is_a_download() {
    let world = World::start().await;
    for (key, bytes) in [
        (
            "page.html",
            "<!DOCTYPE html><html><script>alert(1)</script></html>",
        ),
        ("not-a.png", "<html><body onload=alert(1)></body></html>"),
        (
            "a.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        ),
        ("a.xml", "<?xml version=\"1.0\"?><x/>"),
    ] {
        let attributes = ObjectAttributes {
            content_type: Some("image/png".into()),
            ..ObjectAttributes::default()
        };
        let hash = world
            .put_with(key, Acl::PublicRead, attributes, bytes)
            .await;
        let reply = world.get_blob(&hash, &[]).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("content-disposition"), "attachment", "{key}");
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, "sandbox; default-src 'none'");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_that_is_soon_forgotten() {
    let world = World::start().await;
    let private = hex_path(&world.put_private("s", "secret").await);
    let absent = hex_path(&BlobHash::from_bytes([1; 64]));
    let others = ["/robots.txt", "/blobs/a/b/c", "/blobs", "//", "/%00"];
    for path in [&absent, &private]
        .map(String::as_str)
        .iter()
        .chain(&others)
    {
        let reply = world.blob(Method::GET, path, &[]).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.header("cache-control"), "public, max-age=10");
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    }
    let reply = world.blob(Method::GET, &absent, &[]).await;
    assert_eq!(
        reply.header("surrogate-key"),
        format!("b-{}", "01".repeat(16))
    );
}

#[tokio::test]
async fn content_that_is_private_here_and_public_there_is_public_by_its_hash() {
    let world = World::start().await;
    let hash = world.put_private("s", PNG).await;
    assert_eq!(
        world.get_blob(&hash, &[]).await.status,
        StatusCode::NOT_FOUND
    );
    world.put("p", PNG).await;
    assert_eq!(world.get_blob(&hash, &[]).await.status, StatusCode::OK);
    let name = world.get_name("/mastodon.example/s").await;
    assert_eq!(name.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn other_methods_are_refused_and_options_is_answered() {
    let world = World::start().await;
    let path = hex_path(&world.put("a.png", PNG).await);
    for method in [
        Method::PUT,
        Method::POST,
        Method::DELETE,
        Method::PATCH,
        Method::CONNECT,
    ] {
        let reply = world.blob(method.clone(), &path, &[]).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS");
    }
    let reply = world.blob(Method::OPTIONS, &path, &[]).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let methods = reply.header("access-control-allow-methods");
    assert_eq!(methods, "GET, HEAD, OPTIONS");
    let headers = reply.header("access-control-allow-headers");
    assert!(headers.contains("Range"));
    assert_eq!(reply.header("access-control-max-age"), "86400");
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_with_the_request_id() {
    let world = World::start().await;
    let hash = world.put("a.png", PNG).await;
    world.kit.store.add(Fault::OpenFails);
    let reply = world.get_blob(&hash, &[]).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(reply.header("cache-control"), "no-store");
    let words = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(words.contains(reply.header("x-request-id")), "{words}");
    assert!(!words.contains("fault"), "{words}");
    assert_eq!(reply.header("content-length"), words.len().to_string());
    assert_eq!(world.get_blob(&hash, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn beyond_the_limit_requests_are_turned_away_until_a_body_is_through() {
    let mut settings = settings();
    settings.max_requests = Some(1);
    let world = World::with(settings).await;
    let hash = world.put("a.png", PNG).await;
    let first = request(Method::GET, &hex_path(&hash), &[]);
    let first = world.blob_server.handle(first).await;
    assert_eq!(first.status(), StatusCode::OK);
    let second = world.get_blob(&hash, &[]).await;
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.header("retry-after"), "1");
    // Those who watch over the node are answered all the same.
    let health = world.blob(Method::GET, "/readyz", &[]).await;
    assert_eq!(health.status, StatusCode::OK);
    drop(first);
    assert_eq!(world.get_blob(&hash, &[]).await.status, StatusCode::OK);
}

#[test]
fn slices_put_together_are_the_blob() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bytes: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    let (world, hash) = runtime.block_on(async {
        let world = World::start().await;
        let hash = world.put("big.bin", bytes.clone()).await;
        (world, hash)
    });
    proptest!(ProptestConfig::with_cases(24), |(slice in 1_000usize..400_000)| {
        let whole = runtime.block_on(async {
            let mut whole = Vec::new();
            for start in (0..bytes.len()).step_by(slice) {
                let range = format!("bytes={start}-{}", start + slice - 1);
                whole.extend(world.get_blob(&hash, &[("range", &range)]).await.body);
            }
            whole
        });
        prop_assert!(whole == bytes);
    });
}
