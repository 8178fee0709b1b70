//! Writing: bytes made durable under a temporary name or in the spool, then given their name at once.
use std::{
    fs::{self, File, FileTimes, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use rockpool_types::Timestamp;

use super::{Disk, Durability, absent_as_none};
use crate::{Content, SpoolFile, StoreKey, unique::unique_name};

/// How long a removal waits for another in the same folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// How often a lock that is taken is looked at.
const LOCK_STEP: Duration = Duration::from_millis(5);

impl Disk {
    pub(super) fn put(&self, key: &StoreKey, content: &Content) -> io::Result<()> {
        let path = self.path(key);
        match content {
            Content::Memory(bytes) => self.put_written(&path, |file| file.write_all(bytes)),
            Content::Spooled(spooled) => self.put_spooled(&path, spooled),
        }
    }

    /// Links the spool file itself into the store, so that its bytes are written only once.
    fn put_spooled(&self, path: &Path, spooled: &SpoolFile) -> io::Result<()> {
        let copied = || {
            self.put_written(path, |file| {
                io::copy(&mut spooled.reader(), file).map(|_| ())
            })
        };
        let Some(name) = spooled.path() else {
            return copied();
        };
        self.stamp(spooled.file())?;
        self.sync_file(spooled.file())?;
        match self.link(name, path) {
            Err(error) if cannot_link(&error) => copied(),
            result => result,
        }
    }

    pub(super) fn copy(&self, from: &StoreKey, to: &StoreKey) -> io::Result<bool> {
        let (from, to) = (self.path(from), self.path(to));
        let Some(mut source) = open_item(&from)? else {
            return Ok(false);
        };
        self.stamp(&source)?;
        match self.link(&from, &to) {
            Err(error) if cannot_link(&error) => {
                self.put_written(&to, |file| io::copy(&mut source, file).map(|_| ()))?;
            }
            // The source went while it was being copied.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => {
                return Ok(false);
            }
            result => result?,
        }
        Ok(true)
    }

    pub(super) fn take_in(&self, from: &Path, key: &StoreKey) -> io::Result<()> {
        let to = self.path(key);
        self.enter_folder(&to, || fs::rename(from, &to))
    }

    pub(super) fn remove(&self, key: &StoreKey) -> io::Result<()> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            // A directory is no item.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => return Ok(()),
            result => absent_as_none(result)?,
        };
        // Also when it was absent: an earlier call may have removed it and been killed before this.
        absent_as_none(self.folders.sync(parent(&path))).map(|_| ())
    }

    /// Removes an item unless it is too late. This process may be stopped between the look at the clock and the removal;
    /// it then holds the folder's lock, so that no other removal in the folder succeeds and the key is not put again.
    pub(super) fn remove_before(&self, key: &StoreKey, deadline: Instant) -> io::Result<()> {
        let path = self.path(key);
        let Some(folder) = absent_as_none(File::options().read(true).open(parent(&path)))? else {
            return Ok(());
        };
        lock(&folder, LOCK_PATIENCE)?;
        if Instant::now() >= deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the time for it is over",
            ));
        }
        self.remove(key)
    }

    /// Writes a byte and removes it again.
    pub(super) fn probe(&self) -> io::Result<()> {
        let (mut file, _name) = self.create_temporary()?;
        file.write_all(b"?")
    }

    /// Gives `path` the bytes that `write` writes. Replaces what is there, whose bytes are the same.
    fn put_written(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let (mut file, mut name) = self.create_temporary()?;
        write(&mut file)?;
        self.sync_file(&file)?;
        self.enter_folder(path, || fs::rename(&name.path, path))?;
        name.gone = true;
        Ok(())
    }

    /// Gives the durable file at `from` the name `to` as well. Fine when `to` is there, whose bytes are the same.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.enter_folder(to, || fs::hard_link(from, to)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && to.is_file() => {
                if let Some(there) = open_item(to)? {
                    self.stamp(&there)?;
                }
                self.folders.sync(parent(to))
            }
            result => result,
        }
    }

    /// Runs `enter`, which makes the entry `path`, in a directory that is durable, and makes the entry durable too.
    fn enter_folder(&self, path: &Path, enter: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let folder = parent(path);
        self.folders.make(folder)?;
        match enter() {
            // Somebody tidied up empty directories behind our back.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {
                self.folders.forget(folder);
                self.folders.make(folder)?;
                enter()?;
            }
            result => result?,
        }
        self.folders.sync(folder)
    }

    /// Gives a file the present time: a linked one would have its source's, and whoever looks for items that nothing
    /// refers to goes by their age.
    fn stamp(&self, file: &File) -> io::Result<()> {
        let now = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        file.set_times(FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_millis(now)))
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        match self.durability {
            Durability::Full => file.sync_data(),
            Durability::Relaxed => Ok(()),
        }
    }

    fn create_temporary(&self) -> io::Result<(File, TemporaryName)> {
        let path = self.folders.temporary().join(unique_name()?);
        let create = || File::options().write(true).create_new(true).open(&path);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.folders.forget(self.folders.temporary());
                self.folders.make(self.folders.temporary())?;
                create()?
            }
            result => result?,
        };
        Ok((file, TemporaryName { path, gone: false }))
    }
}

/// Takes the lock of a file or folder, which is free again when `folder` is closed, also by the end of the process. Waits
/// for as long as `patience`.
pub(crate) fn lock(folder: &File, patience: Duration) -> io::Result<()> {
    let since = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if since.elapsed() < patience => {
                thread::sleep(LOCK_STEP);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "another has been at work in the same folder for long",
                ));
            }
            // Some network file systems lock no directories. There, only the deadline is left.
            Err(TryLockError::Error(error)) => {
                tracing::debug!("a folder cannot be locked: {error}");
                return Ok(());
            }
        }
    }
}

/// A temporary file's name; dropping it removes the file, unless it has got its real name.
struct TemporaryName {
    path: PathBuf,
    gone: bool,
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if !self.gone
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(
                path = %self.path.display(),
                "a temporary file could not be removed; a start after a day removes it: {error}"
            );
        }
    }
}

/// When a file was last written, by the kernel's clock.
pub(crate) fn modified_at(metadata: &fs::Metadata) -> io::Result<Timestamp> {
    let since = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(Timestamp::default().plus(since))
}

/// Opens an item for reading; `None` when there is none.
pub(super) fn open_item(path: &Path) -> io::Result<Option<File>> {
    let Some(file) = absent_as_none(File::options().read(true).open(path))? else {
        return Ok(None);
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Whether bytes have to be copied because the file system makes no further name for them: another file system, no
/// links there, links of files forbidden (`fs.protected_hardlinks`), or as many as a file may have.
fn cannot_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::Unsupported
            | io::ErrorKind::TooManyLinks
    )
}

fn parent(path: &Path) -> &Path {
    // Every key has at least one segment below the root, so there is one.
    path.parent().unwrap_or(path)
}
