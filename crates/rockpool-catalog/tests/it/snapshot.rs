//! Snapshots of every engine: exact, and of one moment while others write.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rockpool_catalog::{Catalog, ListObjects, Snapshot, Suspects};

use crate::{
    copy::{Engine, everything, furnish},
    world::{Content, World},
};

/// A snapshot and the directory that it is in.
pub(crate) async fn snapshot_of(catalog: &Catalog) -> (Snapshot, Catalog, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.db");
    std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    let facts = catalog.write_snapshot(&path).await.unwrap();
    let opened = Catalog::open_sqlite(&path).await.unwrap();
    (facts, opened, directory)
}

/// Insists that counts are what is counted; answers how many blobs that was so of.
pub(crate) async fn counts_are_right(catalog: &Catalog, suspects: Suspects) -> usize {
    let recount = catalog.recount(suspects).await.unwrap();
    for blob in &recount.blobs {
        assert_eq!(blob.row.references, blob.counted);
    }
    for bucket in recount.buckets {
        assert_eq!(bucket.recorded, bucket.counted);
    }
    let store = recount.store.unwrap();
    assert_eq!(store.recorded, store.counted);
    recount.blobs.len()
}

async fn a_snapshot_is_exact(engine: Engine, name: &str) {
    let place = engine.place();
    let catalog = place.open().await.unwrap();
    let alice = furnish(&catalog).await;
    let (facts, snapshot, _directory) = snapshot_of(&catalog).await;
    assert_eq!(everything(&snapshot).await, everything(&catalog).await);
    assert_eq!(facts.engine, name);
    assert_eq!((facts.members, facts.buckets), (2, 2));
    assert_eq!(facts.objects, 1_052);
    let usage = catalog.usage_of_store().await.unwrap();
    assert_eq!((facts.blobs, facts.blob_bytes), usage);
    // It goes on from there: new rows have numbers that nobody had.
    let name = rockpool_types::MemberName::new("gone").unwrap();
    assert!(catalog.find_member(&name).await.unwrap().is_none());
    let newcomer = World::new(&snapshot, "newcomer").await;
    assert!(newcomer.member.id > alice.member.id);
    assert!(newcomer.member.id.as_i64() > 3);
}

/// A writer puts one object after the other, in the order of its keys, and a snapshot is taken meanwhile: it has the first
/// so many of them, and every count says so.
async fn a_snapshot_is_of_one_moment(engine: Engine) {
    let place = engine.place();
    let catalog = place.open().await.unwrap();
    let alice = World::new(&catalog, "alice").await;
    for n in 0..900 {
        alice.store(&format!("{n:06}"), Content(n)).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, writer) = (stop.clone(), alice.clone());
    let writing = tokio::spawn(async move {
        let mut n = 900;
        while !stopped.load(Ordering::Relaxed) {
            writer.store(&format!("{n:06}"), Content(n)).await;
            n += 1;
        }
        n
    });
    let mut last = 0;
    for _ in 0..3 {
        let (facts, snapshot, _directory) = snapshot_of(&catalog).await;
        let query = ListObjects {
            bucket: alice.bucket.id,
            prefix: String::new(),
            delimiter: None,
            after: None,
            limit: 1_000_000,
        };
        let objects = snapshot.list_objects(query).await.unwrap().objects;
        let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        let expected: Vec<String> = (0..facts.objects).map(|n| format!("{n:06}")).collect();
        assert_eq!(keys, expected);
        assert!(facts.objects > last, "writers go on meanwhile");
        last = facts.objects;
        let suspects = Suspects {
            blobs: objects.iter().map(|object| object.blob.id).collect(),
            buckets: vec![alice.bucket.id],
            store: true,
        };
        let blobs = counts_are_right(&snapshot, suspects).await;
        assert_eq!(blobs, objects.len());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writing.await.unwrap() > last);
}

macro_rules! engines {
    ($($engine:ident $name:literal: $exact:ident, $moment:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $exact() {
            a_snapshot_is_exact(Engine::$engine, $name).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $moment() {
            a_snapshot_is_of_one_moment(Engine::$engine).await;
        }
    )*};
}

engines! {
    Sqlite "sqlite": a_snapshot_of_sqlite_is_exact, a_snapshot_of_sqlite_is_of_one_moment;
    MariaDb "mysql": a_snapshot_of_mariadb_is_exact, a_snapshot_of_mariadb_is_of_one_moment;
    PostgreSql "postgres": a_snapshot_of_postgresql_is_exact, a_snapshot_of_postgresql_is_of_one_moment;
}
