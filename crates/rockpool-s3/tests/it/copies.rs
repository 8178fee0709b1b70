//! Copying objects.
use crate::world::{Answer, Client, World};

async fn copy(client: &Client<'_>, target: &str, source: &str, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("x-amz-copy-source", source)];
    headers.extend_from_slice(more);
    client.send(&format!("PUT {target}"), &headers, "").await
}

async fn world_with_source() -> (World, String) {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let headers = [
        ("content-type", "image/png"),
        ("x-amz-meta-a", "1"),
        ("x-amz-tagging", "t=1"),
        ("x-amz-acl", "private"),
    ];
    let put = alice.send("PUT /alice/a%20b", &headers, "bytes").await.ok();
    let etag = put.header("etag").unwrap().to_owned();
    (world, etag)
}

#[tokio::test]
async fn a_copy_has_the_bytes_and_attributes() {
    let (world, etag) = world_with_source().await;
    let alice = world.again("alice").await;
    for source in ["alice/a%20b", "/alice/a%20b", "alice/a%20b?versionId=null"] {
        let answer = copy(&alice, "/alice/copy", source, &[]).await.ok();
        assert_eq!(answer.tag("ETag"), etag.replace('"', "&quot;"));
        assert!(answer.tag("LastModified").ends_with('Z'));
    }
    let found = alice.get("/alice/copy").await.ok();
    assert_eq!(found.text(), "bytes");
    assert_eq!(found.header("content-type"), Some("image/png"));
    assert_eq!(found.header("x-amz-meta-a"), Some("1"));
    assert_eq!(found.header("x-amz-tagging-count"), Some("1"));
}

#[tokio::test]
async fn a_copy_is_public_only_if_its_source_is_or_it_is_said() {
    let (world, _) = world_with_source().await;
    let alice = world.again("alice").await;
    alice.put("/alice/public", "x").await;
    let (read, private) = (("x-amz-acl", "public-read"), ("x-amz-acl", "private"));
    let replace = ("x-amz-metadata-directive", "REPLACE");
    for (target, source, headers, status) in [
        ("/alice/c", "alice/a%20b", vec![], 403),
        ("/alice/a%20b", "alice/a%20b", vec![replace], 403),
        ("/alice/c", "alice/a%20b", vec![read], 200),
        ("/alice/c", "alice/public", vec![], 200),
        ("/alice/c", "alice/public", vec![private], 403),
    ] {
        copy(&alice, target, source, &headers).await.ok();
        let seen = world.stranger().get(target).await;
        let about = format!("{source} to {target} with {headers:?}");
        assert_eq!(seen.status.as_u16(), status, "{about}");
    }
}

#[tokio::test]
async fn directives_say_what_is_replaced() {
    let (world, _) = world_with_source().await;
    let alice = world.again("alice").await;
    let replace = [
        ("x-amz-metadata-directive", "REPLACE"),
        ("content-type", "text/plain"),
        ("x-amz-meta-b", "2"),
        ("x-amz-acl", "private"),
    ];
    copy(&alice, "/alice/c", "alice/a%20b", &replace).await.ok();
    let found = alice.get("/alice/c").await.ok();
    assert_eq!(found.header("content-type"), Some("text/plain"));
    assert_eq!(found.header("x-amz-meta-a"), None);
    assert_eq!(found.header("x-amz-meta-b"), Some("2"));
    assert_eq!(found.header("x-amz-tagging-count"), Some("1"));
    world
        .stranger()
        .get("/alice/c")
        .await
        .fails(403, "AccessDenied");

    let tags = [
        ("x-amz-tagging-directive", "REPLACE"),
        ("x-amz-tagging", "x=1&y=2"),
    ];
    copy(&alice, "/alice/d", "alice/a%20b", &tags).await.ok();
    let found = alice.get("/alice/d").await.ok();
    assert_eq!(found.header("x-amz-tagging-count"), Some("2"));
    assert_eq!(found.header("x-amz-meta-a"), Some("1"));

    let bad = [("x-amz-metadata-directive", "MERGE")];
    copy(&alice, "/alice/e", "alice/a%20b", &bad)
        .await
        .fails(400, "InvalidArgument");
}

#[tokio::test]
async fn a_copy_onto_itself_has_to_change_something() {
    let (world, _) = world_with_source().await;
    let alice = world.again("alice").await;
    let same = "/alice/a%20b";
    copy(&alice, same, "alice/a%20b", &[])
        .await
        .fails(400, "InvalidRequest");
    let replace = [
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-new", "1"),
    ];
    copy(&alice, same, "alice/a%20b", &replace).await.ok();
    let found = alice.get(same).await.ok();
    assert_eq!(found.text(), "bytes");
    assert_eq!(found.header("x-amz-meta-new"), Some("1"));
}

#[tokio::test]
async fn conditions_hold_for_the_source_and_for_the_target() {
    let (world, etag) = world_with_source().await;
    let alice = world.again("alice").await;
    let old = "Thu, 01 Jan 1970 00:00:01 GMT";
    for (name, value, status) in [
        ("x-amz-copy-source-if-match", etag.as_str(), 200),
        ("x-amz-copy-source-if-match", "\"other\"", 412),
        ("x-amz-copy-source-if-none-match", &etag, 412),
        ("x-amz-copy-source-if-none-match", "\"other\"", 200),
        ("x-amz-copy-source-if-modified-since", old, 200),
        ("x-amz-copy-source-if-unmodified-since", old, 412),
        ("if-none-match", "*", 412),
    ] {
        let answer = copy(&alice, "/alice/c", "alice/a%20b", &[(name, value)]).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}");
    }
}

#[tokio::test]
async fn nothing_is_copied_from_another_member() {
    let (world, _) = world_with_source().await;
    let bob = world.member("bob").await;
    let alice = world.again("alice").await;
    alice.put("/alice/public", "x").await;
    for source in ["alice/a%20b", "alice/public", "alice/absent"] {
        copy(&bob, "/bob/c", source, &[])
            .await
            .fails(403, "AccessDenied");
    }
    copy(&bob, "/alice/c", "bob/x", &[])
        .await
        .fails(403, "AccessDenied");
    for (source, status, code) in [
        ("alice/absent", 404, "NoSuchKey"),
        ("nobody/k", 404, "NoSuchBucket"),
        ("alice", 400, "InvalidArgument"),
        ("alice/a?versionId=7", 404, "NoSuchVersion"),
    ] {
        copy(&alice, "/alice/c", source, &[])
            .await
            .fails(status, code);
    }
}
