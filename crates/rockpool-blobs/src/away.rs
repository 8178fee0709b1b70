//! A store that could not be opened: every call says why.
use std::{ops::Range, time::Instant};

use async_trait::async_trait;

use crate::{BlobReader, BlobStore, Content, StoreError, StoreKey, StoredItem};

/// Stands for a store that a process goes on without, because others have its blobs.
#[derive(Clone, Debug)]
pub struct AwayStore {
    why: String,
}

impl AwayStore {
    /// A store that is away for that reason.
    pub const fn new(why: String) -> Self {
        Self { why }
    }

    fn away<T>(&self, doing: String) -> Result<T, StoreError> {
        Err(StoreError::Unavailable {
            doing,
            why: self.why.clone(),
        })
    }
}

#[async_trait]
impl BlobStore for AwayStore {
    async fn put(&self, key: &StoreKey, _: &Content, _: &str) -> Result<(), StoreError> {
        self.away(format!("putting {key}"))
    }

    async fn open(
        &self,
        key: &StoreKey,
        _: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        self.away(format!("opening {key}"))
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        self.away(format!("looking for {key}"))
    }

    async fn copy(&self, from: &StoreKey, _: &StoreKey, _: &str) -> Result<bool, StoreError> {
        self.away(format!("copying {from}"))
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.away(format!("removing {key}"))
    }

    async fn remove_before(&self, key: &StoreKey, _: Instant) -> Result<(), StoreError> {
        self.away(format!("removing {key}"))
    }

    async fn list(
        &self,
        prefix: &str,
        _: Option<&StoreKey>,
        _: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        self.away(format!("listing `{prefix}`"))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.away("probing it".into())
    }
}
