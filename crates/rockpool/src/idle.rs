//! Connections that wait for their next request: when there are too many of all, the one that has waited longest goes.
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use rockpool_web::WebBody;
use tokio::sync::Notify;

/// The connections of a listener that are between two requests, or before their first. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdleConnections(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// By when they began to wait, the longest first.
    by_turn: BTreeMap<u64, Arc<Notify>>,
}

impl IdleConnections {
    /// A connection that begins, by waiting.
    pub(crate) fn enter(&self) -> Conversation {
        let conversation = Conversation {
            idle: self.clone(),
            turn: Arc::default(),
            told_to_close: Arc::default(),
        };
        conversation.wait();
        conversation
    }

    /// Tells the connection that has waited longest to close; `false` when none waits.
    pub(crate) fn close_longest(&self) -> bool {
        let longest = self.waiting().by_turn.pop_first();
        longest.is_some_and(|(_, told_to_close)| {
            told_to_close.notify_one();
            true
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's part in who waits. All clones are one connection's.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    idle: IdleConnections,
    /// Its place among those that wait; `None` while a request is answered.
    turn: Arc<Mutex<Option<u64>>>,
    told_to_close: Arc<Notify>,
}

impl Conversation {
    /// A request has come. `false`: it came too late, the connection has been told to close.
    pub(crate) fn begin(&self) -> bool {
        let turn = self.turn().take();
        turn.is_none_or(|turn| self.idle.waiting().by_turn.remove(&turn).is_some())
    }

    /// The answer is through, or given up.
    fn wait(&self) {
        let mut waiting = self.idle.waiting();
        let turn = waiting.next;
        waiting.next += 1;
        waiting.by_turn.insert(turn, self.told_to_close.clone());
        drop(waiting);
        *self.turn() = Some(turn);
    }

    /// The connection is over.
    pub(crate) fn end(&self) {
        self.begin();
    }

    /// Whether no request is being answered.
    pub(crate) fn is_idle(&self) -> bool {
        self.turn().is_some()
    }

    /// Until the connection is told to close.
    pub(crate) async fn told_to_close(&self) {
        self.told_to_close.notified().await;
    }

    /// An answer's body, after which the connection waits again.
    pub(crate) fn answering(&self, body: WebBody) -> Answering {
        Answering {
            body,
            _until_through: UntilThrough(self.clone()),
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of an answer on its way out.
pub(crate) struct Answering {
    body: WebBody,
    _until_through: UntilThrough,
}

struct UntilThrough(Conversation);

impl Drop for UntilThrough {
    fn drop(&mut self) {
        self.0.wait();
    }
}

impl Body for Answering {
    type Data = Bytes;
    type Error = <WebBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
