//! Opening the catalog; the handle to it.
use std::{path::Path, sync::Arc};

use crate::{CatalogError, database::Database, sqlite::Sqlite};

/// A handle to the catalog. Cheap to clone; all clones share one set of connections.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) db: Database,
}

impl Catalog {
    /// Opens the SQLite catalog at `path` (made where absent; its directory is not), and brings its schema up
    /// to date. Any number of processes may have it open at once.
    ///
    /// # Errors
    /// `Unusable` when the file was written by a newer rockpool, is no catalog, or cannot be written.
    pub async fn open_sqlite(path: &Path) -> Result<Self, CatalogError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
        let sqlite = opened.map_err(|e| CatalogError::Internal {
            doing: "opening the catalog",
            why: e.to_string(),
        })??;
        Ok(Self {
            db: Database::Sqlite(Arc::new(sqlite)),
        })
    }

    /// Whether the database answers. Cheap; for readiness.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        self.db
            .read("probing", (), |tx, ()| {
                Box::pin(async move {
                    tx.query_one("SELECT version FROM schema_version", &[])
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
