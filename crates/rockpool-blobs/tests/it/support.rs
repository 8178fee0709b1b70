//! What all tests of stores need.
use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt;
use rockpool_blobs::{BlobStore, Content, Spool, StoreKey};

/// `len` bytes that depend on `seed` and on their place.
pub(crate) fn pattern(seed: u64, len: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

pub(crate) fn key(text: &str) -> StoreKey {
    StoreKey::new(text).unwrap()
}

pub(crate) fn memory(bytes: &Bytes) -> Content {
    Content::Memory(bytes.clone())
}

/// The bytes in a spool file, written in two steps.
pub(crate) fn spooled(spool: &Spool, bytes: &[u8]) -> Content {
    let mut writer = spool.create().unwrap();
    let (first, second) = bytes.split_at(bytes.len() / 3);
    writer.write_all(first).unwrap();
    writer.write_all(second).unwrap();
    Content::Spooled(Arc::new(writer.finish().unwrap()))
}

/// All bytes of an item or a range of it, and the size of the whole; checks the sizes of the chunks.
pub(crate) async fn read(
    store: &dyn BlobStore,
    key: &StoreKey,
    range: Option<Range<u64>>,
) -> Option<(u64, Vec<u8>)> {
    let reader = store.open(key, range).await.unwrap()?;
    let chunks: Vec<Bytes> = reader.stream.try_collect().await.unwrap();
    for chunk in &chunks {
        assert!((1..=256 << 10).contains(&chunk.len()), "{}", chunk.len());
    }
    Some((reader.size, chunks.concat()))
}

/// All keys below `prefix`, page by page.
pub(crate) async fn keys(store: &dyn BlobStore, prefix: &str, page: usize) -> Vec<String> {
    let mut keys: Vec<StoreKey> = Vec::new();
    loop {
        let items = store.list(prefix, keys.last(), page).await.unwrap();
        assert!(items.len() <= page);
        let last = items.len() < page;
        keys.extend(items.into_iter().map(|item| item.key));
        if last {
            return keys.iter().map(ToString::to_string).collect();
        }
    }
}
