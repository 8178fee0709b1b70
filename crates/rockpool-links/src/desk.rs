//! What an operator asks of the directory of copies, beside whatever nodes run on it.
use std::{io, path::Path};

use rockpool_types::Clock;
use serde::Serialize;

use crate::{
    copies::CopyName,
    hosts::{Hosts, Meaning},
    shelf::{Shelf, Tallies},
    target::Target,
};

/// A directory of copies, for an operator.
#[derive(Clone, Debug)]
pub struct LinkDesk {
    shelf: Shelf,
    clock: Clock,
}

/// What is in the directory, and what was counted since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LinkStatus {
    /// Slimmed pages.
    pub pages: u64,
    /// Pictures and other files.
    pub files: u64,
    /// What is remembered of sites that gave nothing.
    pub failures: u64,
    /// Of all of these, those that are fresh.
    pub fresh: u64,
    /// What they take on disk.
    pub bytes: u64,
    /// Requests of software.
    pub requests: u64,
    /// Of these, those that cost the site none.
    pub absorbed_requests: u64,
    /// Requests that sites saw.
    pub fetches: u64,
    /// What sites did not have to send.
    pub saved_bytes: u64,
    /// People who were sent on.
    pub people: u64,
}

impl LinkDesk {
    /// Opens the directory, which is made where it is not there. Blocking.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub fn open(directory: &Path, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            shelf: Shelf::open(directory)?,
            clock,
        })
    }

    /// Tells what is there. What nodes have counted in the last seconds is not in it yet.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn status(&self) -> io::Result<LinkStatus> {
        let survey = self.shelf.survey(self.clock.now()).await?;
        let tallies = self.shelf.add_tallies(Tallies::default()).await?;
        Ok(LinkStatus {
            pages: survey.pages,
            files: survey.files,
            failures: survey.failures,
            fresh: survey.fresh,
            bytes: survey.bytes,
            requests: tallies.requests,
            absorbed_requests: tallies.absorbed,
            fetches: tallies.fetches,
            saved_bytes: tallies.saved_bytes,
            people: tallies.people,
        })
    }

    /// Removes what is kept of a URL, which may be given in its shielded form: tells the URL and whether there was
    /// something. Running nodes know within two seconds; a CDN before them does not. `None`: it is no URL that goes
    /// through the shield.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn purge(&self, url: &str, hosts: &Hosts) -> io::Result<Option<(String, bool)>> {
        let Some(target) = Target::parse(url.trim(), Meaning::Front, hosts) else {
            return Ok(None);
        };
        let url = target.url.as_str().to_owned();
        let removed = self.shelf.remove(&CopyName::of_url(&url)).await?;
        Ok(Some((url, removed)))
    }
}
