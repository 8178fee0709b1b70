//! ACLs and tags of objects.
use crate::world::World;

#[tokio::test]
async fn an_acl_decides_whether_the_world_reads() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let stranger = world.stranger();
    alice.put("/alice/k", "x").await;
    let set = |acl: &'static str| {
        let alice = alice.clone();
        async move {
            let headers = [("x-amz-acl", acl)];
            alice.send("PUT /alice/k?acl=", &headers, "").await.ok()
        }
    };
    for (acl, public) in [
        ("private", false),
        ("public-read", true),
        ("authenticated-read", false),
        ("public-read-write", true),
        ("bucket-owner-full-control", false),
    ] {
        set(acl).await;
        let read = stranger.get("/alice/k").await;
        assert_eq!(read.status.is_success(), public, "{acl}");
        let head = stranger.send("HEAD /alice/k", &[], "").await;
        assert_eq!(head.status.is_success(), public, "{acl}");
        let shown = alice.get("/alice/k?acl").await.ok();
        assert_eq!(shown.text().contains("/AllUsers<"), public, "{acl}");
        assert_eq!(alice.get("/alice/k").await.ok().text(), "x");
        let put = stranger.send("PUT /alice/k", &[], "y").await;
        put.fails(403, "AccessDenied");
    }
}

#[tokio::test]
async fn an_acl_may_come_as_a_document() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let private = [("x-amz-acl", "private")];
    alice.send("PUT /alice/k", &private, "x").await.ok();
    let shown = alice.get("/alice/k?acl").await.ok().text().to_owned();
    let grant = "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>";
    let public = shown.replace(
        "</AccessControlList>",
        &format!("{grant}</AccessControlList>"),
    );
    alice.send("PUT /alice/k?acl", &[], public).await.ok();
    world.stranger().get("/alice/k").await.ok();
    alice.send("PUT /alice/k?acl", &[], shown).await.ok();
    world
        .stranger()
        .get("/alice/k")
        .await
        .fails(403, "AccessDenied");

    alice
        .send("PUT /alice/k?acl", &[], "")
        .await
        .fails(400, "MissingSecurityHeader");
    alice
        .send("PUT /alice/k?acl", &[], "<AccessControlPolicy/>")
        .await
        .fails(400, "MalformedACLError");
    alice
        .send("PUT /alice/absent?acl", &private, "")
        .await
        .fails(404, "NoSuchKey");
}

#[tokio::test]
async fn tags_are_put_shown_and_removed() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", "x").await;
    let none = alice.get("/alice/k?tagging").await.ok();
    assert!(none.text().contains("<TagSet></TagSet>"));
    let document =
        "<Tagging><TagSet><Tag><Key>a&amp;b</Key><Value>1</Value></Tag></TagSet></Tagging>";
    alice.send("PUT /alice/k?tagging", &[], document).await.ok();
    let shown = alice.get("/alice/k?tagging").await.ok();
    assert_eq!(shown.tags("Key"), ["a&amp;b"]);
    let found = alice.get("/alice/k").await.ok();
    assert_eq!(found.header("x-amz-tagging-count"), Some("1"));
    let removed = alice.send("DELETE /alice/k?tagging", &[], "").await;
    removed.status_is(204);
    let found = alice.get("/alice/k").await.ok();
    assert_eq!(found.header("x-amz-tagging-count"), None);
    world
        .stranger()
        .get("/alice/k?tagging")
        .await
        .fails(403, "AccessDenied");
}
