//! The stable names of findings: how bad each is, what it means and what to do.
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It will go by itself.
    Note,
    /// No content is lost, but somebody should act.
    Warning,
    /// Content is lost, or may be soon.
    Error,
}

impl Level {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($code:ident $name:literal $level:ident, $meaning:literal, $advice:literal;)*) => {
        /// The code of a finding. Its name never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FindingCode {
            $(#[doc = $meaning] $code,)*
        }

        impl FindingCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// How bad it is.
            pub const fn level(self) -> Level {
                match self {
                    $(Self::$code => Level::$level,)*
                }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => $meaning,)*
                }
            }

            /// What to do.
            pub const fn advice(self) -> &'static str {
                match self {
                    $(Self::$code => $advice,)*
                }
            }
        }
    };
}

codes! {
    BlobMissing "blob_missing" Error,
        "The store has not got a blob that the catalog says it has.",
        "`--repair` takes it from a replica that has it. Else put the file back from a backup under that key, or `--repair --drop-lost` removes what points to it.";
    BlobWrongSize "blob_wrong_size" Error,
        "A blob in the store is shorter or longer than it was.",
        "`--repair` takes it from a replica that has it, and moves what is there to `quarantine/`; then as for `blob_missing`. Look at the disk or ask the provider.";
    BlobDamaged "blob_damaged" Error,
        "A blob's bytes have another SHA-512 than its name says, at two readings.",
        "`--repair` takes it from a replica that has it, and moves what is there to `quarantine/`; then as for `blob_missing`. Look at the disk or ask the provider.";
    BlobUnreadable "blob_unreadable" Error,
        "The store failed three times to deliver a blob's bytes, though it can be reached.",
        "`--repair` takes it from a replica that has it, in place of what is there. Look at the disk or ask the provider, then check again.";
    BlobWrongMd5 "blob_wrong_md5" Warning,
        "A blob is whole, but the catalog has another MD5 of it, which objects show as their ETag.",
        "`--repair` records the right one.";
    BlobDuplicate "blob_duplicate" Error,
        "The catalog has several rows for one blob; when one goes, the bytes of the other go with it.",
        "Stop collecting (`collect.interval = \"off\"`) and report it as a bug.";
    BlobWrongState "blob_wrong_state" Warning,
        "A blob is live without references, or has references without being live.",
        "`--repair` makes it live or idle as its references say.";
    BlobWrongReferences "blob_wrong_references" Error,
        "A blob's reference count is not the number of objects that point to it; it may be collected too early or never.",
        "`--repair` corrects it.";
    LeaseExpired "lease_expired" Note,
        "An uploader or a collector gave up on a blob.",
        "Nothing: the next collection takes care of it.";
    BytesUnknown "bytes_unknown" Warning,
        "The store has a blob that the catalog knows nothing of; it only takes room. After a catalog was restored from a backup, these are what came after it.",
        "`--repair` drops them. Not before you know where they come from!";
    ItemUnknown "item_unknown" Warning,
        "Something lies in the store that the pool never puts there.",
        "Find out whose it is, and move it away by hand.";
    Leftover "leftover" Note,
        "A crashed process left a temporary file.",
        "Nothing: the next start removes it, and so does `--repair`.";
    PartMissing "part_missing" Error,
        "Staging has not got a part of an upload in progress; completing that upload will fail.",
        "Nothing: its client is told and tries again, or the upload goes when it is too old.";
    PartWrongSize "part_wrong_size" Error,
        "A staged part is shorter or longer than it was; completing that upload will fail.",
        "Look at the disk or ask the provider; its client is told and tries again.";
    PartDamaged "part_damaged" Error,
        "A staged part's bytes are not what they were.",
        "Look at the disk or ask the provider; abort the upload if you can.";
    PartOrphaned "part_orphaned" Note,
        "Staging has a part that belongs to no upload.",
        "Nothing: the next collection removes it.";
    PartWithoutUpload "part_without_upload" Warning,
        "The catalog has parts of an upload that is gone.",
        "`--repair` removes them.";
    UploadExpired "upload_expired" Note,
        "An upload in progress is older than `collect.upload_lifetime`.",
        "Nothing: the next collection removes it.";
    UploadWithoutBucket "upload_without_bucket" Warning,
        "An upload in progress belongs to a bucket that is gone.",
        "`--repair` removes it.";
    ObjectLost "object_lost" Error,
        "The bytes of this object are missing or damaged.",
        "`--repair` takes its blob from a replica that has it. Else put it back from a backup, or `--repair --drop-lost` removes the object. Tell its member.";
    ObjectWithoutBlob "object_without_blob" Error,
        "An object points to a blob that the catalog has no row of.",
        "`--repair --drop-lost` removes the object. Tell its member.";
    ObjectWithoutBucket "object_without_bucket" Error,
        "An object belongs to a bucket that is gone.",
        "`--repair --drop-lost` removes the object.";
    ObjectWrongScope "object_wrong_scope" Error,
        "A private object points to a public blob or another member's, or a public one to a private.",
        "Report it as a bug; the wall between members has a hole.";
    BucketWrongUsage "bucket_wrong_usage" Warning,
        "A bucket's recorded objects or bytes are not what it has, so its member's limits hold wrongly.",
        "`--repair` corrects it.";
    StoreWrongUsage "store_wrong_usage" Warning,
        "The recorded number of blobs in the store, or of their bytes, is wrong.",
        "`--repair` corrects it.";
    CollectionOverdue "collection_overdue" Warning,
        "Idle blobs, uploads or leases have waited for a collection for more than a day.",
        "See that a node runs with `collect.interval` on, and look for `A collection failed` in its log.";
    ReplicaAway "replica_away" Warning,
        "A replica cannot be reached, or this configuration lacks it; what it has was not checked.",
        "Bring it back, or forget it with `rockpool replica remove`.";
    ReplicaBehind "replica_behind" Warning,
        "Blobs have waited for more than a day to be copied to a replica.",
        "See that a node runs, and look for `A blob could not be copied` in its log; `rockpool replica status` shows more.";
    ReplicaMissing "replica_missing" Warning,
        "A replica has not got a blob that was copied there.",
        "`--repair` has it copied again, and so does `rockpool replica verify`.";
    ReplicaDamaged "replica_damaged" Warning,
        "A replica's copy of a blob is of another size, is damaged or cannot be read.",
        "`--repair` has it copied again, and so does `rockpool replica verify`; what is there is moved to `quarantine/`.";
    ReplicaBytesUnknown "replica_bytes_unknown" Warning,
        "A replica has a blob that the catalog knows nothing of; it only takes room.",
        "`--repair --drop-unknown` removes it. Not before you know where it comes from!";
}
