//! The pool's handle, its parts and settings.
use std::{sync::Arc, time::Duration};

use rockpool_blobs::{BlobStore, Spool};
use rockpool_catalog::{Bucket, Catalog};
use rockpool_types::{AccessKeyId, BucketName, Clock, HostName, Timestamp};

use crate::{
    KeyHolder, ReplicaParts, SealingKey, cache::Fresh, inflight::InFlight, stores::Stores,
};

/// What a pool is made of.
#[derive(Debug)]
pub struct PoolParts {
    /// The catalog.
    pub catalog: Catalog,
    /// The store called `main`: where blobs lie, public and private, unless a replica was promoted.
    pub blobs: Arc<dyn BlobStore>,
    /// The other stores of the configuration, of other names than `main` and each other's.
    pub replicas: Vec<ReplicaParts>,
    /// Where parts of multipart uploads lie until their completion.
    pub staging: Arc<dyn BlobStore>,
    /// This node's spool.
    pub spool: Spool,
    /// Seals access key secrets.
    pub sealing_key: SealingKey,
    /// The time.
    pub clock: Clock,
    /// The settings.
    pub settings: PoolSettings,
}

/// How a pool behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Whether writes are refused.
    pub read_only: bool,
    /// How long a blob stays in the store after its last reference went.
    pub grace: Duration,
    /// How long an uploader may take to store a blob's bytes.
    pub store_lease: Duration,
    /// How long a collector may take over one batch of deletes.
    pub delete_lease: Duration,
    /// The longest that a delete may take at the store, after which it cannot happen any more.
    pub longest_delete: Duration,
    /// How long an upload may lie about before it is taken for abandoned.
    pub upload_lifetime: Duration,
    /// The most bytes of an object.
    pub max_object_bytes: u64,
    /// The most bytes of a part, and of a single put.
    pub max_put_bytes: u64,
    /// Bodies up to this size stay in memory on their way in.
    pub memory_body_bytes: usize,
    /// Parts up to this size lie in the catalog until their completion.
    pub inline_part_bytes: usize,
    /// How long a public reader waits for an upload of the key that it asks for.
    pub wait_for_upload: Duration,
    /// How long what a node knows of keys and buckets may be out of date.
    pub cache_lifetime: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            read_only: false,
            grace: Duration::from_secs(24 * 3600),
            store_lease: Duration::from_secs(3600),
            delete_lease: Duration::from_secs(60),
            longest_delete: Duration::from_secs(120),
            upload_lifetime: Duration::from_secs(7 * 24 * 3600),
            max_object_bytes: 50 << 30,
            max_put_bytes: 5 << 30,
            memory_body_bytes: 128 << 10,
            inline_part_bytes: 64 << 10,
            wait_for_upload: Duration::from_secs(10),
            cache_lifetime: Duration::from_secs(1),
        }
    }
}

/// A pool. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: PoolParts,
    stores: Stores,
    inflight: InFlight,
    caches: Caches,
}

/// What this node remembers of the catalog, each entry for `cache_lifetime`.
#[derive(Debug)]
pub(crate) struct Caches {
    pub(crate) keys: Fresh<AccessKeyId, Arc<KeyHolder>>,
    pub(crate) buckets: Fresh<BucketName, Arc<Bucket>>,
    pub(crate) hosts: Fresh<HostName, Option<Arc<Bucket>>>,
}

impl Pool {
    /// How many keys, buckets and host names a node remembers, of each.
    const REMEMBERED: usize = 10_000;

    /// Puts a pool together.
    pub fn new(parts: PoolParts) -> Self {
        let lifetime = parts.settings.cache_lifetime;
        let caches = Caches {
            keys: Fresh::new(Self::REMEMBERED, lifetime),
            buckets: Fresh::new(Self::REMEMBERED, lifetime),
            hosts: Fresh::new(Self::REMEMBERED, lifetime),
        };
        Self(Arc::new(Inner {
            stores: Stores::new(parts.blobs.clone(), parts.replicas.clone()),
            parts,
            inflight: InFlight::default(),
            caches,
        }))
    }

    /// How it behaves.
    pub fn settings(&self) -> &PoolSettings {
        &self.0.parts.settings
    }

    /// The present instant of its clock.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.0.parts.catalog
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.0.stores
    }

    pub(crate) fn staging(&self) -> &Arc<dyn BlobStore> {
        &self.0.parts.staging
    }

    /// This node's spool.
    pub fn spool(&self) -> &Spool {
        &self.0.parts.spool
    }

    pub(crate) fn sealing_key(&self) -> &SealingKey {
        &self.0.parts.sealing_key
    }

    pub(crate) fn inflight(&self) -> &InFlight {
        &self.0.inflight
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.0.caches
    }
}

impl Caches {
    /// Forgets everything: after a change of members, keys or buckets at this node.
    pub(crate) fn clear(&self) {
        self.keys.clear();
        self.buckets.clear();
        self.hosts.clear();
    }
}
