//! Keeping replicas: enlisting, forgetting, and telling how they stand.
use std::time::Duration;

use rockpool_catalog::{BlobId, CopyQueue, StoreRole};
use serde::Serialize;

use crate::{Pool, PoolError};

/// What came of enlisting a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddReplica {
    /// It is enlisted; every new blob is queued for it, and nodes queue the older ones.
    Added,
    /// It was already.
    Known,
    /// The configuration has no store of that name.
    NotConfigured,
}

/// What came of promoting a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromoteReplica {
    /// It is the primary now; nodes know it within `cache_lifetime`.
    Promoted,
    /// There is no replica of that name.
    Unknown,
    /// The configuration has no store of that name.
    NotConfigured,
    /// It lacks so many blobs, as far as the catalog knows.
    Lacks(u64),
}

/// How a store stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Whether it is the primary.
    pub primary: bool,
    /// Whether this configuration has it.
    pub configured: bool,
    /// Blobs that were there before it and are not queued for it yet, at most.
    pub unqueued: u64,
    /// Blobs that are queued to be copied there.
    pub copies: u64,
    /// Their bytes.
    pub copy_bytes: u64,
    /// Those of them for which it failed at least once.
    pub failing: u64,
    /// For how many seconds the oldest of them has been queued.
    pub oldest_seconds: Option<u64>,
    /// Blobs that are to be removed there after their grace period.
    pub removals: u64,
}

impl StoreStatus {
    /// Whether it has every blob of the pool, as far as the catalog knows.
    pub const fn is_whole(&self) -> bool {
        self.unqueued == 0 && self.copies == 0
    }
}

impl Pool {
    /// Enlists a replica of the configuration, once it has proved that it can be written to.
    ///
    /// # Errors
    /// `ReadOnly`; and when the store cannot be reached or written to, or the catalog is away.
    pub async fn add_replica(&self, name: &str) -> Result<AddReplica, PoolError> {
        self.require_writable()?;
        let Some(store) = self.stores().named(name) else {
            return Ok(AddReplica::NotConfigured);
        };
        store.parts.store.probe().await?;
        let added = self.catalog().insert_replica(name, self.now()).await?;
        self.places_now().await?;
        Ok(if added {
            AddReplica::Added
        } else {
            AddReplica::Known
        })
    }

    /// Whether there are stores beside the primary.
    ///
    /// # Errors
    /// When the catalog is away.
    pub async fn has_replicas(&self) -> Result<bool, PoolError> {
        Ok(!self.places_now().await?.replicas.is_empty())
    }

    /// Forgets a replica and what is queued for it. Its bytes stay where they are. `false`: there is none of that name.
    ///
    /// # Errors
    /// `ReadOnly`, and when the catalog is away.
    pub async fn remove_replica(&self, name: &str) -> Result<bool, PoolError> {
        self.require_writable()?;
        let removed = self.catalog().remove_replica(name).await?;
        self.places_now().await?;
        Ok(removed)
    }

    /// Makes a replica the primary, once it has proved that it can be written to, and the primary a replica. `lossy`: also
    /// one that lacks blobs, which cannot be read then unless another store has them.
    ///
    /// # Errors
    /// `ReadOnly`; and when the store cannot be reached or written to, or the catalog is away.
    pub async fn promote_replica(
        &self,
        name: &str,
        lossy: bool,
    ) -> Result<PromoteReplica, PoolError> {
        self.require_writable()?;
        let mut stores = self.store_status().await?.into_iter();
        let Some(status) = stores.find(|store| store.name == name && !store.primary) else {
            return Ok(PromoteReplica::Unknown);
        };
        let Some(store) = self.stores().named(name) else {
            return Ok(PromoteReplica::NotConfigured);
        };
        store.parts.store.probe().await?;
        if !lossy && !status.is_whole() {
            return Ok(PromoteReplica::Lacks(status.unqueued + status.copies));
        }
        let promoted = self.catalog().promote_replica(name).await?;
        self.places_now().await?;
        Ok(if promoted {
            PromoteReplica::Promoted
        } else {
            PromoteReplica::Unknown
        })
    }

    /// How every store stands, the primary too; empty while there are no replicas. Walks over all that is queued.
    ///
    /// # Errors
    /// When the catalog is away.
    pub async fn store_status(&self) -> Result<Vec<StoreStatus>, PoolError> {
        let (catalog, now) = (self.catalog(), self.now());
        let newest = catalog.newest_blob().await?.map_or(0, BlobId::as_i64);
        let mut all = Vec::new();
        for row in catalog.list_stores().await? {
            let queue: CopyQueue = catalog.copy_queue(row.id).await?;
            let unqueued = row.filled_to.map_or(0, |to| newest - to.as_i64());
            let age = |since: rockpool_types::Timestamp| since.until(now);
            all.push(StoreStatus {
                primary: row.role == StoreRole::Primary,
                configured: self.stores().named(&row.name).is_some(),
                name: row.name,
                unqueued: unqueued.try_into().unwrap_or(0),
                copies: queue.copies,
                copy_bytes: queue.copy_bytes,
                failing: queue.failing,
                oldest_seconds: queue.oldest.map(age).as_ref().map(Duration::as_secs),
                removals: queue.removals,
            });
        }
        Ok(all)
    }
}
