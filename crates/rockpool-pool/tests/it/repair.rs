//! Repairs put right what a check found, and nothing else.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage files on purpose"
)]

use std::fs;

use rockpool_pool::{Finding, Repair, RepairOptions, Suspects};
use rockpool_testkit::TestPool;
use rockpool_types::Acl;

use crate::check::{World, codes, unknown_blob};

const PLAIN: RepairOptions = RepairOptions {
    drop_lost: false,
    drop_unknown: false,
    has_replicas: false,
};

/// Carries out all repairs of these findings as the program does; answers which were done.
pub(crate) async fn repair(
    pool: &TestPool,
    found: &[Finding],
    options: RepairOptions,
) -> Vec<Repair> {
    let (mut done, pool) = (Vec::new(), &pool.pool);
    let mut suspects = Suspects::default();
    for repair in Repair::ALL {
        let planned = |finding: &&Finding| finding.plan_repairs(options).contains(repair);
        for finding in found.iter().filter(planned) {
            if pool.repair(finding, *repair).await.unwrap() {
                done.push(*repair);
            }
        }
        if *repair == Repair::Restore && !done.is_empty() {
            done.clear();
            pool.replicate().await.unwrap();
            for finding in found.iter().filter(planned) {
                done.extend(pool.is_restored(finding).await.unwrap().then_some(*repair));
            }
        }
    }
    found
        .iter()
        .for_each(|finding| finding.suspect(&mut suspects));
    for _ in 0..pool.correct_counts(suspects).await.unwrap() {
        done.push(Repair::Correct);
    }
    done
}

impl World {
    async fn repair(&self, found: &[Finding], options: RepairOptions) -> Vec<Repair> {
        repair(&self.pool, found, options).await
    }

    async fn found(&self) -> Vec<Finding> {
        self.pool.check(&crate::check::DEEP).await
    }
}

#[tokio::test]
async fn damaged_bytes_are_moved_away_and_come_back_when_they_are_put_again() {
    let world = World::new().await;
    let file = world.file(&world.ada, "public").await;
    fs::write(&file, "pablic bytes").unwrap();
    let found = world.found().await;
    assert_eq!(world.repair(&found, PLAIN).await, [Repair::Quarantine]);
    assert!(!file.exists());
    let quarantined = world.pool.stored("quarantine/blobs/").await;
    let moved = world.pool.path().join("store").join(&quarantined[0]);
    assert_eq!(
        fs::read(&moved).unwrap(),
        b"pablic bytes",
        "moved, not deleted"
    );
    assert_eq!(
        world.codes().await,
        ["blob_missing", "object_lost"],
        "it is still lost"
    );
    // From a backup:
    fs::write(&file, "public bytes").unwrap();
    assert_eq!(world.codes().await, [""; 0]);
    assert!(
        world.repair(&found, PLAIN).await.is_empty(),
        "what was found is so no longer"
    );
    assert!(file.exists());
}

#[tokio::test]
async fn lost_objects_are_removed_only_when_told_to() {
    let world = World::new().await;
    fs::remove_file(world.file(&world.ada, "shared").await).unwrap();
    let found = world.found().await;
    assert!(world.repair(&found, PLAIN).await.is_empty());
    let options = RepairOptions {
        drop_lost: true,
        ..PLAIN
    };
    let done = world.repair(&found, options).await;
    assert_eq!(
        done,
        [
            Repair::RemoveObject,
            Repair::RemoveObject,
            Repair::RemoveBlob
        ]
    );
    // The same content has to be stored again, and is, when the collector is through.
    world.pool.collect_everything().await;
    let put = world
        .pool
        .put(&world.bob, "again", Acl::PublicRead, "shared bytes");
    put.await.unwrap();
    assert_eq!(
        world.pool.read(&world.bob, "again").await.unwrap(),
        b"shared bytes"
    );
    assert_eq!(world.codes().await, [""; 0]);
}

#[tokio::test]
async fn an_object_whose_bytes_came_back_is_kept() {
    let world = World::new().await;
    let file = world.file(&world.ada, "public").await;
    fs::remove_file(&file).unwrap();
    let found = world.found().await;
    fs::write(&file, "public bytes").unwrap();
    let options = RepairOptions {
        drop_lost: true,
        ..PLAIN
    };
    assert!(world.repair(&found, options).await.is_empty());
    assert_eq!(world.codes().await, [""; 0]);
}

#[tokio::test]
async fn unknown_bytes_are_dropped_only_when_told_to_and_not_when_they_are_known_meanwhile() {
    let world = World::new().await;
    let path = world.add(&unknown_blob(), "unknown");
    let found = world.found().await;
    assert!(world.repair(&found, PLAIN).await.is_empty());
    let options = RepairOptions {
        drop_unknown: true,
        ..PLAIN
    };
    assert_eq!(world.repair(&found, options).await, [Repair::Drop]);
    assert!(!path.exists());
    assert_eq!(world.codes().await, [""; 0]);
    let known = world.file(&world.ada, "public").await;
    let key = known.strip_prefix(world.pool.path().join("store")).unwrap();
    let found = [Finding::BytesUnknown {
        key: key.display().to_string(),
        bytes: 12,
    }];
    assert!(world.repair(&found, options).await.is_empty());
    assert!(known.exists());
}

#[tokio::test]
async fn rows_and_counts_are_put_right() {
    for sql in [
        "UPDATE blobs SET refs = refs + 1 WHERE refs = 2",
        "UPDATE blobs SET refs = 1 WHERE refs = 2",
        "UPDATE blobs SET refs = 0 WHERE refs = 2",
        "UPDATE blobs SET refs = 0, state = 2, since = 1795000000000 WHERE refs = 2",
        "UPDATE blobs SET state = 2, since = 1795000000000 WHERE refs = 2",
        "UPDATE blobs SET md5 = {md5 of another} WHERE refs = 2",
        "UPDATE bucket_usage SET objects = objects + 1, object_bytes = 0",
        "UPDATE store_usage SET blobs = 100, blob_bytes = 3 WHERE shard = 3",
        "DELETE FROM uploads; DELETE FROM parts",
        "UPDATE uploads SET bucket_id = 99",
        "DELETE FROM objects WHERE object_key = {public}",
    ] {
        let world = World::new().await;
        world.sql(sql);
        let found = world.found().await;
        assert!(!found.is_empty(), "{sql}");
        world.repair(&found, PLAIN).await;
        let left = world.found().await;
        let collected = left.iter().all(|finding| {
            let repairs = finding.plan_repairs(PLAIN);
            repairs == [Repair::Collect]
        });
        assert!(collected, "{sql}: {left:#?}");
    }
}

#[tokio::test]
async fn counts_are_put_right_while_writes_go_on() {
    let world = World::new().await;
    world.sql("UPDATE blobs SET refs = 5 WHERE refs = 2; UPDATE bucket_usage SET objects = 90");
    let found = world.found().await;
    world.pool.remove(&world.bob, "shared too").await;
    let put = world
        .pool
        .put(&world.bob, "third", Acl::PublicRead, "shared bytes");
    put.await.unwrap();
    world.repair(&found, PLAIN).await;
    assert_eq!(world.codes().await, [""; 0]);
}

#[tokio::test]
async fn rows_of_a_bucket_or_blob_that_is_gone_are_removed_when_told_to() {
    for sql in [
        "DELETE FROM blobs WHERE refs = 2",
        "DELETE FROM buckets WHERE name = 'bob'",
        "DELETE FROM bucket_usage WHERE bucket_id = (SELECT id FROM buckets WHERE name = 'bob'); \
         DELETE FROM buckets WHERE name = 'bob'",
    ] {
        let world = World::new().await;
        world.sql(sql);
        let options = RepairOptions {
            drop_lost: true,
            drop_unknown: true,
            ..PLAIN
        };
        // What hides behind one finding may show only when that is put right.
        for _ in 0..2 {
            let found = world.found().await;
            world.repair(&found, options).await;
        }
        world.pool.collect_everything().await;
        assert_eq!(codes(&world.found().await), [""; 0], "{sql}");
    }
}
