//! What a check can find.
use std::fmt;

use rockpool_catalog::BlobRow;
use serde::{Deserialize, Serialize};

use super::code::{FindingCode, Level};
use crate::{PoolError, intake::blob_key};

/// A blob: its row and its key in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBlob {
    /// The number of its row in the catalog.
    pub row: i64,
    /// Its key in the store.
    pub key: String,
}

impl FoundBlob {
    pub(crate) fn of(row: &BlobRow) -> Result<Self, PoolError> {
        Ok(Self {
            row: row.id.as_i64(),
            key: blob_key(row.scope, &row.hash)?.as_str().to_owned(),
        })
    }
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundObject {
    /// The number of its bucket's row.
    pub bucket_row: i64,
    /// Its bucket's name. `None`: there is no such bucket.
    pub bucket: Option<String>,
    /// Its key.
    pub key: String,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPart {
    /// The upload's id.
    pub upload: String,
    /// The part's number.
    pub number: u32,
    /// Its key in the staging store.
    pub key: String,
}

/// Two counts: objects or blobs, and their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// Their bytes.
    pub bytes: i64,
}

impl From<(i64, i64)> for Count {
    fn from((count, bytes): (i64, i64)) -> Self {
        Self { count, bytes }
    }
}

/// Where a file lies that a writer left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the blob store.
    Store,
    /// In the staging store.
    Staging,
    /// In this node's spool.
    Spool,
}

/// Something that is not as it should be. What each means, and what to do, is with its [`FindingCode`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's code has its meaning")]
pub enum Finding {
    BlobMissing {
        blob: FoundBlob,
    },
    BlobWrongSize {
        blob: FoundBlob,
        expected_bytes: u64,
        found_bytes: u64,
    },
    BlobDamaged {
        blob: FoundBlob,
    },
    BlobUnreadable {
        blob: FoundBlob,
        why: String,
    },
    BlobWrongMd5 {
        blob: FoundBlob,
        counted: String,
    },
    BlobDuplicate {
        blob: FoundBlob,
    },
    BlobWrongState {
        blob: FoundBlob,
        state: String,
        references: i64,
    },
    BlobWrongReferences {
        blob: FoundBlob,
        recorded: i64,
        counted: i64,
    },
    LeaseExpired {
        blob: FoundBlob,
        state: String,
        since_ms: i64,
    },
    BytesUnknown {
        key: String,
        bytes: u64,
    },
    ItemUnknown {
        place: Place,
        name: String,
        bytes: u64,
    },
    Leftover {
        place: Place,
        name: String,
        bytes: u64,
    },
    PartMissing {
        part: FoundPart,
    },
    PartWrongSize {
        part: FoundPart,
        expected_bytes: u64,
        found_bytes: u64,
    },
    PartDamaged {
        part: FoundPart,
    },
    PartOrphaned {
        key: String,
        bytes: u64,
    },
    PartWithoutUpload {
        upload: String,
    },
    UploadExpired {
        upload: String,
        started_ms: i64,
    },
    UploadWithoutBucket {
        upload: String,
    },
    ObjectLost {
        object: FoundObject,
        blob: FoundBlob,
    },
    ObjectWithoutBlob {
        object: FoundObject,
        blob_row: i64,
    },
    ObjectWithoutBucket {
        object: FoundObject,
    },
    ObjectWrongScope {
        object: FoundObject,
        blob_row: i64,
    },
    BucketWrongUsage {
        bucket_row: i64,
        bucket: Option<String>,
        recorded: Count,
        counted: Count,
    },
    StoreWrongUsage {
        recorded: Count,
        counted: Count,
    },
    CollectionOverdue {
        items: u64,
    },
    ReplicaAway {
        replica: String,
        why: String,
    },
    ReplicaBehind {
        replica: String,
        copies: u64,
        since_ms: i64,
    },
    ReplicaMissing {
        replica: String,
        blob: FoundBlob,
    },
    ReplicaDamaged {
        replica: String,
        blob: FoundBlob,
        why: String,
    },
    ReplicaBytesUnknown {
        replica: String,
        key: String,
        bytes: u64,
    },
}

impl Finding {
    /// Its code.
    pub const fn code(&self) -> FindingCode {
        match self {
            Self::BlobMissing { .. } => FindingCode::BlobMissing,
            Self::BlobWrongSize { .. } => FindingCode::BlobWrongSize,
            Self::BlobDamaged { .. } => FindingCode::BlobDamaged,
            Self::BlobUnreadable { .. } => FindingCode::BlobUnreadable,
            Self::BlobWrongMd5 { .. } => FindingCode::BlobWrongMd5,
            Self::BlobDuplicate { .. } => FindingCode::BlobDuplicate,
            Self::BlobWrongState { .. } => FindingCode::BlobWrongState,
            Self::BlobWrongReferences { .. } => FindingCode::BlobWrongReferences,
            Self::LeaseExpired { .. } => FindingCode::LeaseExpired,
            Self::BytesUnknown { .. } => FindingCode::BytesUnknown,
            Self::ItemUnknown { .. } => FindingCode::ItemUnknown,
            Self::Leftover { .. } => FindingCode::Leftover,
            Self::PartMissing { .. } => FindingCode::PartMissing,
            Self::PartWrongSize { .. } => FindingCode::PartWrongSize,
            Self::PartDamaged { .. } => FindingCode::PartDamaged,
            Self::PartOrphaned { .. } => FindingCode::PartOrphaned,
            Self::PartWithoutUpload { .. } => FindingCode::PartWithoutUpload,
            Self::UploadExpired { .. } => FindingCode::UploadExpired,
            Self::UploadWithoutBucket { .. } => FindingCode::UploadWithoutBucket,
            Self::ObjectLost { .. } => FindingCode::ObjectLost,
            Self::ObjectWithoutBlob { .. } => FindingCode::ObjectWithoutBlob,
            Self::ObjectWithoutBucket { .. } => FindingCode::ObjectWithoutBucket,
            Self::ObjectWrongScope { .. } => FindingCode::ObjectWrongScope,
            Self::BucketWrongUsage { .. } => FindingCode::BucketWrongUsage,
            Self::StoreWrongUsage { .. } => FindingCode::StoreWrongUsage,
            Self::CollectionOverdue { .. } => FindingCode::CollectionOverdue,
            Self::ReplicaAway { .. } => FindingCode::ReplicaAway,
            Self::ReplicaBehind { .. } => FindingCode::ReplicaBehind,
            Self::ReplicaMissing { .. } => FindingCode::ReplicaMissing,
            Self::ReplicaDamaged { .. } => FindingCode::ReplicaDamaged,
            Self::ReplicaBytesUnknown { .. } => FindingCode::ReplicaBytesUnknown,
        }
    }

    /// How bad it is.
    pub const fn level(&self) -> Level {
        self.code().level()
    }

    /// The blob whose bytes are lost, when that is what it says.
    pub const fn lost_blob(&self) -> Option<&FoundBlob> {
        match self {
            Self::BlobMissing { blob }
            | Self::BlobWrongSize { blob, .. }
            | Self::BlobDamaged { blob } => Some(blob),
            _ => None,
        }
    }

    /// The blob whose bytes another store may have, and the replica that lacks them (`None`: the primary).
    pub fn restorable(&self) -> Option<(Option<&str>, &FoundBlob)> {
        match self {
            Self::ReplicaMissing { replica, blob } | Self::ReplicaDamaged { replica, blob, .. } => {
                Some((Some(replica), blob))
            }
            Self::BlobUnreadable { blob, .. } => Some((None, blob)),
            _ => Some((None, self.lost_blob()?)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "the store",
            Self::Staging => "staging",
            Self::Spool => "the spool",
        })
    }
}

impl fmt::Display for FoundObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bucket {
            Some(bucket) => write!(f, "{bucket}/{}", self.key),
            None => write!(f, "(bucket {})/{}", self.bucket_row, self.key),
        }
    }
}

impl fmt::Display for Finding {
    /// What was found, and where, on one line; control characters of keys are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::BlobMissing { blob }
            | Self::BlobDamaged { blob }
            | Self::BlobDuplicate { blob } => blob.key.clone(),
            Self::BlobWrongSize {
                blob,
                expected_bytes,
                found_bytes,
            } => {
                format!(
                    "{}: {found_bytes} bytes instead of {expected_bytes}",
                    blob.key
                )
            }
            Self::BlobUnreadable { blob, why } => format!("{}: {why}", blob.key),
            Self::BlobWrongMd5 { blob, counted } => format!("{}: it is {counted}", blob.key),
            Self::BlobWrongState {
                blob,
                state,
                references,
            } => {
                format!("{}: {state} with {references} references", blob.key)
            }
            Self::BlobWrongReferences {
                blob,
                recorded,
                counted,
            } => {
                format!("{}: {recorded} recorded, {counted} counted", blob.key)
            }
            Self::LeaseExpired { blob, state, .. } => format!("{}: {state}", blob.key),
            Self::BytesUnknown { key, bytes } | Self::PartOrphaned { key, bytes } => {
                format!("{key}: {bytes} bytes")
            }
            Self::ItemUnknown { place, name, bytes } | Self::Leftover { place, name, bytes } => {
                format!("{name} in {place}: {bytes} bytes")
            }
            Self::PartMissing { part } | Self::PartDamaged { part } => {
                format!("part {} of upload {}", part.number, part.upload)
            }
            Self::PartWrongSize {
                part,
                expected_bytes,
                found_bytes,
            } => format!(
                "part {} of upload {}: {found_bytes} bytes instead of {expected_bytes}",
                part.number, part.upload
            ),
            Self::PartWithoutUpload { upload }
            | Self::UploadExpired { upload, .. }
            | Self::UploadWithoutBucket { upload } => format!("upload {upload}"),
            Self::ObjectLost { object, blob } => format!("{object}: {}", blob.key),
            Self::ObjectWithoutBlob { object, blob_row } => format!("{object}: blob {blob_row}"),
            Self::ObjectWithoutBucket { object } => object.to_string(),
            Self::ObjectWrongScope { object, blob_row } => format!("{object}: blob {blob_row}"),
            Self::BucketWrongUsage {
                bucket_row,
                bucket,
                recorded,
                counted,
            } => format!(
                "bucket {}: {} objects with {} bytes recorded, {} with {} counted",
                bucket.clone().unwrap_or_else(|| bucket_row.to_string()),
                recorded.count,
                recorded.bytes,
                counted.count,
                counted.bytes
            ),
            Self::StoreWrongUsage { recorded, counted } => format!(
                "{} blobs with {} bytes recorded, {} with {} counted",
                recorded.count, recorded.bytes, counted.count, counted.bytes
            ),
            Self::CollectionOverdue { items } => format!("{items} items"),
            Self::ReplicaAway { replica, why } => format!("{replica}: {why}"),
            Self::ReplicaBehind {
                replica, copies, ..
            } => format!("{replica}: {copies} copies"),
            Self::ReplicaMissing { replica, blob } => format!("{} at {replica}", blob.key),
            Self::ReplicaDamaged { replica, blob, why } => {
                format!("{} at {replica}: {why}", blob.key)
            }
            Self::ReplicaBytesUnknown {
                replica,
                key,
                bytes,
            } => format!("{key} at {replica}: {bytes} bytes"),
        };
        for character in text.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}
