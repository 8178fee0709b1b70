//! The rows that a catalog is filled with: keys as Mastodon makes them, in a hundred buckets that grow side by side, and
//! 2.37 names for each blob, as a pool of 85 members has reported of itself.
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use md5::Md5;
use rockpool_catalog::{BucketId, Catalog, MemberLimits};
use rockpool_types::{BlobHash, BucketName, MemberName, ObjectKey, Timestamp};
use sha2::{Digest, Sha512};

/// How many buckets objects are spread over.
pub(super) const BUCKETS: u64 = 100;

/// The media type of all content.
pub(super) const MEDIA_TYPE: &str = "image/png";

/// When the first object was put, in milliseconds since 1970.
pub(super) const BEGAN_MS: i64 = 1_767_000_000_000;

/// The first of the identifiers that keys are made of, and the step to the next.
pub(super) const FIRST_ID: u64 = 109_000_000_000_000_000;
pub(super) const ID_STEP: u64 = 1_234_567;

/// Where generated rows go. Buckets have consecutive numbers. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    buckets: Arc<[BucketId]>,
}

/// Content of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) hash: BlobHash,
    pub(super) md5: [u8; 16],
    pub(super) size: u64,
}

impl Rows {
    /// Adds the members.
    pub(super) async fn prepare(catalog: &Catalog) -> Result<Self> {
        let limits = MemberLimits {
            max_buckets: 1,
            max_bytes: None,
            max_objects: None,
        };
        let mut buckets = Vec::new();
        for member in 0..BUCKETS {
            let name = format!("member{member:02}");
            let now = Timestamp::from_millis(BEGAN_MS);
            catalog
                .insert_member(&MemberName::new(name.as_str())?, limits, now)
                .await?
                .context("a member is there already")?;
            let bucket = catalog.find_bucket(&BucketName::new(name)?).await?;
            buckets.push(bucket.context("a member has no bucket")?.id);
        }
        let consecutive = buckets
            .windows(2)
            .all(|pair| pair[1].as_i64() == pair[0].as_i64() + 1);
        ensure!(consecutive, "buckets are not numbered one by one");
        Ok(Self {
            buckets: buckets.into(),
        })
    }

    /// The bucket of object `n`.
    pub(super) fn bucket(&self, n: u64) -> BucketId {
        self.buckets[(n % BUCKETS) as usize]
    }

    /// Where object `n` is.
    pub(super) fn object(&self, n: u64) -> Result<(BucketId, ObjectKey)> {
        Ok((self.bucket(n), ObjectKey::new(key(n))?))
    }
}

impl Content {
    /// What a blob holds.
    pub(super) fn of_blob(blob: u64) -> Self {
        Self {
            hash: BlobHash::from_bytes(Sha512::digest(blob.to_string()).into()),
            md5: Md5::digest(blob.to_string()).into(),
            size: 1_000 + blob * 7_919 % 700_000,
        }
    }
}

/// The key of object `n`; SQL elsewhere makes the same.
pub(super) fn key(n: u64) -> String {
    let id = (FIRST_ID + n / BUCKETS * ID_STEP + n % BUCKETS).to_string();
    let groups: Vec<&str> = (0..6).map(|i| &id[i * 3..i * 3 + 3]).collect();
    let name: String = Md5::digest(n.to_string())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "cache/media_attachments/files/{}/original/{name}.png",
        groups.join("/")
    )
}

/// How many blobs the first `objects` objects have.
pub(super) const fn blobs(objects: u64) -> u64 {
    objects * 100 / 237
}

/// The number of object `n`'s blob, from 1 on: the first that has it came earlier than the others.
pub(super) const fn blob_of(n: u64) -> u64 {
    let known = blobs(n + 1);
    if known == 0 {
        1
    } else if known > blobs(n) {
        known
    } else {
        // A large prime spreads the later names over all blobs.
        n * 2_654_435_761 % known + 1
    }
}
