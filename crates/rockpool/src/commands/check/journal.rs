//! What a check found and how far it came, in a file, a line each: for going on, and so that findings need no memory.
use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rockpool_pool::{BlobId, CheckOptions, CheckPosition, Finding};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun(CheckOptions),
    Found(Finding),
    Reached(Box<CheckPosition>),
}

/// The file of a check under way, locked for as long as this is.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    out: BufWriter<File>,
    position: CheckPosition,
}

impl Journal {
    /// Begins a new one in place of an old one.
    pub(super) fn begin(path: &Path, options: &CheckOptions) -> Result<Self> {
        let file = open(path, true)?;
        file.set_len(0)?;
        let mut journal = Self {
            path: path.to_owned(),
            out: BufWriter::new(file),
            position: CheckPosition::default(),
        };
        journal.write(&Line::Begun(options.clone()))?;
        journal.out.flush()?;
        Ok(journal)
    }

    /// Goes on with one that was left, from the last position that it tells.
    pub(super) fn resume(path: &Path) -> Result<(Self, CheckOptions)> {
        if !path.exists() {
            bail!("there is no check to go on with; start one without --resume");
        }
        let file = open(path, false)?;
        let (mut options, mut position) = (None, CheckPosition::default());
        // What follows the last position will be found again.
        let (mut good, mut read) = (0, 0);
        let mut lines = BufReader::new(&file);
        let mut text = String::new();
        loop {
            text.clear();
            let bytes = lines.read_line(&mut text).unwrap_or(0);
            read += bytes as u64;
            match serde_json::from_str(&text) {
                Ok(Line::Begun(begun)) => options = Some(begun),
                Ok(Line::Reached(reached)) => position = *reached,
                Ok(Line::Found(_)) => continue,
                // The end, or a line that was not written whole.
                Err(_) => break,
            }
            good = read;
        }
        let Some(options) = options else {
            bail!(
                "{} is no check's file; start one without --resume",
                path.display()
            );
        };
        file.set_len(good)?;
        let mut out = BufWriter::new(file);
        out.seek(SeekFrom::End(0))?;
        let journal = Self {
            path: path.to_owned(),
            out,
            position,
        };
        Ok((journal, options))
    }

    /// Where it is.
    pub(super) const fn position(&self) -> &CheckPosition {
        &self.position
    }

    pub(super) fn found(&mut self, finding: &Finding) -> Result<()> {
        self.write(&Line::Found(finding.clone()))
    }

    pub(super) fn reached(&mut self, position: &CheckPosition) -> Result<()> {
        self.write(&Line::Reached(Box::new(position.clone())))?;
        self.out.flush().with_context(|| self.cannot())
    }

    /// All findings up to the last position, read one by one.
    pub(super) fn findings(&self) -> Result<impl Iterator<Item = Result<Finding>> + use<>> {
        let file = File::options().read(true).open(&self.path);
        let lines = BufReader::new(file.with_context(|| self.cannot())?).lines();
        Ok(lines.filter_map(|line| {
            let line = line.map_err(anyhow::Error::from);
            match line.and_then(|line| Ok(serde_json::from_str(&line)?)) {
                Ok(Line::Found(finding)) => Some(Ok(finding)),
                Ok(Line::Begun(_) | Line::Reached(_)) => None,
                Err(error) => Some(Err(error)),
            }
        }))
    }

    /// The blobs that were found lost so far.
    pub(super) fn lost(&self) -> Result<HashSet<BlobId>> {
        let mut lost = HashSet::new();
        for finding in self.findings()? {
            if let Some(blob) = finding?.lost_blob() {
                lost.insert(BlobId::from_i64(blob.row));
            }
        }
        Ok(lost)
    }

    /// Removes the file of a check that is done.
    pub(super) fn finish(self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| self.cannot())
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let text = serde_json::to_string(line)?;
        writeln!(self.out, "{text}").with_context(|| self.cannot())
    }

    fn cannot(&self) -> String {
        format!("the check's file {} cannot be used", self.path.display())
    }
}

fn open(path: &Path, create: bool) -> Result<File> {
    let mut options = File::options();
    let file = options.read(true).write(true).create(create).open(path);
    let file = file.with_context(|| format!("the file {} cannot be used", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another check of this data directory is running");
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}
