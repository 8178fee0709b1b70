//! The directories of a store: made once, made durable, and remembered.
#![expect(
    clippy::disallowed_methods,
    reason = "this crate is one of the two places that own the disk"
)]

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::Durability;

/// Where writes are prepared. No [`crate::StoreKey`] has a `~`, so it meets no item.
pub(super) const TEMPORARY: &str = "tmp~";

/// So many directories are remembered, about 100 bytes each: all of a store's `blobs/`, and more.
const MOST_REMEMBERED: usize = 1 << 17;

/// Makes and syncs directories below a root.
///
/// - a directory that is remembered exists durably, unless an operator removed it
/// - nothing here removes a directory: another process may be about to link into it
#[derive(Debug)]
pub(super) struct Folders {
    root: PathBuf,
    temporary: PathBuf,
    durability: Durability,
    remembered: Mutex<HashSet<PathBuf>>,
}

impl Folders {
    /// Makes the root and the place for temporary files, where absent.
    pub(super) fn open(root: &Path, durability: Durability) -> io::Result<Self> {
        let missing = root.ancestors().take_while(|path| !path.exists()).count();
        fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        let folders = Self {
            temporary: root.join(TEMPORARY),
            root,
            durability,
            remembered: Mutex::default(),
        };
        // Its own entry too when it was there: whoever made it may not have come so far.
        let above = folders.root.ancestors().skip(1).take(missing.max(1));
        for (level, parent) in above.enumerate() {
            match folders.sync(parent) {
                // What was there before need not be ours to open.
                Err(error) if level >= missing => {
                    tracing::debug!(path = %parent.display(), "not synced: {error}");
                }
                result => result?,
            }
        }
        folders.make(&folders.temporary)?;
        Ok(folders)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Makes `directory`, which lies in the root, and what is missing above it, durably.
    pub(super) fn make(&self, directory: &Path) -> io::Result<()> {
        let known = |path: &Path| self.lock().contains(path);
        let mut missing: Vec<&Path> = directory
            .ancestors()
            .take_while(|path| *path != self.root && !known(path))
            .collect();
        while let Some(path) = missing.pop() {
            match fs::create_dir(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                result => result?,
            }
            // Also when it was there: whoever made it may not have synced it yet.
            self.sync(path.parent().unwrap_or(&self.root))?;
            self.remember(path.to_owned());
        }
        Ok(())
    }

    /// Forgets `directory` and all above it: a write found one of them gone.
    pub(super) fn forget(&self, directory: &Path) {
        let mut remembered = self.lock();
        for path in directory.ancestors().take_while(|path| *path != self.root) {
            remembered.remove(path);
        }
    }

    /// Makes the entries of `directory` durable.
    pub(super) fn sync(&self, directory: &Path) -> io::Result<()> {
        if self.durability == Durability::Relaxed {
            return Ok(());
        }
        match File::open(directory)?.sync_all() {
            // Some network file systems know no such call and write entries through.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            result => result,
        }
    }

    fn remember(&self, directory: PathBuf) {
        let mut remembered = self.lock();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(directory);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        // Each change is one insert or remove, so a panic elsewhere cannot have left it half done.
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
