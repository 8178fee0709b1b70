//! Copies at replicas, and reading from wherever a blob is.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage files on purpose"
)]

use std::{fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt;
use rockpool_blobs::StoreKey;
use rockpool_pool::{
    AddReplica, Entry, PoolError, PoolSettings, PromoteReplica, ReplicationReport, StoreStatus,
};
use rockpool_testkit::{Fault, TestPool, TestPoolOptions};
use rockpool_types::{Acl, ObjectKey};

const SECOND: Duration = Duration::from_secs(1);

/// A pool with a replica that is enlisted, and one that is not.
pub(crate) struct World {
    pub(crate) pool: TestPool,
    pub(crate) ada: Entry,
}

impl World {
    pub(crate) async fn new() -> Self {
        let pool = TestPool::start(TestPoolOptions {
            settings: PoolSettings {
                grace: Duration::ZERO,
                cache_lifetime: Duration::ZERO,
                ..PoolSettings::default()
            },
            replicas: vec!["far", "spare"],
        })
        .await;
        let ada = pool.member("ada").await;
        let ada = pool.entry(&ada, "ada").await;
        let world = Self { pool, ada };
        world.put("before", "older bytes").await;
        let added = world.pool.pool.add_replica("far").await.unwrap();
        assert_eq!(added, AddReplica::Added);
        // On database servers, no put that began before it can be under way then.
        world.pool.clock.advance(11 * SECOND);
        world
    }

    pub(crate) async fn put(&self, key: &str, bytes: &'static str) {
        let put = self.pool.put(&self.ada, key, Acl::PublicRead, bytes);
        put.await.unwrap();
    }

    pub(crate) async fn read(&self, key: &str) -> Result<String, PoolError> {
        let bytes = self.pool.read(&self.ada, key).await?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    /// A pass over the queues, also over what failed a moment ago.
    pub(crate) async fn replicate(&self) -> ReplicationReport {
        self.pool.pool.hasten_replication().await.unwrap();
        self.pool.pool.replicate().await.unwrap()
    }

    pub(crate) async fn status(&self, name: &str) -> StoreStatus {
        let stores = self.pool.pool.store_status().await.unwrap();
        stores.into_iter().find(|s| s.name == name).unwrap()
    }

    /// The files of all blobs of a store, by their names below it.
    pub(crate) fn blobs(&self, store: &str) -> Vec<PathBuf> {
        fn walk(directory: PathBuf, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => walk(path, found),
                    path => found.push(path),
                }
            }
        }
        let root = self.pool.path().join(store);
        let mut found = Vec::new();
        for folder in ["blobs", "private"] {
            walk(root.join(folder), &mut found);
        }
        found.sort();
        let below = |path: PathBuf| path.strip_prefix(&root).unwrap().to_owned();
        found.into_iter().map(below).collect()
    }

    /// The file at a store whose content is `bytes`.
    pub(crate) fn file(&self, store: &str, bytes: &str) -> PathBuf {
        let root = self.pool.path().join(store);
        let files = self.blobs(store).into_iter().map(|path| root.join(path));
        let mut found = files.filter(|path| fs::read(path).unwrap() == bytes.as_bytes());
        found.next().unwrap()
    }

    /// The key of the blob whose content is `bytes`.
    pub(crate) fn key(&self, bytes: &str) -> StoreKey {
        let file = self.file("store", bytes);
        let below = file.strip_prefix(self.pool.path().join("store")).unwrap();
        StoreKey::new(below.to_str().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn every_blob_old_and_new_is_copied_and_goes_after_its_grace() {
    let world = World::new().await;
    world.put("a", "public bytes").await;
    let private = world
        .pool
        .put(&world.ada, "b", Acl::Private, "private bytes");
    private.await.unwrap();
    let report = world.replicate().await;
    assert_eq!((report.copied, report.copied_bytes), (3, 11 + 12 + 13));
    assert_eq!(world.blobs("far"), world.blobs("store"));
    assert!(world.blobs("spare").is_empty());
    assert!(world.status("far").await.is_whole());
    assert!(world.replicate().await.is_empty());

    assert!(world.pool.remove(&world.ada, "a").await);
    world.pool.pool.collect().await.unwrap();
    assert_eq!(world.blobs("store").len(), 2);
    assert!(world.replicate().await.is_empty());
    assert_eq!(world.status("far").await.removals, 1);
    world.pool.clock.advance(7 * 24 * 3600 * SECOND);
    assert_eq!(world.replicate().await.removed, 1);
    assert_eq!(world.blobs("far"), world.blobs("store"));

    world.put("a", "public bytes").await;
    assert_eq!(world.replicate().await.copied, 1);
    assert_eq!(world.blobs("far"), world.blobs("store"));
    world.pool.insist_on_promises(&[&world.ada]).await;
}

#[tokio::test]
async fn content_that_comes_back_stays_at_the_replica() {
    let world = World::new().await;
    world.replicate().await;
    assert!(world.pool.remove(&world.ada, "before").await);
    world.pool.pool.collect().await.unwrap();
    assert_eq!(world.status("far").await.removals, 1);
    world.put("again", "older bytes").await;
    let status = world.status("far").await;
    assert_eq!((status.removals, status.copies), (0, 1));
    assert_eq!(world.replicate().await.found, 1, "it was there still");
    world.pool.clock.advance(30 * 24 * 3600 * SECOND);
    world.replicate().await;
    assert_eq!(world.blobs("far"), world.blobs("store"));
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_at_once_when_told_to() {
    let world = World::new().await;
    world.replicate().await;
    world.put("a", "new bytes").await;
    let far = &world.pool.replicas[0];
    far.add(Fault::PutFails);
    let report = world.pool.pool.replicate().await.unwrap();
    assert_eq!((report.copied, report.failed), (0, 1));
    let status = world.status("far").await;
    assert_eq!((status.copies, status.failing), (1, 1));
    let report = world.pool.pool.replicate().await.unwrap();
    assert!(report.is_empty(), "not at once");
    far.add(Fault::PutFailsAfterwards);
    assert_eq!(world.replicate().await.failed, 1, "told to");
    assert_eq!(world.replicate().await.found, 1, "it was there after all");
    assert!(world.status("far").await.is_whole());
}

#[tokio::test]
async fn a_replica_that_is_away_costs_no_upload_and_gets_everything_later() {
    let world = World::new().await;
    world.pool.replicas[0].set_gone(true);
    for key in ["a", "b", "c"] {
        world.put(key, key).await;
    }
    assert_eq!(world.replicate().await.copied, 0);
    let status = world.status("far").await;
    assert_eq!((status.copies, status.failing), (3, 3));
    assert!(status.unqueued > 0, "older blobs are not even queued");
    world.pool.replicas[0].set_gone(false);
    assert_eq!(world.replicate().await.copied, 4);
    assert_eq!(world.blobs("far"), world.blobs("store"));
}

#[tokio::test]
async fn damaged_bytes_are_never_copied() {
    let world = World::new().await;
    fs::write(world.file("store", "older bytes"), "olber bytes").unwrap();
    let report = world.replicate().await;
    assert_eq!((report.copied, report.failed > 0), (0, true));
    assert!(world.blobs("far").is_empty());
    // The member brings the file again, which the pool takes for known; the operator puts it back from a backup.
    fs::write(world.file("store", "olber bytes"), "older bytes").unwrap();
    assert_eq!(world.replicate().await.copied, 1);
    assert!(world.status("main").await.is_whole());
}

#[tokio::test]
async fn a_blob_that_the_primary_lost_is_read_from_a_replica_and_put_back() {
    let world = World::new().await;
    world.replicate().await;
    let file = world.file("store", "older bytes");
    fs::remove_file(&file).unwrap();
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    assert_eq!(world.status("main").await.copies, 1);
    assert_eq!(world.replicate().await.copied, 1);
    assert_eq!(fs::read(&file).unwrap(), b"older bytes");

    fs::write(&file, "cut").unwrap();
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    assert_eq!(world.replicate().await.copied, 1);
    assert_eq!(fs::read(&file).unwrap(), b"older bytes");
    let away = world.pool.stored("quarantine/").await;
    assert_eq!(away.len(), 1, "what was there is kept: {away:?}");

    world.pool.store.add(Fault::OpenFails);
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    assert!(
        world.replicate().await.is_empty(),
        "nothing is known to be lost"
    );
}

#[tokio::test]
async fn a_read_that_breaks_off_goes_on_at_another_store_and_what_broke_is_put_again() {
    let world = World::new().await;
    world.replicate().await;
    let (key, far) = (world.key("older bytes"), &world.pool.replicas[0]);
    world.pool.store.spoil(&key);
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    assert_eq!(world.status("main").await.copies, 1);
    assert_eq!(world.replicate().await.copied, 1);
    far.spoil(&key);
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    far.mend(&key);

    // A range breaks off after the first half of "er by", and goes on there.
    world.pool.store.spoil(&key);
    let before = ObjectKey::new("before").unwrap();
    let object = world.pool.pool.find_object(&world.ada, &before).await;
    let object = object.unwrap();
    let reader = world.pool.pool.open_object(&object, Some(3..8));
    let chunks: Vec<Bytes> = reader.await.unwrap().stream.try_collect().await.unwrap();
    assert_eq!(chunks, ["er", " by"]);

    far.spoil(&key);
    world.pool.store.spoil(&key);
    assert!(world.read("before").await.is_err(), "nobody has the rest");
    assert_eq!(world.replicate().await.copied, 0);
    far.add(Fault::OpenFails);
    assert!(world.read("before").await.is_err());
}

#[tokio::test]
async fn everything_is_read_while_the_primary_is_gone_and_new_content_is_refused() {
    let world = World::new().await;
    world.replicate().await;
    world.pool.store.set_gone(true);
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
    world.pool.pool.probe().await.unwrap();
    let put = world
        .pool
        .put(&world.ada, "a", Acl::PublicRead, "new bytes");
    assert!(matches!(put.await, Err(PoolError::Unavailable(_))));
    world.put("known", "older bytes").await;
    world.pool.replicas[0].set_gone(true);
    assert!(world.pool.pool.probe().await.is_err());
    assert!(world.read("before").await.is_err());
}

#[tokio::test]
async fn content_moves_between_public_and_private_also_when_only_a_replica_has_it() {
    let world = World::new().await;
    world.replicate().await;
    fs::remove_file(world.file("store", "older bytes")).unwrap();
    let key = rockpool_types::ObjectKey::new("before").unwrap();
    let set = world.pool.pool.set_acl(&world.ada, &key, Acl::Private);
    set.await.unwrap();
    assert_eq!(world.read("before").await.unwrap(), "older bytes");
}

#[tokio::test]
async fn a_replica_is_forgotten_with_its_queue() {
    let world = World::new().await;
    let added = |name| world.pool.pool.add_replica(name);
    assert_eq!(added("far").await.unwrap(), AddReplica::Known);
    assert_eq!(added("none").await.unwrap(), AddReplica::NotConfigured);
    world.pool.replicas[1].add(Fault::ProbeFails);
    assert!(added("spare").await.is_err());
    assert_eq!(added("spare").await.unwrap(), AddReplica::Added);
    world.pool.clock.advance(11 * SECOND);
    assert_eq!(world.replicate().await.copied, 2);
    assert!(world.pool.pool.remove_replica("spare").await.unwrap());
    assert!(!world.pool.pool.remove_replica("spare").await.unwrap());
    assert!(!world.pool.pool.remove_replica("main").await.unwrap());
    world.put("a", "new bytes").await;
    assert_eq!(world.replicate().await.copied, 1);
    assert_eq!(world.blobs("spare").len(), 1, "its bytes stay");
    assert!(world.pool.pool.remove_replica("far").await.unwrap());
    assert_eq!(world.pool.pool.store_status().await.unwrap(), []);
}

#[tokio::test]
async fn a_promoted_replica_takes_new_content_and_the_old_primary_is_filled_again() {
    let world = World::new().await;
    let promote = |name, lossy| world.pool.pool.promote_replica(name, lossy);
    let lacks = promote("far", false).await.unwrap();
    assert_eq!(lacks, PromoteReplica::Lacks(1));
    world.replicate().await;
    for unknown in ["spare", "main"] {
        let answer = promote(unknown, true).await.unwrap();
        assert_eq!(answer, PromoteReplica::Unknown);
    }
    world.pool.replicas[0].add(Fault::ProbeFails);
    assert!(promote("far", false).await.is_err());

    // The primary is lost, and an empty one stands in its place.
    fs::remove_file(world.file("store", "older bytes")).unwrap();
    let promoted = promote("far", false).await.unwrap();
    assert_eq!(promoted, PromoteReplica::Promoted);
    world.put("a", "new bytes").await;
    assert_eq!(
        (world.blobs("far").len(), world.blobs("store").len()),
        (2, 0)
    );
    assert_eq!(world.replicate().await.copied, 2);
    assert_eq!(world.blobs("far"), world.blobs("store"));
    assert!(world.status("far").await.primary && world.status("main").await.is_whole());

    assert!(world.pool.remove(&world.ada, "a").await);
    world.pool.pool.collect().await.unwrap();
    assert_eq!(
        (world.blobs("far").len(), world.blobs("store").len()),
        (1, 2)
    );
    let back = promote("main", false).await.unwrap();
    assert_eq!(back, PromoteReplica::Promoted);
    world.pool.clock.advance(7 * 24 * 3600 * SECOND);
    let report = world.replicate().await;
    assert_eq!((report.removed, report.found), (1, 1));
    world.pool.insist_on_promises(&[&world.ada]).await;
}

#[tokio::test]
async fn a_replica_that_lacks_blobs_is_promoted_only_when_told_to() {
    let world = World::new().await;
    let lossy = world.pool.pool.promote_replica("far", true).await.unwrap();
    assert_eq!(lossy, PromoteReplica::Promoted);
    assert_eq!(
        world.read("before").await.unwrap(),
        "older bytes",
        "from the old one"
    );
    assert_eq!(world.replicate().await.copied, 1, "which gives what it has");
    assert_eq!(world.blobs("far"), world.blobs("store"));
}
