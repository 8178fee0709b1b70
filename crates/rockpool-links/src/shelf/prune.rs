//! Keeping the shelf within its bounds, and telling what is on it.
use std::{
    fs::{self, DirEntry, OpenOptions},
    io,
    path::PathBuf,
    time::Duration,
};

use rockpool_types::Timestamp;

use super::{Shelf, absent, blocking, format, read_copy};
use crate::copies::{Age, Kind};

/// After which time a draft or a lock that nothing was done to is one that was left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// What a pruning removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Copies that were of no use any more.
    pub(crate) over: u64,
    /// Copies that there was no room for.
    pub(crate) crowded_out: u64,
    /// Drafts and locks that were left behind.
    pub(crate) leftovers: u64,
    /// Of all of them.
    pub(crate) bytes: u64,
}

/// What is on the shelf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) pages: u64,
    pub(crate) files: u64,
    pub(crate) failures: u64,
    pub(crate) fresh: u64,
    pub(crate) bytes: u64,
}

/// A copy that there might not be room for.
struct Kept {
    path: PathBuf,
    modified: (i64, i64),
    bytes: u64,
}

impl Shelf {
    /// Removes what is of no use any more, and then the oldest copies until the others take at most `max_bytes`.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn prune(&self, max_bytes: u64, now: Timestamp) -> io::Result<Pruned> {
        let shelf = self.clone();
        blocking(move || {
            let mut pruned = Pruned::default();
            let mut kept = shelf.remove_over(now, &mut pruned)?;
            let mut bytes: u64 = kept.iter().map(|copy| copy.bytes).sum();
            kept.sort_by_key(|copy| copy.modified);
            for copy in kept {
                if bytes <= max_bytes {
                    break;
                }
                bytes -= copy.bytes;
                if absent(fs::remove_file(&copy.path))?.is_some() {
                    pruned.crowded_out += 1;
                    pruned.bytes += copy.bytes;
                }
            }
            shelf.sweep(now, &mut pruned)?;
            Ok(pruned)
        })
        .await
    }

    /// Tells what is on the shelf.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn survey(&self, now: Timestamp) -> io::Result<Survey> {
        let shelf = self.clone();
        blocking(move || {
            let mut survey = Survey::default();
            shelf.for_each_copy(|entry, metadata| {
                let Some(copy) = read_copy(&entry.path(), 0)? else {
                    return Ok(());
                };
                survey.bytes += metadata.len();
                survey.fresh += u64::from(copy.head.age(now) == Age::Fresh);
                match copy.head.kind {
                    Kind::Page => survey.pages += 1,
                    Kind::File => survey.files += 1,
                    Kind::Failure | Kind::Aside => survey.failures += 1,
                }
                Ok(())
            })?;
            Ok(survey)
        })
        .await
    }

    fn remove_over(&self, now: Timestamp, pruned: &mut Pruned) -> io::Result<Vec<Kept>> {
        use std::os::unix::fs::MetadataExt;
        let mut kept = Vec::new();
        self.for_each_copy(|entry, metadata| {
            let path = entry.path();
            let Some(mut file) = absent(OpenOptions::new().read(true).open(&path))? else {
                return Ok(());
            };
            let head = format::read_head(&mut file)?;
            if head.is_some_and(|(head, _)| now.as_millis() < head.over_at_ms()) {
                kept.push(Kept {
                    path,
                    modified: (metadata.mtime(), metadata.mtime_nsec()),
                    bytes: metadata.len(),
                });
            } else if absent(fs::remove_file(&path))?.is_some() {
                pruned.over += 1;
                pruned.bytes += metadata.len();
            }
            Ok(())
        })?;
        Ok(kept)
    }

    fn for_each_copy(
        &self,
        mut each: impl FnMut(&DirEntry, &fs::Metadata) -> io::Result<()>,
    ) -> io::Result<()> {
        for folder in fs::read_dir(self.folder("copies"))? {
            let Some(entries) = absent(fs::read_dir(folder?.path()))? else {
                continue;
            };
            for entry in entries {
                let entry = entry?;
                // Another node may be pruning too.
                if let Some(metadata) = absent(entry.metadata())? {
                    each(&entry, &metadata)?;
                }
            }
        }
        Ok(())
    }

    fn sweep(&self, now: Timestamp, pruned: &mut Pruned) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;
        let before = now.minus(LEFT_BEHIND).as_secs();
        for folder in ["drafts", "locks"] {
            for entry in fs::read_dir(self.folder(folder))? {
                let entry = entry?;
                let Some(metadata) = absent(entry.metadata())? else {
                    continue;
                };
                if metadata.mtime() < before && absent(fs::remove_file(entry.path()))?.is_some() {
                    pruned.leftovers += 1;
                    pruned.bytes += metadata.len();
                }
            }
        }
        Ok(())
    }
}
