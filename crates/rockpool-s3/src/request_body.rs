//! The body of a request, which can be taken back from whoever reads it.
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

#[cfg(test)]
mod tests;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The most bytes of a refused body that are read to spare its client a broken connection.
const DRAIN_BYTES: u64 = 8 << 20;

/// How long reading a refused body may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A body that is read by an operation while the face keeps a hand on it.
pub(crate) struct RequestBody(Arc<Mutex<State>>);

struct State {
    body: UnsyncBoxBody<Bytes, BoxError>,
    /// Whether anybody began to read. Until then a client that sent `Expect: 100-continue` waits.
    begun: bool,
    /// Whether somebody read to the end.
    ended: bool,
    /// Whether there was nothing to read from the start.
    empty: bool,
}

impl RequestBody {
    /// Takes a server's body.
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = body.map_err(Into::into).boxed_unsync();
        let empty = body.is_end_stream();
        Self(Arc::new(Mutex::new(State {
            body,
            begun: false,
            ended: empty,
            empty,
        })))
    }

    /// The same body in another hand. Only one of the two may read at a time.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    /// Reads what an operation left of the body, within bounds, and says whether the connection can go on. A client that
    /// still sends when the connection closes may never see the answer. Nothing is read when `waits`, the client's
    /// `Expect: 100-continue`, is still unanswered: reading would invite it to send. An empty body is not invited at
    /// all, and then boto3 (seen in 1.34) misreads the next answer of the connection, so there must be none.
    pub(crate) async fn drain(mut self, waits: bool) -> bool {
        let (begun, ended, empty, least) = {
            let state = self.state();
            let least = state.body.size_hint().lower();
            (state.begun, state.ended, state.empty, least)
        };
        if ended || (waits && !begun) || least > DRAIN_BYTES {
            return ended && !(waits && empty);
        }
        let read_all = async {
            let mut bytes = 0;
            while let Some(frame) = self.frame().await {
                let Ok(frame) = frame else { return false };
                bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                if bytes > DRAIN_BYTES {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DRAIN_TIME, read_all)
            .await
            .unwrap_or(false)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut state = self.state();
        state.begun = true;
        if state.ended {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut state.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || state.body.is_end_stream() {
            state.ended = true;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.state().ended
    }

    fn size_hint(&self) -> SizeHint {
        self.state().body.size_hint()
    }
}
