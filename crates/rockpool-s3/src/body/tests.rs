//! Bodies: Amazon's chunked examples, any fragmentation, broken framings, declared digests.
mod amazon;
mod declared;
mod framing;

use std::{collections::VecDeque, convert::Infallible, pin::Pin, task, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use rockpool_pool::{BodySource, Declared};

use super::{BodyFault, BodyLimits, S3Body};
use crate::auth::Payload;

const LIMITS: BodyLimits = BodyLimits {
    stall: Duration::from_secs(20),
};

/// A body that comes in given pieces.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        task::Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

/// Cuts `bytes` into pieces of the given lengths, over and over.
fn pieces(bytes: &[u8], lengths: &[usize]) -> Pieces {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut lengths = lengths.iter().cycle();
    let mut cut = VecDeque::new();
    while !rest.is_empty() {
        let length = (*lengths.next().unwrap()).clamp(1, rest.len());
        cut.push_back(rest.split_to(length));
    }
    Pieces(cut)
}

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
}

/// Reads a whole body.
fn read(
    wire: Pieces,
    headers: &HeaderMap,
    payload: Payload,
) -> Result<(Vec<u8>, Vec<Declared>), BodyFault> {
    let mut body = S3Body::new(wire, headers, payload, LIMITS)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut content = Vec::new();
        loop {
            match body.next_chunk().await {
                Ok(Some(data)) => content.extend_from_slice(&data),
                Ok(None) => return Ok((content, body.declared())),
                Err(error) => return Err(*error.0.downcast::<BodyFault>().unwrap()),
            }
        }
    })
}

/// Reads a whole body that is good.
pub(crate) fn read_all(
    wire: &[u8],
    list: &[(String, String)],
    payload: Payload,
) -> (Vec<u8>, Vec<Declared>) {
    let headers = list
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse().unwrap(),
            )
        })
        .collect();
    read(pieces(wire, &[100]), &headers, payload).unwrap()
}
