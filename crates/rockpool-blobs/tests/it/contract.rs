//! The contract of `BlobStore`, for every implementation.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use rockpool_blobs::{BlobStore, Spool, StoreError};
use rockpool_types::Clock;

use crate::support::{key, keys, memory, pattern, read, spooled};

const CHUNK: usize = 256 << 10;

/// Runs the whole contract on an empty store.
pub(crate) async fn contract(store: Arc<dyn BlobStore>) {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path()).unwrap();
    what_is_absent_is_no_error(&*store).await;
    what_is_put_is_read_back(&*store, &spool).await;
    ranges_are_exact(&*store).await;
    the_same_put_many_times_at_once_is_harmless(&*store, &spool).await;
    a_copy_outlives_its_source(&*store).await;
    a_removed_item_is_gone(&*store).await;
    a_removal_happens_before_its_deadline_or_not_at_all(&*store).await;
    a_probe_leaves_nothing(&*store).await;
    assert_eq!(keys(&*store, "", 3).await, Vec::<String>::new());
    a_listing_is_in_byte_order(&*store).await;
}

async fn what_is_absent_is_no_error(store: &dyn BlobStore) {
    for name in ["absent", "absent/in/folders", "tmp/absent"] {
        assert!(store.open(&key(name), None).await.unwrap().is_none());
        assert!(store.open(&key(name), Some(0..1)).await.unwrap().is_none());
        assert_eq!(store.size(&key(name)).await.unwrap(), None);
        assert!(!store.copy(&key(name), &key("b"), "a/b").await.unwrap());
        store.remove(&key(name)).await.unwrap();
    }
    assert_eq!(store.list("", None, 10).await.unwrap(), []);
    assert_eq!(store.list("absent/", None, 10).await.unwrap(), []);
}

async fn what_is_put_is_read_back(store: &dyn BlobStore, spool: &Spool) {
    let name = key("blobs/a/bcd/item");
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
        let bytes = pattern(size as u64, size);
        for content in [memory(&bytes), spooled(spool, &bytes)] {
            let before = Clock::system().now();
            store.put(&name, &content, "image/png").await.unwrap();
            assert_eq!(store.size(&name).await.unwrap(), Some(size as u64));
            let (whole, found) = read(store, &name, None).await.unwrap();
            assert_eq!(whole, size as u64);
            assert!(found == bytes, "{size} bytes came back changed");
            let listed = store.list("blobs/", None, 10).await.unwrap();
            assert_eq!(listed.len(), 1);
            assert_eq!((&listed[0].key, listed[0].size), (&name, size as u64));
            // Providers tell whole seconds, and a kernel's stamp may lag by a tick.
            let age = before.as_millis() - listed[0].modified_at.as_millis();
            assert!((-60_000..=2_000).contains(&age), "{age} ms");
            store.remove(&name).await.unwrap();
        }
    }
}

async fn ranges_are_exact(store: &dyn BlobStore) {
    let (name, size) = (key("ranges"), 2 * CHUNK + 100);
    let bytes = pattern(7, size);
    store.put(&name, &memory(&bytes), "a/b").await.unwrap();
    for range in [
        0..1,
        0..size,
        5..6,
        CHUNK - 1..CHUNK + 1,
        CHUNK..2 * CHUNK,
        10..size - 10,
        size - 1..size,
    ] {
        let asked = range.start as u64..range.end as u64;
        let (whole, found) = read(store, &name, Some(asked)).await.unwrap();
        assert_eq!(whole, size as u64);
        assert!(found == bytes[range.clone()], "{range:?} is wrong");
    }
    store.remove(&name).await.unwrap();
}

async fn the_same_put_many_times_at_once_is_harmless(store: &dyn BlobStore, spool: &Spool) {
    let (name, bytes) = (key("staging/one/2"), pattern(3, 100_000));
    let contents: Vec<_> = (0..10)
        .map(|n| match n % 2 {
            0 => memory(&bytes),
            _ => spooled(spool, &bytes),
        })
        .collect();
    let puts = contents.iter().map(|c| store.put(&name, c, "a/b"));
    try_join_all(puts).await.unwrap();
    assert!(read(store, &name, None).await.unwrap().1 == bytes);
    assert_eq!(keys(store, "", 10).await, ["staging/one/2"]);
    store.remove(&name).await.unwrap();
}

async fn a_copy_outlives_its_source(store: &dyn BlobStore) {
    let (from, to, bytes) = (key("staging/x"), key("private/9/x"), pattern(4, 70_000));
    store.put(&from, &memory(&bytes), "a/b").await.unwrap();
    assert!(store.copy(&from, &to, "image/png").await.unwrap());
    assert!(store.copy(&from, &to, "image/png").await.unwrap());
    store.remove(&from).await.unwrap();
    assert!(read(store, &to, None).await.unwrap().1 == bytes);
    assert!(!store.copy(&from, &to, "image/png").await.unwrap());
    store.remove(&to).await.unwrap();
}

async fn a_removed_item_is_gone(store: &dyn BlobStore) {
    let name = key("gone");
    let content = memory(&pattern(5, 10));
    store.put(&name, &content, "a/b").await.unwrap();
    store.remove(&name).await.unwrap();
    store.remove(&name).await.unwrap();
    assert!(store.open(&name, None).await.unwrap().is_none());
    store.put(&name, &content, "a/b").await.unwrap();
    assert_eq!(store.size(&name).await.unwrap(), Some(10));
    store.remove(&name).await.unwrap();
}

async fn a_removal_happens_before_its_deadline_or_not_at_all(store: &dyn BlobStore) {
    let name = key("late");
    let content = memory(&pattern(5, 10));
    store.put(&name, &content, "a/b").await.unwrap();
    let late = store.remove_before(&name, Instant::now()).await;
    assert!(
        matches!(late, Err(StoreError::Unavailable { .. })),
        "{late:?}"
    );
    assert_eq!(store.size(&name).await.unwrap(), Some(10));
    let deadline = Instant::now() + Duration::from_secs(30);
    store.remove_before(&name, deadline).await.unwrap();
    assert_eq!(store.size(&name).await.unwrap(), None);
    store.remove_before(&name, deadline).await.unwrap();
    store
        .remove_before(&key("no/such/folder"), deadline)
        .await
        .unwrap();
}

async fn a_probe_leaves_nothing(store: &dyn BlobStore) {
    store.probe().await.unwrap();
    assert_eq!(store.list("", None, 10).await.unwrap(), []);
}

async fn a_listing_is_in_byte_order(store: &dyn BlobStore) {
    let sorted = [
        "A", "a-", "a.b", "a/0", "a/b", "a/b-", "a/b0/c", "a0", "aB", "tmp/x",
    ];
    let names = &sorted[..];
    for name in names.iter().rev() {
        let content = memory(&pattern(1, 3));
        store.put(&key(name), &content, "a/b").await.unwrap();
    }
    for page in [1, 2, 3, 10, 11, 5000] {
        assert_eq!(keys(store, "", page).await, names, "pages of {page}");
    }
    for (prefix, expected) in [
        ("a", &names[1..9]),
        ("a/", &names[3..7]),
        ("a/b", &names[4..7]),
        ("a/b0/c", &names[6..7]),
        ("a/b0/c/", &[]),
        ("tmp", &names[9..]),
        ("/", &[]),
        ("../", &[]),
        ("a//", &[]),
        ("b", &[]),
    ] {
        assert_eq!(keys(store, prefix, 2).await, expected, "below `{prefix}`");
    }
    // After a key that is not there, before the prefix, and past it.
    for (prefix, after, expected) in [
        ("", "a/a", &names[4..]),
        ("", "a/b0", &names[6..]),
        ("a/", "A", &names[3..7]),
        ("a/", "b", &[][..]),
    ] {
        let items = store.list(prefix, Some(&key(after)), 100).await.unwrap();
        let found: Vec<_> = items.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(found, expected, "below `{prefix}` after `{after}`");
    }
    for name in names {
        store.remove(&key(name)).await.unwrap();
    }
}
