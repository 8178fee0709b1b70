//! Opening the catalog; the handle to it.
use std::{path::Path, sync::Arc};

use crate::{
    CatalogAddress, CatalogError, database::Database, migrations::Purpose, server::Server,
    sqlite::Sqlite,
};

/// A handle to the catalog. Cheap to clone; all clones share one set of connections.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) db: Database,
}

impl Catalog {
    /// Opens the catalog at that address, as [`Self::open_sqlite`] does, or on a server, where an empty database must be
    /// there. Never more than `max_connections` to a server are open at once.
    ///
    /// # Errors
    /// `Unusable` when the database is no catalog, was written by a newer rockpool, or has settings under which it cannot
    /// be one; when the server is too old or refuses the user. `Unavailable` when it is not reached within seconds.
    pub async fn open(
        address: &CatalogAddress,
        max_connections: u32,
    ) -> Result<Self, CatalogError> {
        Self::open_for(address, max_connections, Purpose::Catalog).await
    }

    /// As [`Self::open`], to be the target of [`Self::copy_to`]: also where such a copy was begun before.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_copy_target(
        address: &CatalogAddress,
        max_connections: u32,
    ) -> Result<Self, CatalogError> {
        Self::open_for(address, max_connections, Purpose::CopyTarget).await
    }

    async fn open_for(
        address: &CatalogAddress,
        max_connections: u32,
        purpose: Purpose,
    ) -> Result<Self, CatalogError> {
        match address {
            CatalogAddress::Sqlite(path) => Self::open_sqlite_for(path, purpose).await,
            CatalogAddress::Server(address) => {
                let opened = Server::open(address.clone(), max_connections, purpose);
                Ok(Self {
                    db: Database::Server(Arc::new(Box::pin(opened).await?)),
                })
            }
        }
    }

    /// Opens the SQLite catalog at `path` (made where absent; its directory is not), and brings its schema up
    /// to date. Any number of processes may have it open at once.
    ///
    /// # Errors
    /// `Unusable` when the file was written by a newer rockpool, is no catalog, or cannot be written.
    pub async fn open_sqlite(path: &Path) -> Result<Self, CatalogError> {
        Self::open_sqlite_for(path, Purpose::Catalog).await
    }

    async fn open_sqlite_for(path: &Path, purpose: Purpose) -> Result<Self, CatalogError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path, purpose)).await;
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
