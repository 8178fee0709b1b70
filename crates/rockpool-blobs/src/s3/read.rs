//! Reading, and asking for a size.
use std::{io, ops::Range, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE},
};
use tokio::time::timeout;

use super::{
    answer::{Failure, absent_as_none},
    call::{Answer, Call, describe, stalled},
    provider::Provider,
};
use crate::{BlobReader, ByteStream, StoreError, StoreKey, store::CHUNK_BYTES};

impl Provider {
    pub(super) async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        let call = Call::reading(self, format!("opening {key}"));
        let name = self.name(key.as_str());
        let open = || async {
            let action = self.bucket.get_object(Some(&self.credentials), &name);
            let signed = Self::sign(action, &Vec::new()).and_then(|mut signed| {
                if let Some(range) = &range {
                    signed.headers.insert(RANGE, range_header(range)?);
                }
                Ok(signed)
            });
            let answer = call.exchange(signed, None).await?;
            match whole_size(&answer.response, range.as_ref()) {
                Some(size) => Ok((size, answer)),
                None => Err(Failure::internal(
                    &call.doing,
                    "the provider's answer has other bytes than were asked for",
                )),
            }
        };
        let opened = absent_as_none(&call.doing, call.attempt(open).await)?;
        Ok(opened.map(|(size, answer)| BlobReader {
            size,
            stream: stream_of(answer, self.stall_timeout),
        }))
    }

    pub(super) async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        let call = Call::new(self, format!("looking for {key}"));
        let name = self.name(key.as_str());
        let size = || async {
            let action = self.bucket.head_object(Some(&self.credentials), &name);
            let answer = call.exchange(Self::sign(action, &Vec::new()), None).await?;
            content_length(&answer.response)
                .ok_or_else(|| Failure::internal(&call.doing, "the provider tells no size"))
        };
        absent_as_none(&call.doing, call.attempt(size).await)
    }
}

fn range_header(range: &Range<u64>) -> Result<HeaderValue, String> {
    if range.is_empty() {
        return Err(format!("the range {range:?} is empty"));
    }
    let text = format!("bytes={}-{}", range.start, range.end - 1);
    HeaderValue::try_from(text).map_err(|error| error.to_string())
}

/// The size of the whole object, if the answer has exactly the bytes that were asked for.
fn whole_size(response: &Response, range: Option<&Range<u64>>) -> Option<u64> {
    let length = content_length(response)?;
    match (response.status(), range) {
        (StatusCode::OK, None) => Some(length),
        // Some send the whole without more ado when the range is the whole.
        (StatusCode::OK, Some(range)) => (*range == (0..length)).then_some(length),
        (StatusCode::PARTIAL_CONTENT, Some(range)) => {
            let header = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
            let (bytes, size) = header.strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = bytes.split_once('-')?;
            let first: u64 = first.parse().ok()?;
            let last: u64 = last.parse().ok()?;
            let exact = first == range.start && last.checked_add(1)? == range.end;
            (exact && length == range.end - range.start).then(|| size.parse().ok())?
        }
        _ => None,
    }
}

fn content_length(response: &Response) -> Option<u64> {
    let header = response.headers().get(CONTENT_LENGTH)?;
    header.to_str().ok()?.parse().ok()
}

/// The body in chunks of the contract's size. A connection that is cut before the declared length is an error.
fn stream_of(answer: Answer, stall: Duration) -> ByteStream {
    let start = (answer, Bytes::new());
    let chunks = stream::try_unfold(start, move |(mut answer, mut held)| async move {
        while held.is_empty() {
            let chunk = timeout(stall, answer.response.chunk()).await;
            let chunk = chunk
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, stalled(stall)))?
                .map_err(|error| io::Error::other(describe(error)))?;
            match chunk {
                Some(chunk) => held = chunk,
                None => return Ok(None),
            }
        }
        let chunk = held.split_to(held.len().min(CHUNK_BYTES));
        Ok(Some((chunk, (answer, held))))
    });
    Box::pin(chunks)
}
