//! Removals: of what waits, of what is being moved, and beside the node.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rockpool_blobs::{Backlog, BlobStore, Landing, LandingSettings, MemoryStore};

use super::{Bucket, Mover, blob, moved, open, settings, soon, unavailable};
use crate::support::{key, keys, memory, pattern, read};

#[tokio::test]
async fn what_is_removed_before_it_moved_never_goes_up() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let landing = open(directory.path(), bucket.store(), settings());
    let bytes = pattern(1, 2_000);
    let name = blob(&bytes);
    landing.put(&name, &memory(&bytes), "a/b").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    landing.remove_before(&name, deadline).await.unwrap();
    assert_eq!(landing.size(&name).await.unwrap(), None);
    let _mover = Mover::of(&landing);
    let other = pattern(2, 2_000);
    landing
        .put(&blob(&other), &memory(&other), "a/b")
        .await
        .unwrap();
    moved(&landing).await;
    assert!(!bucket.asked(&name).contains(&"PUT".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_does_not_overtake_a_move() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let landing = open(directory.path(), bucket.store(), settings());
    let beside = Landing::beside(directory.path(), bucket.store()).unwrap();
    let bytes = pattern(1, 2_000);
    let name = blob(&bytes);
    bucket.pause_puts(Duration::from_millis(2_500));
    let _mover = Mover::of(&landing);
    landing.put(&name, &memory(&bytes), "a/b").await.unwrap();
    soon("it is under way", async || !bucket.asked(&name).is_empty()).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    unavailable(beside.remove_before(&name, deadline).await);
    assert_eq!(bucket.asked(&name), ["PUT"]);
    // This one waits until the move is done.
    landing.remove(&name).await.unwrap();
    assert_eq!(bucket.asked(&name), ["PUT", "HEAD", "DELETE"]);
    assert_eq!(bucket.object(&name), None);
    assert_eq!(beside.size(&name).await.unwrap(), None);
}

#[tokio::test]
async fn what_may_still_arrive_is_not_called_removed() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let quick = LandingSettings {
        settle: Duration::from_secs(2),
        ..settings()
    };
    let landing = open(directory.path(), bucket.store(), quick);
    bucket.refuse(503);
    let bytes = pattern(1, 2_000);
    let name = blob(&bytes);
    landing.put(&name, &memory(&bytes), "a/b").await.unwrap();
    let mover = Mover::of(&landing);
    let failed = async || landing.accepts_removals().await.is_err();
    soon("it was tried", failed).await;
    drop(mover);
    bucket.refuse(0);
    let deadline = || Instant::now() + Duration::from_secs(20);
    unavailable(landing.remove_before(&name, deadline()).await);
    assert!(!bucket.asked(&name).contains(&"DELETE".to_owned()));
    landing.remove_before(&name, deadline()).await.unwrap();
    assert!(bucket.asked(&name).contains(&"DELETE".to_owned()));
}

#[tokio::test]
async fn what_a_mover_of_before_may_have_sent_is_not_called_removed() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let bytes = pattern(1, 2_000);
    let name = blob(&bytes);
    let landing = open(directory.path(), bucket.store(), settings());
    landing.put(&name, &memory(&bytes), "a/b").await.unwrap();
    drop(landing);
    let landing = open(directory.path(), bucket.store(), settings());
    let deadline = || Instant::now() + Duration::from_secs(20);
    unavailable(landing.remove_before(&name, deadline()).await);
    assert!(bucket.asked(&name).is_empty());
    landing.remove_before(&name, deadline()).await.unwrap();
    assert_eq!(bucket.asked(&name), ["DELETE"]);
}

#[tokio::test]
async fn others_on_the_machine_read_and_remove_beside_the_node() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let far = Arc::new(MemoryStore::default());
    let landing = open(directory.path(), far.clone(), settings());
    let beside = Landing::beside(directory.path(), far.clone()).unwrap();
    let contents = [1, 2].map(|n| pattern(n, 2_000));
    let [first, second] = [0, 1].map(|n| blob(&contents[n]));
    landing
        .put(&first, &memory(&contents[0]), "a/b")
        .await
        .unwrap();
    assert!(read(&beside, &first, None).await.unwrap().1 == contents[0]);
    let (by_node, by_files) = (landing.backlog(), Landing::look(directory.path()).unwrap());
    let counts = |backlog: Backlog| (backlog.items, backlog.bytes);
    assert_eq!(counts(by_node), counts(by_files));
    beside
        .put(&second, &memory(&contents[1]), "a/b")
        .await
        .unwrap();
    assert_eq!(far.size(&second).await.unwrap(), Some(2_000));
    let mut both = [first.to_string(), second.to_string()];
    both.sort();
    for store in [&landing, &beside] {
        assert_eq!(keys(store, "", 1).await, both);
    }
    assert!(
        beside
            .copy(&first, &key("quarantine/a"), "a/b")
            .await
            .unwrap()
    );
    assert_eq!(far.size(&key("quarantine/a")).await.unwrap(), Some(2_000));
    let deadline = Instant::now() + Duration::from_secs(20);
    beside.remove_before(&first, deadline).await.unwrap();
    assert_eq!(landing.size(&first).await.unwrap(), None);
    assert!(landing.open(&first, None).await.unwrap().is_none());
    // The node still believes that it waits, until it tries to move it.
    let _mover = Mover::of(&landing);
    moved(&landing).await;
    assert_eq!(far.size(&first).await.unwrap(), None);
    landing
        .put(&first, &memory(&contents[0]), "a/b")
        .await
        .unwrap();
    moved(&landing).await;
    assert_eq!(far.size(&first).await.unwrap(), Some(2_000));
    drop(bucket);
}
