//! The spool: files of this node alone, for bodies on their way in.
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is one of the two places that own the disk"
)]

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Stray, disk::modified_at, unique::unique_name};

/// The file in the spool directory whose lock is held while sub-directories are made and removed.
const DIRECTORY_LOCK: &str = "lock";

/// The file in a process's sub-directory whose lock is held for as long as the process lives.
const PROCESS_LOCK: &str = "in-use";

/// A directory of spool files that belongs to this process alone. What a crashed process left there is
/// removed when the next one opens the same directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool {
    directory: Arc<OwnDirectory>,
}

/// The sub-directory of this process. The kernel frees its lock when the process ends, however it ends.
#[derive(Debug)]
struct OwnDirectory {
    path: PathBuf,
    _lock: File,
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(
                spool.path = %self.path.display(),
                "the spool could not be removed; the next start removes it: {error}"
            );
        }
    }
}

impl Spool {
    /// Opens (and makes, where absent) the spool directory, takes a sub-directory for this process and
    /// removes those of processes that are gone. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be made, locked or written to.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let spool = Self::open_leaving(directory)?;
        spool.remove_leftovers()?;
        Ok(spool)
    }

    /// As [`Self::open`], and leaves the sub-directories of processes that are gone: for looking at them. Blocking.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_leaving(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let _guard = lock_directory(directory)?;
        let path = directory.join(unique_name()?);
        fs::create_dir(&path)?;
        let lock = open_lock(&path.join(PROCESS_LOCK))?;
        lock.lock()?;
        Ok(Self {
            directory: Arc::new(OwnDirectory { path, _lock: lock }),
        })
    }

    /// What lies in the spool directory and is no living process's. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn strays(&self) -> io::Result<Vec<Stray>> {
        let Some(directory) = self.directory.path.parent() else {
            return Ok(Vec::new());
        };
        let _guard = lock_directory(directory)?;
        let mut strays = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let leftover = metadata.is_dir();
            if entry.file_name() == DIRECTORY_LOCK || (leftover && !is_abandoned(&entry.path())?) {
                continue;
            }
            strays.push(Stray {
                name: entry.path().display().to_string(),
                size: if leftover {
                    size_below(&entry.path())?
                } else {
                    metadata.len()
                },
                modified_at: modified_at(&metadata)?,
                leftover,
            });
        }
        strays.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(strays)
    }

    /// Removes the sub-directories of processes that are gone. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn remove_leftovers(&self) -> io::Result<()> {
        let Some(directory) = self.directory.path.parent() else {
            return Ok(());
        };
        let _guard = lock_directory(directory)?;
        remove_abandoned(directory)
    }

    /// Starts a file. Blocking.
    ///
    /// # Errors
    /// When it cannot be made; `ErrorKind::StorageFull` when the disk is full.
    pub fn create(&self) -> io::Result<SpoolWriter> {
        let (file, name) = self.create_file()?;
        Ok(SpoolWriter { file, len: 0, name })
    }

    /// Makes an empty file that others, such as a database, write to by its path. Blocking.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn draft(&self) -> io::Result<SpoolDraft> {
        let (_, name) = self.create_file()?;
        Ok(SpoolDraft { name })
    }

    fn create_file(&self) -> io::Result<(File, FileName)> {
        let path = self.directory.path.join(unique_name()?);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        let _directory = self.directory.clone();
        Ok((file, FileName { path, _directory }))
    }
}

/// Holds the directory's lock until it is dropped. Without it, one process could remove what another has made and not
/// yet locked.
fn lock_directory(directory: &Path) -> io::Result<File> {
    let guard = open_lock(&directory.join(DIRECTORY_LOCK))?;
    guard.lock()?;
    Ok(guard)
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Removes the sub-directories whose processes are gone. The caller holds the directory's lock.
fn remove_abandoned(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path();
            match remove_if_abandoned(&path) {
                // Its own process was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
    }
    Ok(())
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    if is_abandoned(path)? {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Whether no process holds the sub-directory's lock. The caller holds the directory's.
fn is_abandoned(path: &Path) -> io::Result<bool> {
    match File::open(path.join(PROCESS_LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        },
        // A crash left it while it was being made or removed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// The bytes of the files right below a directory.
fn size_below(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// The name of a spool file; dropping it removes the file.
#[derive(Debug)]
struct FileName {
    path: PathBuf,
    /// Keeps the directory there for as long as files are.
    _directory: Arc<OwnDirectory>,
}

impl Drop for FileName {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(
                spool.path = %self.path.display(),
                "a spool file could not be removed; the next start removes it: {error}"
            );
        }
    }
}

/// A spool file that is being written. Dropping it removes the file.
#[derive(Debug)]
pub struct SpoolWriter {
    file: File,
    len: u64,
    name: FileName,
}

impl SpoolWriter {
    /// Appends bytes. Blocking.
    ///
    /// # Errors
    /// As the file system says; `ErrorKind::StorageFull` when the disk is full.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Ends the writing. The bytes are not durable yet: a store's `put` makes them so. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn finish(self) -> io::Result<SpoolFile> {
        Ok(SpoolFile {
            file: self.file,
            len: self.len,
            name: Some(self.name),
        })
    }
}

/// A spool file that others write to by its path. Dropping it removes the file.
#[derive(Debug)]
pub struct SpoolDraft {
    name: FileName,
}

impl SpoolDraft {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.name.path
    }

    /// Ends the writing: the others are done with it. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn finish(self) -> io::Result<SpoolFile> {
        let file = File::open(&self.name.path)?;
        Ok(SpoolFile {
            len: file.metadata()?.len(),
            file,
            name: Some(self.name),
        })
    }
}

/// A finished spool file. Dropping the last reference removes the file.
#[derive(Debug)]
pub struct SpoolFile {
    file: File,
    len: u64,
    /// `None`: it lies elsewhere, and stays.
    name: Option<FileName>,
}

impl SpoolFile {
    /// A file that is no spool's, to be put into a store as one is. It is not removed.
    pub(crate) fn elsewhere(file: File) -> io::Result<Self> {
        Ok(Self {
            len: file.metadata()?.len(),
            file,
            name: None,
        })
    }

    /// The length in bytes.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads bytes from `offset` on into `buffer` and tells how many: fewer than it takes only at the end, none past
    /// it. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .file
                .read_at(&mut buffer[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// A reader of its own from the first byte on; any number may read at once. Its reads block.
    pub const fn reader(&self) -> SpoolReader<'_> {
        SpoolReader {
            spool_file: self,
            offset: 0,
        }
    }

    /// The open file, for making it durable. Its cursor is nobody's: read with [`Self::read_at`].
    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// Where it lies, for linking it into a store on the same file system, or for a database that is in it. `None`: not
    /// in a spool, and it is to be copied.
    pub fn path(&self) -> Option<&Path> {
        self.name.as_ref().map(|name| name.path.as_path())
    }
}

/// Reads a spool file from its first byte on.
#[derive(Debug)]
pub struct SpoolReader<'a> {
    spool_file: &'a SpoolFile,
    offset: u64,
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.spool_file.read_at(self.offset, buffer)?;
        self.offset += n as u64;
        Ok(n)
    }
}
