//! The store in memory.
use std::sync::Arc;

use rockpool_blobs::MemoryStore;

use crate::contract::contract;

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract(Arc::new(MemoryStore::default())).await;
}
