//! The verbs of a pool: taking content in, mapping objects to it, reading it, collecting what nobody needs.
//! Knows the catalog, the blob stores and the media formats; knows neither HTTP servers nor S3's codes.
//!
//! - `pool`: the handle, its parts and settings
//! - `error`, `body`, `digests`: what can go wrong; bodies on their way in, and their digests
//! - `small_body`: documents that a face reads whole
//! - `seal`: access key secrets at rest
//! - `cache`: what a node remembers of keys and buckets
//! - `access`: who asks, and what they may do; `members`: keeping members, keys and buckets
//! - `intake`: a body into the spool, its digests and its blob
//! - `objects`, `uploads`, `complete`: the verbs of objects and multipart uploads
//! - `public`: what the world reads; `inflight`: waiting for an upload that is under way
//! - `stores`: the blob stores by their roles, and reading from whichever has a blob
//! - `replicate`: copying to replicas, removing there, putting back
//! - `collect`: collecting idle blobs, abandoned uploads and leftovers
//! - `backup`: backups of the catalog, beside the blobs; `manifests`: what changed since, every minute
//! - `check`: whether all is well; `repair`: putting right what a check found
//! - `scrub`: reading everything again and again in the background
//! - `adopt`: taking over a poolmgr pool; `describe`: finding out what its blobs are

mod access;
mod adopt;
mod backup;
mod body;
mod cache;
mod check;
mod collect;
mod complete;
mod describe;
mod digests;
mod error;
mod inflight;
mod intake;
mod manifests;
mod members;
mod objects;
mod pool;
mod public;
mod repair;
mod replicate;
mod scrub;
mod seal;
mod small_body;
mod stores;
mod uploads;

pub use access::{Access, Caller, Entry, KeyHolder, Rights};
pub use adopt::{AdoptionPlan, AdoptionReport, Compared, PlannedMember, PoolmgrUser, UnusableUser};
pub use backup::{Backup, BackupHeader, Backups, StoredBackup, UnpackError, Unpacked};
pub use body::{BodyError, BodySource, Declared};
pub use check::{
    CheckEvent, CheckOptions, CheckPosition, CheckTotals, CheckWatch, Count, Finding, FindingCode,
    FoundBlob, FoundObject, FoundPart, Level, Place, Stage,
};
pub use collect::{CollectionPlan, CollectionReport};
pub use complete::{CompletePart, CompleteUpload};
pub use describe::Described;
pub use error::PoolError;
pub use manifests::{LostName, ReplayReport};
pub use members::{AddBucket, IssuedKey, NewKey};
pub use objects::{CopyObject, PutRequest, Stored};
pub use pool::{Pool, PoolParts, PoolSettings};
pub use public::PublicObject;
pub use repair::{Repair, RepairOptions};
pub use replicate::{AddReplica, PromoteReplica, ReplicationReport, StoreStatus};
pub use scrub::{ScrubOptions, ScrubStatus, ScrubStep};
pub use seal::SealingKey;
pub use small_body::read_small_body;
pub use stores::ReplicaParts;
pub use uploads::{NewUpload, StoredPart};

// What the faces meet through the pool.
pub use rockpool_blobs::{BlobReader, ByteStream};
pub use rockpool_catalog::{
    AccessKey, Blob, BlobId, Bucket, BucketChange, BucketId, ListObjects, ListUploads, Listing,
    Member, MemberChange, MemberId, MemberLimits, MemberState, Object, Part, Poolmgr, Scope,
    Suspects, Upload, UploadId, UploadListing, Usage,
};
pub use rockpool_media::is_active;
