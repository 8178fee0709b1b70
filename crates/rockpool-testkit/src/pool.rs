//! A whole pool in a temporary directory.
use std::{
    collections::HashSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::TryStreamExt;
use rockpool_blobs::{BlobStore, DiskStore, Durability, Spool};
use rockpool_catalog::Catalog;
use rockpool_pool::{
    Access, Caller, CheckEvent, CheckOptions, CheckPosition, Entry, Finding, ListObjects,
    MemberLimits, NewKey, Pool, PoolError, PoolParts, PoolSettings, PutRequest, ReplicaParts,
    SealingKey, Stored,
};
use rockpool_types::{
    Acl, BucketName, Clock, Conditions, ManualClock, MemberName, ObjectAttributes, ObjectKey,
    Timestamp,
};
use tempfile::TempDir;

use crate::{Body, Engine, FaultyStore};

/// How many connections a test's pool has to a database server.
const CATALOG_CONNECTIONS: u32 = 8;

/// How a test's pool is made.
#[derive(Clone, Debug, Default)]
pub struct TestPoolOptions {
    /// Its settings.
    pub settings: PoolSettings,
    /// The names of further stores, which lie in folders of their names beside `store/`.
    pub replicas: Vec<&'static str>,
}

/// A pool on the engine of this run and a directory, with its blob store behind faults and its clock in the test's hand. When it is
/// dropped it insists that its spool is empty.
#[derive(Debug)]
pub struct TestPool {
    /// The pool.
    pub pool: Pool,
    /// Its blob store, which is its staging too.
    pub store: FaultyStore,
    /// Its further stores, in the order of their names in the options.
    pub replicas: Vec<FaultyStore>,
    /// Its catalog.
    pub catalog: Catalog,
    /// Its clock's hand.
    pub clock: ManualClock,
    directory: TempDir,
    address: String,
}

impl TestPool {
    /// A pool with the settings of `options`. It starts at a fixed instant of the year 2026.
    ///
    /// # Panics
    /// When the pool cannot be made.
    pub async fn start(options: TestPoolOptions) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1_790_000_000_000));
        let open = |name: &str| {
            let disk = DiskStore::open(&directory.path().join(name), Durability::Relaxed);
            FaultyStore::new(Arc::new(disk.expect("the store opens")))
        };
        let store = open("store");
        let replicas: Vec<FaultyStore> = options.replicas.iter().map(|name| open(name)).collect();
        let named = options.replicas.iter().zip(&replicas);
        let named = named.map(|(name, store)| ReplicaParts::new(*name, Arc::new(store.clone())));
        let shared: Arc<dyn BlobStore> = Arc::new(store.clone());
        let address = Engine::of_this_run().fresh_catalog(directory.path());
        let parsed = address.parse().expect("the address of a catalog");
        let catalog = Catalog::open(&parsed, CATALOG_CONNECTIONS)
            .await
            .expect("the catalog opens");
        let pool = Pool::new(PoolParts {
            catalog: catalog.clone(),
            blobs: shared.clone(),
            replicas: named.collect(),
            staging: shared,
            spool: Spool::open(&directory.path().join("spool")).expect("the spool opens"),
            sealing_key: SealingKey::new([7; 32]),
            clock,
            settings: options.settings,
        });
        Self {
            pool,
            store,
            replicas,
            catalog,
            clock: hand,
            directory,
            address,
        }
    }

    /// A member of that name with a bucket of the same name and no limits, as a caller.
    ///
    /// # Panics
    /// When there is one already.
    pub async fn member(&self, name: &str) -> Caller {
        let limits = MemberLimits {
            max_buckets: 10,
            max_bytes: None,
            max_objects: None,
        };
        self.member_with(name, limits).await
    }

    /// As [`Self::member`], with limits.
    ///
    /// # Panics
    /// When there is one already.
    pub async fn member_with(&self, name: &str, limits: MemberLimits) -> Caller {
        let name = MemberName::new(name).expect("a good name");
        let (_, key) = self
            .pool
            .add_member(&name, limits, NewKey::default())
            .await
            .expect("a new member");
        let holder = self
            .pool
            .find_key(&key.id)
            .await
            .expect("the catalog answers");
        Caller::Member(holder.expect("the key works"))
    }

    /// The caller's entry for writing to a bucket.
    ///
    /// # Panics
    /// When the caller is not let in.
    pub async fn entry(&self, caller: &Caller, bucket: &str) -> Entry {
        let name = BucketName::new(bucket).expect("a good name");
        self.pool
            .enter(caller, &name, Access::Write)
            .await
            .expect("the caller may write")
    }

    /// Puts bytes under a key.
    ///
    /// # Errors
    /// The pool's.
    pub async fn put(
        &self,
        entry: &Entry,
        key: &str,
        acl: Acl,
        bytes: impl Into<Bytes>,
    ) -> Result<Stored, PoolError> {
        let request = PutRequest {
            key: ObjectKey::new(key).expect("a good key"),
            acl: Some(acl),
            attributes: ObjectAttributes::default(),
            conditions: Conditions::default(),
        };
        self.pool
            .put_object(entry, request, &mut Body::new(bytes))
            .await
    }

    /// The bytes under a key.
    ///
    /// # Errors
    /// The pool's, and `Unavailable` when the bytes break off.
    pub async fn read(&self, entry: &Entry, key: &str) -> Result<Vec<u8>, PoolError> {
        let object = self
            .pool
            .find_object(entry, &ObjectKey::new(key).expect("a good key"))
            .await?;
        let reader = self.pool.open_object(&object, None).await?;
        let chunks: Vec<Bytes> = reader
            .stream
            .try_collect()
            .await
            .map_err(|e| PoolError::Unavailable(e.to_string()))?;
        Ok(chunks.concat())
    }

    /// Removes a key; whether it was there.
    ///
    /// # Panics
    /// When the pool does not answer.
    pub async fn remove(&self, entry: &Entry, key: &str) -> bool {
        let key = ObjectKey::new(key).expect("a good key");
        let mut answers = self
            .pool
            .remove_objects(entry, vec![(key, Conditions::default())])
            .await
            .expect("it answers");
        answers
            .pop()
            .expect("one answer for one key")
            .expect("there was no condition")
    }

    /// All keys of the store that begin with `prefix`.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn stored(&self, prefix: &str) -> Vec<String> {
        let items = self
            .store
            .list(prefix, None, usize::MAX)
            .await
            .expect("the store answers");
        items
            .into_iter()
            .map(|item| item.key.as_str().to_owned())
            .collect()
    }

    /// Moves the clock past the grace period, every lease and every quarantine, and collects until nothing is left to do.
    ///
    /// # Panics
    /// When the pool does not answer.
    pub async fn collect_everything(&self) {
        let settings = self.pool.settings();
        let far =
            settings.grace + settings.store_lease + settings.delete_lease + settings.longest_delete;
        for _ in 0..5 {
            self.clock.advance(far + Duration::from_secs(1));
            self.pool.collect().await.expect("the pool answers");
        }
    }

    /// The directory that it lies in: `store/`, `spool/`, and on SQLite `catalog.db`.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Changes the catalog behind the pool's back, also in ways that its foreign keys forbid. Bytes are written `X'00FF'`.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn damage_catalog(&self, statements: &str) {
        Engine::of_this_run().damage(&self.address, statements);
    }

    /// What a check of the pool finds.
    ///
    /// # Panics
    /// When the pool does not answer.
    pub async fn check(&self, options: &CheckOptions) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut watch = |event: CheckEvent<'_>| {
            if let CheckEvent::Found(finding) = event {
                found.push(finding);
            }
            Ok(())
        };
        let from = CheckPosition::default();
        let checked = self.pool.check(options, from, HashSet::new(), &mut watch);
        checked.await.expect("the pool answers");
        found
    }

    /// Insists that every object of these buckets can be read whole, and that a deep check finds nothing at all. To be
    /// called when nothing is under way and everything idle has been collected.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn insist_on_promises(&self, entries: &[&Entry]) {
        for entry in entries {
            let query = ListObjects {
                bucket: entry.bucket().id,
                prefix: String::new(),
                delimiter: None,
                after: None,
                limit: 100_000,
            };
            let listing = self.pool.list_objects(entry, query).await;
            for object in listing.expect("the pool answers").objects {
                let bytes = self.read(entry, object.key.as_str()).await;
                let bytes = bytes.expect("a mapped key has its bytes").len() as u64;
                assert_eq!(bytes, object.blob.size, "the size of {}", object.key);
            }
        }
        let options = CheckOptions {
            deep: true,
            at_rest: true,
            ..CheckOptions::default()
        };
        let found = self.check(&options).await;
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// How long a blocking thread may take over the last block of a body that was given up.
const LAST_BLOCK: Duration = Duration::from_secs(10);

impl Drop for TestPool {
    /// Insists that the spool is empty. A body that was given up leaves its file to the thread that is writing a
    /// block of it, which removes it when the block is done; so this waits for a moment.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let spool = self.directory.path().join("spool");
        let since = Instant::now();
        loop {
            let left = files_below(&spool);
            if left.is_empty() {
                return;
            }
            assert!(
                since.elapsed() < LAST_BLOCK,
                "the spool is not empty: {left:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn files_below(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if !["lock", "in-use"]
            .iter()
            .any(|own| entry.file_name() == *own)
        {
            files.push(path.display().to_string());
        }
    }
    files
}
