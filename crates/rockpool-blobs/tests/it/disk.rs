//! The store in a directory.
use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::TryStreamExt;
use proptest::{collection::btree_set, prelude::*};
use rockpool_blobs::{BlobStore, Content, DiskStore, Durability, Spool, StoreError, StoreKey};

use crate::{
    contract::contract,
    support::{key, keys, memory, pattern, read, spooled},
};

fn open(root: &Path) -> DiskStore {
    DiskStore::open(root, Durability::Full).unwrap()
}

fn temporary_files(root: &Path) -> usize {
    fs::read_dir(root.join("tmp~")).unwrap().count()
}

#[tokio::test]
async fn the_disk_store_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    for durability in [Durability::Full, Durability::Relaxed] {
        let store = DiskStore::open(&root.path().join("new/and/deep"), durability).unwrap();
        contract(Arc::new(store)).await;
    }
    assert_eq!(temporary_files(&root.path().join("new/and/deep")), 0);
}

#[tokio::test]
async fn what_one_process_put_another_reads() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (open(root.path()), open(root.path()));
    let bytes = pattern(1, 1000);
    one.put(&key("a/b"), &memory(&bytes), "a/b").await.unwrap();
    assert!(read(&two, &key("a/b"), None).await.unwrap().1 == bytes);
    two.put(&key("a/c"), &memory(&bytes), "a/b").await.unwrap();
    assert_eq!(keys(&one, "", 10).await, ["a/b", "a/c"]);
}

#[tokio::test]
async fn a_spool_file_on_the_same_file_system_is_linked_and_not_written_again() {
    let root = tempfile::tempdir().unwrap();
    let store = open(&root.path().join("store"));
    let spool = Spool::open(&root.path().join("spool")).unwrap();
    let content = spooled(&spool, b"bytes");
    store.put(&key("a/b"), &content, "a/b").await.unwrap();
    let path = root.path().join("store/a/b");
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 2);
    drop(content);
    assert_eq!(fs::metadata(&path).unwrap().nlink(), 1);
    assert_eq!(fs::read(&path).unwrap(), b"bytes");
}

#[tokio::test]
async fn a_spool_file_on_another_file_system_is_copied() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    assert_ne!(
        device(root.path()),
        device(elsewhere.path()),
        "this test needs /dev/shm to be a file system of its own: mount a tmpfs there"
    );
    let store = open(root.path());
    let spool = Spool::open(elsewhere.path()).unwrap();
    let bytes = pattern(2, 600_000);
    let content = spooled(&spool, &bytes);
    for _ in 0..2 {
        store.put(&key("a/b"), &content, "a/b").await.unwrap();
        assert!(read(&store, &key("a/b"), None).await.unwrap().1 == bytes);
    }
    assert_eq!(temporary_files(root.path()), 0);
}

#[tokio::test]
async fn a_copy_and_a_repeated_put_are_as_new_as_they_are() {
    let root = tempfile::tempdir().unwrap();
    let store = open(&root.path().join("store"));
    let spool = Spool::open(&root.path().join("spool")).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(30 * 24 * 3600);
    let age = |path: &str| {
        let file = File::open(root.path().join("store").join(path)).unwrap();
        file.set_modified(long_ago).unwrap();
    };
    store
        .put(&key("old"), &memory(&pattern(1, 9)), "a/b")
        .await
        .unwrap();
    age("old");
    store.copy(&key("old"), &key("new"), "a/b").await.unwrap();
    let content = spooled(&spool, b"spooled");
    store.put(&key("twice"), &content, "a/b").await.unwrap();
    age("twice");
    let again = spooled(&spool, b"spooled");
    store.put(&key("twice"), &again, "a/b").await.unwrap();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    for name in ["new", "twice"] {
        let path = root.path().join("store").join(name);
        assert!(fs::metadata(path).unwrap().modified().unwrap() > hour_ago);
    }
}

#[tokio::test]
async fn what_crashed_writers_left_is_swept_after_a_day() {
    let root = tempfile::tempdir().unwrap();
    drop(open(root.path()));
    for (name, hours) in [("old", 25), ("young", 23)] {
        let file = File::create(root.path().join("tmp~").join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600))
            .unwrap();
    }
    let store = open(root.path());
    assert!(!root.path().join("tmp~/old").exists());
    assert!(root.path().join("tmp~/young").exists());
    assert_eq!(keys(&store, "", 10).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_put_survives_that_somebody_removed_its_empty_directories() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    let content = memory(&pattern(1, 9));
    store.put(&key("a/b/c"), &content, "a/b").await.unwrap();
    store.remove(&key("a/b/c")).await.unwrap();
    fs::remove_dir_all(root.path().join("a")).unwrap();
    fs::remove_dir(root.path().join("tmp~")).unwrap();
    store.put(&key("a/b/c"), &content, "a/b").await.unwrap();
    assert_eq!(store.size(&key("a/b/c")).await.unwrap(), Some(9));
}

#[tokio::test]
async fn a_failed_put_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = open(&root.path().join("store"));
    let spool = Spool::open(&root.path().join("spool")).unwrap();
    let content = memory(&pattern(1, 9));
    store.put(&key("a"), &content, "a/b").await.unwrap();
    for content in [content, spooled(&spool, b"bytes")] {
        let error = store.put(&key("a/b"), &content, "a/b").await.unwrap_err();
        assert!(matches!(error, StoreError::Internal { .. }), "{error}");
    }
    assert_eq!(temporary_files(&root.path().join("store")), 0);
    assert_eq!(keys(&store, "", 10).await, ["a"]);
}

#[test]
fn a_root_that_cannot_be_used_is_refused_with_advice() {
    let directory = tempfile::tempdir().unwrap();
    File::create(directory.path().join("file")).unwrap();
    let advice = |root: &Path| {
        let error = DiskStore::open(root, Durability::Full).unwrap_err();
        assert!(matches!(error, StoreError::Internal { .. }), "{error}");
        error.to_string()
    };
    let said = advice(&directory.path().join("file"));
    assert!(said.contains("move it away"), "{said}");
    let said = advice(&directory.path().join("file/below"));
    assert!(said.contains("move it away"), "{said}");
}

#[tokio::test]
async fn what_is_no_item_is_not_listed() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    fs::create_dir(root.path().join("lost+found")).unwrap();
    fs::create_dir_all(root.path().join("empty/folder")).unwrap();
    File::create(root.path().join("~backup")).unwrap();
    File::create(root.path().join("item")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).unwrap();
    assert_eq!(keys(&store, "", 10).await, ["item"]);
    assert_eq!(store.size(&key("empty")).await.unwrap(), None);
    assert!(store.open(&key("empty"), None).await.unwrap().is_none());
    store.remove(&key("empty")).await.unwrap();
    assert!(root.path().join("empty/folder").exists());
}

#[tokio::test]
async fn no_removal_succeeds_while_another_may_be_held_up_in_the_same_folder() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    for name in ["a/one", "b/two"] {
        let content = memory(&pattern(1, 10));
        store.put(&key(name), &content, "a/b").await.unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    let stopped = File::open(root.path().join("a")).unwrap();
    stopped.lock().unwrap();
    let refused = store.remove_before(&key("a/one"), deadline).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    store.remove_before(&key("b/two"), deadline).await.unwrap();
    assert_eq!(keys(&store, "", 10).await, ["a/one"]);
    drop(stopped);
    store.remove_before(&key("a/one"), deadline).await.unwrap();
    assert!(keys(&store, "", 10).await.is_empty());
}

#[tokio::test]
async fn an_open_item_can_be_read_to_its_end_after_its_removal() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    let bytes = pattern(1, 700_000);
    store.put(&key("a"), &memory(&bytes), "a/b").await.unwrap();
    let reader = store.open(&key("a"), None).await.unwrap().unwrap();
    store.remove(&key("a")).await.unwrap();
    let chunks: Vec<Bytes> = reader.stream.try_collect().await.unwrap();
    assert!(chunks.concat() == bytes);
}

/// Keys of few letters, so that many share directories; none below another.
fn key_sets() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set("[ab.0-]{1,2}(/[ab.0-]{1,2}){0,3}", 0..40).prop_map(|texts| {
        let valid = |text: &String| StoreKey::new(text.as_str()).is_ok();
        let mut keys = BTreeSet::<String>::new();
        for text in texts.into_iter().filter(valid) {
            let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|r| r.starts_with('/'));
            if !keys.iter().any(|k| below(k, &text) || below(&text, k)) {
                keys.insert(text);
            }
        }
        keys
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_listing_equals_a_sorted_set(
        names in key_sets(),
        prefix in "[ab.0/-]{0,4}",
        after in proptest::option::of("[ab.0-]{1,2}(/[ab.0-]{1,2}){0,2}"),
        limit in 1_usize..10,
    ) {
        let after = after.and_then(|text| StoreKey::new(text).ok());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let root = tempfile::tempdir().unwrap();
            let store = DiskStore::open(root.path(), Durability::Relaxed).unwrap();
            for name in &names {
                let content = Content::Memory(Bytes::from_static(b"x"));
                store.put(&key(name), &content, "a/b").await.unwrap();
            }
            let items = store.list(&prefix, after.as_ref(), limit).await.unwrap();
            let found: Vec<_> = items.iter().map(|item| item.key.to_string()).collect();
            let expected: Vec<_> = names
                .iter()
                .filter(|name| name.starts_with(&prefix))
                .filter(|name| after.as_ref().is_none_or(|after| name.as_str() > after.as_str()))
                .take(limit)
                .cloned()
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(keys(&store, &prefix, limit).await.len(), names
                .iter()
                .filter(|name| name.starts_with(&prefix))
                .count());
            Ok(())
        })?;
    }
}
