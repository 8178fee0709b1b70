//! Reading: a hop to the blocking pool for each chunk, and one for all of a small item.
//!
//! Buffers are made by the task that asks, not by the blocking thread: there are many of those, and the allocator would
//! keep what each of them made.
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

/// How much is read with the opening, where no range says how much there is.
const FIRST_CHUNK_BYTES: usize = 64 << 10;

/// A buffer for the first chunk of an item, or of `range` of it.
pub(super) fn first_buffer(range: Option<&Range<u64>>) -> Vec<u8> {
    Vec::with_capacity(range.map_or(FIRST_CHUNK_BYTES, |range| {
        chunk_bytes(range.end.saturating_sub(range.start))
    }))
}

fn chunk_bytes(bytes_left: u64) -> usize {
    usize::try_from(bytes_left).map_or(CHUNK_BYTES, |bytes| bytes.min(CHUNK_BYTES))
}

/// Opens the item at `path`, or `range` of it, and reads as much as `buffer` has room for.
pub(super) fn open(
    path: &Path,
    range: Option<Range<u64>>,
    buffer: Vec<u8>,
) -> io::Result<Option<Opened>> {
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
    let first = rest.next_chunk(buffer)?;
    Ok(Some(Opened { size, first, rest }))
}

impl Opened {
    pub(super) fn into_reader(self) -> BlobReader {
        let stream = stream::try_unfold((Some(self.first), self.rest), async |state| {
            let (chunk, rest) = match state {
                (Some(first), rest) => (first, rest),
                (None, rest) if rest.bytes_left == 0 => return Ok(None),
                (None, mut rest) => {
                    let buffer = Vec::with_capacity(chunk_bytes(rest.bytes_left));
                    let work = move || rest.next_chunk(buffer).map(|chunk| (chunk, rest));
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
    /// The next chunk, as much as there is room for; empty at the end.
    fn next_chunk(&mut self, mut buffer: Vec<u8>) -> io::Result<Bytes> {
        let wanted = self.bytes_left.min(buffer.capacity() as u64);
        (&mut self.file).take(wanted).read_to_end(&mut buffer)?;
        if (buffer.len() as u64) < wanted {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file is shorter than it was when it was opened",
            ));
        }
        self.bytes_left -= wanted;
        Ok(buffer.into())
    }
}
