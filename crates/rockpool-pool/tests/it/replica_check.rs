//! What a check finds at replicas, and what a repair takes from them.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage files on purpose"
)]

use std::{fs, time::Duration};

use rockpool_pool::{CheckOptions, Finding, Repair, RepairOptions};

use crate::{
    check::{DEEP, codes},
    repair::repair,
    replicate::World,
};

const PLAIN: RepairOptions = RepairOptions {
    drop_lost: false,
    drop_unknown: false,
    has_replicas: true,
};

/// A pool with four blobs and copies of all.
async fn replicated() -> World {
    let world = World::new().await;
    for key in ["aaaa", "bbbb", "cccc"] {
        world.put(key, key).await;
    }
    world.replicate().await;
    assert_eq!(found(&world, &DEEP).await, [""; 0]);
    world
}

/// The codes of what is found, in the order of their names.
async fn found(world: &World, options: &CheckOptions) -> Vec<&'static str> {
    sorted(&world.pool.check(options).await)
}

fn sorted(found: &[Finding]) -> Vec<&'static str> {
    let mut codes = codes(found);
    codes.sort_unstable();
    codes
}

/// Loses one file of a store, cuts another and damages a third.
fn damage(world: &World, store: &str) {
    fs::remove_file(world.file(store, "aaaa")).unwrap();
    fs::write(world.file(store, "bbbb"), "bbb").unwrap();
    fs::write(world.file(store, "cccc"), "cccx").unwrap();
}

#[tokio::test]
async fn what_a_replica_lacks_or_has_damaged_is_found_and_copied_again() {
    let world = replicated().await;
    damage(&world, "far");
    let shallow = CheckOptions {
        deep: false,
        ..DEEP.clone()
    };
    let all = ["replica_damaged", "replica_damaged", "replica_missing"];
    assert_eq!(found(&world, &shallow).await, all[1..]);
    let mut seen = Vec::new();
    let mut watch = |event: rockpool_pool::CheckEvent<'_>| {
        if let rockpool_pool::CheckEvent::Found(finding) = event {
            seen.push(finding);
        }
        Ok(())
    };
    let verified = world.pool.pool.verify_replica("far", &DEEP, &mut watch);
    assert_eq!(verified.await.unwrap().unwrap().copies, 3);
    assert_eq!(sorted(&seen), all);
    assert_eq!(found(&world, &DEEP).await, all);

    let done = repair(&world.pool, &seen, PLAIN).await;
    assert_eq!(done, [Repair::Restore; 3]);
    assert_eq!(world.blobs("far"), world.blobs("store"));
    assert_eq!(found(&world, &DEEP).await, [""; 0]);
    assert!(world.pool.path().join("far/quarantine").exists());
}

#[tokio::test]
async fn what_is_queued_for_a_replica_is_found_only_when_it_waits_for_long() {
    let world = World::new().await;
    world.put("a", "new bytes").await;
    assert_eq!(found(&world, &DEEP).await, [""; 0], "not even queued");
    world.replicate().await;
    world.put("b", "newer bytes").await;
    assert_eq!(found(&world, &DEEP).await, [""; 0]);
    world.pool.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(found(&world, &DEEP).await, ["replica_behind"]);
    world.pool.replicas[0].set_gone(true);
    assert_eq!(found(&world, &DEEP).await, ["replica_away"]);
}

#[tokio::test]
async fn a_repair_takes_from_a_replica_what_the_primary_lost() {
    let world = replicated().await;
    damage(&world, "store");
    let found = world.pool.check(&DEEP).await;
    let lost = ["object_lost"; 3];
    let blobs = ["blob_damaged", "blob_missing", "blob_wrong_size"];
    assert_eq!(sorted(&found), [blobs, lost].concat());
    let options = RepairOptions {
        drop_lost: true,
        ..PLAIN
    };
    let done = repair(&world.pool, &found, options).await;
    assert_eq!(done, [Repair::Restore; 3], "and nothing is dropped");
    for key in ["aaaa", "bbbb", "cccc"] {
        assert_eq!(world.read(key).await.unwrap(), key);
    }
    assert_eq!(world.blobs("far"), world.blobs("store"));
    world.pool.insist_on_promises(&[&world.ada]).await;
    assert_eq!(world.pool.stored("quarantine/").await.len(), 2);
}

#[tokio::test]
async fn a_repair_replaces_what_a_store_cannot_read() {
    let world = replicated().await;
    let (key, file) = (world.key("cccc"), world.file("store", "cccc"));
    fs::write(file, "cut").unwrap();
    for key in [key, world.key("aaaa")] {
        world.pool.store.spoil(&key);
    }
    world.pool.replicas[0].spoil(&world.key("bbbb"));
    let found = world.pool.check(&DEEP).await;
    let codes = [
        "blob_unreadable",
        "blob_wrong_size",
        "object_lost",
        "replica_damaged",
    ];
    assert_eq!(sorted(&found), codes);
    let done = repair(&world.pool, &found, PLAIN).await;
    assert_eq!(done, [Repair::Restore; 3]);
    for key in ["aaaa", "bbbb", "cccc"] {
        assert_eq!(world.read(key).await.unwrap(), key);
    }
    assert!(world.pool.check(&DEEP).await.is_empty());
}

#[tokio::test]
async fn nothing_is_dropped_that_a_replica_may_have() {
    let world = replicated().await;
    fs::remove_file(world.file("store", "aaaa")).unwrap();
    let found = world.pool.check(&DEEP).await;
    assert_eq!(sorted(&found), ["blob_missing", "object_lost"]);
    let pool = &world.pool.pool;
    let drop = async || {
        let object = pool.repair(&found[1], Repair::RemoveObject).await;
        let blob = pool.repair(&found[0], Repair::RemoveBlob).await;
        (object, blob)
    };
    world.pool.replicas[0].set_gone(true);
    assert!(matches!(drop().await, (Err(_), Err(_))));
    world.pool.replicas[0].set_gone(false);
    assert!(matches!(drop().await, (Ok(false), Ok(false))));
    assert_eq!(world.read("aaaa").await.unwrap(), "aaaa");
}

#[tokio::test]
async fn unknown_bytes_at_a_replica_are_dropped_only_when_told_to() {
    let world = replicated().await;
    let file = world.pool.path().join("far/blobs/5/a5a");
    fs::create_dir_all(&file).unwrap();
    let file = file.join("5a".repeat(64));
    fs::write(&file, "unknown").unwrap();
    let found = world.pool.check(&DEEP).await;
    assert_eq!(sorted(&found), ["replica_bytes_unknown"]);
    assert!(repair(&world.pool, &found, PLAIN).await.is_empty());
    let options = RepairOptions {
        drop_unknown: true,
        ..PLAIN
    };
    let done = repair(&world.pool, &found, options).await;
    assert_eq!(done, [Repair::Drop]);
    assert_eq!(world.replicate().await.removed, 1);
    assert!(!file.exists());
}
