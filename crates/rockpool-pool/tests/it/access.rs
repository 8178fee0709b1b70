//! Members are walled off from one another.
use rockpool_pool::{Access, AddBucket, Caller, MemberChange, MemberState, NewKey, PoolError};
use rockpool_testkit::{TestPool, TestPoolOptions};
use rockpool_types::{Acl, BucketName, MemberName, ObjectKey};

fn name(text: &str) -> BucketName {
    BucketName::new(text).unwrap()
}

#[tokio::test]
async fn strangers_see_public_objects_and_nothing_else() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "open", Acl::PublicRead, "open")
        .await
        .unwrap();
    world
        .put(&entry, "closed", Acl::Private, "closed")
        .await
        .unwrap();
    for stranger in [&bob, &Caller::Anonymous] {
        let seen = world
            .pool
            .enter(stranger, &name("ada"), Access::ReadObject)
            .await
            .unwrap();
        assert_eq!(world.read(&seen, "open").await.unwrap(), b"open");
        for key in ["closed", "absent"] {
            let answer = world
                .pool
                .find_object(&seen, &ObjectKey::new(key).unwrap())
                .await;
            assert!(matches!(answer, Err(PoolError::AccessDenied)), "{key}");
        }
        assert!(
            world
                .put(&seen, "mine", Acl::PublicRead, "x")
                .await
                .is_err()
        );
        for access in [Access::ReadBucket, Access::Write] {
            let answer = world.pool.enter(stranger, &name("ada"), access).await;
            assert!(matches!(answer, Err(PoolError::AccessDenied)), "{access:?}");
        }
        assert!(
            world
                .pool
                .delete_bucket(stranger, &name("ada"))
                .await
                .is_err()
        );
    }
    let taken = world
        .pool
        .create_bucket(
            &bob,
            AddBucket {
                name: name("ada"),
                default_acl: None,
            },
        )
        .await;
    assert!(matches!(taken, Err(PoolError::NameTaken)));
    assert_eq!(world.pool.buckets_of(&bob).await.unwrap().len(), 1);
    assert!(matches!(
        world.pool.buckets_of(&Caller::Anonymous).await,
        Err(PoolError::AccessDenied)
    ));
}

#[tokio::test]
async fn another_members_upload_id_is_of_no_use() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (ada, bob) = (
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    );
    let key = ObjectKey::new("key").unwrap();
    let new = rockpool_pool::NewUpload {
        key: key.clone(),
        acl: None,
        attributes: rockpool_types::ObjectAttributes::default(),
        checksum: None,
    };
    let id = world.pool.create_upload(&ada, new).await.unwrap();
    let upload = world.pool.find_upload(&ada, &key, &id).await.unwrap();
    assert!(matches!(
        world.pool.find_upload(&bob, &key, &id).await,
        Err(PoolError::NoSuchUpload)
    ));
    assert!(matches!(
        world.pool.list_parts(&bob, &upload, 0, 10).await,
        Err(PoolError::NoSuchUpload)
    ));
    assert!(matches!(
        world.pool.abort_upload(&bob, &upload).await,
        Err(PoolError::NoSuchUpload)
    ));
    let mut body = rockpool_testkit::Body::new("x");
    assert!(matches!(
        world.pool.put_part(&bob, &upload, 1, &mut body).await,
        Err(PoolError::NoSuchUpload)
    ));
}

#[tokio::test]
async fn keys_can_be_limited_revoked_and_brought_along() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let member = MemberName::new("ada").unwrap();
    world
        .pool
        .create_bucket(
            &ada,
            AddBucket {
                name: name("video"),
                default_acl: Some(Acl::Private),
            },
        )
        .await
        .unwrap();
    let holder = async |key: NewKey| {
        let issued = world.pool.add_key(&member, key).await.unwrap();
        let found = world.pool.find_key(&issued.id).await.unwrap().unwrap();
        assert_eq!(found.secret, issued.secret);
        (issued.id, Caller::Member(found))
    };
    let (_, reader) = holder(NewKey {
        read_only: true,
        ..Default::default()
    })
    .await;
    assert!(
        world
            .pool
            .enter(&reader, &name("ada"), Access::ReadBucket)
            .await
            .is_ok()
    );
    assert!(matches!(
        world.pool.enter(&reader, &name("ada"), Access::Write).await,
        Err(PoolError::AccessDenied)
    ));

    let (id, narrow) = holder(NewKey {
        bucket: Some(name("video")),
        ..Default::default()
    })
    .await;
    assert!(
        world
            .pool
            .enter(&narrow, &name("video"), Access::Write)
            .await
            .is_ok()
    );
    assert!(matches!(
        world.pool.enter(&narrow, &name("ada"), Access::Write).await,
        Err(PoolError::AccessDenied)
    ));
    assert_eq!(world.pool.buckets_of(&narrow).await.unwrap().len(), 1);
    assert!(
        world
            .pool
            .create_bucket(
                &narrow,
                AddBucket {
                    name: name("more"),
                    default_acl: None
                }
            )
            .await
            .is_err()
    );

    world.pool.revoke_key(&member, &id).await.unwrap();
    assert!(world.pool.find_key(&id).await.unwrap().is_none());
    assert!(matches!(
        world.pool.revoke_key(&member, &id).await,
        Err(PoolError::NoSuchAccessKey)
    ));

    let given = (
        "OLDKEY".parse().unwrap(),
        rockpool_types::SecretKey::new("old secret").unwrap(),
    );
    let (id, _) = holder(NewKey {
        given: Some(given.clone()),
        ..Default::default()
    })
    .await;
    assert_eq!(id.as_str(), "OLDKEY");
    let again = world
        .pool
        .add_key(
            &member,
            NewKey {
                given: Some(given),
                ..Default::default()
            },
        )
        .await;
    assert!(matches!(again, Err(PoolError::AccessKeyTaken)));
}

#[tokio::test]
async fn a_suspended_member_is_refused_and_its_public_objects_stay() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "open", Acl::PublicRead, "open")
        .await
        .unwrap();
    let Caller::Member(holder) = &ada else {
        unreachable!("a member is a member")
    };
    let suspend = MemberChange {
        state: Some(MemberState::Suspended),
        limits: None,
    };
    world
        .pool
        .change_member(&holder.member.name, suspend)
        .await
        .unwrap();
    let fresh = Caller::Member(
        world
            .pool
            .find_key(&holder.access_key_id)
            .await
            .unwrap()
            .unwrap(),
    );
    let answer = world
        .pool
        .enter(&fresh, &name("ada"), Access::ReadObject)
        .await;
    assert!(matches!(answer, Err(PoolError::MemberSuspended)));
    world
        .pool
        .find_public(entry.bucket(), &ObjectKey::new("open").unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_member_that_goes_on_writing_is_removed_with_its_objects() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let Caller::Member(holder) = world.member("ada").await else {
        unreachable!("a member is a member")
    };
    // As a server does whose operator has not heard, until it is let in no more.
    let write_on = async {
        for number in 0.. {
            let key = world.pool.find_key(&holder.access_key_id).await.unwrap();
            let caller = key.map_or(Caller::Anonymous, Caller::Member);
            let entered = world.pool.enter(&caller, &name("ada"), Access::Write).await;
            let Ok(entry) = entered else { return };
            // It may be too late for this one.
            let _ = world
                .put(&entry, &number.to_string(), Acl::PublicRead, "x")
                .await;
        }
    };
    let removal = async {
        while world.pool.usage_of_store().await.unwrap().0 == 0 {
            tokio::task::yield_now().await;
        }
        world.pool.remove_member(&holder.member.name, true).await
    };
    let both = async { tokio::join!(removal, write_on) };
    let patience = std::time::Duration::from_secs(60);
    let (removed, ()) = tokio::time::timeout(patience, both).await.unwrap();
    removed.unwrap();
}

#[tokio::test]
async fn removing_a_member_takes_its_objects_only_when_told_to() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (ada, bob) = (
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    );
    world
        .put(&ada, "shared", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    world
        .put(&bob, "shared", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    world
        .put(&ada, "own", Acl::PublicRead, "own bytes")
        .await
        .unwrap();
    let member = MemberName::new("ada").unwrap();
    assert!(matches!(
        world.pool.remove_member(&member, false).await,
        Err(PoolError::BucketNotEmpty)
    ));
    world.pool.remove_member(&member, true).await.unwrap();
    assert!(matches!(
        world.pool.find_member(&member).await,
        Err(PoolError::NoSuchMember)
    ));
    assert!(
        world
            .pool
            .find_bucket(&name("ada"))
            .await
            .unwrap()
            .is_none()
    );
    world.collect_everything().await;
    world.insist_on_promises(&[&bob]).await;
}

#[tokio::test]
async fn read_only_mode_refuses_writes_and_keeps_reading() {
    let mut options = TestPoolOptions::default();
    options.settings.read_only = true;
    let world = TestPool::start(options).await;
    let ada = world.member("ada").await;
    let answer = world.pool.enter(&ada, &name("ada"), Access::Write).await;
    assert!(matches!(answer, Err(PoolError::ReadOnly)));
    world
        .pool
        .enter(&ada, &name("ada"), Access::ReadBucket)
        .await
        .unwrap();
    assert!(matches!(
        world.pool.collect().await,
        Err(PoolError::ReadOnly)
    ));
}
