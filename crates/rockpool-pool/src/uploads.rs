//! The verbs of multipart uploads, but for completion.
use std::ops::{Range, RangeInclusive};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use rockpool_blobs::{BlobReader, BlobStore, Content, StoreKey};
use rockpool_catalog::{
    ListUploads, Object, Part, PartBytes, PutPart, Upload, UploadId, UploadListing,
};
use rockpool_types::{
    Acl, Checksum, ChecksumAlgorithm, ETag, ObjectAttributes, ObjectKey, Timestamp,
};

use crate::{BodyError, BodySource, Declared, Entry, Pool, PoolError, seal::random};

/// The numbers that a part may have (S3 user guide, "Multipart upload limits").
pub(crate) const PART_NUMBERS: RangeInclusive<u32> = 1..=10_000;

/// An upload that is to be started.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The key of the object to be.
    pub key: ObjectKey,
    /// Who may read it. `None`: the bucket's default.
    pub acl: Option<Acl>,
    /// What it will carry beside its bytes.
    pub attributes: ObjectAttributes,
    /// The checksum declared for it: its algorithm, and whether it covers the full object (`true`) or is a composite.
    pub checksum: Option<(ChecksumAlgorithm, bool)>,
}

/// A part that was put. It is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its ETag.
    pub etag: ETag,
    /// The checksum kept with it.
    pub checksum: Option<Checksum>,
    /// When it was put.
    pub modified_at: Timestamp,
}

impl Pool {
    /// Starts an upload. `AccessDenied`, `NoSuchBucket`.
    pub async fn create_upload(
        &self,
        entry: &Entry,
        upload: NewUpload,
    ) -> Result<UploadId, PoolError> {
        entry.require_write()?;
        let id = UploadId::new(&hex::encode(random::<16>()?))
            .ok_or_else(|| PoolError::Internal("an upload id has a wrong form".into()))?;
        let upload = Upload {
            id: id.clone(),
            bucket: entry.bucket.id,
            key: upload.key,
            acl: upload.acl.unwrap_or(entry.bucket.default_acl),
            attributes: upload.attributes,
            checksum: upload.checksum,
            created_at: self.now(),
        };
        if self.catalog().insert_upload(upload).await? {
            Ok(id)
        } else {
            Err(PoolError::NoSuchBucket)
        }
    }

    /// The upload of that id and key. `NoSuchUpload`.
    pub async fn find_upload(
        &self,
        entry: &Entry,
        key: &ObjectKey,
        id: &UploadId,
    ) -> Result<Upload, PoolError> {
        entry.require_bucket()?;
        let upload = self.catalog().find_upload(entry.bucket.id, id).await?;
        upload
            .filter(|upload| upload.key == *key)
            .ok_or(PoolError::NoSuchUpload)
    }

    /// Takes a part in, in place of an earlier one of that number (1 to 10,000). `NoSuchUpload`, `InvalidPartCount`,
    /// and the body's errors as for [`Self::put_object`].
    pub async fn put_part(
        &self,
        entry: &Entry,
        upload: &Upload,
        number: u32,
        body: &mut dyn BodySource,
    ) -> Result<StoredPart, PoolError> {
        require_own(entry, upload)?;
        if !PART_NUMBERS.contains(&number) {
            return Err(PoolError::InvalidPartCount);
        }
        let asked = upload.checksum.map(|(algorithm, _)| algorithm);
        let taken = self
            .take_in(body, self.settings().max_put_bytes, asked)
            .await?;
        let staged_at = self.now();
        let bytes = self.stage(upload, number, &taken.content).await?;
        let part = Part {
            number,
            size: taken.content.len(),
            md5: taken.digested.md5,
            hash: taken.digested.hash,
            checksum: taken.checksum,
            bytes: bytes.clone(),
            modified_at: self.now(),
        };
        let stored = StoredPart {
            etag: ETag::single(part.md5),
            checksum: part.checksum.clone(),
            modified_at: part.modified_at,
        };
        match self.catalog().put_part(&upload.id, part).await? {
            PutPart::Kept { replaced } => {
                self.forget_staged(replaced.into_iter().collect());
                // A collector takes staged bytes of that age for left behind unless it sees their row. That row was
                // there in time only if it is in time now.
                if self.now() >= staged_at.plus(self.settings().store_lease) {
                    return Err(PoolError::Unavailable(
                        "the part took too long to be kept".into(),
                    ));
                }
                Ok(stored)
            }
            PutPart::UploadGone => {
                if let PartBytes::Staged(key) = bytes {
                    self.forget_staged(vec![key]);
                }
                Err(PoolError::NoSuchUpload)
            }
        }
    }

    /// Takes a range of an object, or all of it, as a part.
    pub async fn copy_part(
        &self,
        entry: &Entry,
        upload: &Upload,
        number: u32,
        source: &Object,
        range: Option<Range<u64>>,
    ) -> Result<StoredPart, PoolError> {
        let length = range
            .as_ref()
            .map_or(source.blob.size, |range| range.end - range.start);
        let reader = self.open_object(source, range).await?;
        self.put_part(entry, upload, number, &mut Reading { reader, length })
            .await
    }

    /// Ends an upload and forgets its parts. `NoSuchUpload`.
    pub async fn abort_upload(&self, entry: &Entry, upload: &Upload) -> Result<(), PoolError> {
        require_own(entry, upload)?;
        if self.drop_upload(&upload.id).await?.is_some() {
            Ok(())
        } else {
            Err(PoolError::NoSuchUpload)
        }
    }

    /// Up to `limit` parts by number, after `after` (0: from the first).
    pub async fn list_parts(
        &self,
        entry: &Entry,
        upload: &Upload,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Part>, PoolError> {
        entry.require_bucket()?;
        if upload.bucket != entry.bucket.id {
            return Err(PoolError::NoSuchUpload);
        }
        Ok(self.catalog().list_parts(&upload.id, after, limit).await?)
    }

    /// A page of a bucket's uploads; the query's bucket must be the entry's.
    pub async fn list_uploads(
        &self,
        entry: &Entry,
        query: ListUploads,
    ) -> Result<UploadListing, PoolError> {
        entry.require_bucket()?;
        if query.bucket != entry.bucket.id {
            return Err(PoolError::AccessDenied);
        }
        Ok(self.catalog().list_uploads(query).await?)
    }

    /// Removes an upload, its parts and their staged bytes; answers how many lay in staging. `None` when it is gone already.
    pub(crate) async fn drop_upload(&self, id: &UploadId) -> Result<Option<usize>, PoolError> {
        let Some(staged) = self.catalog().remove_upload(id).await? else {
            return Ok(None);
        };
        let count = staged.len();
        remove_staged(&**self.staging(), staged).await;
        Ok(Some(count))
    }

    /// Puts a part's bytes where they wait for completion. Durable on return.
    async fn stage(
        &self,
        upload: &Upload,
        number: u32,
        content: &Content,
    ) -> Result<PartBytes, PoolError> {
        if let Content::Memory(bytes) = content
            && bytes.len() <= self.settings().inline_part_bytes
        {
            return Ok(PartBytes::Inline(bytes.to_vec()));
        }
        // Few folders, so that a directory as the store does not fill with empty ones.
        let id = upload.id.as_str();
        let name = format!(
            "staging/{}/{id}-{number}-{}",
            &id[..2],
            hex::encode(random::<8>()?)
        );
        let key = StoreKey::new(name).map_err(|e| PoolError::Internal(e.to_string()))?;
        self.staging()
            .put(&key, content, "application/octet-stream")
            .await?;
        Ok(PartBytes::Staged(key.as_str().to_owned()))
    }

    /// Removes staged parts that nothing refers to any more, in the background; a collection removes what this leaves.
    pub(crate) fn forget_staged(&self, keys: Vec<String>) {
        if keys.is_empty() {
            return;
        }
        let staging = self.staging().clone();
        tokio::spawn(async move { remove_staged(&*staging, keys).await });
    }
}

async fn remove_staged(staging: &dyn BlobStore, keys: Vec<String>) {
    for key in keys.into_iter().filter_map(|key| StoreKey::new(key).ok()) {
        if let Err(error) = staging.remove(&key).await {
            tracing::warn!(store.key = %key, %error, "a staged part was left behind; a collection will remove it");
        }
    }
}

fn require_own(entry: &Entry, upload: &Upload) -> Result<(), PoolError> {
    entry.require_write()?;
    if upload.bucket == entry.bucket.id {
        Ok(())
    } else {
        Err(PoolError::NoSuchUpload)
    }
}

/// A blob of the store as a body on its way in.
struct Reading {
    reader: BlobReader,
    length: u64,
}

#[async_trait]
impl BodySource for Reading {
    fn length(&self) -> Option<u64> {
        Some(self.length)
    }

    fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        Vec::new()
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.reader
            .stream
            .next()
            .await
            .transpose()
            .map_err(|error| BodyError(Box::new(error)))
    }

    fn declared(&self) -> Vec<Declared> {
        Vec::new()
    }
}
