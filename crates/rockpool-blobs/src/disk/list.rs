//! Listing a directory tree in the byte order of its keys.
use std::{
    fs::{self, DirEntry},
    io,
    path::Path,
};

use super::{absent_as_none, write::modified_at};
use crate::{StoreKey, StoredItem};

/// The most items that room is made for before they are found.
const MOST_EXPECTED: usize = 1000;

/// Up to `limit` items below `root` whose keys begin with `prefix`, after `after`. Holds the names of one directory
/// for each level, and reads none that can have no item to show.
pub(crate) fn list(
    root: &Path,
    prefix: &str,
    after: Option<&StoreKey>,
    limit: usize,
) -> io::Result<Vec<StoredItem>> {
    let mut walk = Walk {
        root,
        prefix,
        after: after.map_or("", StoreKey::as_str),
        limit,
        found: Vec::with_capacity(limit.min(MOST_EXPECTED)),
    };
    // All keys share the directories that the prefix names whole.
    let folder = prefix.rfind('/').map_or("", |slash| &prefix[..slash]);
    if folder.is_empty() {
        if !prefix.starts_with('/') {
            walk.directory("")?;
        }
    } else if StoreKey::new(folder).is_ok() {
        walk.directory(&format!("{folder}/"))?;
    }
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    found: Vec<StoredItem>,
}

impl Walk<'_> {
    /// Walks the directory whose keys begin with `folder`, which is empty or ends in a slash.
    fn directory(&mut self, folder: &str) -> io::Result<()> {
        if self.found.len() >= self.limit {
            return Ok(());
        }
        let Some(entries) = absent_as_none(fs::read_dir(self.root.join(folder)))? else {
            return Ok(());
        };
        // A directory sorts with the slash that its keys have there: `a.b` comes before all of `a/`.
        let mut names = Vec::new();
        for entry in entries {
            if let Some(name) = self.wanted(folder, &entry?)? {
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() >= self.limit {
                break;
            }
            let path = format!("{folder}{name}");
            if path.ends_with('/') {
                self.directory(&path)?;
            } else {
                self.item(path)?;
            }
        }
        Ok(())
    }

    /// The entry's name, with a slash behind it if it is a directory; `None` if it has no item to show.
    fn wanted(&self, folder: &str, entry: &DirEntry) -> io::Result<Option<String>> {
        let Ok(mut name) = entry.file_name().into_string() else {
            return Ok(None);
        };
        if StoreKey::new(name.as_str()).is_err() {
            return Ok(None);
        }
        let mut kind = entry.file_type()?;
        if kind.is_symlink() {
            match absent_as_none(fs::metadata(entry.path()))? {
                Some(metadata) => kind = metadata.file_type(),
                None => return Ok(None),
            }
        }
        let path = |name: &str| format!("{folder}{name}");
        let wanted = if kind.is_dir() {
            name.push('/');
            let path = path(&name);
            let in_prefix = path.starts_with(self.prefix) || self.prefix.starts_with(&path);
            in_prefix && (path.as_str() > self.after || self.after.starts_with(&path))
        } else {
            let path = path(&name);
            kind.is_file() && path.starts_with(self.prefix) && path.as_str() > self.after
        };
        Ok(wanted.then_some(name))
    }

    fn item(&mut self, path: String) -> io::Result<()> {
        let metadata = absent_as_none(fs::metadata(self.root.join(&path)))?;
        // Gone since the directory was read, or too deep for a key.
        if let (Some(metadata), Ok(key)) = (metadata, StoreKey::new(path)) {
            self.found.push(StoredItem {
                key,
                size: metadata.len(),
                modified_at: modified_at(&metadata)?,
            });
        }
        Ok(())
    }
}
