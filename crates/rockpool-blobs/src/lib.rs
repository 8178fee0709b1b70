//! Where bytes lie: the [`BlobStore`] contract, its implementations, and the spool on this node's disk.
//! Knows keys and bytes; knows nothing of members, objects, SQL or who asked.
//!
//! - `store`: the contract; `strays`: what lies in a store and is not the pool's
//! - `content`, `spool`: bytes on their way in, in memory or in a file of this node
//! - `disk`: a directory; `s3`: a bucket at any S3 provider; `memory`: for tests; `away`: one that could not be opened
//! - `landing`: a directory of this node before a provider
//! - `pace`: bytes and calls a second
//! - `unique`: names for files and folders that must not meet another's

mod away;
mod content;
mod disk;
#[cfg(fuzzing)]
pub mod fuzzing;
mod landing;
mod memory;
mod pace;
mod s3;
mod spool;
mod store;
mod strays;
mod unique;

pub use away::AwayStore;
pub use content::Content;
pub use disk::{DiskStore, Durability};
pub use landing::{Backlog, Landing, LandingSettings};
pub use memory::MemoryStore;
pub use pace::Pace;
pub use s3::{S3Settings, S3Store};
pub use spool::{Spool, SpoolDraft, SpoolFile, SpoolReader, SpoolWriter};
pub use store::{BlobReader, BlobStore, ByteStream, StoreError, StoreKey, StoredItem, Stray};
