//! Browsers at the S3 face: scripts of other origins, pages that must not run, the homepage.
use rockpool_s3::S3Settings;

use crate::world::World;

#[tokio::test]
async fn scripts_of_every_origin_may_read_and_upload() {
    let world = World::start().await;
    let asked = [
        ("origin", "https://social.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type, x-amz-acl"),
    ];
    let answer = world
        .stranger()
        .send("OPTIONS /alice/k", &asked, "")
        .await
        .ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("content-type, x-amz-acl")
    );
    let methods = answer.header("access-control-allow-methods").unwrap();
    for method in ["GET", "HEAD", "PUT", "POST"] {
        assert!(methods.contains(method));
    }
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("ETag"));
}

#[tokio::test]
async fn a_page_that_a_member_put_does_not_run() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let headers = [
        ("content-type", "text/html"),
        ("content-disposition", "inline; filename=\"a.html\""),
    ];
    alice.send("PUT /alice/k", &headers, "<script>").await.ok();
    let presigned = alice.presign("GET /alice/k", 60);
    let dressed = alice.presign(
        "GET /alice/k?response-content-disposition=inline&response-content-type=image%2Fsvg%2Bxml",
        60,
    );
    for (target, disposition) in [
        ("/alice/k", "attachment; filename=\"a.html\""),
        (&presigned, "attachment; filename=\"a.html\""),
        (&dressed, "attachment"),
    ] {
        let found = world.stranger().get(target).await.ok();
        assert_eq!(found.header("content-disposition"), Some(disposition));
        assert_eq!(found.header("x-content-type-options"), Some("nosniff"));
        let policy = found.header("content-security-policy").unwrap();
        assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"));
    }
    let own = alice.get("/alice/k").await.ok();
    assert_eq!(
        own.header("content-disposition"),
        Some("inline; filename=\"a.html\"")
    );
    assert_eq!(own.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn a_browser_at_the_root_is_sent_home() {
    let settings = S3Settings {
        homepage: Some("https://pool.example/".to_owned()),
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    let answer = world.stranger().get("/").await.status_is(301);
    assert_eq!(answer.header("location"), Some("https://pool.example/"));
    assert_eq!(alice.get("/").await.ok().tags("Name"), ["alice"]);
    let other = world.stranger().get("/alice").await;
    other.fails(403, "AccessDenied");
}
