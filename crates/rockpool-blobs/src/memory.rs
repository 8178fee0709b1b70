//! A blob store in memory, for tests.
use std::{
    collections::BTreeMap,
    io,
    ops::{Bound, Range},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use rockpool_types::{Clock, Timestamp};

use crate::{BlobReader, BlobStore, Content, StoreError, StoreKey, StoredItem, store::CHUNK_BYTES};

/// Items in memory, gone with the last clone. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    items: Arc<Mutex<BTreeMap<StoreKey, Item>>>,
    clock: Clock,
}

#[derive(Clone, Debug)]
struct Item {
    bytes: Bytes,
    modified_at: Timestamp,
}

impl MemoryStore {
    /// An empty store whose items bear `clock`'s time.
    pub fn new(clock: Clock) -> Self {
        Self {
            items: Arc::default(),
            clock,
        }
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<StoreKey, Item>> {
        // Each change is one insert or remove, so a panic elsewhere cannot have left it half done.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, key: &StoreKey, bytes: Bytes) {
        let modified_at = self.clock.now();
        self.items()
            .insert(key.clone(), Item { bytes, modified_at });
    }
}

impl Default for MemoryStore {
    /// An empty store on the system's clock.
    fn default() -> Self {
        Self::new(Clock::system())
    }
}

#[async_trait]
impl BlobStore for MemoryStore {
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        _media_type: &str,
    ) -> Result<(), StoreError> {
        let bytes = match content.clone() {
            Content::Memory(bytes) => bytes,
            Content::Spooled(spooled) => {
                let read = move || {
                    let mut bytes = Vec::new();
                    io::Read::read_to_end(&mut spooled.reader(), &mut bytes).map(|_| bytes)
                };
                let read = tokio::task::spawn_blocking(read).await;
                let bytes = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                let failed = |error: io::Error| StoreError::Internal {
                    doing: format!("putting {key}"),
                    why: error.to_string(),
                };
                bytes.map_err(failed)?.into()
            }
        };
        self.insert(key, bytes);
        Ok(())
    }

    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        let Some(item) = self.items().get(key).cloned() else {
            return Ok(None);
        };
        let size = item.bytes.len() as u64;
        let range = range.unwrap_or(0..size);
        if range.start > range.end || range.end > size {
            return Err(StoreError::Internal {
                doing: format!("opening {key}"),
                why: format!("bytes {range:?} were asked for, it has {size}"),
            });
        }
        // Both ends are at most the length, which is a usize.
        let mut left = item.bytes.slice(range.start as usize..range.end as usize);
        let chunks = std::iter::from_fn(move || {
            let chunk = left.split_to(left.len().min(CHUNK_BYTES));
            (!chunk.is_empty()).then_some(Ok(chunk))
        });
        Ok(Some(BlobReader {
            size,
            stream: Box::pin(stream::iter(chunks)),
        }))
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        Ok(self.items().get(key).map(|item| item.bytes.len() as u64))
    }

    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        _media_type: &str,
    ) -> Result<bool, StoreError> {
        let Some(item) = self.items().get(from).cloned() else {
            return Ok(false);
        };
        self.insert(to, item.bytes);
        Ok(true)
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.items().remove(key);
        Ok(())
    }

    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError> {
        let mut items = self.items();
        if Instant::now() >= deadline {
            return Err(StoreError::Unavailable {
                doing: format!("removing {key}"),
                why: "the time for it is over".into(),
            });
        }
        items.remove(key);
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let items = self.items();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let wanted = items
            .range::<StoreKey, _>((after, Bound::Unbounded))
            .filter(|(key, _)| key.as_str().starts_with(prefix))
            .take(limit)
            .map(|(key, item)| StoredItem {
                key: key.clone(),
                size: item.bytes.len() as u64,
                modified_at: item.modified_at,
            });
        Ok(wanted.collect())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
