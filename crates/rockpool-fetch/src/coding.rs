//! Content codings, undone piece by piece: never more than one piece's output is in memory, however much a piece would
//! unpack to.
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use http::{HeaderMap, header};

use crate::FetchError;

/// The most bytes that one step yields.
const STEP: usize = 16 << 10;

/// Undoes a content coding.
pub(crate) enum Decoder {
    /// gzip and deflate. Their windows are 32 KiB.
    Flate(Decompress),
    /// Its windows are 16 MiB at most: the format's extension to 1 GiB is not understood, as browsers do not either.
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
}

/// What a step came to.
pub(crate) enum Step {
    /// Some output; there may be more without further input.
    Output(Bytes),
    /// Everything was consumed and there is no output.
    NeedsInput,
    /// The coded content is complete. What may follow it is not looked at, as browsers do.
    End,
}

impl Decoder {
    /// For the `Content-Encoding` of `headers`; `None` if there is none. More than one coding on top of another is not
    /// asked for and not accepted.
    pub(crate) fn for_headers(headers: &HeaderMap) -> Result<Option<Self>, FetchError> {
        let unknown = |coding: &str| FetchError::Protocol {
            detail: format!("content coding {coding:?} was not asked for"),
        };
        let mut decoder = None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            for coding in value.split(',').map(str::trim) {
                let next = match coding {
                    "" | "identity" | "none" => continue,
                    "gzip" | "x-gzip" => Self::Flate(Decompress::new_gzip(15)),
                    "deflate" => Self::Flate(Decompress::new(true)),
                    "br" => Self::Brotli(Box::new(BrotliState::new_strict(
                        StandardAlloc::default(),
                        StandardAlloc::default(),
                        StandardAlloc::default(),
                    ))),
                    other => return Err(unknown(other)),
                };
                if decoder.replace(next).is_some() {
                    return Err(unknown(&value));
                }
            }
        }
        Ok(decoder)
    }

    /// Takes from `input` and yields at most [`STEP`] bytes.
    pub(crate) fn step(&mut self, input: &mut Bytes) -> Result<Step, FetchError> {
        let mut output = vec![0; STEP];
        loop {
            let (consumed, produced, ended) = match self {
                Self::Flate(state) => flate(state, input, &mut output)?,
                Self::Brotli(state) => brotli(state, input, &mut output)?,
            };
            input.advance(consumed);
            if produced > 0 {
                output.truncate(produced);
                return Ok(Step::Output(output.into()));
            }
            if ended {
                return Ok(Step::End);
            }
            if input.is_empty() {
                return Ok(Step::NeedsInput);
            }
            if consumed == 0 {
                return Err(broken("it makes no progress"));
            }
        }
    }
}

/// Bytes consumed, bytes produced, whether it was the end.
type Progress = (usize, usize, bool);

fn flate(state: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<Progress, FetchError> {
    let (consumed, produced) = (state.total_in(), state.total_out());
    let status = state
        .decompress(input, output, FlushDecompress::None)
        .map_err(|error| broken(&error.to_string()))?;
    let since = |now: u64, then: u64| {
        usize::try_from(now - then).expect("no more than the length of a slice")
    };
    Ok((
        since(state.total_in(), consumed),
        since(state.total_out(), produced),
        status == Status::StreamEnd,
    ))
}

fn brotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &[u8],
    output: &mut [u8],
) -> Result<Progress, FetchError> {
    let (mut consumed, mut produced) = (0, 0);
    let result = BrotliDecompressStream(
        &mut input.len(),
        &mut consumed,
        input,
        &mut output.len(),
        &mut produced,
        output,
        &mut 0,
        state,
    );
    match result {
        BrotliResult::ResultFailure => Err(broken("not brotli")),
        BrotliResult::ResultSuccess => Ok((consumed, produced, true)),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
            Ok((consumed, produced, false))
        }
    }
}

pub(crate) fn broken(what: &str) -> FetchError {
    FetchError::Protocol {
        detail: format!("the content coding is broken: {what}"),
    }
}

#[cfg(test)]
mod tests;
