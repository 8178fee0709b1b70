//! Bodies on their way in: what is stored, what is refused, what is left behind.
use rockpool_pool::{Declared, PoolError, PutRequest};
use rockpool_testkit::{Body, Fault, TestPool, TestPoolOptions};
use rockpool_types::{Acl, Checksum, ChecksumAlgorithm, Conditions, ObjectAttributes, ObjectKey};

/// Bytes that are too many for memory, with a pattern that shows when blocks are mixed up.
fn large(seed: u8) -> Vec<u8> {
    (0..700_001u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed)
        .collect()
}

fn request(key: &str) -> PutRequest {
    PutRequest {
        key: ObjectKey::new(key).unwrap(),
        acl: Some(Acl::PublicRead),
        attributes: ObjectAttributes::default(),
        conditions: Conditions::default(),
    }
}

#[tokio::test]
async fn a_second_upload_of_the_same_bytes_stores_nothing() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (ada, bob) = (
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    );
    for bytes in [b"small".to_vec(), large(1)] {
        let before = world.store.puts().len();
        let first = world
            .put(&ada, "picture", Acl::PublicRead, bytes.clone())
            .await
            .unwrap();
        let second = world
            .put(&bob, "other/name", Acl::PublicRead, bytes.clone())
            .await
            .unwrap();
        assert_eq!(first.etag, second.etag);
        assert_eq!(world.store.puts().len(), before + 1, "puts to the store");
        assert_eq!(world.read(&bob, "other/name").await.unwrap(), bytes);
        assert_eq!(world.read(&ada, "picture").await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn the_same_bytes_arriving_many_times_at_once_are_one_blob() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let bytes = large(2);
    let puts = (0..16).map(|i| {
        let (world, entry, bytes) = (&world, &entry, bytes.clone());
        async move {
            world
                .put(entry, &format!("copy/{i}"), Acl::PublicRead, bytes)
                .await
        }
    });
    for answer in futures_util::future::join_all(puts).await {
        answer.unwrap();
    }
    assert_eq!(world.stored("blobs/").await.len(), 1);
    assert_eq!(
        world.pool.usage_of_store().await.unwrap(),
        (1, bytes.len() as u64)
    );
    world.insist_on_promises(&[&entry]).await;
}

#[tokio::test]
async fn a_wrong_digest_or_length_or_a_broken_connection_stores_nothing() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for bytes in [b"small".to_vec(), large(3)] {
        let length = bytes.len() as u64;
        let crc = Checksum::new(ChecksumAlgorithm::Crc32, vec![1, 2, 3, 4]).unwrap();
        for declared in [
            Declared::ContentMd5([1; 16]),
            Declared::PayloadSha256([1; 32]),
            Declared::Checksum(crc.clone()),
        ] {
            let mut body = Body::new(bytes.clone()).with_declared(declared.clone());
            let answer = world
                .pool
                .put_object(&entry, request("key"), &mut body)
                .await;
            assert!(matches!(answer, Err(PoolError::DigestMismatch(found)) if found == declared));
        }
        for (declared, received) in [(length + 1, length), (length - 1, length)] {
            let mut body = Body::new(bytes.clone()).with_length(Some(declared));
            let answer = world
                .pool
                .put_object(&entry, request("key"), &mut body)
                .await;
            assert!(
                matches!(answer, Err(PoolError::LengthMismatch { declared: d, received: r }) if (d, r) == (declared, received)),
                "{answer:?}"
            );
        }
        let answer = world
            .pool
            .put_object(&entry, request("key"), &mut Body::new(bytes).cut_off())
            .await;
        assert!(matches!(answer, Err(PoolError::Body(_))));
    }
    assert!(world.stored("").await.is_empty());
    assert!(matches!(
        world.read(&entry, "key").await,
        Err(PoolError::NoSuchKey)
    ));
}

#[tokio::test]
async fn a_declared_checksum_is_checked_and_kept_with_the_object() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let crc = Checksum::from_base64(ChecksumAlgorithm::Crc32, "y/Q5Jg==").unwrap();
    let mut body = Body::new("123456789").with_declared(Declared::Checksum(crc.clone()));
    let stored = world
        .pool
        .put_object(&entry, request("key"), &mut body)
        .await
        .unwrap();
    assert_eq!(stored.checksum.as_ref(), Some(&crc));
    let object = world
        .pool
        .find_object(&entry, &ObjectKey::new("key").unwrap())
        .await
        .unwrap();
    assert_eq!(object.attributes.checksum, Some(crc));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_and_without_a_declared_length() {
    let mut options = TestPoolOptions::default();
    options.settings.max_put_bytes = 1_000;
    let world = TestPool::start(options).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for length in [Some(1_001), None] {
        let mut body = Body::new(vec![0; 1_001]).with_length(length);
        let answer = world
            .pool
            .put_object(&entry, request("key"), &mut body)
            .await;
        assert!(matches!(
            answer,
            Err(PoolError::TooLarge { limit_bytes: 1_000 })
        ));
    }
    let mut body = Body::new(vec![0; 1_000]).with_length(None);
    world
        .pool
        .put_object(&entry, request("key"), &mut body)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_old_object_and_a_later_try_succeeds() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "key", Acl::PublicRead, "old")
        .await
        .unwrap();
    for fault in [Fault::PutFails, Fault::PutFailsAfterwards] {
        world.store.add(fault);
        let answer = world.put(&entry, "key", Acl::PublicRead, "new").await;
        assert!(matches!(answer, Err(PoolError::Unavailable(_))));
        assert_eq!(world.read(&entry, "key").await.unwrap(), b"old");
    }
    world.store.add(Fault::PutFull);
    assert!(matches!(
        world.put(&entry, "key", Acl::PublicRead, "new").await,
        Err(PoolError::Full(_))
    ));
    world
        .put(&entry, "key", Acl::PublicRead, "new")
        .await
        .unwrap();
    assert_eq!(world.read(&entry, "key").await.unwrap(), b"new");
}

#[tokio::test]
async fn bytes_of_an_upload_that_died_after_storing_them_are_collected() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world.store.add(Fault::PutFailsAfterwards);
    world
        .put(&entry, "key", Acl::PublicRead, "lost")
        .await
        .unwrap_err();
    assert_eq!(
        world.stored("blobs/").await.len(),
        1,
        "the bytes are there, and nobody knows"
    );
    world.collect_everything().await;
    world.insist_on_promises(&[&entry]).await;
}

#[tokio::test]
async fn a_cancelled_upload_leaves_no_trace() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .store
        .add(Fault::PutWaits(std::time::Duration::from_secs(60)));
    let put = world.put(&entry, "key", Acl::PublicRead, large(4));
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(300), put)
            .await
            .is_err()
    );
    assert!(matches!(
        world.read(&entry, "key").await,
        Err(PoolError::NoSuchKey)
    ));
    world.collect_everything().await;
    world.insist_on_promises(&[&entry]).await;
}
