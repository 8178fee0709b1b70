//! Who gets in: signatures, presigned URLs, members' walls, host names.
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rockpool_pool::{BucketChange, MemberChange, MemberState, NewKey};
use rockpool_s3::S3Settings;

use crate::world::{Answer, HOST, World};

#[tokio::test]
async fn strangers_read_what_is_public_and_nothing_else() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let stranger = world.stranger();
    alice.put("/alice/public", "x").await;
    let private = [("x-amz-acl", "private")];
    alice.send("PUT /alice/private", &private, "x").await.ok();
    assert_eq!(stranger.get("/alice/public").await.ok().text(), "x");
    for line in [
        "GET /",
        "GET /alice",
        "GET /alice/?max-keys=1",
        "GET /alice?list-type=2",
        "GET /alice?versions",
        "GET /alice?uploads",
        "GET /alice?location",
        "GET /alice?acl",
        "GET /alice/private",
        "GET /alice/absent",
        "GET /alice/public?acl",
        "GET /alice/public?tagging",
        "PUT /alice/public",
        "PUT /alice/public?acl",
        "PUT /alice/public?tagging",
        "PUT /alice/public?partNumber=1&uploadId=00000000000000000000000000000000",
        "POST /alice/public?uploads",
        "POST /alice/public?uploadId=00000000000000000000000000000000",
        "POST /alice?delete",
        "DELETE /alice/public",
        "DELETE /alice",
        "PUT /new",
        "PUT /alice?acl",
    ] {
        let answer = stranger.send(line, &private, "").await;
        assert_eq!(answer.status.as_u16(), 403, "{line}: {answer:?}");
        assert_eq!(answer.tag("Code"), "AccessDenied", "{line}");
    }
    stranger.get("/nobody/k").await.fails(404, "NoSuchBucket");
    assert_eq!(stranger.get("/alice/public").await.ok().text(), "x");
}

#[tokio::test]
async fn members_are_strangers_in_each_others_buckets() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let bob = world.member("bob").await;
    alice.put("/alice/public", "x").await;
    let private = [("x-amz-acl", "private")];
    alice.send("PUT /alice/private", &private, "x").await.ok();
    bob.get("/alice/public").await.ok();
    for line in [
        "GET /alice",
        "GET /alice/private",
        "GET /alice/absent",
        "PUT /alice/new",
        "DELETE /alice/public",
        "DELETE /alice",
        "POST /alice/k?uploads",
        "GET /alice/public?acl",
        "PUT /alice/public?acl",
    ] {
        let answer = bob.send(line, &private, "").await;
        answer.fails(403, "AccessDenied");
    }
    let listing = bob.get("/").await.ok();
    assert_eq!(listing.tags("Name"), ["bob"]);
}

#[tokio::test]
async fn wrong_signatures_are_refused() {
    let world = World::start().await;
    let mut alice = world.member("alice").await;
    alice.put("/alice/k", "x").await;
    world.pool.clock.advance(Duration::from_secs(3600));
    alice.get("/alice/k").await.ok();
    let good = alice.signer.clone().unwrap();
    alice.signer.as_mut().unwrap().secret.push('x');
    alice
        .get("/alice/k")
        .await
        .fails(403, "SignatureDoesNotMatch");
    alice.signer.as_mut().unwrap().id = "nobody".to_owned();
    alice.get("/alice/k").await.fails(403, "InvalidAccessKeyId");

    let mut headers = http::HeaderMap::new();
    headers.insert("host", HOST.parse().unwrap());
    let past = world.pool.pool.now().minus(Duration::from_secs(3600));
    good.sign(past, "GET", "/alice/k", &mut headers, b"");
    send(&world, "GET", "/alice/k", headers)
        .await
        .fails(403, "RequestTimeTooSkewed");
    let malformed = [("authorization", "AWS4-HMAC-SHA256 nonsense")];
    world
        .stranger()
        .send("GET /alice/k", &malformed, "")
        .await
        .fails(400, "AuthorizationHeaderMalformed");
}

async fn send(world: &World, method: &str, target: &str, headers: http::HeaderMap) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    *request.headers_mut().unwrap() = headers;
    let body = Full::new(Bytes::new());
    world.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn a_body_other_than_the_signed_one_is_refused() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let mut headers = http::HeaderMap::new();
    headers.insert("host", HOST.parse().unwrap());
    let now = world.pool.pool.now();
    let signer = alice.signer.as_ref().unwrap();
    signer.sign(now, "PUT", "/alice/k", &mut headers, b"signed");
    headers.insert("content-length", "5".parse().unwrap());
    let mut request = Request::builder().method("PUT").uri("/alice/k");
    *request.headers_mut().unwrap() = headers;
    let body = Full::new(Bytes::from("other"));
    world
        .send(request.body(body).unwrap())
        .await
        .fails(400, "XAmzContentSHA256Mismatch");
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn a_presigned_url_opens_what_was_signed_until_it_expires() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let stranger = world.stranger();
    let put = alice.presign("PUT /alice/k?x-amz-acl=private&x-amz-meta-a=b", 60);
    stranger.send(&format!("PUT {put}"), &[], "x").await.ok();
    stranger.get("/alice/k").await.fails(403, "AccessDenied");
    let found = alice.get("/alice/k").await.ok();
    assert_eq!(found.header("x-amz-meta-a"), Some("b"));

    let get = alice.presign("GET /alice/k", 60);
    assert_eq!(stranger.get(&get).await.ok().text(), "x");
    stranger
        .send(&format!("DELETE {get}"), &[], "")
        .await
        .fails(403, "SignatureDoesNotMatch");
    let unsigned = [("x-amz-acl", "public-read")];
    let put = alice.presign("PUT /alice/k", 60);
    stranger
        .send(&format!("PUT {put}"), &unsigned, "y")
        .await
        .fails(403, "AccessDenied");
    world.pool.clock.advance(Duration::from_secs(61));
    stranger.get(&get).await.fails(403, "AccessDenied");
}

#[tokio::test]
async fn nothing_can_be_added_to_a_presigned_url() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let stranger = world.stranger();
    let private = [("x-amz-acl", "private")];
    alice.send("PUT /alice/secret", &private, "s").await.ok();
    let now = world.pool.pool.now();
    let signer = alice.signer.as_ref().unwrap();
    let old = signer.presign_v2(now, "PUT", "/alice/k");
    let new = alice.presign("PUT /alice/k", 60);
    stranger.send(&format!("PUT {old}"), &[], "x").await.ok();

    for url in [&old, &new] {
        for added in [
            "x-amz-copy-source=alice%2Fsecret",
            "X-Amz-Acl=public-read",
            "tagging",
            "x-id=PutObject&acl",
        ] {
            stranger
                .send(&format!("PUT {url}&{added}"), &[], "y")
                .await
                .fails(403, "SignatureDoesNotMatch");
        }
    }
    for url in [&old, &new] {
        for (name, value) in [
            ("x-amz-copy-source", "alice/secret"),
            ("x-amz-acl", "public-read"),
        ] {
            let line = format!("PUT {url}");
            let answer = stranger.send(&line, &[(name, value)], "z").await;
            assert_eq!(answer.status.as_u16(), 403, "{name}");
        }
    }
    assert_eq!(alice.get("/alice/k").await.text(), "x");
}

#[tokio::test]
async fn a_presigned_copy_copies_and_puts_nothing_else() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/a", "source").await;
    let url = alice.presign("PUT /alice/b?x-amz-copy-source=alice%2Fa", 60);
    let copied = world.stranger().send(&format!("PUT {url}"), &[], "").await;
    assert!(copied.ok().text().contains("CopyObjectResult"));
    assert_eq!(alice.get("/alice/b").await.text(), "source");
}

#[tokio::test]
async fn limited_keys_and_suspended_members_are_held_to_it() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", "x").await;
    alice.put("/second", "").await;
    let reader = NewKey {
        read_only: true,
        ..NewKey::default()
    };
    let reader = world.with_key("alice", reader).await;
    reader.get("/alice/k").await.ok();
    reader.get("/alice").await.ok();
    for line in ["PUT /alice/k", "DELETE /alice/k", "PUT /third"] {
        reader.send(line, &[], "").await.fails(403, "AccessDenied");
    }
    let one = NewKey {
        bucket: Some("second".parse().unwrap()),
        ..NewKey::default()
    };
    let one = world.with_key("alice", one).await;
    one.put("/second/k", "x").await;
    assert_eq!(one.get("/").await.ok().tags("Name"), ["second"]);
    one.send("PUT /alice/k", &[], "x")
        .await
        .fails(403, "AccessDenied");
    let copy = [("x-amz-copy-source", "alice/k")];
    one.send("PUT /second/copy", &copy, "")
        .await
        .fails(403, "AccessDenied");

    let change = MemberChange {
        state: Some(MemberState::Suspended),
        ..MemberChange::default()
    };
    let pool = &world.pool.pool;
    let name = "alice".parse().unwrap();
    pool.change_member(&name, change).await.unwrap();
    world.pool.clock.advance(Duration::from_secs(2));
    alice.get("/alice").await.fails(403, "AccountProblem");
    world.stranger().get("/alice/k").await.ok();
}

#[tokio::test]
async fn hosts_stand_for_buckets() {
    let settings = S3Settings {
        domains: vec!["s3.example.org".parse().unwrap()],
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    alice.put("/alice/a/b", "x").await;
    let change = BucketChange {
        hosts: Some(vec!["media.alice.example".parse().unwrap()]),
        ..BucketChange::default()
    };
    let bucket = "alice".parse().unwrap();
    world
        .pool
        .pool
        .change_bucket(&bucket, change)
        .await
        .unwrap();
    world.pool.clock.advance(Duration::from_secs(2));
    for (host, target, status) in [
        ("alice.s3.example.org:8080", "/a/b", 200),
        ("s3.example.org", "/alice/a/b", 200),
        ("media.alice.example", "/a/b", 200),
        ("MEDIA.alice.example:443", "/a/b", 200),
        ("unknown.example", "/alice/a/b", 200),
        ("127.0.0.1:23278", "/alice/a/b", 200),
        ("[::1]:23278", "/alice/a/b", 200),
        ("alice.s3.example.org", "/alice/a/b", 403),
        ("bad_.-name!.s3.example.org", "/a/b", 400),
    ] {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        let answer = send(&world, "GET", target, headers).await;
        assert_eq!(answer.status.as_u16(), status, "{host}: {answer:?}");
    }
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "alice.s3.example.org".parse().unwrap());
    let signer = alice.signer.as_ref().unwrap();
    let now = world.pool.pool.now();
    signer.sign(now, "GET", "/?list-type=2", &mut headers, b"");
    let listing = send(&world, "GET", "/?list-type=2", headers).await.ok();
    assert_eq!(listing.tags("Key"), ["a/b"]);
}

#[tokio::test]
async fn a_completed_upload_says_where_it_is_found() {
    let settings = S3Settings {
        domains: vec!["s3.example.org".parse().unwrap()],
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    for (host, place) in [
        ("alice.s3.example.org", "/a%20b"),
        ("s3.example.org", "/alice/a%20b"),
    ] {
        let send = async |line: String, body: &str| {
            let body = body.to_owned();
            alice.send(&line, &[("host", host)], body).await.ok()
        };
        let begun = send(format!("POST {place}?uploads"), "").await;
        let id = begun.tag("UploadId");
        let line = format!("PUT {place}?partNumber=1&uploadId={id}");
        let part = send(line, "x").await;
        let etag = part.header("etag").unwrap();
        let body = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
        );
        let done = send(format!("POST {place}?uploadId={id}"), &body).await;
        assert_eq!(done.tag("Location"), format!("http://{host}{place}"));
    }
}
