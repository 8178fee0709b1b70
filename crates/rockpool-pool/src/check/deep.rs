//! Reading bytes again, and hashing them.
use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use rockpool_blobs::{BlobStore, Pace, StoreKey};
use rockpool_catalog::{Blob, BlobRow};

use super::{Check, Finding, finding::FoundBlob};
use crate::{
    PoolError,
    digests::{Digested, Digests},
    intake::blob_key,
};

/// What came of reading an item.
pub(crate) enum Reading {
    /// There is none.
    Absent,
    /// It was read to its end.
    Read {
        /// Its digests.
        digested: Digested,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The store could not deliver it.
    Failed(String),
}

/// How often an item is read before it counts as unreadable, and the pause between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Reads an item and hashes it. Failures are repeated; a store that is away is an error, an item that cannot be read while
/// the store answers is not.
pub(crate) async fn read_item(
    store: &dyn BlobStore,
    key: &StoreKey,
    pace: &Pace,
) -> Result<Reading, PoolError> {
    let mut why = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(PAUSE * attempt).await;
        }
        pace.calls(1).await;
        let reader = match store.open(key, None).await {
            Ok(Some(reader)) => reader,
            Ok(None) => return Ok(Reading::Absent),
            Err(error) => {
                why = error.to_string();
                continue;
            }
        };
        match digest(reader.stream, pace).await? {
            Ok((digested, bytes)) => return Ok(Reading::Read { digested, bytes }),
            Err(error) => why = error.to_string(),
        }
    }
    store.probe().await?;
    Ok(Reading::Failed(why))
}

async fn digest(
    mut bytes: rockpool_blobs::ByteStream,
    pace: &Pace,
) -> Result<std::io::Result<(Digested, u64)>, PoolError> {
    let mut digests = Box::new(Digests::new([]));
    let mut count = 0;
    while let Some(chunk) = bytes.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return Ok(Err(error)),
        };
        count += chunk.len() as u64;
        pace.bytes(chunk.len()).await;
        let hash = move || {
            digests.update(&chunk);
            digests
        };
        let hashed = tokio::task::spawn_blocking(hash).await;
        digests = hashed.map_err(|e| PoolError::Internal(e.to_string()))?;
    }
    Ok(Ok((digests.finish(), count)))
}

impl Check<'_> {
    /// Reads these blobs at a store, several at a time; answers which are not what their rows say.
    pub(super) async fn read_from(
        &mut self,
        store: &Arc<dyn BlobStore>,
        rows: Vec<BlobRow>,
    ) -> Result<Vec<(BlobRow, Finding)>, PoolError> {
        let pace = &self.pace;
        let mut readings = stream::iter(rows)
            .map(|row| {
                let store = store.clone();
                async move {
                    let key = blob_key(row.scope, &row.hash)?;
                    let reading = read_item(store.as_ref(), &key, pace).await?;
                    // Damage on the way here is no damage there: it is read once more.
                    if differs(&row, &reading) {
                        let again = read_item(store.as_ref(), &key, pace).await?;
                        return Ok((row, again));
                    }
                    Ok::<_, PoolError>((row, reading))
                }
            })
            .buffer_unordered(self.options.readers.max(1));
        let (mut findings, mut read) = (Vec::new(), 0);
        while let Some(reading) = readings.next().await {
            let (row, reading) = reading?;
            if let Reading::Read { bytes, .. } = &reading {
                read += bytes;
            }
            if let Some(finding) = judge(&row, reading)? {
                findings.push((row, finding));
            }
        }
        drop(readings);
        self.read(read)?;
        Ok(findings)
    }
}

fn differs(row: &BlobRow, reading: &Reading) -> bool {
    match reading {
        Reading::Absent => true,
        Reading::Read { digested, .. } => digested.hash != row.hash,
        Reading::Failed(_) => false,
    }
}

/// What is wrong with a blob that is said to be stored; `None` when nothing is.
pub(crate) fn judge(row: &BlobRow, reading: Reading) -> Result<Option<Finding>, PoolError> {
    let blob = FoundBlob::of(row)?;
    Ok(match reading {
        Reading::Absent => Some(Finding::BlobMissing { blob }),
        Reading::Failed(why) => Some(Finding::BlobUnreadable { blob, why }),
        Reading::Read { bytes, .. } if bytes != row.size => Some(Finding::BlobWrongSize {
            blob,
            expected_bytes: row.size,
            found_bytes: bytes,
        }),
        Reading::Read { digested, .. } if digested.hash != row.hash => {
            Some(Finding::BlobDamaged { blob })
        }
        Reading::Read { digested, .. }
            if row.md5 != Blob::UNKNOWN_MD5 && digested.md5 != row.md5 =>
        {
            Some(Finding::BlobWrongMd5 {
                blob,
                counted: hex::encode(digested.md5),
            })
        }
        Reading::Read { .. } => None,
    })
}
