//! Members, objects and contents for tests.
use std::time::Duration;

use rockpool_catalog::{
    BlobId, Bucket, BucketId, Catalog, DeletedBlob, Member, MemberLimits, PutObject, PutOutcome,
    Scope,
};
use rockpool_types::{
    Acl, BlobHash, BucketName, Conditions, ETag, MemberName, ObjectAttributes, ObjectKey, Timestamp,
};

/// How long uploaders may take, in every test.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// Limits that no test reaches.
pub(crate) const AMPLE: MemberLimits = MemberLimits {
    max_buckets: 1000,
    max_bytes: None,
    max_objects: None,
};

/// An instant so many seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

/// Of a blob whose bytes went from the primary of a pool without replicas.
pub(crate) fn gone() -> DeletedBlob {
    DeletedBlob {
        removed_from: None,
        now: at(0),
        graces: Vec::new(),
        grace: Duration::ZERO,
    }
}

/// A member with its first bucket.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) catalog: Catalog,
    pub(crate) member: Member,
    pub(crate) bucket: Bucket,
}

impl World {
    /// Adds a member of that name.
    pub(crate) async fn new(catalog: &Catalog, name: &str) -> Self {
        Self::with_limits(catalog, name, AMPLE).await
    }

    /// Adds a member of that name with limits.
    pub(crate) async fn with_limits(catalog: &Catalog, name: &str, limits: MemberLimits) -> Self {
        let name = MemberName::new(name).unwrap();
        let member = catalog.insert_member(&name, limits, at(0)).await.unwrap();
        let bucket = catalog.find_bucket(&BucketName::from(&name)).await.unwrap();
        Self {
            catalog: catalog.clone(),
            member: member.unwrap(),
            bucket: bucket.unwrap(),
        }
    }

    /// A public object with that content.
    pub(crate) fn public(&self, key: &str, content: Content) -> PutObject {
        content.object(self.bucket.id, key, Acl::PublicRead, Scope::Public)
    }

    /// A private object with that content.
    pub(crate) fn private(&self, key: &str, content: Content) -> PutObject {
        let scope = Scope::Private(self.member.id);
        content.object(self.bucket.id, key, Acl::Private, scope)
    }

    /// Puts as an uploader does: stores the bytes (in thought) where it is told to.
    pub(crate) async fn put(&self, put: PutObject) -> PutOutcome {
        match self.catalog.put_object(put.clone(), None).await.unwrap() {
            PutOutcome::Store(claim) => {
                let stored = self.catalog.put_object(put, Some(claim)).await;
                stored.unwrap()
            }
            other => other,
        }
    }

    /// Puts a public object that nothing can refuse.
    pub(crate) async fn store(&self, key: &str, content: Content) {
        let outcome = self.put(self.public(key, content)).await;
        assert!(matches!(outcome, PutOutcome::Mapped { .. }), "{outcome:?}");
    }

    /// Asks to put, and is told to store the bytes.
    pub(crate) async fn reserve(&self, put: &PutObject) -> BlobId {
        match self.catalog.put_object(put.clone(), None).await.unwrap() {
            PutOutcome::Store(claim) => claim,
            other => panic!("{other:?}"),
        }
    }

    /// Removes an object; whether it was there.
    pub(crate) async fn remove(&self, key: &str, now: Timestamp) -> bool {
        let keys = vec![(object_key(key), Conditions::default())];
        let answers = self.catalog.remove_objects(self.bucket.id, keys, now).await;
        answers.unwrap()[0].unwrap()
    }

    /// The content of an object; `None` when there is none.
    pub(crate) async fn content(&self, key: &str) -> Option<BlobHash> {
        let found = self
            .catalog
            .find_object(self.bucket.id, &object_key(key))
            .await;
        found.unwrap().map(|object| object.blob.hash)
    }
}

/// A key.
pub(crate) fn object_key(key: &str) -> ObjectKey {
    ObjectKey::new(key).unwrap()
}

/// A content: a number that stands for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) u64);

impl Content {
    /// Its size: another for each of the first thousand.
    pub(crate) const fn size(self) -> u64 {
        self.0 % 1000 + 1
    }

    /// Its hash, spread as real ones are.
    pub(crate) fn hash(self) -> BlobHash {
        let mut bytes = [0; 64];
        let mut state = self.0;
        for chunk in bytes.chunks_mut(8) {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_be_bytes());
        }
        BlobHash::from_bytes(bytes)
    }

    /// Its MD5.
    pub(crate) fn md5(self) -> [u8; 16] {
        let mut md5 = [0; 16];
        md5.copy_from_slice(&self.hash().as_bytes()[48..]);
        md5
    }

    fn object(self, bucket: BucketId, key: &str, acl: Acl, scope: Scope) -> PutObject {
        PutObject {
            bucket,
            key: object_key(key),
            scope,
            hash: self.hash(),
            size: self.size(),
            md5: self.md5(),
            media_type: "image/png".to_owned(),
            etag: ETag::single(self.md5()),
            acl,
            attributes: ObjectAttributes {
                content_type: Some("image/png".to_owned()),
                ..ObjectAttributes::default()
            },
            conditions: Conditions::default(),
            completes: None,
            modified_at: None,
            moves_from: None,
            now: at(1),
            lease: LEASE,
            stored_in: None,
            stored_from: at(1),
        }
    }
}
