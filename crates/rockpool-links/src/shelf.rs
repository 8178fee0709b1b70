//! The shelf: copies in a directory, which several nodes may share. This is the one place of the crate that touches files.
//!
//! - `copies/ab/<name>`: a copy, head and body in one file, which is replaced whole
//! - `drafts/`: files on their way there; those of nodes that died are swept up
//! - `locks/`: who is fetching what; a lock goes with its process
//! - `tallies.json`: what has been counted, by all nodes
//!
//! A cache may lose what it has, so nothing is synced; a file that is not whole is taken for none.

mod draft;
mod format;
mod lock;
mod prune;
mod tallies;

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::copies::{CopyName, Head, NewBody};

pub(crate) use self::{draft::Draft, lock::FetchLock, tallies::Tallies};

/// A directory of copies. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    directory: PathBuf,
    /// Makes names of drafts differ between processes.
    node: u64,
    /// Makes names of drafts differ within this process.
    drafts: AtomicU64,
    /// What was put here by this process, in bytes.
    put_bytes: AtomicU64,
}

/// A copy on the shelf.
#[derive(Debug)]
pub(crate) struct Shelved {
    pub(crate) head: Head,
    pub(crate) body: ShelvedBody,
    pub(crate) version: Option<Version>,
}

/// A copy's body.
#[derive(Clone, Debug)]
pub(crate) enum ShelvedBody {
    /// All of it.
    Bytes(Bytes),
    /// Too large for memory.
    File(BodyFile),
}

/// A body in an open file, which is there even when the copy has been replaced or removed.
#[derive(Clone, Debug)]
pub(crate) struct BodyFile {
    file: Arc<File>,
    begin: u64,
    bytes: u64,
}

/// Tells one copy under a name from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    inode: u64,
    modified_ns: i128,
}

impl Version {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
        }
    }
}

impl Shelf {
    /// Opens the directory, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        for folder in ["copies", "drafts", "locks"] {
            fs::create_dir_all(directory.join(folder))?;
        }
        let shelf = Self(Arc::new(Parts {
            directory: directory.to_owned(),
            node: RandomState::new().hash_one(std::process::id()),
            drafts: AtomicU64::new(0),
            put_bytes: AtomicU64::new(0),
        }));
        // Whether it can be written to is better known now than at the first fetch.
        let (probe, _) = shelf.new_draft()?;
        fs::remove_file(probe)?;
        Ok(shelf)
    }

    /// The copy under a name, with its body in memory if it has at most `memory_bytes`.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn find(
        &self,
        name: &CopyName,
        memory_bytes: u64,
    ) -> io::Result<Option<Shelved>> {
        let path = self.copy_path(name);
        blocking(move || read_copy(&path, memory_bytes)).await
    }

    /// The version of what is under a name. `None`: nothing is.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn version(&self, name: &CopyName) -> io::Result<Option<Version>> {
        let path = self.copy_path(name);
        blocking(move || absent(fs::metadata(path)).map(|m| m.as_ref().map(Version::of))).await
    }

    /// Puts a copy in the place of whatever was under its name. Others see the old one or the new one.
    ///
    /// # Errors
    /// When the disk fails, or is full; then the old copy is still there.
    pub(crate) async fn put(
        &self,
        name: &CopyName,
        head: &Head,
        body: NewBody<Draft>,
    ) -> io::Result<()> {
        let (shelf, path, head) = (self.clone(), self.copy_path(name), head.clone());
        blocking(move || {
            let (draft, mut file) = shelf.new_draft()?;
            let written = (|| {
                file.write_all(&format::encode_head(&head)?)?;
                match body {
                    NewBody::Bytes(bytes) => file.write_all(&bytes),
                    NewBody::Draft(body) => body.copy_into(&mut file),
                }
            })();
            shelf.place(written, &draft, &path)?;
            let bytes = file.metadata()?.len();
            shelf.0.put_bytes.fetch_add(bytes, Ordering::Relaxed);
            Ok(())
        })
        .await
    }

    /// Puts another head before the body that is under a name. `false`: nothing is.
    ///
    /// # Errors
    /// As [`Shelf::put`].
    pub(crate) async fn put_head(&self, name: &CopyName, head: &Head) -> io::Result<bool> {
        let (shelf, path, head) = (self.clone(), self.copy_path(name), head.clone());
        blocking(move || {
            let Some(copy) = read_copy(&path, 0)? else {
                return Ok(false);
            };
            let (draft, mut file) = shelf.new_draft()?;
            let written = (|| {
                file.write_all(&format::encode_head(&head)?)?;
                match &copy.body {
                    ShelvedBody::Bytes(bytes) => file.write_all(bytes),
                    ShelvedBody::File(body) => body.copy_into(&mut file),
                }
            })();
            shelf.place(written, &draft, &path)?;
            Ok(true)
        })
        .await
    }

    /// Removes a copy. Tells whether it was there.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn remove(&self, name: &CopyName) -> io::Result<bool> {
        let path = self.copy_path(name);
        blocking(move || Ok(absent(fs::remove_file(path))?.is_some())).await
    }

    /// What was put here by this process so far, in bytes.
    pub(crate) fn put_bytes(&self) -> u64 {
        self.0.put_bytes.load(Ordering::Relaxed)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.0.directory.join(name)
    }

    fn copy_path(&self, name: &CopyName) -> PathBuf {
        let name = name.as_str();
        self.folder("copies").join(&name[..2]).join(name)
    }

    /// A new file among the drafts.
    fn new_draft(&self) -> io::Result<(PathBuf, File)> {
        let count = self.0.drafts.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:016x}-{count}", self.0.node);
        let path = self.folder("drafts").join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok((path, file))
    }

    /// Moves a draft that was `written` to its place, or removes it.
    fn place(&self, written: io::Result<()>, draft: &Path, path: &Path) -> io::Result<()> {
        let placed = written.and_then(|()| {
            absent(fs::rename(draft, path))?.map_or_else(
                || {
                    // Its folder is made when the first copy comes into it.
                    fs::create_dir_all(path.parent().unwrap_or(path))?;
                    fs::rename(draft, path)
                },
                Ok,
            )
        });
        placed.inspect_err(|_| drop(fs::remove_file(draft)))
    }
}

impl BodyFile {
    /// Its length.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A piece of it, shorter than `max` at its end; empty behind it.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn read_at(&self, offset: u64, max: usize) -> io::Result<Bytes> {
        let body = self.clone();
        blocking(move || {
            let left = body.bytes.saturating_sub(offset);
            let bytes = usize::try_from(left).unwrap_or(max).min(max);
            let mut piece = vec![0; bytes];
            body.file.read_exact_at(&mut piece, body.begin + offset)?;
            Ok(Bytes::from(piece))
        })
        .await
    }

    fn copy_into(&self, file: &mut File) -> io::Result<()> {
        let mut at = self.begin;
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = self.file.read_at(&mut piece, at)?;
            if read == 0 {
                return Ok(());
            }
            file.write_all(&piece[..read])?;
            at += read as u64;
        }
    }
}

/// Reads a copy. `None`: there is none, or it is not whole. Blocking.
fn read_copy(path: &Path, memory_bytes: u64) -> io::Result<Option<Shelved>> {
    let Some(mut file) = absent(OpenOptions::new().read(true).open(path))? else {
        return Ok(None);
    };
    let metadata = file.metadata()?;
    let Some((head, begin)) = format::read_head(&mut file)? else {
        return Ok(None);
    };
    if metadata.len() != begin + head.body_bytes {
        return Ok(None);
    }
    let body = if head.body_bytes <= memory_bytes {
        let mut bytes = Vec::with_capacity(usize::try_from(head.body_bytes).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        ShelvedBody::Bytes(Bytes::from(bytes))
    } else {
        ShelvedBody::File(BodyFile {
            file: Arc::new(file),
            begin,
            bytes: head.body_bytes,
        })
    };
    Ok(Some(Shelved {
        head,
        body,
        version: Some(Version::of(&metadata)),
    }))
}

/// `None` where there is no such file.
fn absent<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs what waits for the disk where it may. It runs to its end even when nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(io::Error::other(error)),
    }
}
