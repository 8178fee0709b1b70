//! The catalog: the SQL database that knows members, buckets, objects, blobs, uploads and usage.
//! Knows rows and transactions; knows nothing of bytes, stores, HTTP or secrets in the clear.
//!
//! Every call is one transaction, and what it changed is durable when it returns `Ok`. Dropping the
//! future of a write leaves it done or not done, never half done.
//!
//! On a database server, a transaction that the database undid (deadlock, lock wait, violated key, certification) or that
//! never got to its commit (server away) is run again, whole, for up to four seconds; then the answer is `Unavailable`. A
//! commit whose outcome is unknown, because the connection broke, is never run again, for any kind of work: a second run
//! of a put could undo what another client put in between, that of a removal could remove what came in between, that of
//! an insert would deny its own success. The answer is `Unavailable` then too; the write is done whole or not at all, and
//! the pool, which after such an answer touches no bytes, stays right either way: what was reserved or claimed has a
//! lease, and what was mapped is mapped.
//!
//! - `records`: the rows as the pool sees them
//! - `address`: where a catalog is; `catalog`: opening it; the handle
//! - `members`, `access_keys`, `buckets`: who may do what
//! - `objects`, `listing`: mapping keys to blobs, and walking them; `put` has the steps of a put, `walk` decides
//!   what a listing shows and where it goes on; `short_keys` has what poolmgr did to long ones
//! - `blobs`: the life of a blob's row; collection; `blob_rows` has what runs inside others' transactions
//! - `stores`: blob stores by name; `copies`: what is queued for each, inside others' transactions; `copying`: working it off
//! - `scrubs`: how far the scrub of each store has come
//! - `uploads`: multipart uploads and their parts
//! - `usage`: exact counts
//! - `copy`: into another database, of whatever engine; `copied` lists the tables; `snapshot`: into a file, at one moment,
//!   while others write
//! - `changes`: what is still to be written down beside the blobs, inside others' transactions; `manifest`: the lines that
//!   tell of it; `replay`: bringing a restored catalog to what they say
//! - `audit`, `recount`, `correct`: what a check reads, what it counts at one moment, and what a repair changes
//! - `pages`: walking a table in the order of its key
//! - `adopt`: taking in another pool's names by the thousand; `poolmgr` reads them out of its database;
//!   `describe` finds the blobs that nobody has looked into
//! - `headers`, `codes`, `sets`: how attributes and small values lie in columns; long lists in statements
//! - `database`: the waist: transactions, statements, values; `row`: taking rows apart; `dialect`: where databases
//!   differ; `migrations`: the schema
//! - `sqlite`, `server`: the drivers; below `server`, `pool` and `session` are connections, `retry` says what is run again,
//!   `mysql` and `postgres` what differs, `schema` brings a database up to date

mod access_keys;
mod address;
mod adopt;
mod audit;
mod blob_rows;
mod blobs;
mod buckets;
mod catalog;
mod changes;
mod codes;
mod copied;
mod copies;
mod copy;
mod copying;
mod correct;
mod database;
mod describe;
mod dialect;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod headers;
mod listing;
mod manifest;
mod members;
mod migrations;
mod objects;
mod pages;
mod poolmgr;
mod put;
mod records;
mod recount;
mod replay;
mod row;
mod scrubs;
mod server;
mod sets;
mod short_keys;
mod snapshot;
mod sqlite;
mod stores;
mod uploads;
mod usage;
mod walk;

pub use address::CatalogAddress;
pub use adopt::{AdoptOutcome, AdoptPage, AdoptedName, Adoption};
pub use audit::{BlobRow, MappingRow, StagedPart, UploadRow};
pub use blob_rows::State as BlobState;
pub use blobs::{CollectReason, Collectable, DeletedBlob, DeletionClaim};
pub use buckets::{BucketChange, NewBucket, RemoveBucket};
pub use catalog::Catalog;
pub use changes::Changes;
pub use copies::CopyAction;
pub use copy::CopyProgress;
pub use copying::{CopyClaim, CopyQueue, CopyTerms};
pub use correct::UnknownBytes;
pub use error::CatalogError;
pub use listing::{ListObjects, ListUploads, Listing, UploadListing};
pub use manifest::ManifestLine;
pub use members::MemberChange;
pub use objects::{ObjectChange, PutObject, PutOutcome};
pub use poolmgr::{Poolmgr, PoolmgrIdentity, PoolmgrName, PoolmgrSurvey};
pub use records::{
    AccessKey, Blob, BlobId, Bucket, BucketId, Credential, Member, MemberId, MemberLimits,
    MemberState, Object, Part, PartBytes, Scope, StoreId, Upload, UploadId, Usage,
};
pub use recount::{BucketCount, Recount, ReferenceCount, StoreCount, Suspects};
pub use replay::{Replay, ReplayPosition, Replayed};
pub use scrubs::Scrub;
pub use server::ServerAddress;
pub use snapshot::Snapshot;
pub use stores::{Filled, MAIN_STORE, StoreRole, StoreRow};
pub use uploads::PutPart;
