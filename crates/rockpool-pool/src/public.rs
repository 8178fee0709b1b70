//! What the world reads.
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

    /// Whether an object's bytes lie at this node alone, on their way to where blobs are read by the world. Answered from
    /// memory, but for who is the primary. `false` when that is not known.
    pub async fn is_on_its_way(&self, object: &Object) -> bool {
        let blob = &object.blob;
        match (blob_key(blob.scope, &blob.hash), self.primary().await) {
            (Ok(key), Ok(store)) => store.is_on_its_way(&key),
            _ => false,
        }
    }
}
