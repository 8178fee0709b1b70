//! Keeping members, their keys and buckets.
use std::sync::Arc;

use rockpool_catalog::{
    AccessKey, Bucket, BucketChange, BucketId, ListObjects, ListUploads, Member, MemberChange,
    MemberId, MemberLimits, MemberState, NewBucket, RemoveBucket, Usage,
};
use rockpool_types::{AccessKeyId, Acl, BucketName, Conditions, HostName, MemberName, SecretKey};

use crate::{Access, Caller, Pool, PoolError, seal::random};

/// How often a removal looks again for what came in behind it.
const STRAGGLERS: u32 = 5;

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
    /// Adds a member with its first bucket and a key. `NameTaken`, `AccessKeyTaken`.
    pub async fn add_member(
        &self,
        name: &MemberName,
        limits: MemberLimits,
        key: NewKey,
    ) -> Result<(Member, IssuedKey), PoolError> {
        let Some(member) = self
            .catalog()
            .insert_member(name, limits, self.now())
            .await?
        else {
            return Err(PoolError::NameTaken);
        };
        self.caches().clear();
        match self.issue_key(&member, key).await {
            Ok(issued) => Ok((member, issued)),
            Err(error) => {
                // A member without a key is of no use to anybody, and would make a second try fail.
                self.catalog().remove_member(member.id).await?;
                Err(error)
            }
        }
    }

    /// A member by name. `NoSuchMember`.
    pub async fn find_member(&self, name: &MemberName) -> Result<Member, PoolError> {
        self.catalog()
            .find_member(name)
            .await?
            .ok_or(PoolError::NoSuchMember)
    }

    /// Up to 1,000 members by name, after `after`.
    pub async fn list_members(&self, after: Option<&MemberName>) -> Result<Vec<Member>, PoolError> {
        Ok(self.catalog().list_members(after, 1_000).await?)
    }

    /// Suspends, resumes or limits a member. `NoSuchMember`.
    pub async fn change_member(
        &self,
        name: &MemberName,
        change: MemberChange,
    ) -> Result<Member, PoolError> {
        let member = self.find_member(name).await?;
        let changed = self.catalog().change_member(member.id, change).await?;
        self.caches().clear();
        changed.ok_or(PoolError::NoSuchMember)
    }

    /// Removes a member, its keys and buckets. `NoSuchMember`; `BucketNotEmpty` unless `with_objects`, which suspends it
    /// and removes all its objects and uploads first (not in one transaction: what was removed stays removed, and the
    /// member suspended, when it fails).
    pub async fn remove_member(
        &self,
        name: &MemberName,
        with_objects: bool,
    ) -> Result<(), PoolError> {
        let member = self.find_member(name).await?;
        if !with_objects {
            return self.drop_member(member.id).await;
        }
        // Its servers may go on writing; nodes that have not heard yet let them for a moment.
        let suspend = MemberChange {
            state: Some(MemberState::Suspended),
            ..MemberChange::default()
        };
        self.change_member(name, suspend).await?;
        for _ in 0..STRAGGLERS {
            for bucket in self.catalog().list_buckets(Some(member.id)).await? {
                self.empty_bucket(&bucket).await?;
            }
            match self.drop_member(member.id).await {
                Err(PoolError::BucketNotEmpty) => {
                    tokio::time::sleep(self.settings().cache_lifetime).await;
                }
                answer => return answer,
            }
        }
        Err(PoolError::BucketNotEmpty)
    }

    async fn drop_member(&self, member: MemberId) -> Result<(), PoolError> {
        let removed = self.catalog().remove_member(member).await?;
        self.caches().clear();
        if removed {
            Ok(())
        } else {
            Err(PoolError::BucketNotEmpty)
        }
    }

    /// Adds a key. `NoSuchMember`, `NoSuchBucket`, `AccessKeyTaken` by a key in use or revoked.
    pub async fn add_key(&self, member: &MemberName, key: NewKey) -> Result<IssuedKey, PoolError> {
        let member = self.find_member(member).await?;
        self.issue_key(&member, key).await
    }

    /// All keys of a member, revoked ones too. `NoSuchMember`.
    pub async fn list_keys(&self, member: &MemberName) -> Result<Vec<AccessKey>, PoolError> {
        let member = self.find_member(member).await?;
        Ok(self.catalog().list_access_keys(member.id).await?)
    }

    /// Whether this pool's sealing key opens one of a member's access keys in the catalog, or it has none.
    pub async fn unseals_keys_of(&self, member: &Member) -> Result<bool, PoolError> {
        let keys = self.catalog().list_access_keys(member.id).await?;
        let opens = |key: &AccessKey| self.sealing_key().unseal(&key.id, &key.sealed_secret);
        Ok(keys.is_empty() || keys.iter().any(|key| opens(key).is_ok()))
    }

    /// Revokes a key of a member for ever. `NoSuchMember`, `NoSuchAccessKey`.
    pub async fn revoke_key(&self, member: &MemberName, id: &AccessKeyId) -> Result<(), PoolError> {
        let keys = self.list_keys(member).await?;
        if !keys.iter().any(|key| key.id == *id)
            || !self.catalog().revoke_access_key(id, self.now()).await?
        {
            return Err(PoolError::NoSuchAccessKey);
        }
        self.caches().clear();
        Ok(())
    }

    /// The caller's buckets that its key opens, by name. `AccessDenied` for strangers, `MemberSuspended`.
    pub async fn buckets_of(&self, caller: &Caller) -> Result<Vec<Bucket>, PoolError> {
        let holder = caller.holder(Access::ReadBucket)?;
        let buckets = self.catalog().list_buckets(Some(holder.member.id)).await?;
        Ok(buckets
            .into_iter()
            .filter(|bucket| holder.bucket.is_none_or(|only| only == bucket.id))
            .collect())
    }

    /// Makes a bucket for the caller. `AccessDenied`, `MemberSuspended`, `ReadOnly`, `BucketYours`, `NameTaken`,
    /// `TooManyBuckets`.
    pub async fn create_bucket(
        &self,
        caller: &Caller,
        bucket: AddBucket,
    ) -> Result<Bucket, PoolError> {
        let holder = caller.holder(Access::Write)?;
        if holder.bucket.is_some() {
            return Err(PoolError::AccessDenied);
        }
        self.require_writable()?;
        self.insert_bucket(holder.member.id, bucket).await
    }

    /// Removes an empty bucket of the caller. As [`Self::create_bucket`]; `NoSuchBucket`, `BucketNotEmpty`.
    pub async fn delete_bucket(&self, caller: &Caller, name: &BucketName) -> Result<(), PoolError> {
        let entry = self.enter(caller, name, Access::Write).await?;
        self.drop_bucket(entry.bucket.id).await
    }

    /// For the operator: makes a bucket for a member, whatever its state. `NoSuchMember`, and as [`Self::create_bucket`].
    pub async fn add_bucket(
        &self,
        member: &MemberName,
        bucket: AddBucket,
    ) -> Result<Bucket, PoolError> {
        let member = self.find_member(member).await?;
        self.insert_bucket(member.id, bucket).await
    }

    /// For the operator: removes an empty bucket. `NoSuchBucket`, `BucketNotEmpty`.
    pub async fn remove_bucket(&self, name: &BucketName) -> Result<(), PoolError> {
        let bucket = self
            .catalog()
            .find_bucket(name)
            .await?
            .ok_or(PoolError::NoSuchBucket)?;
        self.drop_bucket(bucket.id).await
    }

    /// For the operator: all buckets of a member, or of the pool, by name.
    pub async fn list_buckets(
        &self,
        member: Option<&MemberName>,
    ) -> Result<Vec<Bucket>, PoolError> {
        let member = match member {
            Some(name) => Some(self.find_member(name).await?.id),
            None => None,
        };
        Ok(self.catalog().list_buckets(member).await?)
    }

    /// Changes a bucket. `NoSuchBucket`, `HostTaken`.
    pub async fn change_bucket(
        &self,
        name: &BucketName,
        change: BucketChange,
    ) -> Result<Bucket, PoolError> {
        let bucket = self
            .catalog()
            .find_bucket(name)
            .await?
            .ok_or(PoolError::NoSuchBucket)?;
        let changed = self.catalog().change_bucket(bucket.id, change).await?;
        self.caches().clear();
        changed
            .ok_or(PoolError::NoSuchBucket)?
            .map_err(PoolError::HostTaken)
    }

    /// A bucket by name. `None`: there is none. At most `cache_lifetime` out of date.
    pub async fn find_bucket(&self, name: &BucketName) -> Result<Option<Arc<Bucket>>, PoolError> {
        if let Some(bucket) = self.caches().buckets.find(name) {
            return Ok(Some(bucket));
        }
        let bucket = self.catalog().find_bucket(name).await?.map(Arc::new);
        if let Some(bucket) = &bucket {
            self.caches().buckets.put(name.clone(), bucket.clone());
        }
        Ok(bucket)
    }

    /// The bucket that has this host name. `None`: there is none. At most `cache_lifetime` out of date.
    pub async fn find_bucket_by_host(
        &self,
        host: &HostName,
    ) -> Result<Option<Arc<Bucket>>, PoolError> {
        // Most requests name the pool's own host, which is no bucket's: that is remembered too.
        if let Some(found) = self.caches().hosts.find(host) {
            return Ok(found);
        }
        let found = self
            .catalog()
            .find_bucket_by_host(host)
            .await?
            .map(Arc::new);
        self.caches().hosts.put(host.clone(), found.clone());
        Ok(found)
    }

    /// What a member has. `NoSuchMember`.
    pub async fn usage_of_member(&self, name: &MemberName) -> Result<Usage, PoolError> {
        let member = self.find_member(name).await?;
        Ok(self.catalog().usage_of_member(member.id).await?)
    }

    /// What a bucket has.
    pub async fn usage_of_bucket(&self, bucket: &Bucket) -> Result<Usage, PoolError> {
        Ok(self.catalog().usage_of_bucket(bucket.id).await?)
    }

    /// The number of blobs in the store, and their bytes, each counted once.
    pub async fn usage_of_store(&self) -> Result<(u64, u64), PoolError> {
        Ok(self.catalog().usage_of_store().await?)
    }

    async fn issue_key(&self, member: &Member, key: NewKey) -> Result<IssuedKey, PoolError> {
        let bucket = match &key.bucket {
            None => None,
            Some(name) => {
                let bucket = self.catalog().find_bucket(name).await?;
                let own = bucket
                    .filter(|bucket| bucket.member == member.id)
                    .ok_or(PoolError::NoSuchBucket)?;
                Some(own.id)
            }
        };
        let (id, secret) = match key.given {
            Some(given) => given,
            None => (new_id()?, new_secret()?),
        };
        let row = AccessKey {
            id: id.clone(),
            member: member.id,
            sealed_secret: self.sealing_key().seal(&id, &secret)?,
            read_only: key.read_only,
            bucket,
            label: key.label,
            created_at: self.now(),
            revoked_at: None,
        };
        if self.catalog().insert_access_key(row).await? {
            Ok(IssuedKey { id, secret })
        } else {
            Err(PoolError::AccessKeyTaken)
        }
    }

    async fn insert_bucket(
        &self,
        member: MemberId,
        bucket: AddBucket,
    ) -> Result<Bucket, PoolError> {
        let acl = bucket.default_acl.unwrap_or(Acl::PublicRead);
        let answer = self
            .catalog()
            .insert_bucket(member, &bucket.name, acl, self.now())
            .await?;
        match answer {
            NewBucket::Added(bucket) => Ok(bucket),
            NewBucket::Yours(_) => Err(PoolError::BucketYours),
            NewBucket::Taken => Err(PoolError::NameTaken),
            NewBucket::LimitReached => Err(PoolError::TooManyBuckets),
            NewBucket::MemberGone => Err(PoolError::NoSuchMember),
        }
    }

    async fn drop_bucket(&self, bucket: BucketId) -> Result<(), PoolError> {
        let answer = self.catalog().remove_bucket(bucket, self.now()).await?;
        self.caches().clear();
        match answer {
            RemoveBucket::Removed => Ok(()),
            RemoveBucket::NotEmpty => Err(PoolError::BucketNotEmpty),
            RemoveBucket::Absent => Err(PoolError::NoSuchBucket),
        }
    }

    /// Removes all objects and uploads of a bucket, a page a transaction.
    async fn empty_bucket(&self, bucket: &Bucket) -> Result<(), PoolError> {
        const PAGE: usize = 1_000;
        loop {
            let query = ListObjects {
                bucket: bucket.id,
                prefix: String::new(),
                delimiter: None,
                after: None,
                limit: PAGE,
            };
            let page = self.catalog().list_objects(query).await?;
            if page.objects.is_empty() {
                break;
            }
            let keys = page
                .objects
                .into_iter()
                .map(|object| (object.key, Conditions::default()))
                .collect();
            self.catalog()
                .remove_objects(bucket.id, keys, self.now())
                .await?;
        }
        loop {
            let query = ListUploads {
                bucket: bucket.id,
                prefix: String::new(),
                delimiter: None,
                key_marker: None,
                upload_id_marker: None,
                limit: PAGE,
            };
            let page = self.catalog().list_uploads(query).await?;
            if page.uploads.is_empty() {
                return Ok(());
            }
            for upload in page.uploads {
                self.drop_upload(&upload.id).await?;
            }
        }
    }
}

/// 20 characters: `RP`, and 18 of `A-Z 2-7`, which are 90 random bits.
fn new_id() -> Result<AccessKeyId, PoolError> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let text: String = random::<18>()?
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    AccessKeyId::new(format!("RP{text}")).map_err(|e| PoolError::Internal(e.to_string()))
}

/// 40 hexadecimal digits, which are 160 random bits and need no quoting anywhere.
fn new_secret() -> Result<SecretKey, PoolError> {
    SecretKey::new(hex::encode(random::<20>()?)).map_err(|e| PoolError::Internal(e.to_string()))
}
