//! A landing before a provider: the contract, outages, races and restarts.
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rockpool_blobs::{
    Backlog, BlobStore, DiskStore, Durability, Landing, LandingSettings, MemoryStore, StoreError,
    StoreKey,
};
use sha2::{Digest, Sha512};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    contract::contract,
    s3,
    support::{key, keys, memory, pattern, read, spooled},
};

use bucket::Bucket;

mod bucket;
mod removals;

fn settings() -> LandingSettings {
    LandingSettings {
        folders: vec!["blobs/".into(), "private/".into()],
        max_waiting_bytes: 10 << 20,
        cache_bytes: 10 << 20,
        max_parallel: 4,
        settle: Duration::from_secs(5),
    }
}

/// Settings by which everything lands.
fn everything() -> LandingSettings {
    LandingSettings {
        folders: vec![String::new()],
        ..settings()
    }
}

fn open(directory: &Path, far: Arc<dyn BlobStore>, settings: LandingSettings) -> Landing {
    Landing::open(directory, far, settings).unwrap()
}

/// A mover, until it is dropped.
struct Mover(JoinHandle<()>);

impl Mover {
    fn of(landing: &Landing) -> Self {
        let landing = landing.clone();
        Self(tokio::spawn(async move { landing.run().await }))
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The key of a blob with these bytes.
fn blob(bytes: &[u8]) -> StoreKey {
    let hash = hex::encode(Sha512::digest(bytes));
    key(&format!("blobs/{}/{}/{hash}", &hash[..1], &hash[1..4]))
}

/// Tries until it holds.
async fn soon(what: &str, holds: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < Duration::from_secs(20), "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn moved(landing: &Landing) {
    let is_empty = async || landing.backlog().items == 0;
    soon("everything moves", is_empty).await;
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Unavailable { .. })),
        "{result:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_keeps_the_contract_whatever_has_moved() {
    let check = async |settings: LandingSettings, moves: bool| {
        let directory = tempfile::tempdir().unwrap();
        let far = DiskStore::open(&directory.path().join("far"), Durability::Full).unwrap();
        let landing = open(&directory.path().join("near"), Arc::new(far), settings);
        let _mover = moves.then(|| Mover::of(&landing));
        contract(Arc::new(landing)).await;
    };
    check(everything(), false).await;
    check(everything(), true).await;
    let uncached = LandingSettings {
        cache_bytes: 0,
        ..everything()
    };
    check(uncached, true).await;
    let full = LandingSettings {
        max_waiting_bytes: 100_000,
        ..everything()
    };
    check(full, true).await;
    check(settings(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landing_before_an_s3_store_keeps_the_contract() {
    let server = s3::Server::start();
    let far = Arc::new(server.store_with(|_| {}));
    let directory = tempfile::tempdir().unwrap();
    let landing = open(directory.path(), far.clone(), everything());
    let _mover = Mover::of(&landing);
    contract(Arc::new(landing)).await;
    let beside = Landing::beside(directory.path(), far).unwrap();
    contract(Arc::new(beside)).await;
}

#[tokio::test]
async fn what_waits_moves_with_its_media_type_and_stays_to_be_read() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let landing = open(directory.path(), bucket.store(), settings());
    let bytes = pattern(1, 300_000);
    let name = blob(&bytes);
    let content = spooled(&bucket.provider.spool(), &bytes);
    landing.put(&name, &content, "image/svg+xml").await.unwrap();
    drop(content);
    assert!(landing.is_on_its_way(&name));
    assert!(bucket.provider.requests().is_empty());
    assert_eq!(landing.backlog().bytes, 300_000);

    let _mover = Mover::of(&landing);
    moved(&landing).await;
    assert!(!landing.is_on_its_way(&name));
    let (media_type, there) = bucket.object(&name).unwrap();
    assert!(media_type == "image/svg+xml" && there == bytes);
    assert_eq!(bucket.asked(&name), ["PUT", "HEAD"]);
    bucket.refuse(503);
    assert!(read(&landing, &name, Some(5..10)).await.unwrap().1 == bytes[5..10]);
    // Whether the provider has it is for the provider to say.
    unavailable(landing.size(&name).await);
}

#[tokio::test]
async fn a_provider_that_is_away_costs_no_put_and_no_read() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let landing = open(directory.path(), bucket.store(), settings());
    let _mover = Mover::of(&landing);
    for status in [503, 429, 403] {
        bucket.refuse(status);
        let contents: Vec<_> = (0..20)
            .map(|n| pattern(u64::from(status) * 100 + n, 2_000))
            .collect();
        for bytes in &contents {
            landing
                .put(&blob(bytes), &memory(bytes), "a/b")
                .await
                .unwrap();
        }
        landing.probe().await.unwrap();
        let is_known = async || landing.accepts_removals().await.is_err();
        soon("the outage is known", is_known).await;
        for bytes in &contents {
            assert!(read(&landing, &blob(bytes), None).await.unwrap().1 == *bytes);
            assert!(landing.is_on_its_way(&blob(bytes)));
        }
        bucket.refuse(0);
        moved(&landing).await;
        landing.accepts_removals().await.unwrap();
        for bytes in &contents {
            assert!(bucket.object(&blob(bytes)).unwrap().1 == *bytes);
        }
    }
}

#[tokio::test]
async fn a_full_landing_lets_the_provider_set_the_pace() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let small = LandingSettings {
        max_waiting_bytes: 5_000,
        ..settings()
    };
    let landing = open(directory.path(), bucket.store(), small);
    let contents = [1, 2, 3].map(|n| pattern(n, 2_000));
    for bytes in &contents {
        landing
            .put(&blob(bytes), &memory(bytes), "a/b")
            .await
            .unwrap();
    }
    assert_eq!(landing.backlog().items, 2);
    assert!(bucket.object(&blob(&contents[2])).is_some());
    bucket.refuse(503);
    let fourth = pattern(4, 2_000);
    unavailable(landing.put(&blob(&fourth), &memory(&fourth), "a/b").await);
    landing.probe().await.unwrap();
    bucket.refuse(0);
    landing
        .put(&blob(&fourth), &memory(&fourth), "a/b")
        .await
        .unwrap();
    let _mover = Mover::of(&landing);
    moved(&landing).await;
    assert_eq!(keys(&landing_less(&directory), "", 9).await.len(), 2);
}

/// What is left of a landing's cache, as a store of its own.
fn landing_less(directory: &TempDir) -> DiskStore {
    DiskStore::open(&directory.path().join("cache"), Durability::Relaxed).unwrap()
}

#[tokio::test]
async fn a_full_landing_before_a_provider_that_is_away_is_not_ready() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let full = LandingSettings {
        max_waiting_bytes: 2_000,
        ..settings()
    };
    let landing = open(directory.path(), bucket.store(), full);
    let bytes = pattern(1, 2_000);
    landing
        .put(&blob(&bytes), &memory(&bytes), "a/b")
        .await
        .unwrap();
    bucket.refuse(503);
    unavailable(landing.probe().await);
}

#[tokio::test]
async fn a_start_finds_what_waits_and_what_is_cached() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let contents = [1, 2].map(|n| pattern(n, 2_000));
    let [cached, waiting] = [0, 1].map(|n| blob(&contents[n]));
    {
        let landing = open(directory.path(), bucket.store(), settings());
        landing
            .put(&cached, &memory(&contents[0]), "a/b")
            .await
            .unwrap();
        let mover = Mover::of(&landing);
        moved(&landing).await;
        bucket.refuse(503);
        landing
            .put(&waiting, &memory(&contents[1]), "image/png")
            .await
            .unwrap();
        let held = Landing::open(directory.path(), bucket.store(), settings());
        assert!(
            held.unwrap_err()
                .to_string()
                .contains("belongs to one node")
        );
        mover.0.abort();
        sleep(Duration::from_millis(50)).await;
    }
    assert!(Landing::has_backlog(directory.path()).unwrap());
    let mut reopened = Landing::open(directory.path(), bucket.store(), settings());
    for _ in 0..100 {
        // The mover of before may still be ending.
        if reopened.is_ok() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        reopened = Landing::open(directory.path(), bucket.store(), settings());
    }
    let landing = reopened.unwrap();
    assert!(landing.is_on_its_way(&waiting) && !landing.is_on_its_way(&cached));
    for (name, bytes) in [(&cached, &contents[0]), (&waiting, &contents[1])] {
        assert!(read(&landing, name, None).await.unwrap().1 == *bytes);
    }
    bucket.refuse(0);
    let _mover = Mover::of(&landing);
    moved(&landing).await;
    assert_eq!(bucket.object(&waiting).unwrap().0, "image/png");
    assert!(!Landing::has_backlog(directory.path()).unwrap());
    let nowhere = directory.path().join("nowhere");
    assert!(!Landing::has_backlog(&nowhere).unwrap());
    assert_eq!(Landing::look(&nowhere).unwrap(), Backlog::default());
}

#[tokio::test]
async fn damage_is_not_sent() {
    let (bucket, directory) = (Bucket::start().await, tempfile::tempdir().unwrap());
    let landing = open(directory.path(), bucket.store(), settings());
    let contents = [1, 2].map(|n| pattern(n, 2_000));
    for bytes in &contents {
        landing
            .put(&blob(bytes), &memory(bytes), "a/b")
            .await
            .unwrap();
    }
    let name = blob(&contents[0]).to_string().replace('/', "_s");
    let file = directory.path().join("waiting/a_2fb").join(name);
    std::fs::write(file, pattern(3, 2_000)).unwrap();
    let _mover = Mover::of(&landing);
    let second_moved = async || landing.backlog().items == 1;
    soon("the other moves", second_moved).await;
    sleep(Duration::from_millis(1_500)).await;
    assert!(bucket.asked(&blob(&contents[0])).is_empty());
}

#[tokio::test]
async fn strangers_files_in_the_landing_are_told_of() {
    let directory = tempfile::tempdir().unwrap();
    let far = Arc::new(MemoryStore::default());
    let landing = open(directory.path(), far, settings());
    let bytes = pattern(1, 10);
    landing
        .put(&blob(&bytes), &memory(&bytes), "a/b")
        .await
        .unwrap();
    std::fs::write(directory.path().join("waiting/a_2fb/x~y"), "?").unwrap();
    std::fs::write(directory.path().join("waiting/stranger"), "?").unwrap();
    let strays = landing.strays(&["blobs/"], 10).await.unwrap();
    let mut names: Vec<_> = strays.iter().map(|stray| stray.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["landing:a_2fb/x~y", "landing:stranger"]);
}
