//! How long manifests stay, and that two writers at once do no harm.
use std::time::Duration;

use rockpool_catalog::Catalog;
use rockpool_pool::{Backups, ReplayReport};
use rockpool_testkit::{TestPool, TestPoolOptions};
use rockpool_types::{Acl, ObjectKey, Timestamp};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn backup(pool: &TestPool) {
    let made = pool.pool.make_backup(pool.pool.spool()).await.unwrap();
    backups(pool).await.store(&made).await.unwrap();
}

async fn backups(pool: &TestPool) -> Backups {
    pool.pool.backups().await.unwrap()
}

/// The oldest backup, brought to what manifests say.
async fn restored(pool: &TestPool) -> (ReplayReport, Catalog) {
    let backups = backups(pool).await;
    let name = backups.list().await.unwrap().remove(0).name;
    let file = backups.fetch(&name).await.unwrap().unwrap();
    let unpacked = backups.unpack(file.reader()).unwrap();
    let path = pool.path().join("restored.db");
    std::fs::copy(unpacked.snapshot.path().unwrap(), &path).unwrap();
    let catalog = Catalog::open_sqlite(&path).await.unwrap();
    let taken_at = Timestamp::from_millis(unpacked.header.taken_at_ms);
    let replayed = backups.replay_manifests(&catalog, taken_at, pool.pool.now(), |_| {});
    (replayed.await.unwrap(), catalog)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manifests_stay_as_long_as_a_backup_needs_them() {
    let pool = TestPool::start(TestPoolOptions::default()).await;
    let ada = pool.member("ada").await;
    let ada = pool.entry(&ada, "ada").await;
    let prune = async || {
        let backups = backups(&pool).await;
        backups.prune_manifests(pool.pool.now()).await.unwrap()
    };
    // One a day, and no backup in the store: they stay for thirty days.
    for day in 0..40 {
        pool.put(&ada, &format!("{day}"), Acl::PublicRead, "same bytes")
            .await
            .unwrap();
        assert!(pool.pool.write_manifests().await.unwrap() > 0);
        assert_eq!(pool.pool.write_manifests().await.unwrap(), 0);
        pool.clock.advance(DAY);
    }
    assert_eq!((prune().await, prune().await), (10, 0));
    // A backup needs those that came after it, and some hours of what came before.
    backup(&pool).await;
    assert_eq!((prune().await, prune().await), (30, 0));
    pool.put(&ada, "before", Acl::PublicRead, "same bytes")
        .await
        .unwrap();
    pool.pool.write_manifests().await.unwrap();
    pool.clock.advance(HOUR);
    backup(&pool).await;
    pool.clock.advance(DAY);
    pool.put(&ada, "after", Acl::PublicRead, "same bytes")
        .await
        .unwrap();
    pool.pool.write_manifests().await.unwrap();
    assert_eq!(prune().await, 0);
    backups(&pool).await.prune(1).await.unwrap();
    assert_eq!(prune().await, 0);

    let (report, catalog) = restored(&pool).await;
    assert_eq!(
        (report.manifests, report.mapped, report.unmapped),
        (2, 1, 0)
    );
    assert_eq!(report.lost, []);
    let restored = catalog.usage_of_bucket(ada.bucket().id).await.unwrap();
    assert_eq!(restored.objects, 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_may_write_the_same_down_at_once() {
    let pool = TestPool::start(TestPoolOptions::default()).await;
    let ada = pool.member("ada").await;
    let ada = pool.entry(&ada, "ada").await;
    backup(&pool).await;
    for round in 0..20 {
        for key in 0..10 {
            let bytes = format!("{round} {key}");
            pool.put(&ada, &format!("{key}"), Acl::PublicRead, bytes)
                .await
                .unwrap();
        }
        let (one, other) = (pool.pool.write_manifests(), pool.pool.write_manifests());
        let (one, other) = tokio::join!(one, other);
        assert!(one.unwrap() + other.unwrap() >= 10);
    }
    let (report, catalog) = restored(&pool).await;
    assert_eq!(report.mapped, 10);
    for key in 0..10 {
        let key = ObjectKey::new(format!("{key}")).unwrap();
        let here = pool.pool.find_object(&ada, &key).await.unwrap();
        let there = catalog.find_object(ada.bucket().id, &key).await.unwrap();
        assert_eq!(there.unwrap().blob.hash, here.blob.hash);
    }
}
