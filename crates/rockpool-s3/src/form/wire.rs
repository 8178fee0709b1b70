//! The bytes of a form on their way to the parser, which would otherwise hold as many as come.
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Body;
use tokio::time::Sleep;

use crate::{
    error::{S3Code, S3Error},
    request_body::RequestBody,
};

#[cfg(test)]
mod tests;

/// The most bytes before the file's first one: the fields, and the headers of each.
const MAX_BYTES_BEFORE_FILE: usize = 128 << 10;

/// How many bytes the parser gets at a time before the file.
const SLICE: usize = 1024;

/// A form's body as a stream. It gives a piece for each time it is asked to, and rests in between: the parser reads on
/// until its source rests, whatever it has already.
pub(super) struct FormWire {
    body: RequestBody,
    pending: Bytes,
    rests: bool,
    before_file: usize,
    file_begun: Arc<AtomicBool>,
    stall: Duration,
    /// Runs from the first wait on; of the file, only while no byte comes.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs for the file and not for what comes before it.
    times_file: bool,
}

/// Tells the wire that the file begins.
pub(super) struct FileBegins(Arc<AtomicBool>);

impl FileBegins {
    /// Lifts the limits of what comes before the file.
    pub(super) fn announce(self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl FormWire {
    /// A stream of `body`. Its file may give no byte for as long as `stall`, and all before it may take no longer: until
    /// the fields are read nobody knows who sends them, and a drop now and then would hold a place for ever.
    pub(super) fn new(body: RequestBody, stall: Duration) -> (Self, FileBegins) {
        let file_begun = Arc::new(AtomicBool::new(false));
        let wire = Self {
            body,
            pending: Bytes::new(),
            rests: false,
            before_file: 0,
            file_begun: Arc::clone(&file_begun),
            stall,
            timer: None,
            times_file: false,
        };
        (wire, FileBegins(file_begun))
    }

    /// Fills `pending`; `false` at the end of the body.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, S3Error>> {
        if !self.times_file && self.file_begun.load(Ordering::Relaxed) {
            self.times_file = true;
            self.timer = None;
        }
        while self.pending.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    if self.times_file {
                        self.timer = None;
                    }
                    self.pending = frame.into_data().unwrap_or_default();
                }
                Poll::Ready(Some(Err(error))) => {
                    let code = S3Error::from(S3Code::IncompleteBody);
                    return Poll::Ready(Err(code.with_detail(error.to_string())));
                }
                Poll::Ready(None) => return Poll::Ready(Ok(false)),
                Poll::Pending => {
                    let stall = self.stall;
                    let timer = self
                        .timer
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
                    return timer
                        .as_mut()
                        .poll(context)
                        .map(|()| Err(S3Code::RequestTimeout.into()));
                }
            }
        }
        Poll::Ready(Ok(true))
    }
}

impl Stream for FormWire {
    type Item = Result<Bytes, S3Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.poll_fill(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(false)) => return Poll::Ready(None),
            Poll::Ready(Ok(true)) => {}
        }
        self.rests = true;
        if self.file_begun.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.pending))));
        }
        let length = self.pending.len().min(SLICE);
        self.before_file += length;
        if self.before_file > MAX_BYTES_BEFORE_FILE {
            return Poll::Ready(Some(Err(S3Code::MaxPostPreDataLengthExceeded.into())));
        }
        let slice = self.pending.split_to(length);
        Poll::Ready(Some(Ok(slice)))
    }
}

/// The parser's error, or what the wire said through it.
pub(super) fn error(error: multer::Error) -> S3Error {
    let malformed = |why: &str| {
        S3Error::new(
            S3Code::MalformedPOSTRequest,
            format!("The form cannot be read: {why}."),
        )
    };
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<S3Error>() {
            Ok(error) => *error,
            Err(other) => malformed(&other.to_string()),
        },
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            S3Error::new(
                S3Code::IncompleteBody,
                "The form ended before its last boundary.",
            )
        }
        error => malformed(&error.to_string()),
    }
}
