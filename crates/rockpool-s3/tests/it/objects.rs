//! Putting objects, and what they carry.
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use rockpool_pool::MemberLimits;

use crate::world::World;

#[tokio::test]
async fn an_object_comes_back_with_all_that_it_carried() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let sent = [
        ("content-type", "image/x-own"),
        ("cache-control", "public, max-age=315576000, immutable"),
        ("content-disposition", "inline; filename=\"a b.png\""),
        ("content-encoding", "gzip"),
        ("content-language", "de"),
        ("expires", "Thu, 01 Dec 2027 16:00:00 GMT"),
        ("x-amz-meta-colour", "red, green"),
        ("x-amz-website-redirect-location", "/elsewhere"),
    ];
    let put = alice.send("PUT /alice/k", &sent, "hello").await.ok();
    let md5 = hex::encode(Md5::digest("hello"));
    assert_eq!(put.header("etag"), Some(&*format!("\"{md5}\"")));

    for method in ["GET", "HEAD"] {
        let found = alice
            .send(&format!("{method} /alice/k"), &[], "")
            .await
            .ok();
        for (name, value) in sent {
            assert_eq!(found.header(name), Some(value), "{method} {name}");
        }
        assert_eq!(found.header("content-length"), Some("5"), "{method}");
        assert_eq!(found.header("accept-ranges"), Some("bytes"), "{method}");
        assert_eq!(found.header("etag"), put.header("etag"), "{method}");
        assert!(found.header("last-modified").unwrap().ends_with(" GMT"));
        assert_eq!(found.header("x-amz-mp-parts-count"), None);
        assert_eq!(found.header("x-amz-version-id"), None);
        let body = if method == "GET" { "hello" } else { "" };
        assert_eq!(found.text(), body);
    }
}

#[tokio::test]
async fn metadata_belongs_to_the_name_and_not_to_the_content() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let bob = world.member("bob").await;
    let png = [("content-type", "image/png")];
    let html = [("content-type", "text/html"), ("x-amz-meta-a", "b")];
    alice.send("PUT /alice/k", &png, "same bytes").await.ok();
    bob.send("PUT /bob/k", &html, "same bytes").await.ok();
    assert_eq!(world.pool.stored("blobs/").await.len(), 1);
    let (one, two) = (alice.get("/alice/k").await, bob.get("/bob/k").await);
    assert_eq!(one.header("content-type"), Some("image/png"));
    assert_eq!(one.header("x-amz-meta-a"), None);
    assert_eq!(two.header("content-type"), Some("text/html"));
    assert_eq!(two.header("x-amz-meta-a"), Some("b"));
}

#[tokio::test]
async fn keys_with_every_odd_character_are_kept_apart() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let raws = [
        "a/b",
        "a//b",
        "%2Fa",
        "a/../b",
        "..",
        "a%2Bb",
        "a%20b",
        "%2541",
        "A",
        "a",
        "%C3%A9",
        "e%CC%81",
        "%F0%9F%98%80",
        "%27%21%28%29%2A",
        "a%3Fb%23c",
        "%01%7F",
        "x/",
        "x",
    ];
    for raw in raws {
        alice.put(&format!("/alice/{raw}"), raw).await;
    }
    for raw in raws {
        assert_eq!(alice.get(&format!("/alice/{raw}")).await.text(), raw);
    }
    let listing = alice.get("/alice?list-type=2").await.ok();
    assert_eq!(listing.tags("Key").len(), raws.len());
}

#[tokio::test]
async fn a_declared_digest_that_does_not_fit_stores_nothing() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let md5 = STANDARD.encode(Md5::digest("other"));
    for (name, value, status, code) in [
        ("content-md5", md5.as_str(), 400, "BadDigest"),
        ("content-md5", "short", 400, "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", 400, "InvalidRequest"),
    ] {
        let answer = alice.send("PUT /alice/k", &[(name, value)], "hello").await;
        answer.fails(status, code);
    }
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
    assert!(world.pool.stored("").await.is_empty());

    let fits = STANDARD.encode(Md5::digest("hello"));
    let headers = [("content-md5", fits.as_str())];
    alice.send("PUT /alice/k", &headers, "hello").await.ok();
}

#[tokio::test]
async fn a_checksum_is_answered_and_kept_for_those_who_ask() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    // The CRC-32 of "hello" is 3610a686.
    let crc = STANDARD.encode([0x36, 0x10, 0xa6, 0x86]);
    let headers = [("x-amz-checksum-crc32", crc.as_str())];
    let put = alice.send("PUT /alice/k", &headers, "hello").await.ok();
    assert_eq!(put.header("x-amz-checksum-crc32"), Some(&*crc));
    assert_eq!(put.header("x-amz-checksum-type"), Some("FULL_OBJECT"));

    let mode = [("x-amz-checksum-mode", "ENABLED")];
    let asked = alice.send("GET /alice/k", &mode, "").await.ok();
    assert_eq!(asked.header("x-amz-checksum-crc32"), Some(&*crc));
    let plain = alice.get("/alice/k").await.ok();
    assert_eq!(plain.header("x-amz-checksum-crc32"), None);
    let partial = [("x-amz-checksum-mode", "ENABLED"), ("range", "bytes=0-1")];
    let partial = alice.send("GET /alice/k", &partial, "").await.ok();
    assert_eq!(partial.header("x-amz-checksum-crc32"), None);
}

#[tokio::test]
async fn writes_go_by_their_conditions() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let put = |name: &'static str, value: String, body: &'static str| {
        let alice = alice.clone();
        async move {
            let headers = [(name, value.as_str())];
            alice.send("PUT /alice/k", &headers, body).await
        }
    };
    put("if-match", "\"x\"".to_owned(), "1")
        .await
        .fails(404, "NoSuchKey");
    let first = put("if-none-match", "*".to_owned(), "1").await.ok();
    put("if-none-match", "*".to_owned(), "2")
        .await
        .fails(412, "PreconditionFailed");
    put("if-match", "\"other\"".to_owned(), "3")
        .await
        .fails(412, "PreconditionFailed");
    assert_eq!(alice.get("/alice/k").await.text(), "1");
    let etag = first.header("etag").unwrap().to_owned();
    put("if-match", etag, "4").await.ok();
    assert_eq!(alice.get("/alice/k").await.text(), "4");
}

#[tokio::test]
async fn what_a_pool_cannot_keep_is_refused() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let long = "v".repeat(2100);
    for (name, value, status, code) in [
        ("x-amz-acl", "everybody", 400, "InvalidArgument"),
        ("x-amz-meta-k", long.as_str(), 400, "MetadataTooLarge"),
        ("x-amz-tagging", "a=1&a=2", 400, "InvalidTag"),
        (
            "x-amz-object-lock-mode",
            "GOVERNANCE",
            400,
            "InvalidRequest",
        ),
        (
            "x-amz-server-side-encryption-customer-algorithm",
            "AES256",
            501,
            "NotImplemented",
        ),
    ] {
        let answer = alice.send("PUT /alice/k", &[(name, value)], "x").await;
        answer.fails(status, code);
    }
    let ignored = [
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-something-new", "1"),
    ];
    alice.send("PUT /alice/k", &ignored, "x").await.ok();
}

#[tokio::test]
async fn a_member_at_its_limit_is_told_so() {
    let world = World::start().await;
    let limits = MemberLimits {
        max_buckets: 1,
        max_bytes: Some(10),
        max_objects: None,
    };
    let alice = world.member_with("alice", limits).await;
    alice.put("/alice/a", "12345678").await;
    alice
        .send("PUT /alice/b", &[], "12345678")
        .await
        .fails(403, "QuotaExceeded");
    alice
        .send("PUT /more", &[], "")
        .await
        .fails(400, "TooManyBuckets");
}

#[tokio::test]
async fn attributes_of_an_object_come_as_a_document() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", "hello").await;
    let asked = [("x-amz-object-attributes", "ETag,ObjectSize,StorageClass")];
    let found = alice.send("GET /alice/k?attributes", &asked, "").await.ok();
    assert_eq!(found.tag("ETag"), hex::encode(Md5::digest("hello")));
    assert_eq!(found.tag("ObjectSize"), "5");
    assert_eq!(found.tag("StorageClass"), "STANDARD");
    assert!(found.header("last-modified").is_some());
    alice
        .get("/alice/k?attributes")
        .await
        .fails(400, "InvalidArgument");
}
