//! Buckets and the settings that clients ask for at their start.
use rockpool_s3::S3Settings;

use crate::world::World;

#[tokio::test]
async fn a_member_makes_lists_and_removes_buckets() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let constraint = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>auto</LocationConstraint></CreateBucketConfiguration>";
    let made = alice.send("PUT /My_Second", &[], constraint).await.ok();
    assert_eq!(made.header("location"), Some("/My_Second"));
    alice.put("/third/", "").await;
    let listing = alice.get("/").await.ok();
    assert_eq!(listing.tags("Name"), ["My_Second", "alice", "third"]);
    assert_eq!(listing.tag("ID"), "alice");

    alice.put("/third/k", "x").await;
    let delete = |bucket: &'static str| {
        let alice = alice.clone();
        async move { alice.send(&format!("DELETE {bucket}"), &[], "").await }
    };
    delete("/third").await.fails(409, "BucketNotEmpty");
    delete("/third/k").await.status_is(204);
    delete("/third").await.status_is(204);
    delete("/third").await.fails(404, "NoSuchBucket");
    assert_eq!(alice.get("/").await.ok().tags("Name").len(), 2);
}

#[tokio::test]
async fn names_are_unique_in_the_pool() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    world.member("bob").await;
    let create = |bucket: &'static str| {
        let alice = alice.clone();
        async move { alice.send(&format!("PUT {bucket}"), &[], "").await }
    };
    create("/bob").await.fails(409, "BucketAlreadyExists");
    create("/alice").await.fails(409, "BucketAlreadyOwnedByYou");
    create("/blobs").await.fails(400, "InvalidBucketName");
    alice
        .send("PUT /new", &[], "<Create")
        .await
        .fails(400, "MalformedXML");
}

#[tokio::test]
async fn a_bucket_is_there_or_not() {
    let settings = S3Settings {
        region: "eu-rock-1".to_owned(),
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    world.member("bob").await;
    let head = |bucket: &'static str| {
        let alice = alice.clone();
        async move { alice.send(&format!("HEAD {bucket}"), &[], "").await }
    };
    let own = head("/alice").await.status_is(200);
    assert_eq!(own.header("x-amz-bucket-region"), Some("eu-rock-1"));
    head("/alice/").await.status_is(200);
    head("/nobody").await.status_is(404);
    let denied = head("/bob").await.status_is(403);
    assert!(denied.body.is_empty());
    let location = alice.get("/alice/?location=").await.ok();
    assert!(location.text().contains(">eu-rock-1</LocationConstraint>"));
}

#[tokio::test]
async fn settings_have_true_answers() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for (setting, document) in [
        ("location", "<LocationConstraint xmlns"),
        ("versioning", "<VersioningConfiguration xmlns"),
        ("requestPayment", "<Payer>BucketOwner</Payer>"),
        ("accelerate", "<AccelerateConfiguration xmlns"),
        ("logging", "<BucketLoggingStatus xmlns"),
        ("notification", "<NotificationConfiguration xmlns"),
        ("acl", "<Permission>FULL_CONTROL</Permission>"),
    ] {
        let found = alice.get(&format!("/alice?{setting}")).await.ok();
        assert!(found.text().contains(document), "{setting}: {found:?}");
        assert_eq!(found.header("content-type"), Some("application/xml"));
    }
    for (setting, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("cors", "NoSuchCORSConfiguration"),
        ("tagging", "NoSuchTagSet"),
        ("website", "NoSuchWebsiteConfiguration"),
        (
            "encryption",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
    ] {
        let target = format!("/alice?{setting}");
        alice.get(&target).await.fails(404, code);
        let put = alice.send(&format!("PUT {target}"), &[], "<x/>").await;
        put.fails(501, "NotImplemented");
        let delete = alice.send(&format!("DELETE {target}"), &[], "").await;
        delete.status_is(204);
    }
    alice.get("/alice").await.ok();
}

#[tokio::test]
async fn a_buckets_acl_is_the_default_of_its_objects() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let stranger = world.stranger();
    alice.put("/alice/k", "x").await;
    stranger.get("/alice/k").await.ok();

    let private = [("x-amz-acl", "private")];
    alice.send("PUT /hidden", &private, "").await.ok();
    alice.put("/hidden/k", "x").await;
    stranger.get("/hidden/k").await.fails(403, "AccessDenied");

    let public = [("x-amz-acl", "public-read")];
    alice.send("PUT /hidden?acl", &public, "").await.ok();
    let acl = alice.get("/hidden?acl").await.ok();
    assert!(acl.text().contains("AllUsers"), "{acl:?}");
    stranger.get("/hidden").await.fails(403, "AccessDenied");
    alice.put("/hidden/new", "x").await;
    stranger.get("/hidden/new").await.ok();
    stranger.get("/hidden/k").await.fails(403, "AccessDenied");
}
