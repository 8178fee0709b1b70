//! The spool: files of this node alone, for bodies on their way in.
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A directory of spool files that belongs to this process alone. What a crashed process left there is
/// removed when the next one opens the same directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool {
    directory: Arc<PathBuf>,
}

impl Spool {
    /// Opens (and makes, where absent) the spool directory, takes a sub-directory for this process and
    /// removes those of processes that are gone. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be made, locked or written to.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let _ = directory;
        todo!()
    }

    /// Starts a file. Blocking.
    ///
    /// # Errors
    /// When it cannot be made; `ErrorKind::StorageFull` when the disk is full.
    pub fn create(&self) -> io::Result<SpoolWriter> {
        let _ = &self.directory;
        todo!()
    }
}

/// A spool file that is being written. Dropping it removes the file.
#[derive(Debug)]
pub struct SpoolWriter {}

impl SpoolWriter {
    /// Appends bytes. Blocking.
    ///
    /// # Errors
    /// As the file system says; `ErrorKind::StorageFull` when the disk is full.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _ = bytes;
        todo!()
    }

    /// Ends the writing. The bytes are not durable yet: a store's `put` makes them so. Blocking.
    ///
    /// # Errors
    /// As the file system says.
    pub fn finish(self) -> io::Result<SpoolFile> {
        todo!()
    }
}

/// A finished spool file. Dropping the last reference removes the file.
#[derive(Debug)]
pub struct SpoolFile {
    len: u64,
}

impl SpoolFile {
    /// The length in bytes.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}
