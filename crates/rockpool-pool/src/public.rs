//! What the world reads.
use std::ops::Range;

use rockpool_blobs::BlobReader;
use rockpool_catalog::{Blob, Bucket, Object};
use rockpool_types::{BlobHash, ObjectKey};

use crate::{Pool, PoolError};

/// A public object, and whether the reader had to wait for its upload.
#[derive(Clone, Debug)]
pub struct PublicObject {
    /// The object.
    pub object: Object,
    /// Whether an upload of it was under way when the reader came.
    pub waited: bool,
}

impl Pool {
    /// The public object of that key. Where there is none and an upload of it is under way at this node, waits for it,
    /// up to `wait_for_upload`. `NoSuchKey`, `AccessDenied` when it is private.
    pub async fn find_public(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
    ) -> Result<PublicObject, PoolError> {
        let _ = (bucket, key);
        todo!()
    }

    /// The public blob of that hash. `None`: there is none.
    pub async fn find_public_blob(&self, hash: &BlobHash) -> Result<Option<Blob>, PoolError> {
        let _ = hash;
        todo!()
    }

    /// Opens a blob's bytes, or a range of them (end excluded, within the blob, not empty).
    pub async fn open_blob(
        &self,
        blob: &Blob,
        range: Option<Range<u64>>,
    ) -> Result<BlobReader, PoolError> {
        let _ = (blob, range);
        todo!()
    }

    /// Whether the catalog and the store can be reached. `Unavailable` or `Internal` says what cannot.
    pub async fn probe(&self) -> Result<(), PoolError> {
        todo!()
    }
}
