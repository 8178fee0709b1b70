//! SQLite: the contract, and what is its own.
use rockpool_catalog::Catalog;
use tempfile::TempDir;

use crate::contract::contract_suite;

async fn open() -> (Catalog, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&dir.path().join("catalog.db")).await;
    (catalog.unwrap(), dir)
}

contract_suite!(open);
