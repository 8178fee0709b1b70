//! The contract that every blob store keeps.
use std::{fmt, io, ops::Range, pin::Pin, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use rockpool_types::{Invalid, Timestamp};

use crate::{Content, strays};

/// A key in a blob store.
///
/// - 1 to 900 bytes of `A-Z a-z 0-9 . _ - /`
/// - no empty segment, no `.` or `..` segment, no slash at either end, so it is a safe relative path too
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey(String);

impl StoreKey {
    /// Takes `text` as a key.
    ///
    /// # Errors
    /// When it breaks a rule of the type.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-/".contains(&b);
        let fits = (1..=900).contains(&text.len())
            && text.bytes().all(safe)
            && text
                .split('/')
                .all(|segment| !matches!(segment, "" | "." | ".."));
        if fits {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "store key",
                format!("`{text}` is not a safe relative path"),
            ))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({})", self.0)
    }
}

/// The most bytes of a chunk of a [`ByteStream`].
pub(crate) const CHUNK_BYTES: usize = 256 << 10;

/// Bytes as they come out of a store. An error ends it.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// An item that is being read.
pub struct BlobReader {
    /// The size of the whole item in bytes, whatever range was asked for.
    pub size: u64,
    /// The bytes of the range, in chunks of at most 256 KiB. Dropping it ends the read.
    pub stream: ByteStream,
}

/// An item of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// Its key.
    pub key: StoreKey,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified_at: Timestamp,
}

/// Something that lies in a store, or beside it, and is no item of the pool's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its name as the operator finds it, below the store's root; of a directory only the directory itself.
    pub name: String,
    /// Its size in bytes; 0 for a directory.
    pub size: u64,
    /// When it was written.
    pub modified_at: Timestamp,
    /// Whether it is what a writer left that is gone, which [`BlobStore::remove_leftover`] removes.
    pub leftover: bool,
}

/// Why a store did not do what it was asked. Absence is not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is slow, down, or asks for fewer calls. The outcome of a write is unknown; trying again
    /// later may help, and each implementation has already tried a few times.
    #[error("the blob store is unavailable while {doing}: {why}")]
    Unavailable {
        /// What was being done, e.g. `putting blobs/a/bcd/..`.
        doing: String,
        /// What it answered.
        why: String,
    },
    /// There is no room. Nothing was stored.
    #[error("the blob store is full while {doing}")]
    Full {
        /// What was being done.
        doing: String,
    },
    /// Anything else: refused credentials, a read-only directory, an answer that makes no sense. An
    /// operator has to act.
    #[error("the blob store failed while {doing}: {why}")]
    Internal {
        /// What was being done.
        doing: String,
        /// What went wrong.
        why: String,
    },
}

impl StoreError {
    /// Whether trying again later may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Where blobs, private blobs and staged parts lie.
///
/// Keys are written once: whoever puts under a key that exists puts the same bytes again, so a repeated
/// or concurrent put is harmless. A reader sees all of an item or nothing of it.
#[async_trait]
pub trait BlobStore: Send + Sync + fmt::Debug {
    /// Stores `content` under `key`. On `Ok` the bytes are durable and every later call sees them. A
    /// provider sends `media_type` with them when it is asked for them directly. A cancelled or failed call
    /// leaves nothing a reader can see, or the whole item; leftovers of the former kind are swept by the
    /// implementation itself.
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<(), StoreError>;

    /// Opens an item, or `range` of it (end excluded, within the item, not empty). `None`: there is none.
    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError>;

    /// The size of an item in bytes. `None`: there is none.
    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError>;

    /// Copies an item within the store, durable on return. `false`: there is no `from`.
    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
    ) -> Result<bool, StoreError>;

    /// Removes an item; fine when there is none. Durable on return. After an error the item may vanish at any
    /// time up to the longest time that the implementation lets a call take.
    ///
    /// For keys that are never put again, such as those of staged parts; it tries again after failures, and so an
    /// earlier attempt may be carried out after it succeeded.
    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError>;

    /// Like [`Self::remove`], for a key that may be put again once this has succeeded.
    ///
    /// - the store begins nothing after `deadline`, however long this process, or the request on its way, stands still
    /// - one attempt: `Ok` means that nothing of this call can be carried out any more
    ///
    /// `Unavailable` also when the deadline has passed, or is so near that the store cannot tell.
    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError>;

    /// Up to `limit` items whose keys begin with `prefix`, in byte order, after `after`. Fewer than `limit`
    /// means that there are no more. Shows every item that was there all the time.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError>;

    /// Up to `limit` things that are in none of these folders, each of which ends in a slash: what strangers put there, and
    /// what writers left that are gone.
    async fn strays(&self, folders: &[&str], limit: usize) -> Result<Vec<Stray>, StoreError> {
        strays::by_listing(self, folders, limit).await
    }

    /// Removes what [`Self::strays`] called a leftover, if it still is one.
    async fn remove_leftover(&self, _name: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether removals can be carried out, for who would leave items half removed otherwise. Most stores say so by
    /// trying.
    async fn accepts_removals(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether the item lies at this node alone, on its way to where the world reads it. Answered from memory.
    fn is_on_its_way(&self, _key: &StoreKey) -> bool {
        false
    }

    /// Whether the store can be reached and written to, tried in a way that leaves nothing behind.
    async fn probe(&self) -> Result<(), StoreError>;
}
