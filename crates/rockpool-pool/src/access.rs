//! Who asks, and what they may do.
use std::sync::Arc;

use rockpool_catalog::{Bucket, BucketId, Member, MemberState};
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

impl Entry {
    /// Insists that writing was asked for and allowed.
    pub(crate) fn require_write(&self) -> Result<(), PoolError> {
        self.require(Access::Write)
    }

    /// Insists that listing, or more, was asked for and allowed.
    pub(crate) fn require_bucket(&self) -> Result<(), PoolError> {
        match self.access {
            Access::Write => Ok(()),
            Access::ReadBucket | Access::ReadObject => self.require(Access::ReadBucket),
        }
    }

    fn require(&self, access: Access) -> Result<(), PoolError> {
        if self.rights == Rights::Owner && self.access == access {
            Ok(())
        } else {
            Err(PoolError::AccessDenied)
        }
    }
}

impl KeyHolder {
    /// Whether its member's keys work, and this one may write if it has to.
    pub(crate) fn check(&self, access: Access) -> Result<(), PoolError> {
        match (self.member.state, access) {
            (MemberState::Suspended, _) => Err(PoolError::MemberSuspended),
            (MemberState::Active, Access::Write) if self.read_only => Err(PoolError::AccessDenied),
            (MemberState::Active, _) => Ok(()),
        }
    }

    fn opens(&self, bucket: &Bucket) -> bool {
        bucket.member == self.member.id && self.bucket.is_none_or(|only| only == bucket.id)
    }
}

impl Caller {
    /// The holder of the key that signed, if it may do that at all.
    pub(crate) fn holder(&self, access: Access) -> Result<&KeyHolder, PoolError> {
        match self {
            Self::Anonymous => Err(PoolError::AccessDenied),
            Self::Member(holder) => holder.check(access).map(|()| &**holder),
        }
    }
}

impl Pool {
    /// The working key of that id. `None`: unknown or revoked. At most `cache_lifetime` out of date.
    pub async fn find_key(&self, id: &AccessKeyId) -> Result<Option<Arc<KeyHolder>>, PoolError> {
        if let Some(holder) = self.caches().keys.find(id) {
            return Ok(Some(holder));
        }
        let Some(credential) = self.catalog().find_credential(id).await? else {
            return Ok(None);
        };
        if credential.key.revoked_at.is_some() {
            return Ok(None);
        }
        let holder = Arc::new(KeyHolder {
            access_key_id: id.clone(),
            secret: self
                .sealing_key()
                .unseal(id, &credential.key.sealed_secret)?,
            member: credential.member,
            read_only: credential.key.read_only,
            bucket: credential.key.bucket,
        });
        self.caches().keys.put(id.clone(), holder.clone());
        Ok(Some(holder))
    }

    /// Lets a caller into a bucket. `NoSuchBucket`, `AccessDenied`, `MemberSuspended`, `ReadOnly`.
    ///
    /// A member that reads objects in another's bucket is a stranger there, and sees what is public.
    pub async fn enter(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        access: Access,
    ) -> Result<Entry, PoolError> {
        if let Caller::Member(holder) = caller {
            holder.check(access)?;
        }
        let bucket = self
            .find_bucket(bucket)
            .await?
            .ok_or(PoolError::NoSuchBucket)?;
        let rights = match caller {
            Caller::Member(holder) if holder.opens(&bucket) => Rights::Owner,
            _ if access == Access::ReadObject => Rights::Public,
            _ => return Err(PoolError::AccessDenied),
        };
        if access == Access::Write {
            self.require_writable()?;
        }
        Ok(Entry {
            bucket,
            rights,
            access,
        })
    }

    /// Refuses while the pool is in read-only mode.
    pub(crate) fn require_writable(&self) -> Result<(), PoolError> {
        if self.settings().read_only {
            Err(PoolError::ReadOnly)
        } else {
            Ok(())
        }
    }

    /// Lets the operator look into a bucket, whosever it is, and whatever its member's state: what a command beside the
    /// faces reads with. `NoSuchBucket`.
    pub async fn enter_as_operator(&self, bucket: &BucketName) -> Result<Entry, PoolError> {
        let bucket = self
            .find_bucket(bucket)
            .await?
            .ok_or(PoolError::NoSuchBucket)?;
        Ok(Entry {
            bucket,
            rights: Rights::Owner,
            access: Access::ReadBucket,
        })
    }
}
