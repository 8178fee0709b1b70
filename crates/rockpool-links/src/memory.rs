//! Copies in memory, in front of the shelf.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    copies::Head,
    shelf::{Shelved, ShelvedBody, Version},
};

/// The largest body that is kept in memory; larger ones are read from the disk as they are sent.
pub(crate) const MAX_BODY_BYTES: u64 = 512 << 10;
/// How long a copy in memory is believed before the shelf is asked whether it is still there: other nodes replace copies,
/// and operators purge them.
const BELIEVED: Duration = Duration::from_secs(2);
/// What a copy takes beside its body, roughly.
const OVERHEAD_BYTES: u64 = 2 << 10;

/// A copy that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) head: Head,
    pub(crate) body: ShelvedBody,
    pub(crate) version: Option<Version>,
    /// When the shelf was last asked, in milliseconds since the cache was made.
    checked_ms: AtomicU64,
}

/// Copies by their URLs.
pub(crate) struct Memory {
    cache: Cache<String, Arc<Kept>, ByBytes>,
    /// KiB that bodies may take at a time, those included that are being sent and not in the cache any more.
    budget: Arc<Semaphore>,
    begun: Instant,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<Kept>> for ByBytes {
    fn weight(&self, _: &String, kept: &Arc<Kept>) -> u64 {
        let body = match &kept.body {
            ShelvedBody::Bytes(bytes) => bytes.len() as u64,
            ShelvedBody::File(_) => 0,
        };
        OVERHEAD_BYTES + body
    }
}

impl Memory {
    /// A cache of bodies of at most this many bytes.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let items = usize::try_from(max_bytes / (8 << 10)).unwrap_or(usize::MAX);
        let budget = usize::try_from(2 * max_bytes / 1024).unwrap_or(usize::MAX);
        Self {
            cache: Cache::with_weighter(items.max(16), max_bytes, ByBytes),
            budget: Arc::new(Semaphore::new(budget.min(Semaphore::MAX_PERMITS))),
            begun: Instant::now(),
        }
    }

    /// The copy of a URL, and whether the shelf should be asked about it first.
    pub(crate) fn find(&self, url: &str) -> Option<(Arc<Kept>, bool)> {
        let kept = self.cache.get(url)?;
        let checked = kept.checked_ms.load(Ordering::Relaxed);
        let doubted = self.elapsed_ms() - checked.min(self.elapsed_ms()) >= millis(BELIEVED);
        Some((kept, doubted))
    }

    /// Notes that the shelf has still this copy.
    pub(crate) fn believe(&self, kept: &Kept) {
        kept.checked_ms.store(self.elapsed_ms(), Ordering::Relaxed);
    }

    /// Takes a copy in, as the shelf has it now.
    pub(crate) fn keep(&self, shelved: Shelved) -> Arc<Kept> {
        let kept = Arc::new(Kept {
            body: self.within_budget(shelved.body),
            head: shelved.head,
            version: shelved.version,
            checked_ms: AtomicU64::new(self.elapsed_ms()),
        });
        self.cache.insert(kept.head.url.clone(), kept.clone());
        kept
    }

    /// Forgets a URL.
    pub(crate) fn forget(&self, url: &str) {
        self.cache.remove(url);
    }

    /// Counts a body's bytes for as long as anybody holds them. Beyond the budget it is not refused, since it is in memory
    /// already: [`Memory::body_limit`] sees to it that the next one is not.
    fn within_budget(&self, body: ShelvedBody) -> ShelvedBody {
        let ShelvedBody::Bytes(bytes) = body else {
            return body;
        };
        let wanted = u32::try_from(bytes.len().div_ceil(1024)).unwrap_or(u32::MAX);
        match self.budget.clone().try_acquire_many_owned(wanted) {
            Ok(permit) => ShelvedBody::Bytes(Bytes::from_owner(Counted {
                bytes,
                _permit: permit,
            })),
            Err(_) => ShelvedBody::Bytes(bytes),
        }
    }

    /// The most bytes that a body may have to be read into memory now.
    pub(crate) fn body_limit(&self) -> u64 {
        let left = self.budget.available_permits() as u64 * 1024;
        if left > 2 * MAX_BODY_BYTES {
            MAX_BODY_BYTES
        } else {
            4 << 10
        }
    }

    fn elapsed_ms(&self) -> u64 {
        millis(self.begun.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Bytes that are counted.
struct Counted {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
