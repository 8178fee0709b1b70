//! Collecting: nothing too early, nothing left for ever.
use std::time::Duration;

use rockpool_testkit::{Fault, TestPool, TestPoolOptions};
use rockpool_types::Acl;

#[tokio::test]
async fn bytes_stay_while_one_member_needs_them_and_go_after_the_grace_period() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (ada, bob) = (
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    );
    world
        .put(&ada, "a", Acl::PublicRead, "shared")
        .await
        .unwrap();
    world
        .put(&bob, "b", Acl::PublicRead, "shared")
        .await
        .unwrap();
    world.remove(&ada, "a").await;
    world.collect_everything().await;
    assert_eq!(world.read(&bob, "b").await.unwrap(), b"shared");
    world.remove(&bob, "b").await;
    world
        .clock
        .advance(world.pool.settings().grace - Duration::from_secs(1));
    world.pool.collect().await.unwrap();
    assert_eq!(
        world.stored("blobs/").await.len(),
        1,
        "within the grace period"
    );
    world.clock.advance(Duration::from_secs(2));
    let plan = world.pool.plan_collection().await.unwrap();
    assert_eq!((plan.idle_blobs, plan.idle_bytes), (1, 6));
    let report = world.pool.collect().await.unwrap();
    assert_eq!((report.removed_blobs, report.removed_bytes), (1, 6));
    assert!(world.stored("").await.is_empty());
    assert_eq!(world.pool.usage_of_store().await.unwrap(), (0, 0));
    assert_eq!(
        world.pool.plan_collection().await.unwrap(),
        rockpool_pool::CollectionPlan::default()
    );
}

#[tokio::test]
async fn content_that_comes_back_within_the_grace_period_is_not_stored_again() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "a", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    world.remove(&entry, "a").await;
    world
        .put(&entry, "b", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    assert_eq!(world.store.puts().len(), 1);
    world.collect_everything().await;
    assert_eq!(world.read(&entry, "b").await.unwrap(), b"bytes");
}

#[tokio::test]
async fn a_delete_of_unknown_outcome_is_repeated_and_then_waited_out() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for fault in [Fault::RemoveFails, Fault::RemoveFailsAfterwards] {
        world
            .put(&entry, "a", Acl::PublicRead, "bytes")
            .await
            .unwrap();
        world.remove(&entry, "a").await;
        world
            .clock
            .advance(world.pool.settings().grace + Duration::from_secs(1));
        world.store.add(fault);
        let report = world.pool.collect().await.unwrap();
        assert_eq!((report.removed_blobs, report.postponed_blobs), (0, 1));
        // Until the delete can no longer happen behind our backs, the same content has to wait.
        let early = world.put(&entry, "b", Acl::PublicRead, "bytes").await;
        assert!(
            matches!(early, Err(rockpool_pool::PoolError::Unavailable(_))),
            "{early:?}"
        );
        world.collect_everything().await;
        assert!(world.stored("blobs/").await.is_empty());
        world
            .put(&entry, "b", Acl::PublicRead, "bytes")
            .await
            .unwrap();
        assert_eq!(world.read(&entry, "b").await.unwrap(), b"bytes");
        world.remove(&entry, "b").await;
        world.collect_everything().await;
    }
}

#[tokio::test]
async fn a_collector_that_stood_still_between_its_proof_and_its_delete_deletes_nothing() {
    let mut options = TestPoolOptions::default();
    options.settings.delete_lease = Duration::from_millis(400);
    let world = TestPool::start(options).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    world
        .put(&entry, "a", Acl::PublicRead, "bytes")
        .await
        .unwrap();
    world.remove(&entry, "a").await;
    world
        .clock
        .advance(world.pool.settings().grace + Duration::from_secs(1));
    world
        .store
        .add(Fault::RemoveWaits(Duration::from_millis(250)));
    let report = world.pool.collect().await.unwrap();
    assert_eq!((report.removed_blobs, report.postponed_blobs), (0, 1));
    assert_eq!(world.stored("blobs/").await.len(), 1, "it came too late");
}

#[tokio::test]
async fn more_blobs_than_a_batch_are_collected_in_one_go() {
    let world = TestPool::start(TestPoolOptions::default()).await;
    let ada = world.member("ada").await;
    let entry = world.entry(&ada, "ada").await;
    for i in 0..350 {
        world
            .put(
                &entry,
                &format!("{i}"),
                Acl::PublicRead,
                format!("bytes {i}"),
            )
            .await
            .unwrap();
    }
    for i in 0..350 {
        world.remove(&entry, &format!("{i}")).await;
    }
    world
        .clock
        .advance(world.pool.settings().grace + Duration::from_secs(1));
    assert_eq!(world.pool.plan_collection().await.unwrap().idle_blobs, 350);
    assert_eq!(world.pool.collect().await.unwrap().removed_blobs, 350);
    assert!(world.stored("").await.is_empty());
}
