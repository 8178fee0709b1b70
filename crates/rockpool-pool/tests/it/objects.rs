//! Overwriting, copying, removing, and who may read.
use std::time::Duration;

use rockpool_pool::{CopyObject, MemberLimits, PoolError, PutRequest};
use rockpool_testkit::{Body, TestPool, TestPoolOptions};
use rockpool_types::{Acl, Conditions, ETagCondition, ObjectAttributes, ObjectKey};

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

#[tokio::test]
async fn private_objects_are_never_shared_and_lie_apart() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (ada, bob) = (
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    );
    world
        .put(&ada, "archive", Acl::Private, "secret")
        .await
        .unwrap();
    assert!(world.stored("blobs/").await.is_empty());
    world
        .put(&bob, "archive", Acl::Private, "secret")
        .await
        .unwrap();
    world
        .put(&bob, "again", Acl::Private, "secret")
        .await
        .unwrap();
    assert_eq!(
        world.stored("private/").await.len(),
        2,
        "one for each member"
    );
    let object = world.pool.find_object(&ada, &key("archive")).await.unwrap();
    assert!(
        world
            .pool
            .find_public_blob(&object.blob.hash)
            .await
            .unwrap()
            .is_none()
    );
    let public = world.pool.find_public(ada.bucket(), &key("archive")).await;
    assert!(matches!(public, Err(PoolError::AccessDenied)));
}

#[tokio::test]
async fn a_change_of_acl_moves_the_bytes_and_keeps_time_etag_and_attributes() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let request = PutRequest {
        key: key("picture"),
        acl: None,
        attributes: ObjectAttributes {
            cache_control: Some("max-age=60".into()),
            ..Default::default()
        },
        conditions: Conditions::default(),
    };
    world
        .pool
        .put_object(&entry, request, &mut Body::new("bytes"))
        .await
        .unwrap();
    let before = world
        .pool
        .find_object(&entry, &key("picture"))
        .await
        .unwrap();
    assert_eq!(before.acl, Acl::PublicRead, "the bucket's default");
    world.clock.advance(Duration::from_secs(60));

    world
        .pool
        .set_acl(&entry, &key("picture"), Acl::Private)
        .await
        .unwrap();
    let hidden = world
        .pool
        .find_object(&entry, &key("picture"))
        .await
        .unwrap();
    assert_eq!(
        (hidden.etag, hidden.modified_at, &hidden.attributes),
        (before.etag, before.modified_at, &before.attributes)
    );
    assert!(
        world
            .pool
            .find_public(entry.bucket(), &key("picture"))
            .await
            .is_err()
    );
    world.collect_everything().await;
    assert!(
        world.stored("blobs/").await.is_empty(),
        "nothing public is left"
    );
    assert_eq!(world.read(&entry, "picture").await.unwrap(), b"bytes");

    world
        .pool
        .set_acl(&entry, &key("picture"), Acl::PublicRead)
        .await
        .unwrap();
    world
        .pool
        .find_public(entry.bucket(), &key("picture"))
        .await
        .unwrap();
    world
        .pool
        .set_acl(&entry, &key("picture"), Acl::PublicReadWrite)
        .await
        .unwrap();
    assert_eq!(
        world
            .pool
            .find_object(&entry, &key("picture"))
            .await
            .unwrap()
            .acl,
        Acl::PublicReadWrite
    );
    world.collect_everything().await;
    world.insist_on_promises(&[&entry]).await;
    assert!(matches!(
        world
            .pool
            .set_acl(&entry, &key("absent"), Acl::Private)
            .await,
        Err(PoolError::NoSuchKey)
    ));
}

#[tokio::test]
async fn a_copy_shares_the_bytes_and_survives_its_source() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "source", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    let source = world
        .pool
        .find_object(&entry, &key("source"))
        .await
        .unwrap();
    let copy = |key: ObjectKey, acl| CopyObject {
        source: source.clone(),
        key,
        acl: Some(acl),
        attributes: None,
        conditions: Conditions::default(),
    };
    world
        .pool
        .copy_object(&entry, copy(key("public"), Acl::PublicRead))
        .await
        .unwrap();
    world
        .pool
        .copy_object(&entry, copy(key("private"), Acl::Private))
        .await
        .unwrap();
    assert!(world.remove(&entry, "source").await);
    assert!(!world.remove(&entry, "source").await);
    world.collect_everything().await;
    assert_eq!(world.read(&entry, "public").await.unwrap(), b"bytes");
    assert_eq!(world.read(&entry, "private").await.unwrap(), b"bytes");
    world.insist_on_promises(&[&entry]).await;
    assert!(world.remove(&entry, "public").await);
    world.collect_everything().await;
    let gone = world
        .pool
        .copy_object(&entry, copy(key("late"), Acl::PublicRead))
        .await;
    assert!(matches!(gone, Err(PoolError::NoSuchKey)), "{gone:?}");
}

#[tokio::test]
async fn conditional_writes_hold() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let put = async |conditions: Conditions| {
        let request = PutRequest {
            key: key("key"),
            acl: None,
            attributes: ObjectAttributes::default(),
            conditions,
        };
        world
            .pool
            .put_object(&entry, request, &mut Body::new("bytes"))
            .await
    };
    let absent = Conditions {
        if_none_match: Some(ETagCondition::Any),
        ..Default::default()
    };
    let other = Conditions {
        if_match: Some(ETagCondition::OneOf(vec!["other".into()])),
        ..Default::default()
    };
    assert!(matches!(
        put(other.clone()).await,
        Err(PoolError::NoSuchKey)
    ));
    let stored = put(absent.clone()).await.unwrap();
    assert!(matches!(put(absent).await, Err(PoolError::ConditionFailed)));
    assert!(matches!(put(other).await, Err(PoolError::ConditionFailed)));
    let same = ETagCondition::OneOf(vec![stored.etag.to_string()]);
    put(Conditions {
        if_match: Some(same),
        ..Default::default()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn usage_is_exact_and_limits_hold() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let limits = MemberLimits {
        max_buckets: 1,
        max_bytes: Some(10),
        max_objects: Some(2),
    };
    let ada = world.member_with("ada", limits).await;
    let entry = world.entry(&ada, "ada").await;
    let usage = async || world.pool.usage_of_bucket(entry.bucket()).await.unwrap();
    world
        .put(&entry, "one", Acl::PublicRead, "123456")
        .await
        .unwrap();
    assert!(matches!(
        world.put(&entry, "two", Acl::PublicRead, "12345").await,
        Err(PoolError::LimitReached)
    ));
    world
        .put(&entry, "two", Acl::PublicRead, "1234")
        .await
        .unwrap();
    assert!(matches!(
        world.put(&entry, "three", Acl::PublicRead, "").await,
        Err(PoolError::LimitReached)
    ));
    world
        .put(&entry, "one", Acl::PublicRead, "12")
        .await
        .unwrap();
    assert_eq!((usage().await.objects, usage().await.object_bytes), (2, 6));
    world.remove(&entry, "two").await;
    assert_eq!((usage().await.objects, usage().await.object_bytes), (1, 2));
    assert_eq!(
        world
            .pool
            .usage_of_member(&"ada".parse().unwrap())
            .await
            .unwrap(),
        usage().await
    );
}

#[tokio::test]
async fn a_change_of_acl_keeps_what_the_same_content_was_overwritten_with_meanwhile() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let put = async |cache_control: &str| {
        let request = PutRequest {
            key: key("picture"),
            acl: Some(Acl::PublicRead),
            attributes: ObjectAttributes {
                cache_control: Some(cache_control.into()),
                ..Default::default()
            },
            conditions: Conditions::default(),
        };
        let body = &mut Body::new("bytes");
        world.pool.put_object(&entry, request, body).await.unwrap();
    };
    put("max-age=1").await;
    world
        .store
        .add(rockpool_testkit::Fault::CopyWaits(Duration::from_millis(
            200,
        )));
    let name = key("picture");
    let (hidden, ()) = tokio::join!(world.pool.set_acl(&entry, &name, Acl::Private), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        put("max-age=2").await;
    });
    hidden.unwrap();
    let object = world.pool.find_object(&entry, &name).await.unwrap();
    assert_eq!(object.acl, Acl::Private);
    assert_eq!(
        object.attributes.cache_control.as_deref(),
        Some("max-age=2"),
        "the overwrite was acknowledged after the change had begun"
    );
}

#[tokio::test]
async fn a_reader_waits_for_an_upload_that_is_under_way() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    assert!(matches!(
        world.pool.find_public(entry.bucket(), &key("key")).await,
        Err(PoolError::NoSuchKey)
    ));
    world
        .store
        .add(rockpool_testkit::Fault::PutWaits(Duration::from_millis(
            200,
        )));
    let put = world.put(&entry, "key", Acl::PublicRead, "bytes");
    let read = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.pool.find_public(entry.bucket(), &key("key")).await
    };
    let (put, read) = tokio::join!(put, read);
    put.unwrap();
    assert!(read.unwrap().waited);
    assert!(
        !world
            .pool
            .find_public(entry.bucket(), &key("key"))
            .await
            .unwrap()
            .waited
    );
}
