//! Exact counts, kept in step with every write.
use crate::{BucketId, Catalog, CatalogError, MemberId, Usage};

impl Catalog {
    /// What a member has, over all its buckets.
    pub async fn usage_of_member(&self, member: MemberId) -> Result<Usage, CatalogError> {
        let _ = member;
        todo!()
    }

    /// What a bucket has.
    pub async fn usage_of_bucket(&self, bucket: BucketId) -> Result<Usage, CatalogError> {
        let _ = bucket;
        todo!()
    }

    /// The number of blobs whose bytes are in the store (live or idle), and their bytes, each counted once.
    pub async fn usage_of_store(&self) -> Result<(u64, u64), CatalogError> {
        todo!()
    }
}
