//! The files of a landing: those that wait, those of the read cache, and the locks that keep a move and a removal of one
//! item apart, in this process and in others on the same machine. All of it blocks.
//!
//! - `waiting/<media type>/<key>`: not moved yet; `cache/<key>`: moved
//! - `locks/<xxx>`: whoever moves or removes an item holds the lock that its key falls to
//! - `node.lock`: held by the node that lands and moves
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is one of the places that own the disk"
)]

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rockpool_types::Timestamp;
use sha2::{Digest, Sha512};

use super::names::{folder_of, media_type_of, unflat, waiting_key};
use crate::{
    DiskStore, Durability, SpoolFile, StoreError, StoreKey, StoredItem, Stray,
    disk::{explain, list, lock, modified_at},
};

/// How many locks the keys share.
const LOCKS: u64 = 4096;

/// The most bytes that are hashed at once.
const HASHED_AT_ONCE: usize = 256 << 10;

/// Both directories.
#[derive(Clone, Debug)]
pub(super) struct Files {
    directory: PathBuf,
    pub(super) waiting: DiskStore,
    pub(super) cache: DiskStore,
}

/// An item in `waiting/`.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: StoreKey,
    pub(super) media_type: String,
    pub(super) size: u64,
    pub(super) since: Timestamp,
}

impl Files {
    /// Opens the directory, made where absent. `Leftovers` of writers that are gone are removed if `sweep` says so.
    pub(super) fn open(directory: &Path, sweep: bool) -> Result<Self, StoreError> {
        let open = |name: &str, durability| {
            let path = directory.join(name);
            match sweep {
                true => DiskStore::open(&path, durability),
                false => DiskStore::open_leaving(&path, durability),
            }
        };
        let files = Self {
            waiting: open("waiting", Durability::Full)?,
            // What is lost of it is at the provider.
            cache: open("cache", Durability::Relaxed)?,
            directory: directory.to_owned(),
        };
        let locks = fs::create_dir_all(directory.join("locks"));
        locks.map_err(|e| files.failed("opening the landing", &e))?;
        Ok(files)
    }

    pub(super) fn failed(&self, doing: &str, error: &io::Error) -> StoreError {
        explain(doing.to_owned(), &self.directory, error)
    }

    /// Takes the directory for this node. Free again when the file is closed.
    pub(super) fn take(&self) -> Result<File, StoreError> {
        let doing = "taking the landing for this node";
        let file = self.open_lock("node.lock");
        let file = file.map_err(|e| self.failed(doing, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StoreError::Internal {
                doing: doing.to_owned(),
                why: format!(
                    "another node serves from {}; a landing belongs to one node",
                    self.directory.display()
                ),
            }),
            Err(TryLockError::Error(error)) => Err(self.failed(doing, &error)),
        }
    }

    /// Takes the lock that moves and removals of an item take, for as long as the file is open.
    pub(super) fn lock_key(&self, key: &StoreKey, patience: Duration) -> io::Result<File> {
        let sum = key.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |sum, b| {
            (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        let file = self.open_lock(&format!("locks/{:03x}", (sum >> 32) % LOCKS))?;
        lock(&file, patience)?;
        Ok(file)
    }

    fn open_lock(&self, name: &str) -> io::Result<File> {
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.directory.join(name))
    }

    /// The media types that have a folder.
    pub(super) fn media_types(&self) -> io::Result<Vec<String>> {
        media_types(self.waiting.root())
    }

    /// The media type that an item waits with. `None`: it does not wait.
    pub(super) fn find(&self, key: &StoreKey) -> io::Result<Option<String>> {
        for media_type in self.media_types()? {
            if self.is_waiting(key, &media_type) {
                return Ok(Some(media_type));
            }
        }
        Ok(None)
    }

    /// Whether an item waits with this media type.
    pub(super) fn is_waiting(&self, key: &StoreKey, media_type: &str) -> bool {
        waiting_key(media_type, key).is_some_and(|waiting| self.waiting.path(&waiting).is_file())
    }

    /// Everything that waits, in no order.
    pub(super) fn scan(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        for (key, media_type) in self.keys(|_| true)? {
            found.extend(self.look(key, media_type)?);
        }
        Ok(found)
    }

    /// As [`crate::BlobStore::list`], of what waits.
    pub(super) fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> io::Result<Vec<StoredItem>> {
        let wanted = |key: &StoreKey| {
            key.as_str().starts_with(prefix) && after.is_none_or(|after| key > after)
        };
        let mut keys = self.keys(wanted)?;
        keys.sort_unstable();
        keys.dedup_by(|a, b| a.0 == b.0);
        let mut items = Vec::new();
        for (key, media_type) in keys {
            if items.len() == limit {
                break;
            }
            let found = self.look(key, media_type)?;
            items.extend(found.map(|found| StoredItem {
                key: found.key,
                size: found.size,
                modified_at: found.since,
            }));
        }
        Ok(items)
    }

    fn keys(&self, wanted: impl Fn(&StoreKey) -> bool) -> io::Result<Vec<(StoreKey, String)>> {
        let mut keys = Vec::new();
        for media_type in self.media_types()? {
            for entry in fs::read_dir(self.waiting.root().join(folder_of(&media_type)))? {
                let name = entry?.file_name();
                let key = name.to_str().and_then(unflat).filter(&wanted);
                keys.extend(key.map(|key| (key, media_type.clone())));
            }
        }
        Ok(keys)
    }

    /// `None`: it has gone meanwhile.
    fn look(&self, key: StoreKey, media_type: String) -> io::Result<Option<Found>> {
        let Some(waiting) = waiting_key(&media_type, &key) else {
            return Ok(None);
        };
        match fs::metadata(self.waiting.path(&waiting)) {
            Ok(metadata) => Ok(Some(Found {
                size: metadata.len(),
                since: modified_at(&metadata)?,
                key,
                media_type,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What lies in `waiting/` and does not wait.
    pub(super) fn unknown(&self) -> io::Result<Vec<Stray>> {
        let mut strays = Vec::new();
        for media_type in self.media_types()? {
            let folder = folder_of(&media_type);
            for entry in fs::read_dir(self.waiting.root().join(&folder))? {
                let entry = entry?;
                let name = entry.file_name();
                if name.to_str().and_then(unflat).is_none() {
                    let metadata = entry.metadata()?;
                    strays.push(Stray {
                        name: format!("{folder}/{}", name.to_string_lossy()),
                        size: metadata.len(),
                        modified_at: modified_at(&metadata)?,
                        leftover: false,
                    });
                }
            }
        }
        Ok(strays)
    }

    /// Opens an item that waits, to be put elsewhere. `None`: it has gone.
    pub(super) fn open_waiting(
        &self,
        key: &StoreKey,
        media_type: &str,
    ) -> io::Result<Option<SpoolFile>> {
        let Some(waiting) = waiting_key(media_type, key) else {
            return Ok(None);
        };
        open(&self.waiting.path(&waiting))
    }

    /// Opens an item of the cache, to be put elsewhere. `None`: it has gone.
    pub(super) fn open_cached(&self, key: &StoreKey) -> io::Result<Option<SpoolFile>> {
        open(&self.cache.path(key))
    }

    /// Takes an item that has moved out of `waiting/`: into the cache, or away. Not durable: one that comes back after a
    /// power cut is moved again. The caller holds the item's lock.
    pub(super) fn leave(&self, key: &StoreKey, media_type: &str, cached: bool) -> io::Result<()> {
        let Some(waiting) = waiting_key(media_type, key) else {
            return Ok(());
        };
        let path = self.waiting.path(&waiting);
        let left = match cached {
            true => self.cache.take_in(&path, key),
            false => fs::remove_file(&path),
        };
        match left {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            left => left,
        }
    }

    /// Removes an item from `waiting/` durably, whatever media type it waits with, and from the cache, unless `deadline`
    /// has passed. A process that stands still after the look at the clock holds the item's lock, so no other removal
    /// succeeds meanwhile and the key is not put again.
    pub(super) fn remove(
        &self,
        key: &StoreKey,
        deadline: Option<Instant>,
        patience: Duration,
    ) -> io::Result<()> {
        let _lock = self.lock_key(key, patience)?;
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the time for it is over",
            ));
        }
        for media_type in self.media_types()? {
            if let Some(waiting) = waiting_key(&media_type, key) {
                self.waiting.remove_now(&waiting)?;
            }
        }
        self.cache.remove_now(key)
    }

    /// Tells `tell` of all items of the cache, the oldest first.
    pub(super) fn read_cache(
        &self,
        mut tell: impl FnMut(StoreKey, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut items = list::list(self.cache.root(), "", None, usize::MAX)?;
        items.sort_by_key(|item| item.modified_at);
        items
            .into_iter()
            .try_for_each(|item| tell(item.key, item.size))
    }

    /// Removes items from the cache.
    pub(super) fn evict(&self, keys: &[StoreKey]) -> io::Result<()> {
        keys.iter().try_for_each(|key| self.cache.remove_now(key))
    }
}

/// Whether there is any file in `waiting`, in whatever folder but that of unfinished ones.
pub(super) fn has_files(waiting: &Path) -> io::Result<bool> {
    for media_type in media_types(waiting)? {
        let folder = waiting.join(folder_of(&media_type));
        if fs::read_dir(folder)?.next().is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn media_types(waiting: &Path) -> io::Result<Vec<String>> {
    let mut types = Vec::new();
    let entries = match fs::read_dir(waiting) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(types),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            types.extend(entry.file_name().to_str().and_then(media_type_of));
        }
    }
    Ok(types)
}

fn open(path: &Path) -> io::Result<Option<SpoolFile>> {
    match File::open(path) {
        Ok(file) => SpoolFile::elsewhere(file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file holds what its key says, where the last part of a key is the SHA-512 of the content.
pub(super) fn is_whole(key: &StoreKey, file: &SpoolFile) -> io::Result<bool> {
    let name = key.as_str().rsplit('/').next().unwrap_or_default();
    let mut expected = [0; 64];
    if hex::decode_to_slice(name, &mut expected).is_err() {
        return Ok(true);
    }
    let (mut sha512, mut offset) = (Sha512::new(), 0);
    let mut buffer = vec![0; HASHED_AT_ONCE];
    loop {
        let read = file.read_at(offset, &mut buffer)?;
        if read == 0 {
            return Ok(sha512.finalize()[..] == expected);
        }
        sha512.update(&buffer[..read]);
        offset += read as u64;
    }
}
