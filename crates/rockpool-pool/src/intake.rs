//! A body into the spool, its digests and its blob.
use bytes::Bytes;
use futures_util::StreamExt;
use rockpool_blobs::{BlobReader, BlobStore, Content, SpoolWriter, StoreKey};
use rockpool_catalog::{Blob, MemberId, PutObject, PutOutcome, Scope};
use rockpool_media::{MediaType, SNIFF_BYTES, sniff};
use rockpool_types::{BlobHash, BlobPath, Checksum, ChecksumAlgorithm};
use std::{sync::Arc, time::Duration};

use crate::{
    BodySource, Declared, Pool, PoolError,
    digests::{Digested, Digests, algorithm_of},
};

/// How many bytes go to a blocking thread at once, there to be hashed and written.
const BLOCK_BYTES: usize = 128 << 10;

/// Bodies in memory up to this size are hashed where they are: a hop to another thread costs as much.
const HASH_INLINE_BYTES: usize = 32 << 10;

/// How often, and with what pause, an upload waits for a deletion of the same content before it gives up. It is
/// less than the five seconds after which Mastodon gives up.
const WAITS: u32 = 30;
const WAIT: Duration = Duration::from_millis(100);

/// A body that is in, whole and checked.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) content: Content,
    pub(crate) digested: Digested,
    pub(crate) media_type: MediaType,
    /// The additional checksum that the client declared, or that was asked for.
    pub(crate) checksum: Option<Checksum>,
}

/// Where the bytes of a blob come from, should the store not have them.
pub(crate) enum Origin<'a> {
    /// They were taken in.
    Content(&'a Content),
    /// They are those of another blob, of another scope.
    Copy(&'a Blob),
    /// They are a staged part, which goes with its upload.
    Part(StoreKey),
    /// An object of the same scope has them, so the store has them as long as that object stands.
    Object,
}

impl Pool {
    /// Reads a body to its end, through memory or the spool, and checks all that was declared of it. Where no additional
    /// checksum was declared, the one that was `asked` for is computed.
    pub(crate) async fn take_in(
        &self,
        body: &mut dyn BodySource,
        limit_bytes: u64,
        asked: Option<ChecksumAlgorithm>,
    ) -> Result<Taken, PoolError> {
        let declared_length = body.length();
        if declared_length.is_some_and(|length| length > limit_bytes) {
            return Err(PoolError::TooLarge { limit_bytes });
        }
        let declared_early = body.declared();
        let wanted = body.algorithms().into_iter().chain(asked);
        let wanted = wanted.chain(declared_early.iter().map(algorithm_of));
        let mut sink = Sink::new(self, Digests::new(wanted), declared_length);
        while let Some(chunk) = body.next_chunk().await.map_err(PoolError::Body)? {
            if sink.size + chunk.len() as u64 > limit_bytes {
                return Err(PoolError::TooLarge { limit_bytes });
            }
            sink.write(chunk).await?;
        }
        if let Some(declared) = declared_length.filter(|length| *length != sink.size) {
            return Err(PoolError::LengthMismatch {
                declared,
                received: sink.size,
            });
        }
        let (content, digested, media_type) = sink.finish().await?;
        let declared = body.declared();
        digested.check(&declared)?;
        let checksum = declared.into_iter().find_map(|digest| match digest {
            Declared::Checksum(checksum) => Some(checksum),
            Declared::ContentMd5(_) | Declared::PayloadSha256(_) => None,
        });
        let checksum = checksum.or_else(|| digested.checksum(asked?));
        Ok(Taken {
            content,
            digested,
            media_type,
            checksum,
        })
    }

    /// Maps an object to its content, storing the bytes first where the pool has not got them. Answers whether it
    /// had, and the put as it was carried out.
    pub(crate) async fn map(
        &self,
        mut put: PutObject,
        origin: Origin<'_>,
    ) -> Result<(bool, PutObject), PoolError> {
        let key = blob_key(put.scope, &put.hash)?;
        let mut claim = None;
        for _ in 0..WAITS {
            put.now = self.now();
            put.lease = self.settings().store_lease;
            match self.catalog().put_object(put.clone(), claim.take()).await? {
                PutOutcome::Mapped { known } => return Ok((known, put)),
                PutOutcome::Store(blob) => {
                    let places = self.places().await?;
                    (put.stored_in, put.stored_from) = (places.primary.id, put.now);
                    let store = places.primary.get()?;
                    self.store(store, &key, &origin, &put.media_type).await?;
                    claim = Some(blob);
                }
                PutOutcome::Wait => tokio::time::sleep(WAIT).await,
                PutOutcome::ConditionFailed => return Err(PoolError::ConditionFailed),
                PutOutcome::Absent => return Err(PoolError::NoSuchKey),
                PutOutcome::LimitReached => return Err(PoolError::LimitReached),
                PutOutcome::BucketGone => return Err(PoolError::NoSuchBucket),
                PutOutcome::UploadGone => return Err(PoolError::NoSuchUpload),
            }
        }
        Err(PoolError::Unavailable(
            "the same content is being deleted just now".into(),
        ))
    }

    async fn store(
        &self,
        store: &Arc<dyn BlobStore>,
        key: &StoreKey,
        origin: &Origin<'_>,
        media_type: &str,
    ) -> Result<(), PoolError> {
        let content = match origin {
            Origin::Content(content) => (*content).clone(),
            Origin::Copy(blob) => {
                let from = blob_key(blob.scope, &blob.hash)?;
                let copied = store.copy(&from, key, media_type).await;
                if matches!(copied, Ok(true)) {
                    return Ok(());
                }
                // Another store may have it, unless it went with its object.
                let opened = self.open_blob(blob, None).await;
                let reader = opened.map_err(|error| match (copied, error) {
                    (Ok(_), PoolError::Internal(_)) => PoolError::NoSuchKey,
                    (Err(copying), _) => copying.into(),
                    (Ok(_), error) => error,
                })?;
                self.content_of(reader).await?
            }
            Origin::Part(from) if Arc::ptr_eq(store, self.staging()) => {
                return match store.copy(from, key, media_type).await? {
                    true => Ok(()),
                    false => Err(PoolError::NoSuchUpload),
                };
            }
            Origin::Part(from) => {
                let reader = self.staging().open(from, None).await?;
                let reader = reader.ok_or(PoolError::NoSuchUpload)?;
                self.content_of(reader).await?
            }
            Origin::Object => return Err(PoolError::NoSuchKey),
        };
        Ok(store.put(key, &content, media_type).await?)
    }

    /// All bytes of an item, in memory or in the spool. `Unavailable` when they break off.
    async fn content_of(&self, mut reader: BlobReader) -> Result<Content, PoolError> {
        let mut sink = Sink::new(self, Digests::new([]), Some(reader.size));
        while let Some(chunk) = reader.stream.next().await {
            let broke_off = |e| PoolError::Unavailable(format!("reading a blob broke off: {e}"));
            sink.write(chunk.map_err(broke_off)?).await?;
        }
        let (content, ..) = sink.finish().await?;
        if content.len() == reader.size {
            Ok(content)
        } else {
            Err(PoolError::Unavailable("a blob was cut short".into()))
        }
    }
}

/// Where a blob lies in the store: poolmgr's layout for the public, and the same under `private/<member>/`.
pub(crate) fn blob_key(scope: Scope, hash: &BlobHash) -> Result<StoreKey, PoolError> {
    let path = BlobPath::hex(hash);
    let key = match scope {
        Scope::Public => path,
        Scope::Private(member) => format!(
            "private/{}/{}",
            member.as_i64(),
            path.trim_start_matches("blobs/")
        ),
    };
    StoreKey::new(key).map_err(|e| PoolError::Internal(e.to_string()))
}

/// Reads the form of [`blob_key`]. `None`: it is no blob's key.
pub(crate) fn parse_blob_key(key: &StoreKey) -> Option<(Scope, BlobHash)> {
    let (scope, path) = match key.as_str().strip_prefix("private/") {
        Some(rest) => {
            let (member, path) = rest.split_once('/')?;
            let member = MemberId::from_i64(member.parse().ok()?);
            (Scope::Private(member), format!("blobs/{path}"))
        }
        None => (Scope::Public, key.as_str().to_owned()),
    };
    let hash = BlobPath::parse(&path)?.hash();
    (blob_key(scope, &hash).ok()? == *key).then_some((scope, hash))
}

/// Bytes on their way in: in memory until they are too many, then block by block to the spool. While a blocking thread
/// hashes and writes one block, the next is filled.
pub(crate) struct Sink {
    pool: Pool,
    size: u64,
    head: Vec<u8>,
    filling: Vec<u8>,
    state: State,
}

enum State {
    Memory(Box<Digests>),
    Spooling(tokio::task::JoinHandle<Result<Spooling, PoolError>>),
    /// Only while a block changes hands.
    Moved,
}

struct Spooling {
    digests: Box<Digests>,
    writer: SpoolWriter,
    /// An empty block to be filled again.
    block: Vec<u8>,
}

impl Sink {
    pub(crate) fn new(pool: &Pool, digests: Digests, length: Option<u64>) -> Self {
        let expected = length
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        let filling = Vec::with_capacity(
            expected
                .min(pool.settings().memory_body_bytes)
                .min(BLOCK_BYTES),
        );
        Self {
            pool: pool.clone(),
            size: 0,
            head: Vec::new(),
            filling,
            state: State::Memory(Box::new(digests)),
        }
    }

    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<(), PoolError> {
        self.size += chunk.len() as u64;
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let limit = match self.state {
                State::Memory(_) => self.pool.settings().memory_body_bytes,
                State::Spooling(_) | State::Moved => BLOCK_BYTES,
            };
            let take = rest.len().min(limit.saturating_sub(self.filling.len()));
            self.filling.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            if !rest.is_empty() {
                self.hand_over().await?;
            }
        }
        Ok(())
    }

    /// Gives the filled block to a blocking thread, once that has done the block before.
    async fn hand_over(&mut self) -> Result<(), PoolError> {
        let mut block = std::mem::take(&mut self.filling);
        if self.head.is_empty() {
            self.head = block[..block.len().min(SNIFF_BYTES)].to_vec();
        }
        let (mut digests, writer) = match std::mem::replace(&mut self.state, State::Moved) {
            State::Memory(digests) => (digests, None),
            State::Spooling(job) => {
                let done = joined(job.await)?;
                self.filling = done.block;
                (done.digests, Some(done.writer))
            }
            State::Moved => {
                return Err(PoolError::Internal(
                    "a body was written to after an error".into(),
                ));
            }
        };
        let spool = self.pool.spool().clone();
        self.state = State::Spooling(tokio::task::spawn_blocking(move || {
            let mut writer = match writer {
                Some(writer) => writer,
                None => spool.create().map_err(|e| spool_error(&e))?,
            };
            digests.update(&block);
            writer.write_all(&block).map_err(|e| spool_error(&e))?;
            block.clear();
            Ok(Spooling {
                digests,
                writer,
                block,
            })
        }));
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<(Content, Digested, MediaType), PoolError> {
        if matches!(self.state, State::Memory(_)) {
            return self.finish_in_memory().await;
        }
        if !self.filling.is_empty() {
            self.hand_over().await?;
        }
        let State::Spooling(job) = self.state else {
            return Err(PoolError::Internal(
                "a body was ended after an error".into(),
            ));
        };
        let done = joined(job.await)?;
        let finish = move || {
            let file = done.writer.finish().map_err(|e| spool_error(&e))?;
            Ok((Content::Spooled(Arc::new(file)), done.digests.finish()))
        };
        let (content, digested) = joined(tokio::task::spawn_blocking(finish).await)?;
        Ok((content, digested, sniff(&self.head)))
    }

    async fn finish_in_memory(self) -> Result<(Content, Digested, MediaType), PoolError> {
        let State::Memory(mut digests) = self.state else {
            return Err(PoolError::Internal(
                "a body was ended after an error".into(),
            ));
        };
        let bytes = Bytes::from(self.filling);
        let media_type = sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]);
        let content = Content::Memory(bytes.clone());
        let hash = move || {
            digests.update(&bytes);
            digests.finish()
        };
        let digested = if content.len() <= HASH_INLINE_BYTES as u64 {
            hash()
        } else {
            joined(tokio::task::spawn_blocking(move || Ok(hash())).await)?
        };
        Ok((content, digested, media_type))
    }
}

/// The answer of a blocking job.
pub(crate) fn joined<T>(
    answer: Result<Result<T, PoolError>, tokio::task::JoinError>,
) -> Result<T, PoolError> {
    answer.map_err(|e| PoolError::Internal(format!("a blocking job ended early: {e}")))?
}

/// What a fault of the spool means.
pub(crate) fn spool_error(error: &std::io::Error) -> PoolError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            PoolError::Full("the spool's disk is full".into())
        }
        _ => PoolError::Internal(format!("the spool failed: {error}")),
    }
}
