//! The rows as the pool sees them.
use rockpool_types::{
    AccessKeyId, Acl, BlobHash, BucketName, Checksum, ChecksumAlgorithm, DeliveryMode, ETag,
    HostName, MemberName, ObjectAttributes, ObjectKey, Timestamp,
};

macro_rules! row_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub(crate) i64);

        impl $type {
            /// The number, for logs and JSON.
            pub const fn as_i64(self) -> i64 {
                self.0
            }

            /// The row of a number that was written down earlier; it need not exist any more.
            pub const fn from_i64(number: i64) -> Self {
                Self(number)
            }
        }
    };
}

row_id! {
    /// A member's row. Never used again for another member.
    MemberId
}
row_id! {
    /// A bucket's row. Never used again for another bucket.
    BucketId
}
row_id! {
    /// A blob's row. Never used again: content that went and came back has another.
    BlobId
}
row_id! {
    /// A blob store's row. Never used again for another store.
    StoreId
}

/// The public name of a multipart upload: 32 hexadecimal digits of randomness.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(String);

impl UploadId {
    /// Takes a text that a client sent or that was just made; `None` when it is not 32 hexadecimal digits.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its row.
    pub id: MemberId,
    /// Its name.
    pub name: MemberName,
    /// Whether its keys work.
    pub state: MemberState,
    /// What it may use.
    pub limits: MemberLimits,
    /// Since when it is a member.
    pub created_at: Timestamp,
}

/// Whether a member's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// They do.
    Active,
    /// They are refused; what is public stays readable.
    Suspended,
}

/// What a member may use. `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberLimits {
    /// Buckets, the first included.
    pub max_buckets: u32,
    /// Bytes of objects, each counted whole even where the pool keeps it once.
    pub max_bytes: Option<u64>,
    /// Objects.
    pub max_objects: Option<u64>,
}

/// A key pair of a member; its secret is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its public half.
    pub id: AccessKeyId,
    /// Whose it is.
    pub member: MemberId,
    /// Its secret half, as the pool sealed it.
    pub sealed_secret: Vec<u8>,
    /// Whether it may only read.
    pub read_only: bool,
    /// The only bucket that it opens. `None`: all of its member's.
    pub bucket: Option<BucketId>,
    /// What its owner calls it; may be empty.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked. `None`: it works.
    pub revoked_at: Option<Timestamp>,
}

/// An access key and its member, as authentication needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The key; revoked ones are shown too.
    pub key: AccessKey,
    /// Its member.
    pub member: Member,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its row.
    pub id: BucketId,
    /// Its owner.
    pub member: MemberId,
    /// Its name.
    pub name: BucketName,
    /// The ACL of objects that come without one.
    pub default_acl: Acl,
    /// How the public reads it.
    pub delivery: DeliveryMode,
    /// Host names of its own, sorted.
    pub hosts: Vec<HostName>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who shares a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole pool; public by its hash.
    Public,
    /// The private objects of one member.
    Private(MemberId),
}

/// A blob whose bytes are in the store (live or idle).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its row.
    pub id: BlobId,
    /// Who shares it.
    pub scope: Scope,
    /// Its name.
    pub hash: BlobHash,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type, decided from its bytes. Empty for an adopted blob that nobody has looked into yet.
    pub media_type: String,
    /// The MD5 of its bytes; zeros where it is not known, which is so for an adopted blob until its content comes again.
    pub md5: [u8; 16],
}

impl Blob {
    /// Stands for an MD5 that is not known.
    pub const UNKNOWN_MD5: [u8; 16] = [0; 16];

    /// Whether its media type is known.
    pub const fn is_described(&self) -> bool {
        !self.media_type.is_empty()
    }

    /// Its MD5, where it is known.
    pub fn known_md5(&self) -> Option<[u8; 16]> {
        (self.md5 != Self::UNKNOWN_MD5).then_some(self.md5)
    }
}

/// An object and the blob that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: ObjectKey,
    /// Its content.
    pub blob: Blob,
    /// Its ETag.
    pub etag: ETag,
    /// Who may read it.
    pub acl: Acl,
    /// When its content or attributes were last put.
    pub modified_at: Timestamp,
    /// What it carries beside its bytes.
    pub attributes: ObjectAttributes,
}

/// A multipart upload in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its public name.
    pub id: UploadId,
    /// Its bucket.
    pub bucket: BucketId,
    /// The key of the object to be.
    pub key: ObjectKey,
    /// The ACL of the object to be.
    pub acl: Acl,
    /// The attributes of the object to be, without checksum and parts.
    pub attributes: ObjectAttributes,
    /// The checksum that was declared at its start: its algorithm, and whether it covers the full object
    /// (`true`) or is a composite of the parts'.
    pub checksum: Option<(ChecksumAlgorithm, bool)>,
    /// When it was started.
    pub created_at: Timestamp,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, 1 to 10,000.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The MD5 of its bytes, which is its ETag.
    pub md5: [u8; 16],
    /// The SHA-512 of its bytes.
    pub hash: BlobHash,
    /// The checksum that came with it.
    pub checksum: Option<Checksum>,
    /// Where its bytes are.
    pub bytes: PartBytes,
    /// When it came.
    pub modified_at: Timestamp,
}

/// Where the bytes of a part are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartBytes {
    /// Small ones lie in the catalog itself. Listings leave them empty; see `Catalog::read_part_bytes`.
    Inline(Vec<u8>),
    /// Under this key of the staging store.
    Staged(String),
}

/// Counts of a member or bucket. Exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Objects.
    pub objects: u64,
    /// Bytes of those objects, each counted whole.
    pub object_bytes: u64,
}
