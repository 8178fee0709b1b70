//! A copy's file: a line with the format and the head's length, the head in JSON, the body.
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use crate::copies::Head;

/// The first line, before the length of the head in five digits and the end of the line.
const MAGIC: &[u8] = b"rockpool-links copy 1 ";
const FIRST_LINE_BYTES: usize = MAGIC.len() + 6;
/// The longest head: a URL, two validators and small things.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// A head as it stands in the file.
pub(super) fn encode_head(head: &Head) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(head).map_err(io::Error::other)?;
    if json.len() > MAX_HEAD_BYTES {
        return Err(io::Error::other("the head of a copy is too long"));
    }
    let mut encoded = MAGIC.to_vec();
    encoded.extend_from_slice(format!("{:05}\n", json.len()).as_bytes());
    encoded.extend_from_slice(&json);
    Ok(encoded)
}

/// Reads a head; the file stands at the body then, at the offset that is returned. `None`: it is not of this format.
pub(super) fn read_head(file: &mut File) -> io::Result<Option<(Head, u64)>> {
    // Most heads come with the first read.
    let mut begin = vec![0; 2 << 10];
    let mut filled = 0;
    let mut wanted = FIRST_LINE_BYTES;
    loop {
        if begin.len() < wanted {
            begin.resize(wanted, 0);
        }
        let read = file.read(&mut begin[filled..])?;
        filled += read;
        if wanted == FIRST_LINE_BYTES && filled >= wanted {
            let Some(bytes) = head_bytes(&begin[..FIRST_LINE_BYTES]) else {
                return Ok(None);
            };
            wanted += bytes;
        }
        if wanted > FIRST_LINE_BYTES && filled >= wanted {
            break;
        }
        if read == 0 {
            return Ok(None);
        }
    }
    let Ok(head) = serde_json::from_slice(&begin[FIRST_LINE_BYTES..wanted]) else {
        return Ok(None);
    };
    let body_at = wanted as u64;
    file.seek(SeekFrom::Start(body_at))?;
    Ok(Some((head, body_at)))
}

fn head_bytes(first_line: &[u8]) -> Option<usize> {
    let digits = first_line.strip_prefix(MAGIC)?.strip_suffix(b"\n")?;
    let bytes: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (1..=MAX_HEAD_BYTES).contains(&bytes).then_some(bytes)
}
