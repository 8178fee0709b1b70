//! Adopting another pool's names: many rows in each transaction, a checkpoint with them, and every count exact after
//! each.
use std::collections::BTreeMap;

use rockpool_types::{BlobHash, ObjectKey, Timestamp};

use crate::{
    BucketId, Catalog, CatalogError,
    blob_rows::{self, signed},
    copies,
    database::{Result, Tx},
    dialect::Fault,
};

mod rows;

use rows::{insert_objects, mapped_keys, reference_blobs};

/// How far an adoption has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Where the other pool's database is.
    pub source: String,
    /// The source's rows up to this one are adopted.
    pub last_id: u64,
    /// Names that were mapped.
    pub adopted: u64,
    /// Names that were not, because their key was mapped here already.
    pub kept: u64,
    /// Names that cannot be mapped.
    pub left_out: u64,
    /// When it began; adopted objects bear this time.
    pub started_at: Timestamp,
    /// When it ended. `None`: it goes on.
    pub finished_at: Option<Timestamp>,
}

/// A name that is to be adopted. Its bytes are in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedName {
    /// The bucket.
    pub bucket: BucketId,
    /// The key.
    pub key: ObjectKey,
    /// What it points to.
    pub hash: BlobHash,
    /// The blob's size in bytes; where the blob is known here, its row is right and this is not asked.
    pub size: u64,
}

/// Names to be adopted in one transaction, a few thousand at most, no key twice.
#[derive(Clone, Debug)]
pub struct AdoptPage {
    /// The adoption as the caller knows it.
    pub adoption: Adoption,
    /// The source's last row of this page.
    pub last_id: u64,
    /// The names.
    pub names: Vec<AdoptedName>,
    /// Rows of this page that cannot be mapped.
    pub left_out: u64,
}

/// What came of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptOutcome {
    /// It is adopted; so the adoption stands now.
    Adopted(Adoption),
    /// The bytes of one of its blobs are being deleted just now. Nothing was changed; the caller waits and tries again.
    Wait,
    /// Another process goes on with this adoption. Nothing was changed.
    Overtaken,
}

impl Catalog {
    /// The adoption from that source, which is begun where there is none.
    pub async fn begin_adoption(
        &self,
        source: &str,
        now: Timestamp,
    ) -> Result<Adoption, CatalogError> {
        let args = (source.to_owned(), now);
        self.db
            .write("beginning an adoption", args, |tx, (source, now)| {
                Box::pin(begin(tx, source, *now))
            })
            .await
    }

    /// The adoption from that source.
    pub async fn find_adoption(&self, source: &str) -> Result<Option<Adoption>, CatalogError> {
        self.db
            .read("looking up an adoption", source, |tx, source| {
                Box::pin(async move {
                    let row = tx.query_one(SELECT, &[(*source).into()]).await?;
                    row.map(|row| read(row, source)).transpose()
                })
            })
            .await
    }

    /// Maps the names of a page, with reference counts, usage and the checkpoint in the same transaction. A key that is
    /// mapped already stays as it is. New blobs come without media type and MD5, and objects with an ETag of their own.
    pub async fn adopt(&self, page: AdoptPage) -> Result<AdoptOutcome, CatalogError> {
        self.db
            .write("adopting names", page, |tx, page| Box::pin(adopt(tx, page)))
            .await
    }

    /// Says that all is adopted.
    pub async fn finish_adoption(&self, source: &str, now: Timestamp) -> Result<(), CatalogError> {
        let args = (source.to_owned(), now);
        self.db
            .write("finishing an adoption", args, |tx, (source, now)| {
                Box::pin(async move {
                    let sql = "UPDATE adoptions SET finished_at = ? WHERE source = ?";
                    tx.execute(sql, &[(*now).into(), source.as_str().into()])
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}

const SELECT: &str = "SELECT last_id, adopted, kept, left_out, started_at, finished_at \
                      FROM adoptions WHERE source = ?";

fn read(mut row: crate::row::Row, source: &str) -> Result<Adoption> {
    Ok(Adoption {
        source: source.to_owned(),
        last_id: row.take()?,
        adopted: row.take()?,
        kept: row.take()?,
        left_out: row.take()?,
        started_at: row.take()?,
        finished_at: row.take()?,
    })
}

async fn lock(tx: &mut Tx, source: &str) -> Result<Option<Adoption>> {
    let row = tx.lock_one(SELECT, &[source.into()]).await?;
    row.map(|row| read(row, source)).transpose()
}

async fn begin(tx: &mut Tx, source: &str, now: Timestamp) -> Result<Adoption> {
    if let Some(adoption) = lock(tx, source).await? {
        return Ok(adoption);
    }
    tx.execute(
        "INSERT INTO adoptions (source, last_id, adopted, kept, left_out, started_at) \
         VALUES (?, 0, 0, 0, 0, ?)",
        &[source.into(), now.into()],
    )
    .await?;
    let adoption = lock(tx, source).await?;
    adoption.ok_or_else(|| Fault::Internal("an adoption was not begun".to_owned()))
}

async fn adopt(tx: &mut Tx, page: &AdoptPage) -> Result<AdoptOutcome> {
    let Some(mut adoption) = lock(tx, &page.adoption.source).await? else {
        return Ok(AdoptOutcome::Overtaken);
    };
    if adoption.last_id != page.adoption.last_id {
        return Ok(AdoptOutcome::Overtaken);
    }
    let mapped = mapped_keys(tx, &page.names).await?;
    let is_new = |name: &&AdoptedName| !mapped.contains(&(name.bucket, name.key.as_bytes()));
    let names: Vec<&AdoptedName> = page.names.iter().filter(is_new).collect();
    let Some((blobs, arrived)) = reference_blobs(tx, &names).await? else {
        return Ok(AdoptOutcome::Wait);
    };
    copies::adopted(tx, &arrived.0, adoption.started_at).await?;
    insert_objects(tx, &names, &blobs, adoption.started_at).await?;
    adoption.last_id = page.last_id;
    adoption.adopted += names.len() as u64;
    adoption.kept += mapped.len() as u64;
    adoption.left_out += page.left_out;
    tx.execute(
        "UPDATE adoptions SET last_id = ?, adopted = ?, kept = ?, left_out = ? WHERE source = ?",
        &[
            adoption.last_id.into(),
            adoption.adopted.into(),
            adoption.kept.into(),
            adoption.left_out.into(),
            adoption.source.as_str().into(),
        ],
    )
    .await?;
    let mut counts: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for name in names {
        let size = blobs.get(&name.hash).map_or(0, |blob| blob.size);
        let count = counts.entry(name.bucket.0).or_default();
        *count = (count.0 + 1, count.1 + signed(size));
    }
    for (bucket, (objects, bytes)) in counts {
        blob_rows::count_objects(tx, BucketId(bucket), objects, bytes).await?;
    }
    let (blobs, bytes) = arrived.count();
    blob_rows::count_stored(tx, blobs, bytes).await?;
    Ok(AdoptOutcome::Adopted(adoption))
}
