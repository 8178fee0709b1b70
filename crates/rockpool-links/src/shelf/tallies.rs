//! What has been counted, by all nodes and over their restarts.
use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
};

use serde::{Deserialize, Serialize};

use super::{Shelf, blocking};

/// Counts since the directory was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tallies {
    /// Requests by software.
    pub(crate) requests: u64,
    /// Of these, those that were answered with a copy, or with why there is none, without a fetch of their own.
    pub(crate) absorbed: u64,
    /// Requests that sites saw.
    pub(crate) fetches: u64,
    /// Bytes that sites did not have to send.
    pub(crate) saved_bytes: u64,
    /// People who were sent on.
    pub(crate) people: u64,
}

impl Tallies {
    /// Adds others.
    pub(crate) fn add(&mut self, more: &Self) {
        *self = self.with(more, u64::saturating_add);
    }

    /// What is left without others.
    pub(crate) fn less(&self, others: &Self) -> Self {
        self.with(others, u64::saturating_sub)
    }

    fn with(&self, other: &Self, combine: fn(u64, u64) -> u64) -> Self {
        Self {
            requests: combine(self.requests, other.requests),
            absorbed: combine(self.absorbed, other.absorbed),
            fetches: combine(self.fetches, other.fetches),
            saved_bytes: combine(self.saved_bytes, other.saved_bytes),
            people: combine(self.people, other.people),
        }
    }
}

impl Shelf {
    /// Adds counts to those of all nodes, and tells the sums.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn add_tallies(&self, more: Tallies) -> io::Result<Tallies> {
        let path = self.folder("tallies.json");
        blocking(move || {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            // Held by whoever adds, for as long as one small file takes to be written.
            file.lock()?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            let mut tallies: Tallies = serde_json::from_str(&text).unwrap_or_default();
            tallies.add(&more);
            if more != Tallies::default() {
                let text = serde_json::to_vec(&tallies).map_err(io::Error::other)?;
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&text)?;
                file.set_len(text.len() as u64)?;
            }
            Ok(tallies)
        })
        .await
    }

    /// Reads a file below `directory`, of at most `max_bytes`. `None`: there is none, or it is larger, or no file.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) async fn read_static(
        directory: std::path::PathBuf,
        path: String,
        max_bytes: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        blocking(move || {
            let path = directory.join(path);
            let fine = match fs::metadata(&path) {
                Ok(metadata) => metadata.is_file() && metadata.len() <= max_bytes,
                Err(_) => false,
            };
            if !fine {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            OpenOptions::new()
                .read(true)
                .open(&path)?
                .take(max_bytes)
                .read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        })
        .await
    }
}
