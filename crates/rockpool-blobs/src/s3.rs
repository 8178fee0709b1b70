//! A blob store in a bucket at an S3 provider.
//!
//! Every write is one request of known length, because providers bill what is overwritten or deleted, and some
//! refuse chunked transfers. Signatures go by the query and cover the headers that matter. A call tries again on its
//! own where that may help, never longer than [`S3Settings::call_timeout`].
use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rockpool_types::SecretKey;
use url::Url;

use crate::{BlobReader, BlobStore, Content, Spool, StoreError, StoreKey, StoredItem};

mod answer;
mod body;
mod call;
mod copy;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod list;
mod provider;
mod read;
mod tls;
mod write;

use provider::Provider;

/// Where a bucket is, how to get in, and how long to try.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The provider's address, e.g. `https://s3.eu-central-003.backblazeb2.com`. `http` works too.
    pub endpoint: Url,
    /// The bucket, which must exist.
    pub bucket: String,
    /// The region that signatures name, e.g. `eu-central-1`.
    pub region: String,
    /// Whether the bucket stands in the path of URLs, rather than before the endpoint's host name.
    pub path_style: bool,
    /// The public half of the key pair.
    pub access_key_id: String,
    /// The secret half of the key pair.
    pub secret_access_key: SecretKey,
    /// The folder of the bucket that holds all items. `None`: the whole bucket.
    pub prefix: Option<StoreKey>,
    /// Items whose keys begin with this are for the world to read at the provider: they are sent with the canned ACL
    /// `public-read` and may be cached for ever. `None`: no ACL is sent; a bucket policy decides.
    pub public_prefix: Option<String>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long a connection may stand still, sending or receiving.
    pub stall_timeout: Duration,
    /// The longest that a call may take, attempts and pauses included; a put or copy may take a second more for each
    /// MiB. Reading the bytes of an item is bounded by `stall_timeout` alone.
    pub call_timeout: Duration,
    /// The most items that are read at once, and the most other requests at once; further ones wait.
    pub max_connections: usize,
    /// The most attempts of a call, at least 1.
    pub attempts: u32,
    /// The most requests a second of this store in this process, attempts counted each. `None`: no limit.
    pub max_calls_per_second: Option<u32>,
}

impl S3Settings {
    /// Settings with defaults for all that has one: path style, no prefix, no ACL, 10 s to connect, 30 s to stand
    /// still, 60 s a call, 64 requests at once, 5 attempts, any number a second.
    pub fn new(
        endpoint: Url,
        bucket: impl Into<String>,
        region: impl Into<String>,
        access_key_id: impl Into<String>,
        secret_access_key: SecretKey,
    ) -> Self {
        Self {
            endpoint,
            bucket: bucket.into(),
            region: region.into(),
            path_style: true,
            access_key_id: access_key_id.into(),
            secret_access_key,
            prefix: None,
            public_prefix: None,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            max_connections: 64,
            attempts: 5,
            max_calls_per_second: None,
        }
    }
}

/// A bucket of items. Cheap to clone.
#[derive(Clone, Debug)]
pub struct S3Store {
    provider: Arc<Provider>,
    /// For copies, where the provider cannot.
    spool: Spool,
}

impl S3Store {
    /// Makes a client for the bucket; connects to nothing yet, see [`BlobStore::probe`]. Reads the system's root
    /// certificates if the endpoint is `https`, which blocks for some milliseconds.
    ///
    /// # Errors
    /// `Internal` when a setting makes no sense, or the system has no root certificates.
    pub fn new(settings: S3Settings, spool: Spool) -> Result<Self, StoreError> {
        Ok(Self {
            provider: Arc::new(Provider::new(settings)?),
            spool,
        })
    }
}

#[async_trait]
impl BlobStore for S3Store {
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<(), StoreError> {
        self.provider.put(key, content, media_type).await
    }

    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        self.provider.open(key, range).await
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        self.provider.size(key).await
    }

    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
    ) -> Result<bool, StoreError> {
        self.provider.copy(from, to, media_type, &self.spool).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.provider.remove(key).await
    }

    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError> {
        self.provider.remove_before(key, deadline).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        self.provider.list(prefix, after, limit).await
    }

    /// Starts a multipart upload and aborts it: that needs the right to write, and leaves no deleted object to pay for.
    async fn probe(&self) -> Result<(), StoreError> {
        self.provider.probe().await
    }
}
