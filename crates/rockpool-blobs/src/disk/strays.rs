//! What lies beside a store's items: temporary files of writers that are gone, and what strangers put into its root.
use std::{fs, io, time::Duration};

use super::{Disk, absent_as_none, folders::TEMPORARY, write::modified_at};
use crate::Stray;

/// A temporary file this old belongs to no living writer.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a file system keeps in its own root.
const LOST_AND_FOUND: &str = "lost+found";

impl Disk {
    /// Removes the temporary files of writers that are gone.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for stray in self.leftovers(usize::MAX)? {
            self.remove_leftover(&stray.name)?;
        }
        Ok(())
    }

    /// Up to `limit` leftovers and entries of the root that are none of these folders.
    pub(super) fn strays(&self, folders: &[String], limit: usize) -> io::Result<Vec<Stray>> {
        let mut strays = self.leftovers(limit)?;
        for entry in fs::read_dir(self.folders.root())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(metadata) = absent_as_none(entry.metadata())? else {
                continue;
            };
            let known = folders.iter().any(|folder| *folder == format!("{name}/"));
            let own = [TEMPORARY, LOST_AND_FOUND].contains(&name.as_str());
            if metadata.is_dir() && (known || own) {
                continue;
            }
            strays.push(Stray {
                name,
                size: if metadata.is_dir() { 0 } else { metadata.len() },
                modified_at: modified_at(&metadata)?,
                leftover: false,
            });
        }
        strays.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        strays.truncate(limit);
        Ok(strays)
    }

    /// Removes a temporary file of a writer that is gone.
    pub(super) fn remove_leftover(&self, name: &str) -> io::Result<()> {
        let file = name
            .strip_prefix(TEMPORARY)
            .and_then(|n| n.strip_prefix('/'));
        let Some(file) = file.filter(|file| !file.contains('/') && !file.starts_with('.')) else {
            return Ok(());
        };
        let path = self.folders.temporary().join(file);
        match absent_as_none(fs::metadata(&path))? {
            Some(metadata) if self.is_abandoned(&metadata)? => {
                absent_as_none(fs::remove_file(path)).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn leftovers(&self, limit: usize) -> io::Result<Vec<Stray>> {
        let mut leftovers = Vec::new();
        for entry in fs::read_dir(self.folders.temporary())? {
            let entry = entry?;
            let Some(metadata) = absent_as_none(entry.metadata())? else {
                continue;
            };
            if leftovers.len() < limit && self.is_abandoned(&metadata)? {
                leftovers.push(Stray {
                    name: format!("{TEMPORARY}/{}", entry.file_name().to_string_lossy()),
                    size: metadata.len(),
                    modified_at: modified_at(&metadata)?,
                    leftover: true,
                });
            }
        }
        Ok(leftovers)
    }

    fn is_abandoned(&self, metadata: &fs::Metadata) -> io::Result<bool> {
        let old = modified_at(metadata)?.plus(ABANDONED_AFTER) < self.clock.now();
        Ok(metadata.is_file() && old)
    }
}
