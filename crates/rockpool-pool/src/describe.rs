//! Finding out what adopted blobs are, by looking into them: when they are first read, and in the background.
use futures_util::{StreamExt, TryStreamExt, stream};
use rockpool_catalog::{Blob, BlobId, Object};
use rockpool_media::{SNIFF_BYTES, sniff};

use crate::{Pool, PoolError};

/// Blobs that are looked into at once in the background.
const AT_ONCE: usize = 16;

/// Blobs of a page in the background.
const PAGE: u32 = 256;

/// How far below the newest blob's id that of a blob may be which is there later.
const IDS_UNDER_WAY: i64 = 100_000;

/// What a walk over the blobs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Where the next walk begins: where this one did, if it left something undone.
    pub next: Option<BlobId>,
    /// Blobs whose media type is known now.
    pub described: u64,
    /// Blobs that could not be read: the store has lost them, or is away.
    pub failed: u64,
}

impl Pool {
    /// The blob with its media type, which is found out where it is not known yet, and kept if the pool may be written to.
    /// Reads the first bytes of the blob then. `Unavailable`; `Internal` when the store has lost it.
    pub async fn described(&self, mut blob: Blob) -> Result<Blob, PoolError> {
        if blob.is_described() {
            return Ok(blob);
        }
        let media_type = sniff(&self.read_head(&blob).await?);
        if self.require_writable().is_ok() {
            let kept = self.catalog().describe_blob(blob.id, media_type).await;
            if let Err(error) = kept {
                // Whoever reads has what it needs.
                tracing::warn!(blob.hash = %blob.hash, error.cause = %error, "what a blob is could not be kept");
            }
        }
        blob.media_type = media_type.to_owned();
        Ok(blob)
    }

    /// The object with its blob's media type, as [`Self::described`]; where the object has no type of its own, it has the
    /// blob's.
    pub(crate) async fn described_object(&self, mut object: Object) -> Result<Object, PoolError> {
        if object.blob.is_described() {
            return Ok(object);
        }
        object.blob = self.described(object.blob).await?;
        if object.attributes.content_type.as_deref() == Some("") {
            object.attributes.content_type = Some(object.blob.media_type.clone());
        }
        Ok(object)
    }

    /// Looks into all blobs after `after` whose media type is not known. What cannot be read is logged and left as it is.
    /// May be cancelled at any point, and run at several nodes.
    pub async fn describe_blobs(&self, after: Option<BlobId>) -> Result<Described, PoolError> {
        let newest = self.catalog().newest_blob().await?;
        let mut done = Described::default();
        let mut page = self.catalog().list_undescribed(after, PAGE).await?;
        while let Some(last) = page.last().map(|blob| blob.id) {
            self.describe_page(page, &mut done).await;
            page = self.catalog().list_undescribed(Some(last), PAGE).await?;
        }
        let settled = newest.map(|id| BlobId::from_i64(id.as_i64() - IDS_UNDER_WAY));
        done.next = if done.failed == 0 {
            settled.max(after)
        } else {
            after
        };
        Ok(done)
    }

    async fn describe_page(&self, page: Vec<Blob>, done: &mut Described) {
        let mut results = stream::iter(page)
            .map(|blob| async move {
                let hash = blob.hash;
                self.described(blob).await.map_err(|error| (hash, error))
            })
            .buffer_unordered(AT_ONCE);
        while let Some(result) = results.next().await {
            match result {
                Ok(_) => done.described += 1,
                Err((hash, error)) => {
                    done.failed += 1;
                    tracing::warn!(blob.hash = %hash, error.cause = %error, "an adopted blob cannot be read");
                }
            }
        }
    }

    async fn read_head(&self, blob: &Blob) -> Result<Vec<u8>, PoolError> {
        if blob.size == 0 {
            return Ok(Vec::new());
        }
        let reader = self
            .open_blob(blob, Some(0..blob.size.min(SNIFF_BYTES as u64)))
            .await?;
        let chunks: Vec<_> = reader
            .stream
            .try_collect()
            .await
            .map_err(|e| PoolError::Unavailable(e.to_string()))?;
        Ok(chunks.concat())
    }
}
