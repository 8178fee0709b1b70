//! What a node remembers of keys and buckets, for a second or so.
use std::{hash::Hash, time::Duration};

use quick_cache::sync::Cache;
use tokio::time::Instant;

/// Values that are trusted for a fixed time.
#[derive(Debug)]
pub(crate) struct Fresh<K, V> {
    values: Cache<K, (Instant, V)>,
    lifetime: Duration,
}

impl<K: Hash + Eq + Clone, V: Clone> Fresh<K, V> {
    pub(crate) fn new(capacity: usize, lifetime: Duration) -> Self {
        Self {
            values: Cache::new(capacity),
            lifetime,
        }
    }

    pub(crate) fn find(&self, key: &K) -> Option<V> {
        let (since, value) = self.values.get(key)?;
        (since.elapsed() < self.lifetime).then_some(value)
    }

    pub(crate) fn put(&self, key: K, value: V) {
        self.values.insert(key, (Instant::now(), value));
    }

    /// Forgets everything: after a change at this node, which is rare.
    pub(crate) fn clear(&self) {
        self.values.clear();
    }
}
