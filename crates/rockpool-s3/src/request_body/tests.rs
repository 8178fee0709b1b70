use std::{collections::VecDeque, io};

use super::*;

/// A body of given pieces, which does not know that it is at its end before it is asked; `None` is a pause for ever.
struct Pieces {
    left: VecDeque<Option<Bytes>>,
    least: u64,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left.front() == Some(&None) {
            return Poll::Pending;
        }
        let piece = self.left.pop_front().flatten();
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.least);
        hint
    }
}

fn body(pieces: &[Option<&'static [u8]>]) -> RequestBody {
    RequestBody::new(Pieces {
        left: pieces.iter().map(|p| p.map(Bytes::from_static)).collect(),
        least: 0,
    })
}

#[tokio::test]
async fn what_an_operation_read_to_its_last_byte_is_read_to_its_end() {
    let kept = body(&[Some(b"a"), Some(b"b")]);
    let mut read = kept.share();
    for _ in 0..2 {
        read.frame().await.unwrap().unwrap();
    }
    drop(read);
    // The client's wait for `100 Continue` ended when the first byte was asked for.
    assert!(kept.drain(true).await);
}

#[tokio::test]
async fn what_nobody_touched_is_drained_unless_the_client_waits() {
    assert!(body(&[Some(b"a"), Some(b"b")]).drain(false).await);
    assert!(!body(&[Some(b"a"), Some(b"b")]).drain(true).await);
}

#[tokio::test]
async fn an_empty_body_needs_no_draining_and_ends_the_connection_of_a_client_that_waits() {
    let empty = || RequestBody::new(http_body_util::Empty::<Bytes>::new());
    assert!(empty().drain(false).await);
    assert!(!empty().drain(true).await);
}

#[tokio::test(start_paused = true)]
async fn draining_is_bounded_in_bytes_and_time() {
    assert!(!body(&[Some(b"a"), None]).drain(false).await);
    static PIECE: [u8; 1 << 20] = [0; 1 << 20];
    assert!(!body(&[Some(&PIECE[..]); 9]).drain(false).await);
    assert!(body(&[Some(&PIECE[..]); 8]).drain(false).await);
    let announced = RequestBody::new(Pieces {
        left: VecDeque::new(),
        least: DRAIN_BYTES + 1,
    });
    assert!(!announced.drain(false).await);
}
