//! Who asks, and what they may do.
use std::sync::Arc;

use rockpool_catalog::{Bucket, BucketId, Member};
use rockpool_types::{AccessKeyId, BucketName, SecretKey};

use crate::{Pool, PoolError};

/// A working access key with its secret, and its member.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    /// The key's public half.
    pub access_key_id: AccessKeyId,
    /// Its secret half.
    pub secret: SecretKey,
    /// Its member, suspended or not.
    pub member: Member,
    /// Whether it may only read.
    pub read_only: bool,
    /// The only bucket that it opens. `None`: all of its member's.
    pub bucket: Option<BucketId>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Somebody without a signature.
    Anonymous,
    /// A holder of an access key, whose signature was verified.
    Member(Arc<KeyHolder>),
}

/// What a caller wants to do with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read objects: everybody may ask, and sees public ones.
    ReadObject,
    /// List it or read its settings: its member's keys.
    ReadBucket,
    /// Change it or its objects: its member's keys that may write, unless the pool is in read-only mode.
    Write,
}

/// What an [`Entry`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Reading public objects.
    Public,
    /// Reading all objects of the bucket, and writing if [`Access::Write`] was asked for.
    Owner,
}

/// Proof that a caller may do something with a bucket. The verbs of objects ask for one.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) rights: Rights,
    pub(crate) access: Access,
}

impl Entry {
    /// The bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// What it allows.
    pub const fn rights(&self) -> Rights {
        self.rights
    }
}

impl Pool {
    /// The working key of that id. `None`: unknown or revoked. At most `cache_lifetime` out of date.
    pub async fn find_key(&self, id: &AccessKeyId) -> Result<Option<Arc<KeyHolder>>, PoolError> {
        let _ = id;
        todo!()
    }

    /// Lets a caller into a bucket. `NoSuchBucket`, `AccessDenied`, `MemberSuspended`, `ReadOnly`.
    pub async fn enter(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        access: Access,
    ) -> Result<Entry, PoolError> {
        let _ = (caller, bucket, access);
        todo!()
    }
}
