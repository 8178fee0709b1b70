//! Keeping members, their keys and buckets.
use std::sync::Arc;

use rockpool_catalog::{
    AccessKey, Bucket, BucketChange, Member, MemberChange, MemberLimits, Usage,
};
use rockpool_types::{AccessKeyId, Acl, BucketName, HostName, MemberName, SecretKey};

use crate::{Caller, Pool, PoolError};

/// A key that is to be made.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// What its owner calls it; may be empty.
    pub label: String,
    /// Whether it may only read.
    pub read_only: bool,
    /// The only bucket that it is to open.
    pub bucket: Option<BucketName>,
    /// Its public half and secret, brought along from elsewhere. `None`: both are made.
    pub given: Option<(AccessKeyId, SecretKey)>,
}

/// A key that was made: the only time that its secret is shown.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// Its public half.
    pub id: AccessKeyId,
    /// Its secret half.
    pub secret: SecretKey,
}

/// A bucket that is to be made.
#[derive(Clone, Debug)]
pub struct AddBucket {
    /// Its name.
    pub name: BucketName,
    /// The ACL of objects that come without one. `None`: public-read.
    pub default_acl: Option<Acl>,
}

impl Pool {
    /// Adds a member with its first bucket and a key. `NameTaken`.
    pub async fn add_member(
        &self,
        name: &MemberName,
        limits: MemberLimits,
        key: NewKey,
    ) -> Result<(Member, IssuedKey), PoolError> {
        let _ = (name, limits, key);
        todo!()
    }

    /// A member by name. `NoSuchMember`.
    pub async fn find_member(&self, name: &MemberName) -> Result<Member, PoolError> {
        let _ = name;
        todo!()
    }

    /// Up to 1,000 members by name, after `after`.
    pub async fn list_members(&self, after: Option<&MemberName>) -> Result<Vec<Member>, PoolError> {
        let _ = after;
        todo!()
    }

    /// Suspends, resumes or limits a member. `NoSuchMember`.
    pub async fn change_member(
        &self,
        name: &MemberName,
        change: MemberChange,
    ) -> Result<Member, PoolError> {
        let _ = (name, change);
        todo!()
    }

    /// Removes a member, its keys and buckets. `NoSuchMember`; `BucketNotEmpty` unless `with_objects`, which removes
    /// all its objects and uploads first (not in one transaction: what was removed stays removed when it fails).
    pub async fn remove_member(
        &self,
        name: &MemberName,
        with_objects: bool,
    ) -> Result<(), PoolError> {
        let _ = (name, with_objects);
        todo!()
    }

    /// Adds a key. `NoSuchMember`, `NoSuchBucket`, `NameTaken` when a given id is in use.
    pub async fn add_key(&self, member: &MemberName, key: NewKey) -> Result<IssuedKey, PoolError> {
        let _ = (member, key);
        todo!()
    }

    /// All keys of a member, revoked ones too. `NoSuchMember`.
    pub async fn list_keys(&self, member: &MemberName) -> Result<Vec<AccessKey>, PoolError> {
        let _ = member;
        todo!()
    }

    /// Revokes a key of a member for ever. `NoSuchMember`, `NoSuchAccessKey`.
    pub async fn revoke_key(&self, member: &MemberName, id: &AccessKeyId) -> Result<(), PoolError> {
        let _ = (member, id);
        todo!()
    }

    /// The caller's buckets that its key opens, by name. `AccessDenied` for strangers, `MemberSuspended`.
    pub async fn buckets_of(&self, caller: &Caller) -> Result<Vec<Bucket>, PoolError> {
        let _ = caller;
        todo!()
    }

    /// Makes a bucket for the caller. `AccessDenied`, `MemberSuspended`, `ReadOnly`, `BucketYours`, `NameTaken`,
    /// `TooManyBuckets`.
    pub async fn create_bucket(
        &self,
        caller: &Caller,
        bucket: AddBucket,
    ) -> Result<Bucket, PoolError> {
        let _ = (caller, bucket);
        todo!()
    }

    /// Removes an empty bucket of the caller. As [`Self::create_bucket`]; `NoSuchBucket`, `BucketNotEmpty`.
    pub async fn delete_bucket(&self, caller: &Caller, name: &BucketName) -> Result<(), PoolError> {
        let _ = (caller, name);
        todo!()
    }

    /// For the operator: makes a bucket for a member, whatever its state. `NoSuchMember`, and as [`Self::create_bucket`].
    pub async fn add_bucket(
        &self,
        member: &MemberName,
        bucket: AddBucket,
    ) -> Result<Bucket, PoolError> {
        let _ = (member, bucket);
        todo!()
    }

    /// For the operator: removes an empty bucket. `NoSuchBucket`, `BucketNotEmpty`.
    pub async fn remove_bucket(&self, name: &BucketName) -> Result<(), PoolError> {
        let _ = name;
        todo!()
    }

    /// For the operator: all buckets of a member, or of the pool, by name.
    pub async fn list_buckets(
        &self,
        member: Option<&MemberName>,
    ) -> Result<Vec<Bucket>, PoolError> {
        let _ = member;
        todo!()
    }

    /// Changes a bucket. `NoSuchBucket`, `HostTaken`.
    pub async fn change_bucket(
        &self,
        name: &BucketName,
        change: BucketChange,
    ) -> Result<Bucket, PoolError> {
        let _ = (name, change);
        todo!()
    }

    /// A bucket by name. `None`: there is none. At most `cache_lifetime` out of date.
    pub async fn find_bucket(&self, name: &BucketName) -> Result<Option<Arc<Bucket>>, PoolError> {
        let _ = name;
        todo!()
    }

    /// The bucket that has this host name. `None`: there is none. At most `cache_lifetime` out of date.
    pub async fn find_bucket_by_host(
        &self,
        host: &HostName,
    ) -> Result<Option<Arc<Bucket>>, PoolError> {
        let _ = host;
        todo!()
    }

    /// What a member has. `NoSuchMember`.
    pub async fn usage_of_member(&self, name: &MemberName) -> Result<Usage, PoolError> {
        let _ = name;
        todo!()
    }

    /// What a bucket has.
    pub async fn usage_of_bucket(&self, bucket: &Bucket) -> Result<Usage, PoolError> {
        let _ = bucket;
        todo!()
    }

    /// The number of blobs in the store, and their bytes, each counted once.
    pub async fn usage_of_store(&self) -> Result<(u64, u64), PoolError> {
        todo!()
    }
}
