//! Reading a blob from whichever store has it, and going on at another where one breaks off.
use std::{io, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rockpool_blobs::{BlobReader, ByteStream, StoreKey};
use rockpool_catalog::{Blob, StoreId};

use super::{Places, StorePlace};
use crate::{Pool, PoolError, intake::blob_key};

/// How long a read waits for a store before it asks the next, and for the catalog to note what was found.
const PATIENCE: Duration = Duration::from_secs(3);

impl Pool {
    /// Opens a blob's bytes, or a range of them (end excluded, within the blob, not empty): at the primary or, where that
    /// lacks them or fails, at a replica. Where a store breaks off, another goes on. What a store lacks, or cannot deliver, is
    /// put there again in the background.
    pub async fn open_blob(
        &self,
        blob: &Blob,
        range: Option<Range<u64>>,
    ) -> Result<BlobReader, PoolError> {
        let key = blob_key(blob.scope, &blob.hash)?;
        let places = self.places().await?;
        if places.replicas.is_empty() {
            return open_at(&places.primary, blob, &key, range).await?;
        }
        let mut order: Vec<&StorePlace> = places.usable().collect();
        order.sort_by_key(|place| {
            place
                .store
                .as_ref()
                .is_some_and(|store| store.is_suspected())
        });
        let mut failure = None;
        let mut lacking = false;
        for (i, place) in order.iter().enumerate() {
            let opening = open_at(place, blob, &key, range.clone());
            let is_last = i + 1 == order.len();
            let opened = if is_last {
                opening.await
            } else {
                in_time(opening).await
            };
            let is_primary = place.id == places.primary.id;
            match opened {
                Ok(Ok(reader)) => {
                    if lacking {
                        // What is there under its name is of another size, if there is anything: the copy looks.
                        self.put_again(&places.primary, blob, false).await;
                    }
                    let left = range.unwrap_or(0..blob.size);
                    let steady = Steady {
                        pool: self.clone(),
                        at: place.id,
                        tried: order[..=i].iter().map(|place| place.id).collect(),
                        places: places.clone(),
                        blob: blob.clone(),
                        key,
                        left,
                        stream: reader.stream,
                    };
                    return Ok(BlobReader {
                        size: reader.size,
                        stream: steady.into_stream(),
                    });
                }
                Ok(Err(lack)) => {
                    lacking |= is_primary;
                    keep(&mut failure, lack, is_primary);
                }
                Err(error) => {
                    if place.store.as_ref().is_some_and(|store| store.suspect()) {
                        tracing::warn!(store.name = place.name, error.cause = %error, "A blob store failed a reader; others are asked first for a while");
                    }
                    keep(&mut failure, error, is_primary);
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            PoolError::Internal(
                "the configuration of this node has none of the pool's stores".into(),
            )
        }))
    }

    /// Has a blob copied to a store from another. `renew`: something of the right size is there, and is read first. Whoever
    /// asks has what it needs: failures are logged. Tells whether it is news.
    pub(crate) async fn put_again(&self, place: &StorePlace, blob: &Blob, renew: bool) -> bool {
        let Some(id) = place.id else { return false };
        let (lacks, lack) = (&self.stores().lacks, (id, blob.scope, blob.hash, renew));
        if lacks.find(&lack).is_some() {
            return false;
        }
        lacks.put(lack, ());
        tracing::warn!(store.name = place.name, blob.hash = %blob.hash, "A blob is missing or damaged at a store; it is put there again from another");
        if self.settings().read_only {
            return true;
        }
        let queued = self
            .catalog()
            .queue_copy(id, blob.scope, blob.hash, renew, self.now());
        let why = match tokio::time::timeout(PATIENCE, queued).await {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the catalog is slow".to_owned(),
        };
        tracing::warn!(blob.hash = %blob.hash, error.cause = why, "A blob could not be queued to be put there again");
        true
    }
}

/// A blob that is being read, wherever it can be.
struct Steady {
    pool: Pool,
    places: Arc<Places>,
    blob: Blob,
    key: StoreKey,
    /// The bytes of the blob that are still to come.
    left: Range<u64>,
    /// The store that they come from.
    at: Option<StoreId>,
    /// The stores that were asked, this one among them.
    tried: Vec<Option<StoreId>>,
    stream: ByteStream,
}

impl Steady {
    fn into_stream(self) -> ByteStream {
        let bytes = stream::unfold(Some(self), |steady| async move {
            let mut steady = steady?;
            let item = steady.next().await?;
            let goes_on = item.is_ok().then_some(steady);
            Some((item, goes_on))
        });
        Box::pin(bytes)
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let error = match self.stream.next().await {
                Some(Ok(chunk)) => {
                    self.left.start += chunk.len() as u64;
                    return Some(Ok(chunk));
                }
                _ if self.left.is_empty() => return None,
                Some(Err(error)) => error,
                None => io::ErrorKind::UnexpectedEof.into(),
            };
            if !self.go_on_elsewhere(&error).await {
                return Some(Err(error));
            }
        }
    }

    /// Opens the rest at a store that was not asked yet. `false`: none has it.
    async fn go_on_elsewhere(&mut self, error: &io::Error) -> bool {
        let places = self.places.clone();
        if let Some(broken) = places.all().find(|place| place.id == self.at)
            && self.pool.put_again(broken, &self.blob, true).await
        {
            tracing::warn!(store.name = broken.name, blob.hash = %self.blob.hash, error.cause = %error, "Reading a blob broke off");
        }
        for place in places.usable() {
            if self.tried.contains(&place.id) {
                continue;
            }
            self.tried.push(place.id);
            let opening = open_at(place, &self.blob, &self.key, Some(self.left.clone()));
            if let Ok(Ok(reader)) = in_time(opening).await {
                (self.at, self.stream) = (place.id, reader.stream);
                return true;
            }
        }
        false
    }
}

/// What the primary says counts more than what others do.
fn keep(failure: &mut Option<PoolError>, error: PoolError, is_primary: bool) {
    if is_primary || failure.is_none() {
        *failure = Some(error);
    }
}

type Opened = Result<Result<BlobReader, PoolError>, PoolError>;

/// Opens a blob at one store. The inner error: it has not got the blob, or of another size.
async fn open_at(
    place: &StorePlace,
    blob: &Blob,
    key: &StoreKey,
    range: Option<Range<u64>>,
) -> Opened {
    let Some(reader) = place.get()?.open(key, range).await? else {
        return Ok(Err(PoolError::Internal(format!(
            "the blob store has lost {key}"
        ))));
    };
    if reader.size != blob.size {
        let (found, expected) = (reader.size, blob.size);
        return Ok(Err(PoolError::Internal(format!(
            "{key} has {found} bytes in the blob store, not {expected}"
        ))));
    }
    Ok(Ok(reader))
}

/// Opens unless it takes longer than a reader should wait while there are other stores.
async fn in_time(opening: impl Future<Output = Opened>) -> Opened {
    let late = |_| Err(PoolError::Unavailable("the blob store is slow".into()));
    tokio::time::timeout(PATIENCE, opening)
        .await
        .unwrap_or_else(late)
}
