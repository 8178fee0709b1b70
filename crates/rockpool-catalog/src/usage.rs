//! Exact counts, kept in step with every write.
use crate::{
    BucketId, Catalog, CatalogError, MemberId, Usage,
    database::{Result, Tx, Value},
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

/// The sums of two columns, spread over rows of which one may be below zero.
async fn sums(
    tx: &mut Tx,
    (first, second): (&str, &str),
    from: &str,
    values: &[Value<'_>],
) -> Result<(i64, i64)> {
    let dialect = tx.dialect();
    let sql = format!(
        "SELECT {}, {} FROM {from}",
        dialect.sum(first),
        dialect.sum(second)
    );
    match tx.query_one(&sql, values).await? {
        Some(mut row) => Ok((row.take()?, row.take()?)),
        None => Ok((0, 0)),
    }
}

/// What is below zero is a broken count, which a check finds and corrects; it is taken for 0, so that all else goes on.
fn whole((first, second): (i64, i64)) -> (u64, u64) {
    let whole = |count: i64| u64::try_from(count).unwrap_or(0);
    (whole(first), whole(second))
}

/// What a member has, over all its buckets.
pub(crate) async fn of_member(tx: &mut Tx, member: MemberId) -> Result<Usage> {
    let from = "buckets b JOIN bucket_usage u ON u.bucket_id = b.id WHERE b.member_id = ?";
    let columns = ("u.objects", "u.object_bytes");
    let (objects, object_bytes) = whole(sums(tx, columns, from, &[member.into()]).await?);
    Ok(Usage {
        objects,
        object_bytes,
    })
}

/// What all members have.
pub(crate) async fn of_all(tx: &mut Tx) -> Result<Usage> {
    let columns = ("objects", "object_bytes");
    let (objects, object_bytes) = whole(sums(tx, columns, "bucket_usage", &[]).await?);
    Ok(Usage {
        objects,
        object_bytes,
    })
}

async fn of_bucket(tx: &mut Tx, bucket: BucketId) -> Result<Usage> {
    let from = "bucket_usage WHERE bucket_id = ?";
    let columns = ("objects", "object_bytes");
    let (objects, object_bytes) = whole(sums(tx, columns, from, &[bucket.into()]).await?);
    Ok(Usage {
        objects,
        object_bytes,
    })
}

/// Blobs whose bytes are in the store, and their bytes.
pub(crate) async fn of_store(tx: &mut Tx) -> Result<(u64, u64)> {
    Ok(whole(recorded_of_store(tx).await?))
}

/// What is recorded of the store, as it may be wrong.
pub(crate) async fn recorded_of_store(tx: &mut Tx) -> Result<(i64, i64)> {
    sums(tx, ("blobs", "blob_bytes"), "store_usage", &[]).await
}
