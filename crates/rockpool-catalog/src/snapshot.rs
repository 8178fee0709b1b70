//! A snapshot: all that the catalog holds at one moment, as a SQLite catalog in a file of its own. Others write on
//! meanwhile and wait for nothing: a server keeps the rows that they replace, a SQLite file its write-ahead log.
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use crate::{
    Catalog, CatalogError,
    copied::TABLES,
    copy::{insert_all, read_page, write_counts},
    database::{Database, Result, Tx},
    dialect::{Dialect, Fault},
    migrations,
    sqlite::{Draft, Sqlite},
    usage,
};

const DOING: &str = "writing a snapshot";

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The engine of the catalog that it was taken of: `sqlite`, `mysql` or `postgres`.
    pub engine: String,
    /// The version of the schema that it is written in.
    pub schema_version: u64,
    /// Members.
    pub members: u64,
    /// Buckets.
    pub buckets: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes of those objects, each counted whole.
    pub object_bytes: u64,
    /// Blobs whose bytes were in the store.
    pub blobs: u64,
    /// Bytes of those blobs.
    pub blob_bytes: u64,
}

impl Catalog {
    /// Writes a snapshot into the empty file `path`, in pages, while others write. [`Self::open_sqlite`] opens it then. It
    /// is not durable, and useless after an error or when the future is dropped.
    ///
    /// # Errors
    /// `Unavailable` also when the connection to a server is lost meanwhile: then a snapshot is to be begun anew.
    pub async fn write_snapshot(&self, path: &Path) -> Result<Snapshot, CatalogError> {
        let path = path.to_owned();
        match &self.db {
            Database::Sqlite(db) => copy_file(db.clone(), path)
                .await
                .map_err(|fault| fault.while_doing(DOING)),
            Database::Server(_) => {
                let begun = AtomicBool::new(false);
                self.db
                    .scan(DOING, Source { path, begun }, |tx, source| {
                        Box::pin(copy_rows(tx, source))
                    })
                    .await
            }
        }
    }
}

async fn copy_file(db: Arc<Sqlite>, path: PathBuf) -> Result<Snapshot> {
    let to = path.clone();
    let written = tokio::task::spawn_blocking(move || db.write_to(&to)).await;
    written.unwrap_or_else(|e| Err(Fault::Internal(e.to_string())))?;
    describe(Draft::open(path).await?, Dialect::Sqlite).await
}

struct Source {
    path: PathBuf,
    /// Whether a page may be in the file already, which a second run would mix with those of another moment.
    begun: AtomicBool,
}

async fn copy_rows(tx: &mut Tx, source: &Source) -> Result<Snapshot> {
    if source.begun.swap(true, Ordering::Relaxed) {
        return Err(Fault::Busy(
            "the connection was lost meanwhile; begin anew".to_owned(),
        ));
    }
    let mut draft = Draft::open(source.path.clone()).await?;
    for table in TABLES {
        let mut position = None;
        loop {
            let page = read_page(tx, table, position.as_ref()).await?;
            let Some(last) = page.last() else { break };
            position = Some(table.position_of(last));
            let inserting = draft.write((table, page), |tx, (table, page)| {
                Box::pin(insert_all(tx, table, page))
            });
            (draft, ()) = inserting.await?;
        }
    }
    let stored = usage::of_store(tx).await?;
    let counting = draft.write(stored, |tx, stored| Box::pin(write_counts(tx, *stored)));
    (draft, ()) = counting.await?;
    describe(draft, tx.dialect()).await
}

async fn describe(draft: Draft, engine: Dialect) -> Result<Snapshot> {
    let describing = draft.write(engine, |tx, engine| Box::pin(count(tx, *engine)));
    let (_, snapshot) = describing.await?;
    Ok(snapshot)
}

async fn count(tx: &mut Tx, engine: Dialect) -> Result<Snapshot> {
    let mut counts = [0; 2];
    for (count, table) in counts.iter_mut().zip(["members", "buckets"]) {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        if let Some(mut row) = tx.query_one(&sql, &[]).await? {
            *count = row.take()?;
        }
    }
    let [members, buckets] = counts;
    let has = usage::of_all(tx).await?;
    let (blobs, blob_bytes) = usage::of_store(tx).await?;
    Ok(Snapshot {
        engine: engine.name().to_owned(),
        schema_version: migrations::SQLITE.len() as u64,
        members,
        buckets,
        objects: has.objects,
        object_bytes: has.object_bytes,
        blobs,
        blob_bytes,
    })
}
