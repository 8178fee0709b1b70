//! Completing a multipart upload.
use rockpool_catalog::UploadId;
use rockpool_types::{Checksum, Conditions, ETag, ObjectKey};

use crate::{Entry, Pool, PoolError, Stored};

/// A part as a client lists it for completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletePart {
    /// Its number.
    pub number: u32,
    /// Its ETag, which must be the one that it got.
    pub etag: ETag,
    /// Its checksum, if the client names one; it must be the one that it got.
    pub checksum: Option<Checksum>,
}

/// An upload that is to be completed.
#[derive(Clone, Debug)]
pub struct CompleteUpload {
    /// The upload.
    pub id: UploadId,
    /// Its key.
    pub key: ObjectKey,
    /// Its parts, in ascending order.
    pub parts: Vec<CompletePart>,
    /// The size of the whole, if the client declared it.
    pub size: Option<u64>,
    /// The checksum of the whole, if the client declared one.
    pub checksum: Option<Checksum>,
    /// The two ETag conditions count.
    pub conditions: Conditions,
}

impl Pool {
    /// Makes an object of an upload's parts. An upload that was completed with the very same parts before, and whose
    /// object still stands, is answered as it was then. `NoSuchUpload`, `InvalidPart`, `InvalidPartOrder`,
    /// `InvalidPartCount`, `LengthMismatch`, `DigestMismatch`, `TooLarge`, and as for [`Self::put_object`].
    pub async fn complete_upload(
        &self,
        entry: &Entry,
        complete: CompleteUpload,
    ) -> Result<Stored, PoolError> {
        let _ = (entry, complete);
        todo!()
    }
}
