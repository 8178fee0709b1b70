//! Locks: of all processes that share the directory, one fetches a URL.
//!
//! A lock is an advisory one on a file of its own (`flock`), which the system releases when the process ends, however it
//! ends.
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::copies::CopyName;

use super::{Shelf, absent, blocking};

/// The right to fetch a URL. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct FetchLock {
    path: PathBuf,
    /// Open for as long as the lock is held.
    _file: File,
}

impl Shelf {
    /// Takes the right to fetch a URL. `None`: another holds it.
    ///
    /// # Errors
    /// When the disk fails, or the file system knows no locks.
    pub(crate) async fn try_lock(&self, name: &CopyName) -> io::Result<Option<FetchLock>> {
        let path = self.folder("locks").join(name.as_str());
        blocking(move || try_lock(&path)).await
    }
}

fn try_lock(path: &Path) -> io::Result<Option<FetchLock>> {
    loop {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it before may have removed the file after we opened it: then we have locked nothing.
        let there = absent(fs::metadata(path))?.map(|metadata| metadata.ino());
        if there == Some(file.metadata()?.ino()) {
            return Ok(Some(FetchLock {
                path: path.to_owned(),
                _file: file,
            }));
        }
    }
}

impl Drop for FetchLock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody who comes later is without a lock. One that stays behind is free.
        let _ = fs::remove_file(&self.path);
    }
}
