//! Reading: a hop to the blocking pool for each chunk, and one for all of a small item.
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use bytes::Bytes;
use futures_util::stream;

use super::write::open_item;
use crate::{BlobReader, store::CHUNK_BYTES};

/// An item that is open, its first chunk read.
pub(super) struct Opened {
    size: u64,
    first: Bytes,
    rest: Rest,
}

/// What is still to be read.
struct Rest {
    file: File,
    bytes_left: u64,
}

/// Opens the item at `path`, or `range` of it.
pub(super) fn open(path: &Path, range: Option<Range<u64>>) -> io::Result<Option<Opened>> {
    let Some(mut file) = open_item(path)? else {
        return Ok(None);
    };
    let size = file.metadata()?.len();
    let range = range.unwrap_or(0..size);
    if range.start > range.end || range.end > size {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("bytes {range:?} were asked for, it has {size}"),
        ));
    }
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    let mut rest = Rest {
        file,
        bytes_left: range.end - range.start,
    };
    let first = rest.next_chunk()?;
    Ok(Some(Opened { size, first, rest }))
}

impl Opened {
    pub(super) fn into_reader(self) -> BlobReader {
        let stream = stream::try_unfold((Some(self.first), self.rest), async |state| {
            let (chunk, rest) = match state {
                (Some(first), rest) => (first, rest),
                (None, rest) if rest.bytes_left == 0 => return Ok(None),
                (None, mut rest) => {
                    let work = move || rest.next_chunk().map(|chunk| (chunk, rest));
                    let read = tokio::task::spawn_blocking(work).await;
                    read.map_err(io::Error::other)??
                }
            };
            Ok((!chunk.is_empty()).then_some((chunk, (None, rest))))
        });
        BlobReader {
            size: self.size,
            stream: Box::pin(stream),
        }
    }
}

impl Rest {
    /// The next chunk; empty at the end.
    fn next_chunk(&mut self) -> io::Result<Bytes> {
        let wanted = usize::try_from(self.bytes_left).map_or(CHUNK_BYTES, |n| n.min(CHUNK_BYTES));
        let mut chunk = Vec::with_capacity(wanted);
        (&mut self.file)
            .take(wanted as u64)
            .read_to_end(&mut chunk)?;
        if chunk.len() < wanted {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file is shorter than it was when it was opened",
            ));
        }
        self.bytes_left -= chunk.len() as u64;
        Ok(chunk.into())
    }
}
