//! The scrub: everything is read within its period, and what went bad comes back from another store.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage files on purpose"
)]

use std::{fs, time::Duration};

use rockpool_pool::{ScrubOptions, ScrubStep};

use crate::{check::codes, replicate::World};

const DAY: Duration = Duration::from_secs(24 * 3600);

const MONTHLY: ScrubOptions = ScrubOptions {
    period: Duration::from_secs(30 * 24 * 3600),
    bytes_per_second: None,
};

/// A pool with ten blobs and copies of all.
async fn replicated() -> World {
    let world = World::new().await;
    for key in ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9"] {
        world.put(key, key).await;
    }
    world.replicate().await;
    world
}

async fn step(world: &World, store: &str) -> ScrubStep {
    world.pool.pool.scrub(store, &MONTHLY).await.unwrap()
}

/// Steps until nothing is due, as a node takes them; answers what was found.
async fn scrub(world: &World, store: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    loop {
        let step = step(world, store).await;
        found.extend(codes(&step.found));
        if !step.wait.is_zero() {
            found.sort_unstable();
            return found;
        }
    }
}

/// Blobs that this pass has read, and whether it is finished.
async fn progress(world: &World, store: &str) -> (u64, bool) {
    let scrubs = world.pool.pool.scrub_status().await.unwrap();
    let scrub = scrubs.into_iter().find(|scrub| scrub.store == store);
    let scrub = scrub.unwrap();
    (scrub.blobs, scrub.finished_ms.is_some())
}

#[tokio::test]
async fn a_pass_is_spread_over_its_period_and_the_next_begins_after_it() {
    let world = replicated().await;
    assert!(scrub(&world, "main").await.is_empty());
    assert_eq!(progress(&world, "main").await, (0, false));
    let first = step(&world, "main").await;
    assert!(first.wait > 2 * DAY && first.wait < 3 * DAY);
    for (days, blobs) in [(3, 1), (3, 2), (9, 5)] {
        world.pool.clock.advance(days * DAY);
        assert!(scrub(&world, "main").await.is_empty());
        assert_eq!(progress(&world, "main").await, (blobs, false));
    }
    world.pool.clock.advance(12 * DAY);
    assert!(scrub(&world, "main").await.is_empty());
    assert_eq!(progress(&world, "main").await, (10, true));
    assert_eq!(step(&world, "main").await.wait, 3 * DAY);
    world.pool.clock.advance(3 * DAY);
    scrub(&world, "main").await;
    assert_eq!(progress(&world, "main").await, (0, false), "the next");
}

#[tokio::test]
async fn what_went_bad_at_any_store_is_found_and_taken_from_another() {
    let world = replicated().await;
    fs::write(world.file("store", "b1"), "x1").unwrap();
    fs::remove_file(world.file("store", "b2")).unwrap();
    fs::write(world.file("far", "b3"), "x").unwrap();
    for store in ["main", "far"] {
        scrub(&world, store).await;
    }
    world.pool.clock.advance(27 * DAY);
    let found = scrub(&world, "main").await;
    assert_eq!(found, ["blob_damaged", "blob_missing"]);
    assert_eq!(scrub(&world, "far").await, ["replica_damaged"]);
    let scrubs = world.pool.pool.scrub_status().await.unwrap();
    let findings: Vec<u64> = scrubs.iter().map(|scrub| scrub.findings).collect();
    assert_eq!(findings, [1, 2]);
    assert_eq!(world.replicate().await.copied, 3);
    assert_eq!(world.blobs("store"), world.blobs("far"));
    for key in ["b1", "b2", "b3"] {
        assert_eq!(world.read(key).await.unwrap(), key);
    }
    world.pool.insist_on_promises(&[&world.ada]).await;
}

#[tokio::test]
async fn what_no_other_store_has_is_told_and_left_alone() {
    let world = replicated().await;
    assert!(world.pool.pool.remove_replica("far").await.unwrap());
    let file = world.file("store", "b1");
    fs::write(&file, "x1").unwrap();
    scrub(&world, "main").await;
    world.pool.clock.advance(27 * DAY);
    assert_eq!(scrub(&world, "main").await, ["blob_damaged"]);
    assert_eq!(fs::read(&file).unwrap(), b"x1");
    assert!(world.pool.stored("quarantine/").await.is_empty());
}

#[tokio::test]
async fn a_scrub_whose_node_died_goes_on_where_it_was() {
    let world = replicated().await;
    scrub(&world, "main").await;
    world.pool.clock.advance(15 * DAY);
    scrub(&world, "main").await;
    assert_eq!(progress(&world, "main").await, (5, false));
    // A node claims the next step, and dies.
    world.pool.clock.advance(12 * DAY);
    let now = world.pool.pool.now();
    let until = now.plus(Duration::from_secs(120));
    let claimed = world.pool.catalog.claim_scrub("main", 7, now, until).await;
    assert_eq!(claimed.unwrap().unwrap().blobs, 5);
    assert!(scrub(&world, "main").await.is_empty());
    assert_eq!(
        progress(&world, "main").await,
        (5, false),
        "another is at it"
    );
    world.pool.clock.advance(Duration::from_secs(120));
    scrub(&world, "main").await;
    assert_eq!(
        progress(&world, "main").await,
        (10, true),
        "none is read twice"
    );
}
