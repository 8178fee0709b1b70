//! The file of a backup: a line that says what it is, a line of JSON, and the snapshot under zstd.
//!
//! ```text
//! rockpool-backup 1 <SHA-512 of the second line, in hexadecimal>
//! {"taken_at_ms":...,"content_bytes":...,"content_sha512":"...",...}
//! <zstd>
//! ```
use std::io::{self, BufRead, BufReader, Read, Write};

use rockpool_catalog::Snapshot;
use rockpool_types::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

/// What the first line begins with, before the version of the format.
const MAGIC: &str = "rockpool-backup ";

/// The version of the format that is written, and the newest that is read.
const VERSION: &str = "1";

/// The longest that the first two lines may be, in bytes.
const MAX_LINE: u64 = 64 << 10;

/// Bytes that are hashed, compressed and written at a time.
const BLOCK: usize = 128 << 10;

/// zstd's default: most of a catalog is digests, which no level makes smaller.
const LEVEL: i32 = 3;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupHeader {
    /// When it was begun, in milliseconds since 1970: all that was acknowledged before is in it.
    pub taken_at_ms: i64,
    /// The same for people.
    pub taken_at: String,
    /// The version of the rockpool that made it.
    pub rockpool: String,
    /// What is in it.
    #[serde(flatten)]
    pub snapshot: Snapshot,
    /// The size of the snapshot in bytes.
    pub content_bytes: u64,
    /// The SHA-512 of the snapshot, in hexadecimal.
    pub content_sha512: String,
}

impl BackupHeader {
    /// Describes a snapshot whose bytes `content` has.
    pub(super) fn new(
        snapshot: Snapshot,
        taken_at: Timestamp,
        content: &mut dyn Read,
    ) -> io::Result<Self> {
        let mut hashed = Hashed::default();
        copy(content, &mut hashed)?;
        Ok(Self {
            taken_at_ms: taken_at.as_millis(),
            taken_at: taken_at.to_iso8601(),
            rockpool: env!("CARGO_PKG_VERSION").to_owned(),
            snapshot,
            content_bytes: hashed.bytes,
            content_sha512: hashed.digest(),
        })
    }
}

/// Why a file cannot be restored from.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is something else.
    #[error("it is no backup of rockpool's")]
    Foreign,
    /// A newer rockpool wrote it.
    #[error("a newer rockpool wrote it, in version {0} of the format: use that one")]
    Newer(String),
    /// It is not as it was written.
    #[error(
        "it is damaged: {0}. Nothing of it was used; take another backup (`rockpool restore --list`)"
    )]
    Damaged(String),
    /// It cannot be read, or the snapshot not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes a backup: the header, and the snapshot's bytes.
pub(super) fn pack(
    header: &BackupHeader,
    content: &mut dyn Read,
    to: &mut dyn Write,
) -> io::Result<()> {
    let json = serde_json::to_string(header)?;
    let digest = hex::encode(Sha512::digest(json.as_bytes()));
    write!(to, "{MAGIC}{VERSION} {digest}\n{json}\n")?;
    let mut encoder = zstd::Encoder::new(to, LEVEL)?;
    encoder.include_checksum(true)?;
    copy(content, &mut encoder)?;
    encoder.finish()?;
    Ok(())
}

/// Reads the header of a backup, and leaves `from` behind it.
pub(super) fn read_header(from: &mut dyn BufRead) -> Result<BackupHeader, UnpackError> {
    let head = read_line(from)?;
    let rest = head.strip_prefix(MAGIC).ok_or(UnpackError::Foreign)?;
    let (version, digest) = rest.split_once(' ').ok_or(UnpackError::Foreign)?;
    if version != VERSION {
        return Err(UnpackError::Newer(version.escape_default().to_string()));
    }
    let json = read_line(from)?;
    if hex::encode(Sha512::digest(json.as_bytes())) != digest {
        return Err(UnpackError::Damaged(
            "what it says of itself has another digest".to_owned(),
        ));
    }
    serde_json::from_str(&json).map_err(|e| UnpackError::Damaged(e.to_string()))
}

/// A line without its end. One that is longer than any of ours, or no text, is somebody else's.
fn read_line(from: &mut dyn BufRead) -> Result<String, UnpackError> {
    let mut line = Vec::new();
    from.take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(UnpackError::Foreign);
    }
    String::from_utf8(line).map_err(|_| UnpackError::Foreign)
}

/// Writes the snapshot of a backup to `to`, and answers what the backup says of itself. What was written is whole and
/// as it was taken only after `Ok`. Never writes more than the header says, whatever the file decompresses to.
pub(super) fn unpack(from: &mut dyn Read, to: &mut dyn Write) -> Result<BackupHeader, UnpackError> {
    let mut from = BufReader::with_capacity(BLOCK, from);
    let header = read_header(&mut from)?;
    let damaged = |e: io::Error| UnpackError::Damaged(format!("it cannot be decompressed: {e}"));
    let mut decoder = zstd::Decoder::with_buffer(from).map_err(damaged)?;
    let mut hashed = Hashed::default();
    let mut block = vec![0; BLOCK];
    loop {
        let read = decoder.read(&mut block).map_err(damaged)?;
        hashed.write_all(&block[..read])?;
        if hashed.bytes > header.content_bytes || read == 0 {
            break;
        }
        to.write_all(&block[..read])?;
    }
    if hashed.bytes != header.content_bytes || hashed.digest() != header.content_sha512 {
        return Err(UnpackError::Damaged(
            "the catalog in it has another digest than when it was taken".to_owned(),
        ));
    }
    Ok(header)
}

fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(()),
            read => to.write_all(&block[..read])?,
        }
    }
}

/// Counts and hashes what is written.
#[derive(Default)]
struct Hashed {
    sha512: Sha512,
    bytes: u64,
}

impl Hashed {
    fn digest(self) -> String {
        hex::encode(self.sha512.finalize())
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha512.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
