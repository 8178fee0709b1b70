//! Collecting idle blobs, abandoned uploads and leftovers.
use serde::Serialize;

use crate::{Pool, PoolError};

/// What a collection would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionPlan {
    /// Blobs that nothing has pointed to for longer than the grace period.
    pub idle_blobs: u64,
    /// Their bytes.
    pub idle_bytes: u64,
    /// Blobs whose uploader gave up, and deletions that a collector left unfinished.
    pub abandoned_blobs: u64,
    /// Uploads older than their lifetime.
    pub abandoned_uploads: u64,
    /// Staged parts that belong to no upload.
    pub orphaned_parts: u64,
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionReport {
    /// Blobs whose bytes and rows are gone.
    pub removed_blobs: u64,
    /// Their bytes.
    pub removed_bytes: u64,
    /// Deletions whose outcome is not certain yet; a later collection finishes them.
    pub postponed_blobs: u64,
    /// Uploads that were aborted.
    pub removed_uploads: u64,
    /// Staged parts that were removed.
    pub removed_parts: u64,
}

impl Pool {
    /// What a collection would do now. Changes nothing.
    pub async fn plan_collection(&self) -> Result<CollectionPlan, PoolError> {
        todo!()
    }

    /// Collects, in small transactions; may be stopped at any point and goes on at the next call. Several nodes may
    /// collect at once.
    pub async fn collect(&self) -> Result<CollectionReport, PoolError> {
        todo!()
    }
}
