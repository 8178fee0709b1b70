//! Exact counts, kept in step with every write.
use crate::{
    BucketId, Catalog, CatalogError, MemberId, Usage,
    database::{Result, Tx},
    row::Row,
};

impl Catalog {
    /// What a member has, over all its buckets.
    pub async fn usage_of_member(&self, member: MemberId) -> Result<Usage, CatalogError> {
        self.db
            .read("counting a member's objects", member, |tx, member| {
                Box::pin(of_member(tx, *member))
            })
            .await
    }

    /// What a bucket has.
    pub async fn usage_of_bucket(&self, bucket: BucketId) -> Result<Usage, CatalogError> {
        self.db
            .read("counting a bucket's objects", bucket, |tx, bucket| {
                Box::pin(of_bucket(tx, *bucket))
            })
            .await
    }

    /// The number of blobs whose bytes are in the store (live or idle), and their bytes, each counted once.
    pub async fn usage_of_store(&self) -> Result<(u64, u64), CatalogError> {
        self.db
            .read("counting blobs", (), |tx, ()| Box::pin(of_store(tx)))
            .await
    }
}

/// Adds rows of two counts up.
fn sum(rows: Vec<Row>) -> Result<(u64, u64)> {
    let mut sum: (u64, u64) = (0, 0);
    for mut row in rows {
        sum.0 = sum.0.saturating_add(row.take()?);
        sum.1 = sum.1.saturating_add(row.take()?);
    }
    Ok(sum)
}

/// What a member has, over all its buckets.
pub(crate) async fn of_member(tx: &mut Tx, member: MemberId) -> Result<Usage> {
    let rows = tx
        .query(
            "SELECT u.objects, u.object_bytes FROM buckets b \
             JOIN bucket_usage u ON u.bucket_id = b.id WHERE b.member_id = ?",
            &[member.into()],
        )
        .await?;
    let (objects, object_bytes) = sum(rows)?;
    Ok(Usage {
        objects,
        object_bytes,
    })
}

async fn of_bucket(tx: &mut Tx, bucket: BucketId) -> Result<Usage> {
    let sql = "SELECT objects, object_bytes FROM bucket_usage WHERE bucket_id = ?";
    let (objects, object_bytes) = sum(tx.query(sql, &[bucket.into()]).await?)?;
    Ok(Usage {
        objects,
        object_bytes,
    })
}

async fn of_store(tx: &mut Tx) -> Result<(u64, u64)> {
    sum(tx
        .query("SELECT blobs, blob_bytes FROM store_usage", &[])
        .await?)
}
