//! A blob store that misbehaves when it is told to.
use std::{
    collections::HashSet,
    io,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use rockpool_blobs::{BlobReader, BlobStore, Content, StoreError, StoreKey, StoredItem, Stray};

/// What goes wrong with the next call of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next put fails before it does anything.
    PutFails,
    /// The next put does its work, and fails all the same.
    PutFailsAfterwards,
    /// The next put says that the store is full.
    PutFull,
    /// The next put waits so long before it does its work.
    PutWaits(Duration),
    /// The next copy waits so long before it does its work.
    CopyWaits(Duration),
    /// The next removal fails before it does anything.
    RemoveFails,
    /// The next removal does its work, and fails all the same.
    RemoveFailsAfterwards,
    /// The next removal waits so long before it does its work.
    RemoveWaits(Duration),
    /// The next read fails.
    OpenFails,
    /// The next probe fails.
    ProbeFails,
    /// The next probe waits so long before it answers.
    ProbeWaits(Duration),
}

/// A store in front of another that carries out faults, each once, in the order they were added.
#[derive(Clone, Debug)]
pub struct FaultyStore {
    inner: Arc<dyn BlobStore>,
    faults: Arc<Mutex<Vec<Fault>>>,
    puts: Arc<Mutex<Vec<StoreKey>>>,
    spoilt: Arc<Mutex<HashSet<StoreKey>>>,
    is_gone: Arc<AtomicBool>,
}

impl FaultyStore {
    /// Puts itself in front of `inner`; without faults it changes nothing.
    pub fn new(inner: Arc<dyn BlobStore>) -> Self {
        Self {
            inner,
            faults: Arc::default(),
            puts: Arc::default(),
            spoilt: Arc::default(),
            is_gone: Arc::default(),
        }
    }

    /// From now on every call fails, or no more.
    pub fn set_gone(&self, is_gone: bool) {
        self.is_gone.store(is_gone, Ordering::Relaxed);
    }

    fn require(&self, doing: &str) -> Result<(), StoreError> {
        if self.is_gone.load(Ordering::Relaxed) {
            Err(down(doing))
        } else {
            Ok(())
        }
    }

    /// Adds a fault for the next call of its kind.
    pub fn add(&self, fault: Fault) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    /// The keys of all puts that reached the store behind, copies included.
    pub fn puts(&self) -> Vec<StoreKey> {
        self.puts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// From now on reading this item breaks off in the middle, as on a bad sector, until it is put again.
    pub fn spoil(&self, key: &StoreKey) {
        self.spoilt().insert(key.clone());
    }

    /// Reading this item breaks off no more.
    pub fn mend(&self, key: &StoreKey) {
        self.spoilt().remove(key);
    }

    fn spoilt(&self) -> std::sync::MutexGuard<'_, HashSet<StoreKey>> {
        self.spoilt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let at = faults.iter().position(fits)?;
        Some(faults.remove(at))
    }

    /// Removes by `work`, which has not begun.
    async fn remove_by(
        &self,
        work: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let is_remove = |fault: &Fault| {
            matches!(
                fault,
                Fault::RemoveFails | Fault::RemoveFailsAfterwards | Fault::RemoveWaits(_)
            )
        };
        let fault = self.take(is_remove);
        match fault {
            Some(Fault::RemoveFails) => return Err(down("removing")),
            Some(Fault::RemoveWaits(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        work.await?;
        if fault == Some(Fault::RemoveFailsAfterwards) {
            Err(down("removing"))
        } else {
            Ok(())
        }
    }

    fn count_put(&self, key: &StoreKey) {
        self.puts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(key.clone());
    }
}

fn down(doing: &str) -> StoreError {
    StoreError::Unavailable {
        doing: doing.into(),
        why: "a fault that a test asked for".into(),
    }
}

/// Gives half of its first chunk and fails.
fn broken(reader: BlobReader) -> BlobReader {
    let half = reader.stream.take(1).map(|chunk| {
        let chunk = chunk?;
        Ok(chunk.slice(..chunk.len() / 2))
    });
    let error = stream::once(async { Err(io::Error::other("a bad sector that a test asked for")) });
    BlobReader {
        size: reader.size,
        stream: Box::pin(half.chain(error)),
    }
}

#[async_trait]
impl BlobStore for FaultyStore {
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<(), StoreError> {
        self.require("putting")?;
        let is_put = |fault: &Fault| {
            matches!(
                fault,
                Fault::PutFails | Fault::PutFailsAfterwards | Fault::PutFull | Fault::PutWaits(_)
            )
        };
        let fault = self.take(is_put);
        match fault {
            Some(Fault::PutFails) => return Err(down("putting")),
            Some(Fault::PutFull) => {
                return Err(StoreError::Full {
                    doing: "putting".into(),
                });
            }
            Some(Fault::PutWaits(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        self.count_put(key);
        self.inner.put(key, content, media_type).await?;
        self.mend(key);
        if fault == Some(Fault::PutFailsAfterwards) {
            Err(down("putting"))
        } else {
            Ok(())
        }
    }

    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        self.require("opening")?;
        if self.take(|fault| *fault == Fault::OpenFails).is_some() {
            return Err(down("opening"));
        }
        let opened = self.inner.open(key, range).await?;
        let is_spoilt = self.spoilt().contains(key);
        Ok(opened.map(|reader| if is_spoilt { broken(reader) } else { reader }))
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        self.require("looking")?;
        self.inner.size(key).await
    }

    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
    ) -> Result<bool, StoreError> {
        self.require("copying")?;
        if let Some(Fault::CopyWaits(time)) =
            self.take(|fault| matches!(fault, Fault::CopyWaits(_)))
        {
            tokio::time::sleep(time).await;
        }
        self.count_put(to);
        self.inner.copy(from, to, media_type).await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.require("removing")?;
        self.remove_by(self.inner.remove(key)).await
    }

    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError> {
        self.require("removing")?;
        self.remove_by(self.inner.remove_before(key, deadline))
            .await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        self.require("listing")?;
        self.inner.list(prefix, after, limit).await
    }

    async fn strays(&self, folders: &[&str], limit: usize) -> Result<Vec<Stray>, StoreError> {
        self.require("looking for strays")?;
        self.inner.strays(folders, limit).await
    }

    async fn remove_leftover(&self, name: &str) -> Result<(), StoreError> {
        self.inner.remove_leftover(name).await
    }

    async fn accepts_removals(&self) -> Result<(), StoreError> {
        self.inner.accepts_removals().await
    }

    fn is_on_its_way(&self, key: &StoreKey) -> bool {
        self.inner.is_on_its_way(key)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.require("probing")?;
        match self.take(|fault| matches!(fault, Fault::ProbeFails | Fault::ProbeWaits(_))) {
            Some(Fault::ProbeFails) => return Err(down("probing")),
            Some(Fault::ProbeWaits(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        self.inner.probe().await
    }
}
