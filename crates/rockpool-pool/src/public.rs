//! What the world reads.
use std::ops::Range;

use rockpool_blobs::BlobReader;
use rockpool_catalog::{Blob, Bucket, Object, Scope};
use rockpool_types::{BlobHash, DeliveryMode, ObjectKey};

use crate::{Pool, PoolError, intake::blob_key};

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
        // Looked at first: an upload that ends between the two looks must not be missed.
        let end = self.inflight().end_of(bucket.id, key);
        let mut object = self.catalog().find_object(bucket.id, key).await?;
        let mut waited = false;
        if let (None, Some(end)) = (&object, end) {
            waited = true;
            // Whether the wait ran out or not, what counts is what is there now.
            let _ = tokio::time::timeout(self.settings().wait_for_upload, end).await;
            object = self.catalog().find_object(bucket.id, key).await?;
        }
        let object = object.ok_or(PoolError::NoSuchKey)?;
        if !object.acl.is_public() {
            return Err(PoolError::AccessDenied);
        }
        // A redirect leads to the blob whatever it is.
        let object = match bucket.delivery {
            DeliveryMode::Redirect | DeliveryMode::SameHost => object,
            DeliveryMode::Direct => self.described_object(object).await?,
        };
        Ok(PublicObject { object, waited })
    }

    /// The public blob of that hash. `None`: there is none.
    pub async fn find_public_blob(&self, hash: &BlobHash) -> Result<Option<Blob>, PoolError> {
        match self.catalog().find_blob(Scope::Public, hash).await? {
            Some(blob) => self.described(blob).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a blob's bytes, or a range of them (end excluded, within the blob, not empty).
    pub async fn open_blob(
        &self,
        blob: &Blob,
        range: Option<Range<u64>>,
    ) -> Result<BlobReader, PoolError> {
        let key = blob_key(blob.scope, &blob.hash)?;
        let Some(reader) = self.blobs().open(&key, range).await? else {
            return Err(PoolError::Internal(format!(
                "the blob store has lost {key}"
            )));
        };
        if reader.size != blob.size {
            let (found, expected) = (reader.size, blob.size);
            return Err(PoolError::Internal(format!(
                "{key} has {found} bytes in the blob store, not {expected}"
            )));
        }
        Ok(reader)
    }

    /// Whether the catalog and the store can be reached. `Unavailable` or `Internal` says what cannot.
    pub async fn probe(&self) -> Result<(), PoolError> {
        self.catalog().probe().await?;
        Ok(self.blobs().probe().await?)
    }
}
