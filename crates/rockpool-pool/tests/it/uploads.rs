//! Multipart uploads in every shape that clients send them in.
use std::time::Duration;

use rockpool_pool::{
    CompletePart, CompleteUpload, Entry, ListUploads, NewUpload, PoolError, Stored, StoredPart,
    Upload,
};
use rockpool_testkit::{Body, Fault, TestPool, TestPoolOptions};
use rockpool_types::{
    Acl, Checksum, ChecksumAlgorithm, ChecksumKind, Conditions, ETag, ObjectAttributes, ObjectKey,
};

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn bytes(seed: u32, length: u32) -> Vec<u8> {
    (0..length)
        .map(|i| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect()
}

async fn start(
    world: &TestPool,
    entry: &Entry,
    checksum: Option<(ChecksumAlgorithm, bool)>,
) -> Upload {
    let new = NewUpload {
        key: key("video"),
        acl: Some(Acl::PublicRead),
        attributes: ObjectAttributes {
            content_type: Some("video/mp4".into()),
            ..Default::default()
        },
        checksum,
    };
    let id = world.pool.create_upload(entry, new).await.unwrap();
    world
        .pool
        .find_upload(entry, &key("video"), &id)
        .await
        .unwrap()
}

async fn put(
    world: &TestPool,
    entry: &Entry,
    upload: &Upload,
    number: u32,
    bytes: Vec<u8>,
) -> StoredPart {
    world
        .pool
        .put_part(entry, upload, number, &mut Body::new(bytes))
        .await
        .unwrap()
}

fn listed(parts: &[(u32, &StoredPart)]) -> Vec<CompletePart> {
    parts
        .iter()
        .map(|(number, part)| CompletePart {
            number: *number,
            etag: part.etag,
            checksum: None,
        })
        .collect()
}

async fn complete(
    world: &TestPool,
    entry: &Entry,
    upload: &Upload,
    parts: Vec<CompletePart>,
) -> Result<Stored, PoolError> {
    let complete = CompleteUpload {
        id: upload.id.clone(),
        key: upload.key.clone(),
        parts,
        size: None,
        checksum: None,
        conditions: Conditions::default(),
    };
    world.pool.complete_upload(entry, complete).await
}

/// Waits for the removal of staged parts, which goes on in the background.
async fn staging_is_empty(world: &TestPool) {
    for _ in 0..200 {
        if world.stored("staging/").await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!(
        "staged parts were left behind: {:?}",
        world.stored("staging/").await
    );
}

#[tokio::test]
async fn parts_of_any_size_in_any_order_make_the_object() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let upload = start(&world, &entry, None).await;
    let pieces = [
        bytes(1, 300_000),
        bytes(2, 1),
        bytes(3, 90_000),
        bytes(4, 0),
    ];
    let mut parts = Vec::new();
    for number in [3, 1, 4, 2] {
        let part = put(
            &world,
            &entry,
            &upload,
            number,
            pieces[number as usize - 1].clone(),
        )
        .await;
        parts.push((number, part));
    }
    parts.sort_by_key(|(number, _)| *number);
    let wanted: Vec<_> = parts.iter().map(|(number, part)| (*number, part)).collect();
    let stored = complete(&world, &entry, &upload, listed(&wanted))
        .await
        .unwrap();
    assert_eq!(stored.etag.parts(), 4);
    assert!(stored.etag.to_string().ends_with("-4"));
    assert_eq!(world.read(&entry, "video").await.unwrap(), pieces.concat());
    let object = world.pool.find_object(&entry, &key("video")).await.unwrap();
    assert_eq!(object.attributes.part_sizes, [300_000, 1, 90_000, 0]);
    assert_eq!(object.attributes.content_type.as_deref(), Some("video/mp4"));
    staging_is_empty(&world).await;
    world.insist_on_promises(&[&entry]).await;
}

#[tokio::test]
async fn an_upload_of_one_part_is_one_blob_with_the_same_bytes_put_otherwise() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for length in [0, 5, 60_000, 500_000] {
        let content = bytes(9, length);
        world
            .put(&entry, "plain", Acl::PublicRead, content.clone())
            .await
            .unwrap();
        let puts = world
            .store
            .puts()
            .iter()
            .filter(|key| key.as_str().starts_with("blobs/"))
            .count();
        let upload = start(&world, &entry, None).await;
        let part = put(&world, &entry, &upload, 7, content.clone()).await;
        complete(&world, &entry, &upload, listed(&[(7, &part)]))
            .await
            .unwrap();
        assert_eq!(world.read(&entry, "video").await.unwrap(), content);
        let after = world
            .store
            .puts()
            .iter()
            .filter(|key| key.as_str().starts_with("blobs/"))
            .count();
        assert_eq!(after, puts, "known content costs no write, {length} bytes");
        // And the other way round: new content that comes as one part is stored.
        let content = bytes(100 + length, length + 1);
        let upload = start(&world, &entry, None).await;
        let part = put(&world, &entry, &upload, 1, content.clone()).await;
        complete(&world, &entry, &upload, listed(&[(1, &part)]))
            .await
            .unwrap();
        assert_eq!(world.read(&entry, "video").await.unwrap(), content);
    }
    staging_is_empty(&world).await;
}

#[tokio::test]
async fn a_part_that_is_sent_again_replaces_the_first() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let upload = start(&world, &entry, None).await;
    let first = put(&world, &entry, &upload, 1, bytes(1, 200_000)).await;
    let again = put(&world, &entry, &upload, 1, bytes(2, 210_000)).await;
    let wrong = complete(&world, &entry, &upload, listed(&[(1, &first)])).await;
    assert!(matches!(wrong, Err(PoolError::InvalidPart { number: 1 })));
    complete(&world, &entry, &upload, listed(&[(1, &again)]))
        .await
        .unwrap();
    assert_eq!(
        world.read(&entry, "video").await.unwrap(),
        bytes(2, 210_000)
    );
    staging_is_empty(&world).await;
}

#[tokio::test]
async fn a_bad_list_of_parts_is_refused_and_the_upload_stays() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let upload = start(&world, &entry, None).await;
    let one = put(&world, &entry, &upload, 1, bytes(1, 10)).await;
    let two = put(&world, &entry, &upload, 2, bytes(2, 10)).await;
    let try_parts = async |parts| complete(&world, &entry, &upload, parts).await;
    assert!(matches!(
        try_parts(listed(&[(2, &two), (1, &one)])).await,
        Err(PoolError::InvalidPartOrder)
    ));
    assert!(matches!(
        try_parts(listed(&[(1, &one), (1, &one)])).await,
        Err(PoolError::InvalidPartOrder)
    ));
    assert!(matches!(
        try_parts(Vec::new()).await,
        Err(PoolError::InvalidPartCount)
    ));
    assert!(matches!(
        try_parts(listed(&[(3, &one)])).await,
        Err(PoolError::InvalidPart { number: 3 })
    ));
    assert!(matches!(
        try_parts(listed(&[(1, &two)])).await,
        Err(PoolError::InvalidPart { number: 1 })
    ));
    assert!(matches!(
        try_parts(listed(&[(0, &one)])).await,
        Err(PoolError::InvalidPartCount)
    ));
    try_parts(listed(&[(2, &two)])).await.unwrap();
    assert_eq!(
        world.read(&entry, "video").await.unwrap(),
        bytes(2, 10),
        "parts that are not listed are left out"
    );
}

#[tokio::test]
async fn a_completion_that_is_asked_for_again_is_answered_again() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let upload = start(&world, &entry, None).await;
    let part = put(&world, &entry, &upload, 1, bytes(1, 10)).await;
    let first = complete(&world, &entry, &upload, listed(&[(1, &part)]))
        .await
        .unwrap();
    let again = complete(&world, &entry, &upload, listed(&[(1, &part)]))
        .await
        .unwrap();
    assert_eq!(first.etag, again.etag);
    let other = CompletePart {
        number: 1,
        etag: ETag::single([0; 16]),
        checksum: None,
    };
    assert!(matches!(
        complete(&world, &entry, &upload, vec![other]).await,
        Err(PoolError::NoSuchUpload)
    ));
    world.remove(&entry, "video").await;
    let gone = complete(&world, &entry, &upload, listed(&[(1, &part)])).await;
    assert!(matches!(gone, Err(PoolError::NoSuchUpload)));
}

#[tokio::test]
async fn completions_at_the_same_time_are_all_answered() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for round in 0..50 {
        let upload = start(&world, &entry, None).await;
        let part = put(&world, &entry, &upload, 1, bytes(round, 10)).await;
        let again = || complete(&world, &entry, &upload, listed(&[(1, &part)]));
        // Each time a little later, so that it comes between any two steps of the first.
        let later = async {
            for _ in 0..round * 40 {
                tokio::task::yield_now().await;
            }
            again().await
        };
        let (first, second) = tokio::join!(again(), later);
        for answer in [first, second] {
            assert_eq!(answer.unwrap().size, 10, "round {round}");
        }
    }
}

#[tokio::test]
async fn abort_and_abandonment_leave_nothing_behind() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let aborted = start(&world, &entry, None).await;
    put(&world, &entry, &aborted, 1, bytes(1, 200_000)).await;
    world.pool.abort_upload(&entry, &aborted).await.unwrap();
    assert!(matches!(
        world.pool.abort_upload(&entry, &aborted).await,
        Err(PoolError::NoSuchUpload)
    ));
    let late = world
        .pool
        .put_part(&entry, &aborted, 2, &mut Body::new(bytes(2, 200_000)))
        .await;
    assert!(matches!(late, Err(PoolError::NoSuchUpload)));
    staging_is_empty(&world).await;

    let abandoned = start(&world, &entry, None).await;
    put(&world, &entry, &abandoned, 1, bytes(1, 200_000)).await;
    world.pool.collect().await.unwrap();
    world
        .pool
        .find_upload(&entry, &key("video"), &abandoned.id)
        .await
        .unwrap();
    world
        .clock
        .advance(world.pool.settings().upload_lifetime + std::time::Duration::from_secs(1));
    assert_eq!(
        world
            .pool
            .plan_collection()
            .await
            .unwrap()
            .abandoned_uploads,
        1
    );
    let report = world.pool.collect().await.unwrap();
    assert_eq!((report.removed_uploads, report.removed_parts), (1, 1));
    let query = ListUploads {
        bucket: entry.bucket().id,
        prefix: String::new(),
        delimiter: None,
        key_marker: None,
        upload_id_marker: None,
        limit: 10,
    };
    assert!(
        world
            .pool
            .list_uploads(&entry, query)
            .await
            .unwrap()
            .uploads
            .is_empty()
    );
    staging_is_empty(&world).await;
}

#[tokio::test]
async fn parts_can_be_copied_from_objects() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let content = bytes(5, 400_000);
    world
        .put(&entry, "source", Acl::Private, content.clone())
        .await
        .unwrap();
    let source = world
        .pool
        .find_object(&entry, &key("source"))
        .await
        .unwrap();
    let upload = start(&world, &entry, None).await;
    let one = world
        .pool
        .copy_part(&entry, &upload, 1, &source, Some(100..300_100))
        .await
        .unwrap();
    let two = world
        .pool
        .copy_part(&entry, &upload, 2, &source, None)
        .await
        .unwrap();
    complete(&world, &entry, &upload, listed(&[(1, &one), (2, &two)]))
        .await
        .unwrap();
    assert_eq!(
        world.read(&entry, "video").await.unwrap(),
        [&content[100..300_100], &content].concat()
    );
}

#[tokio::test]
async fn declared_checksums_of_uploads_are_kept_and_checked() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let whole = Checksum::from_base64(ChecksumAlgorithm::Crc32, "y/Q5Jg==").unwrap();
    for full in [true, false] {
        let upload = start(&world, &entry, Some((ChecksumAlgorithm::Crc32, full))).await;
        let one = put(&world, &entry, &upload, 1, b"12345".to_vec()).await;
        let two = put(&world, &entry, &upload, 2, b"6789".to_vec()).await;
        assert!(
            one.checksum.is_some(),
            "a part gets the checksum that the upload asked for"
        );
        let mut parts = listed(&[(1, &one), (2, &two)]);
        parts[0].checksum.clone_from(&two.checksum);
        let wrong = complete(&world, &entry, &upload, parts).await;
        assert!(matches!(wrong, Err(PoolError::InvalidPart { number: 1 })));
        let request = |checksum| CompleteUpload {
            id: upload.id.clone(),
            key: upload.key.clone(),
            parts: listed(&[(1, &one), (2, &two)]),
            size: Some(9),
            checksum: Some(checksum),
            conditions: Conditions::default(),
        };
        let bad = Checksum::new(ChecksumAlgorithm::Crc32, vec![0; 4]).unwrap();
        let bad = if full {
            bad
        } else {
            bad.with_kind(ChecksumKind::Composite(2))
        };
        let refused = world.pool.complete_upload(&entry, request(bad)).await;
        assert!(
            matches!(refused, Err(PoolError::DigestMismatch(_))),
            "{refused:?}"
        );
        let mut short = request(whole.clone());
        short.size = Some(8);
        let refused = world.pool.complete_upload(&entry, short).await;
        assert!(matches!(
            refused,
            Err(PoolError::LengthMismatch {
                declared: 8,
                received: 9
            })
        ));
        let stored = if full {
            world
                .pool
                .complete_upload(&entry, request(whole.clone()))
                .await
                .unwrap()
        } else {
            complete(&world, &entry, &upload, listed(&[(1, &one), (2, &two)]))
                .await
                .unwrap()
        };
        let kept = stored.checksum.unwrap();
        assert_eq!(
            kept.kind(),
            if full {
                ChecksumKind::FullObject
            } else {
                ChecksumKind::Composite(2)
            }
        );
        if full {
            assert_eq!(kept, whole);
        }
    }
}

#[tokio::test]
async fn a_part_whose_bytes_may_have_been_collected_meanwhile_is_not_acknowledged() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    let upload = start(&world, &entry, None).await;
    world.store.add(Fault::PutWaits(Duration::from_millis(200)));
    let mut body = Body::new(bytes(1, 100_000));
    let (late, ()) = tokio::join!(world.pool.put_part(&entry, &upload, 1, &mut body), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.clock.advance(world.pool.settings().store_lease);
    });
    assert!(matches!(late, Err(PoolError::Unavailable(_))), "{late:?}");
    let again = put(&world, &entry, &upload, 1, bytes(1, 100_000)).await;
    complete(&world, &entry, &upload, listed(&[(1, &again)]))
        .await
        .unwrap();
}
