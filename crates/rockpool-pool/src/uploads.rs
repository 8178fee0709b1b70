//! The verbs of multipart uploads, but for completion.
use std::ops::Range;

use rockpool_catalog::{ListUploads, Object, Part, Upload, UploadId, UploadListing};
use rockpool_types::{
    Acl, Checksum, ChecksumAlgorithm, ETag, ObjectAttributes, ObjectKey, Timestamp,
};

use crate::{BodySource, Entry, Pool, PoolError};

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
        let _ = (entry, upload);
        todo!()
    }

    /// The upload of that id and key. `NoSuchUpload`.
    pub async fn find_upload(
        &self,
        entry: &Entry,
        key: &ObjectKey,
        id: &UploadId,
    ) -> Result<Upload, PoolError> {
        let _ = (entry, key, id);
        todo!()
    }

    /// Takes a part in, in place of an earlier one of that number (1 to 10,000). `NoSuchUpload`, `InvalidPartCount`, and
    /// the body's errors as for [`Self::put_object`].
    pub async fn put_part(
        &self,
        entry: &Entry,
        upload: &Upload,
        number: u32,
        body: &mut dyn BodySource,
    ) -> Result<StoredPart, PoolError> {
        let _ = (entry, upload, number, body);
        todo!()
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
        let _ = (entry, upload, number, source, range);
        todo!()
    }

    /// Ends an upload and forgets its parts. `NoSuchUpload`.
    pub async fn abort_upload(&self, entry: &Entry, upload: &Upload) -> Result<(), PoolError> {
        let _ = (entry, upload);
        todo!()
    }

    /// Up to `limit` parts by number, after `after` (0: from the first).
    pub async fn list_parts(
        &self,
        entry: &Entry,
        upload: &Upload,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Part>, PoolError> {
        let _ = (entry, upload, after, limit);
        todo!()
    }

    /// A page of a bucket's uploads; the query's bucket must be the entry's.
    pub async fn list_uploads(
        &self,
        entry: &Entry,
        query: ListUploads,
    ) -> Result<UploadListing, PoolError> {
        let _ = (entry, query);
        todo!()
    }
}
