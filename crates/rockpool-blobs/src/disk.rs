//! A blob store in a directory: atomic, durable, safe to kill at any instant.
//!
//! A key is a relative path below the root. An item comes into being by one `link` or `rename` of bytes that are
//! durable already, so a reader sees all of it or nothing. Because a key is a path, no key may lie below another.
use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use async_trait::async_trait;
use rockpool_types::Clock;

use crate::{BlobReader, BlobStore, Content, StoreError, StoreKey, StoredItem, Stray};

mod failure;
mod folders;
pub(crate) mod list;
mod read;
mod strays;
mod write;

pub(crate) use failure::explain;
use folders::Folders;
pub(crate) use write::{lock, modified_at};

/// Whether a store waits until its disk says that the bytes will outlive a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every write is synced before it is acknowledged.
    #[default]
    Full,
    /// The kernel writes when it likes: a crash of the process loses nothing, a power cut may lose or damage what was
    /// acknowledged in the last half minute.
    Relaxed,
}

/// A directory of items. Cheap to clone. Several processes, on several nodes that share the file system, may use one
/// root at once.
#[derive(Clone, Debug)]
pub struct DiskStore {
    disk: Arc<Disk>,
}

/// What the blocking halves of every call work on.
#[derive(Debug)]
struct Disk {
    folders: Folders,
    durability: Durability,
    /// The system's clock, because the kernel stamps files by it.
    clock: Clock,
}

impl DiskStore {
    /// Opens the store in `root`, made where absent, and removes what crashed writers left more than a day ago.
    /// A full disk is no hindrance. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be made or written to, in words that tell an operator what to do.
    pub fn open(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        let store = Self::open_leaving(root, durability)?;
        let swept = store.disk.sweep();
        swept.map_err(|e| explain(format!("sweeping {}", root.display()), root, &e))?;
        Ok(store)
    }

    /// As [`Self::open`], and leaves what crashed writers left: for looking at it. Blocking.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_leaving(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        let doing = || format!("opening {}", root.display());
        let disk = Disk {
            folders: Folders::open(root, durability).map_err(|e| explain(doing(), root, &e))?,
            durability,
            clock: Clock::system(),
        };
        match disk.probe() {
            // A full disk still reads, and collecting makes room on it.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::warn!(path = %root.display(), "The disk is full");
            }
            probed => probed.map_err(|e| explain(doing(), root, &e))?,
        }
        Ok(Self {
            disk: Arc::new(disk),
        })
    }

    /// Where an item lies.
    pub(crate) fn path(&self, key: &StoreKey) -> PathBuf {
        self.disk.path(key)
    }

    /// The directory that holds everything.
    pub(crate) fn root(&self) -> &Path {
        self.disk.folders.root()
    }

    /// Removes an item, durably, also where it is gone already. Blocking.
    pub(crate) fn remove_now(&self, key: &StoreKey) -> io::Result<()> {
        self.disk.remove(key)
    }

    /// Takes the file at `from`, on the same file system, in as the item `key`. Not durable. Blocking.
    pub(crate) fn take_in(&self, from: &Path, key: &StoreKey) -> io::Result<()> {
        self.disk.take_in(from, key)
    }

    /// Runs `work` on the blocking pool. Once begun it runs to its end, also when the caller has gone.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: String,
        work: impl FnOnce(&Arc<Disk>) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let disk = self.disk.clone();
        match tokio::task::spawn_blocking(move || work(&disk)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(explain(doing, self.disk.folders.root(), &error)),
            Err(error) if error.is_cancelled() => Err(StoreError::Unavailable {
                doing,
                why: "the program is shutting down".into(),
            }),
            Err(error) => Err(StoreError::Internal {
                doing,
                why: error.to_string(),
            }),
        }
    }
}

impl Disk {
    fn path(&self, key: &StoreKey) -> PathBuf {
        self.folders.root().join(key.as_str())
    }
}

#[async_trait]
impl BlobStore for DiskStore {
    /// The media type is not kept: whoever serves from a directory knows it from the catalog.
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        _media_type: &str,
    ) -> Result<(), StoreError> {
        let (doing, key, content) = (format!("putting {key}"), key.clone(), content.clone());
        self.blocking(doing, move |disk| disk.put(&key, &content))
            .await
    }

    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        let (doing, key) = (format!("opening {key}"), key.clone());
        let buffer = read::first_buffer(range.as_ref());
        let opened = self
            .blocking(doing, move |disk| {
                read::open(&disk.path(&key), range, buffer)
            })
            .await?;
        Ok(opened.map(read::Opened::into_reader))
    }

    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        let (doing, key) = (format!("looking for {key}"), key.clone());
        self.blocking(doing, move |disk| {
            let found = absent_as_none(fs::metadata(disk.path(&key)))?;
            Ok(found.filter(fs::Metadata::is_file).map(|m| m.len()))
        })
        .await
    }

    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        _media_type: &str,
    ) -> Result<bool, StoreError> {
        let doing = format!("copying {from} to {to}");
        let (from, to) = (from.clone(), to.clone());
        self.blocking(doing, move |disk| disk.copy(&from, &to))
            .await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let (doing, key) = (format!("removing {key}"), key.clone());
        self.blocking(doing, move |disk| disk.remove(&key)).await
    }

    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError> {
        let (doing, key) = (format!("removing {key}"), key.clone());
        self.blocking(doing, move |disk| disk.remove_before(&key, deadline))
            .await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let doing = format!("listing `{prefix}`");
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        self.blocking(doing, move |disk| {
            list::list(disk.folders.root(), &prefix, after.as_ref(), limit)
        })
        .await
    }

    async fn strays(&self, folders: &[&str], limit: usize) -> Result<Vec<Stray>, StoreError> {
        let folders: Vec<String> = folders.iter().map(ToString::to_string).collect();
        self.blocking("looking for strays".into(), move |disk| {
            disk.strays(&folders, limit)
        })
        .await
    }

    async fn remove_leftover(&self, name: &str) -> Result<(), StoreError> {
        let (doing, name) = (format!("removing {name}"), name.to_owned());
        self.blocking(doing, move |disk| disk.remove_leftover(&name))
            .await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.blocking("probing the directory".into(), |disk| disk.probe())
            .await
    }
}

/// `None` when there is no such item: no such path, a path through an item, or one that no file system holds.
fn absent_as_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename => Ok(None),
            _ => Err(error),
        },
    }
}
