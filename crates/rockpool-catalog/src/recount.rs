//! Counting anew, at one moment of the database, what looked wrong from page to page.
use std::collections::HashMap;

use crate::{
    BlobId, BlobRow, BucketId, Catalog, CatalogError,
    audit::rows_of_ids,
    blob_rows::State,
    database::{Result, Tx},
    pages::Pages,
    usage,
};

/// What is to be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspects {
    /// Blobs whose references may be wrong.
    pub blobs: Vec<BlobId>,
    /// Buckets whose usage may be wrong.
    pub buckets: Vec<BucketId>,
    /// Whether the store's usage may be wrong.
    pub store: bool,
}

/// What was counted, beside what was recorded at the same moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// The blobs that still have a row.
    pub blobs: Vec<ReferenceCount>,
    /// The buckets.
    pub buckets: Vec<BucketCount>,
    /// The store, if it was suspected.
    pub store: Option<StoreCount>,
}

/// A blob and the objects that point to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceCount {
    /// Its row.
    pub row: BlobRow,
    /// How many objects point to it.
    pub counted: i64,
}

/// A bucket's usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketCount {
    /// The bucket.
    pub bucket: BucketId,
    /// Recorded objects and bytes.
    pub recorded: (i64, i64),
    /// Counted objects and bytes.
    pub counted: (i64, i64),
    /// Objects whose blob has no row, so that their bytes are not known and not counted.
    pub without_blob: u64,
}

/// The store's usage: the blobs that are live or idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreCount {
    /// Recorded blobs and bytes.
    pub recorded: (i64, i64),
    /// Counted blobs and bytes.
    pub counted: (i64, i64),
}

impl Suspects {
    /// Whether there is nothing to count.
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.buckets.is_empty() && !self.store
    }
}

/// Rows that a count holds in memory at a time; few enough that no statement takes long.
const PAGE: u32 = 10_000;

impl Catalog {
    /// Counts what is suspected, at one moment, while writes go on. It reads the objects of the suspected buckets, all
    /// objects when there are suspected blobs, and all blobs for the store: seconds for each few million rows, for which
    /// the database keeps what writes replace meanwhile.
    pub async fn recount(&self, suspects: Suspects) -> Result<Recount, CatalogError> {
        self.db
            .scan("counting anew", suspects, |tx, suspects| {
                Box::pin(recount(tx, suspects))
            })
            .await
    }

    /// The usage that is recorded of every bucket, as it may be wrong: objects and bytes.
    pub async fn list_recorded_usage(&self) -> Result<HashMap<BucketId, (i64, i64)>, CatalogError> {
        self.db
            .scan("listing usage", (), |tx, ()| Box::pin(recorded_usage(tx)))
            .await
    }

    /// The usage that is recorded of the store, as it may be wrong: blobs and bytes.
    pub async fn recorded_usage_of_store(&self) -> Result<(i64, i64), CatalogError> {
        self.db
            .read("looking up the store's usage", (), |tx, ()| {
                Box::pin(usage::recorded_of_store(tx))
            })
            .await
    }
}

async fn recount(tx: &mut Tx, suspects: &Suspects) -> Result<Recount> {
    let mut recount = Recount::default();
    if suspects.store {
        recount.store = Some(StoreCount {
            recorded: usage::recorded_of_store(tx).await?,
            counted: count_stored_blobs(tx).await?,
        });
    }
    let recorded = recorded_usage(tx).await?;
    let mut count = ObjectCount {
        references: suspects.blobs.iter().map(|id| (*id, 0)).collect(),
        buckets: HashMap::new(),
    };
    for bucket in &suspects.buckets {
        count.buckets.insert(
            *bucket,
            BucketCount {
                bucket: *bucket,
                recorded: recorded.get(bucket).copied().unwrap_or_default(),
                counted: (0, 0),
                without_blob: 0,
            },
        );
    }
    if suspects.blobs.is_empty() {
        for bucket in &suspects.buckets {
            count.read(tx, Some(*bucket)).await?;
        }
    } else {
        count.read(tx, None).await?;
    }
    for row in rows_of_ids(tx, &suspects.blobs).await? {
        let counted = count.references.get(&row.id).copied().unwrap_or_default();
        recount.blobs.push(ReferenceCount { row, counted });
    }
    recount.blobs.sort_unstable_by_key(|count| count.row.id);
    recount.buckets = count.buckets.into_values().collect();
    recount.buckets.sort_unstable_by_key(|count| count.bucket);
    Ok(recount)
}

struct ObjectCount {
    references: HashMap<BlobId, i64>,
    buckets: HashMap<BucketId, BucketCount>,
}

const OBJECTS: Pages<'static> = Pages {
    select: "SELECT o.bucket_id, o.object_key, o.blob_id, b.size \
             FROM objects o LEFT JOIN blobs b ON b.id = o.blob_id",
    key: &["o.bucket_id", "o.object_key"],
    summed: false,
};

impl ObjectCount {
    /// Counts the objects of one bucket, or of all.
    async fn read(&mut self, tx: &mut Tx, only: Option<BucketId>) -> Result<()> {
        let (mut bucket, mut key) = (only.unwrap_or(BucketId(0)), Vec::new());
        loop {
            let after = [bucket.into(), key.as_slice().into()];
            let rows = OBJECTS.read(tx, Some(&after), PAGE).await?;
            let more = rows.len() == PAGE as usize;
            for mut row in rows {
                (bucket, key) = (row.take()?, row.take()?);
                if only.is_some_and(|only| only != bucket) {
                    return Ok(());
                }
                self.count(bucket, row.take()?, row.take()?);
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn count(&mut self, bucket: BucketId, blob: BlobId, size: Option<i64>) {
        if let Some(count) = self.references.get_mut(&blob) {
            *count += 1;
        }
        if let Some(count) = self.buckets.get_mut(&bucket) {
            count.counted.0 += 1;
            match size {
                Some(size) => count.counted.1 += size,
                None => count.without_blob += 1,
            }
        }
    }
}

async fn count_stored_blobs(tx: &mut Tx) -> Result<(i64, i64)> {
    let pages = Pages {
        select: "SELECT id, size, state FROM blobs",
        key: &["id"],
        summed: false,
    };
    let (mut counted, mut after) = ((0, 0), BlobId(0));
    loop {
        let rows = pages.read(tx, Some(&[after.into()]), PAGE).await?;
        let more = rows.len() == PAGE as usize;
        for mut row in rows {
            after = row.take()?;
            let size: i64 = row.take()?;
            if State::from_code(row.take()?)?.is_stored() {
                counted.0 += 1;
                counted.1 += size;
            }
        }
        if !more {
            return Ok(counted);
        }
    }
}

async fn recorded_usage(tx: &mut Tx) -> Result<HashMap<BucketId, (i64, i64)>> {
    let dialect = tx.dialect();
    let (objects, bytes) = (dialect.sum("objects"), dialect.sum("object_bytes"));
    let sql = format!("SELECT bucket_id, {objects}, {bytes} FROM bucket_usage GROUP BY bucket_id");
    let rows = tx.query(&sql, &[]).await?;
    rows.into_iter()
        .map(|mut row| Ok((row.take()?, (row.take()?, row.take()?))))
        .collect()
}
