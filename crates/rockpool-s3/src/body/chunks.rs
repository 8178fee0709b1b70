//! The `aws-chunked` framing (S3 API reference, "Transferring payload in multiple chunks"): chunks of data, each
//! with its length and maybe a signature, then maybe trailers. No IO: bytes go in, data comes out.
use bytes::{Buf, Bytes};
use rockpool_types::{Checksum, ChecksumAlgorithm};
use sha2::{Digest, Sha256};

use super::BodyFault;
use crate::auth::ChunkSigner;

/// The longest line before a chunk's data, in bytes.
const MAX_HEAD_BYTES: usize = 1024;

/// The longest block of trailers, in bytes.
const MAX_TAIL_BYTES: usize = 16 * 1024;

/// The signature over the trailers, itself the last of them.
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// Takes a body out of its chunks.
///
/// Data is handed on before its chunk's signature is known to hold, so that no chunk is ever held whole. Whoever reads
/// must not act on it before [`Self::finish`] has answered without an error.
pub(super) struct ChunkDecoder {
    place: Place,
    signer: Option<ChunkSigner>,
    /// What `x-amz-decoded-content-length` says.
    declared: Option<u64>,
    /// The lengths of all chunks so far, in bytes.
    total: u64,
    /// Whether trailers may follow, and the one that was announced.
    trailers: Option<Option<ChecksumAlgorithm>>,
}

/// Where in the framing the next byte belongs.
enum Place {
    /// In the line before a chunk's data.
    Head(Vec<u8>),
    /// In a chunk's data.
    Data(OpenChunk),
    /// In the line end behind a chunk's data; the flag tells whether its first byte has come.
    DataEnd(bool),
    /// Behind the last chunk's head, up to the end of the body.
    Tail(Vec<u8>),
}

/// A chunk within its data.
struct OpenChunk {
    left: u64,
    /// The signature that its head has, if chunks are signed, with the digest of its data so far.
    signed: Option<([u8; 32], Sha256)>,
}

impl ChunkDecoder {
    /// A decoder at a body's start. Without a `signer` chunks bear no signatures. `trailers`: `None` when none may
    /// follow, else the algorithm of the one that was announced.
    pub(super) fn new(
        signer: Option<ChunkSigner>,
        declared: Option<u64>,
        trailers: Option<Option<ChecksumAlgorithm>>,
    ) -> Self {
        Self {
            place: Place::Head(Vec::new()),
            signer,
            declared,
            total: 0,
            trailers,
        }
    }

    /// The next data in `input`, which is used up to its end. `None`: all of it is used, more is needed.
    pub(super) fn decode(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, BodyFault> {
        while !input.is_empty() {
            match &mut self.place {
                Place::Head(line) => {
                    if take_line(line, input)? {
                        let line = std::mem::take(line);
                        self.open_chunk(&line)?;
                    }
                }
                Place::Data(chunk) => {
                    let here = usize::try_from(chunk.left).unwrap_or(usize::MAX);
                    let data = input.split_to(here.min(input.len()));
                    chunk.left -= data.len() as u64;
                    if let Some((_, digest)) = &mut chunk.signed {
                        digest.update(&data);
                    }
                    if chunk.left == 0 {
                        self.close_chunk()?;
                    }
                    return Ok(Some(data));
                }
                Place::DataEnd(return_seen) => match (*return_seen, input.get_u8()) {
                    (false, b'\r') => *return_seen = true,
                    (true, b'\n') => self.place = Place::Head(Vec::new()),
                    _ => return Err(BodyFault::MalformedChunk("no line end follows the data")),
                },
                Place::Tail(block) => {
                    if block.len() + input.len() > MAX_TAIL_BYTES {
                        return Err(BodyFault::MalformedTrailer("more than 16 KiB"));
                    }
                    block.extend_from_slice(input);
                    input.clear();
                }
            }
        }
        Ok(None)
    }

    /// Tells that the body has ended, and answers the checksum in its trailer.
    pub(super) fn finish(&mut self) -> Result<Option<Checksum>, BodyFault> {
        let Place::Tail(block) = &self.place else {
            return Err(BodyFault::Truncated);
        };
        if self.declared.is_some_and(|declared| declared != self.total) {
            return Err(BodyFault::Truncated);
        }
        let Some(announced) = self.trailers else {
            // Some signers leave the last line end out.
            return match &block[..] {
                b"" | b"\r\n" => Ok(None),
                _ => Err(BodyFault::MalformedChunk("bytes follow the last chunk")),
            };
        };
        let tail = Tail::parse(block, announced)?;
        match (&mut self.signer, tail.signature) {
            (None, None) => {}
            (None, Some(_)) => {
                return Err(BodyFault::UnknownTrailer(TRAILER_SIGNATURE.to_owned()));
            }
            (Some(_), None) => {
                return Err(BodyFault::MalformedTrailer(
                    "x-amz-trailer-signature is missing",
                ));
            }
            (Some(signer), Some(signature)) => {
                if !signer.accepts_trailers(tail.signed_line.as_bytes(), &signature) {
                    return Err(BodyFault::ChunkSignatureMismatch);
                }
            }
        }
        if announced.is_some() && tail.checksum.is_none() {
            return Err(BodyFault::MalformedTrailer("the announced one is missing"));
        }
        Ok(tail.checksum)
    }

    fn open_chunk(&mut self, line: &[u8]) -> Result<(), BodyFault> {
        let (length, signature) = parse_head(line)?;
        if self.signer.is_some() != signature.is_some() {
            return Err(BodyFault::MalformedChunk(match signature {
                None => "a chunk-signature is missing",
                Some(_) => "chunks bear signatures, but x-amz-content-sha256 says that they do not",
            }));
        }
        self.total = self
            .total
            .checked_add(length)
            .ok_or(BodyFault::MalformedChunk("a chunk is too long"))?;
        if let Some(declared) = self.declared
            && self.total > declared
        {
            return Err(BodyFault::TooManyBytes { declared });
        }
        self.place = Place::Data(OpenChunk {
            left: length,
            signed: signature.map(|signature| (signature, Sha256::new())),
        });
        if length == 0 {
            self.close_chunk()?;
            self.place = Place::Tail(Vec::new());
        }
        Ok(())
    }

    fn close_chunk(&mut self) -> Result<(), BodyFault> {
        let place = std::mem::replace(&mut self.place, Place::DataEnd(false));
        if let (Place::Data(chunk), Some(signer)) = (place, &mut self.signer)
            && let Some((signature, digest)) = chunk.signed
            && !signer.accepts_chunk(&digest.finalize().into(), &signature)
        {
            return Err(BodyFault::ChunkSignatureMismatch);
        }
        Ok(())
    }
}

/// Moves bytes up to and with a line feed from `input` to `line`; tells whether the line is whole.
fn take_line(line: &mut Vec<u8>, input: &mut Bytes) -> Result<bool, BodyFault> {
    let end = input.iter().position(|b| *b == b'\n').map(|at| at + 1);
    let part = input.split_to(end.unwrap_or(input.len()));
    if line.len() + part.len() > MAX_HEAD_BYTES {
        return Err(BodyFault::MalformedChunk(
            "the line before a chunk is too long",
        ));
    }
    line.extend_from_slice(&part);
    Ok(end.is_some())
}

/// Reads `<length in hexadecimal>[;chunk-signature=<64 hexadecimal digits>]\r\n`.
fn parse_head(line: &[u8]) -> Result<(u64, Option<[u8; 32]>), BodyFault> {
    let bad_line = BodyFault::MalformedChunk(
        "the line before a chunk has not the form LENGTH[;chunk-signature=HEX]",
    );
    let Some(text) = line
        .strip_suffix(b"\r\n")
        .and_then(|line| std::str::from_utf8(line).ok())
    else {
        return Err(bad_line);
    };
    let (length, extension) = match text.split_once(';') {
        None => (text, None),
        Some((length, extension)) => (length, Some(extension)),
    };
    let is_hex = (1..=16).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_hexdigit());
    let Some(length) = is_hex
        .then(|| u64::from_str_radix(length, 16).ok())
        .flatten()
    else {
        return Err(bad_line);
    };
    let Some(extension) = extension else {
        return Ok((length, None));
    };
    match extension
        .strip_prefix("chunk-signature=")
        .and_then(parse_signature)
    {
        Some(signature) => Ok((length, Some(signature))),
        None => Err(bad_line),
    }
}

/// What follows the last chunk.
#[derive(Default)]
struct Tail {
    checksum: Option<Checksum>,
    signature: Option<[u8; 32]>,
    /// The checksum's line as it is signed.
    signed_line: String,
}

impl Tail {
    /// Reads lines `name:value`, up to an empty one at the end. minio-go ends the checksum's line with a line feed
    /// alone and sets an empty line before the signature's.
    fn parse(block: &[u8], announced: Option<ChecksumAlgorithm>) -> Result<Self, BodyFault> {
        let malformed = BodyFault::MalformedTrailer;
        let mut tail = Self::default();
        let text = std::str::from_utf8(block).map_err(|_| malformed("they are not UTF-8"))?;
        let lines = match text.strip_suffix('\n') {
            Some(lines) => lines,
            None if text.is_empty() => return Ok(tail),
            None => return Err(BodyFault::Truncated),
        };
        let mut ended = false;
        for line in lines.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                ended = true;
                continue;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(malformed("a line has no colon"))?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            if tail.signature.is_some() {
                return Err(malformed("lines follow the signature"));
            }
            if name == TRAILER_SIGNATURE {
                let signature = parse_signature(value).ok_or(malformed(
                    "x-amz-trailer-signature is not 64 hexadecimal digits",
                ))?;
                tail.signature = Some(signature);
                continue;
            }
            if ended {
                return Err(malformed("lines follow their end"));
            }
            let algorithm = announced
                .filter(|algorithm| algorithm.header() == name)
                .ok_or_else(|| BodyFault::UnknownTrailer(name.clone()))?;
            let checksum = Checksum::from_base64(algorithm, value)
                .map_err(|_| BodyFault::InvalidChecksum(algorithm.header()))?;
            if tail.checksum.replace(checksum).is_some() {
                return Err(malformed("one comes twice"));
            }
            tail.signed_line = format!("{name}:{value}\n");
        }
        Ok(tail)
    }
}

fn parse_signature(text: &str) -> Option<[u8; 32]> {
    let mut signature = [0; 32];
    hex::decode_to_slice(text, &mut signature).ok()?;
    Some(signature)
}
