//! Bodies on their way in that are too large for memory.
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::PathBuf,
};

use bytes::Bytes;

use super::{Shelf, blocking};

/// A body's file while it grows. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    file: File,
}

impl Shelf {
    /// Begins a body.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn begin_draft(&self) -> io::Result<Draft> {
        let shelf = self.clone();
        blocking(move || {
            let (path, file) = shelf.new_draft()?;
            Ok(Draft { path, file })
        })
        .await
    }
}

impl Draft {
    /// Appends to it. When this is cancelled, the draft is gone.
    ///
    /// # Errors
    /// When the disk fails, or is full; the draft is gone then.
    pub(crate) async fn append(mut self, bytes: Bytes) -> io::Result<Self> {
        blocking(move || {
            self.file.write_all(&bytes)?;
            Ok(self)
        })
        .await
    }

    /// Copies all of it behind what `file` has. Blocking.
    pub(super) fn copy_into(mut self, file: &mut File) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut self.file, file)?;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What stays behind is swept up later.
        let _ = fs::remove_file(&self.path);
    }
}
