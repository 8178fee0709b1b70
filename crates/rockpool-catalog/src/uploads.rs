//! Multipart uploads and their parts.
use rockpool_types::Timestamp;

use crate::{BucketId, Catalog, CatalogError, Part, Upload, UploadId};

/// What came of putting a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutPart {
    /// It is kept; the staging key of the part that it replaced, which nobody needs any more, if there was one.
    Kept {
        /// That key.
        replaced: Option<String>,
    },
    /// The upload is gone.
    UploadGone,
}

impl Catalog {
    /// Starts an upload. `false` when the bucket is gone.
    pub async fn insert_upload(&self, upload: Upload) -> Result<bool, CatalogError> {
        let _ = upload;
        todo!()
    }

    /// The upload of that id in that bucket.
    pub async fn find_upload(
        &self,
        bucket: BucketId,
        id: &UploadId,
    ) -> Result<Option<Upload>, CatalogError> {
        let _ = (bucket, id);
        todo!()
    }

    /// Keeps a part, in place of an earlier one of that number.
    pub async fn put_part(&self, upload: &UploadId, part: Part) -> Result<PutPart, CatalogError> {
        let _ = (upload, part);
        todo!()
    }

    /// Up to `limit` parts by number, after `after` (0: from the first). Inline bytes are left out.
    pub async fn list_parts(
        &self,
        upload: &UploadId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Part>, CatalogError> {
        let _ = (upload, after, limit);
        todo!()
    }

    /// The inline bytes of a part; `None` when there is no such part or it is staged.
    pub async fn read_part_bytes(
        &self,
        upload: &UploadId,
        number: u32,
    ) -> Result<Option<Vec<u8>>, CatalogError> {
        let _ = (upload, number);
        todo!()
    }

    /// Removes an upload and its parts; answers the staging keys that nobody needs any more. `None` when it is absent.
    pub async fn remove_upload(&self, id: &UploadId) -> Result<Option<Vec<String>>, CatalogError> {
        let _ = id;
        todo!()
    }

    /// Up to `limit` uploads started before `before`, oldest first.
    pub async fn list_old_uploads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Upload>, CatalogError> {
        let _ = (before, limit);
        todo!()
    }

    /// Which of these staging keys belong to a part: whether bytes in staging are accounted for.
    pub async fn known_staged(&self, keys: Vec<String>) -> Result<Vec<bool>, CatalogError> {
        let _ = keys;
        todo!()
    }
}
