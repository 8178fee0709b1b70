//! Opening the catalog; the handle to it.
use std::path::Path;

use crate::CatalogError;

/// A handle to the catalog. Cheap to clone; all clones share one set of connections.
#[derive(Clone, Debug)]
pub struct Catalog {}

impl Catalog {
    /// Opens the SQLite catalog at `path` (made where absent), and brings its schema up to date.
    ///
    /// # Errors
    /// `Unusable` when the file was written by a newer rockpool, is no catalog, or cannot be written.
    pub async fn open_sqlite(path: &Path) -> Result<Self, CatalogError> {
        let _ = path;
        todo!()
    }

    /// Whether the database answers. Cheap; for readiness.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn probe(&self) -> Result<(), CatalogError> {
        todo!()
    }
}
