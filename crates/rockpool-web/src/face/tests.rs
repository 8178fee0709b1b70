use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use super::*;

fn streamed(chunks: Vec<io::Result<Bytes>>) -> Answer {
    let mut answer = Answer::new(StatusCode::OK);
    answer.body = AnswerBody::Stream(Box::pin(stream::iter(chunks)));
    answer
}

#[tokio::test]
async fn an_error_in_the_bytes_is_an_error_of_the_body_and_no_end() {
    let broken = io::Error::other("the disk is gone");
    let answer = streamed(vec![Ok(Bytes::from_static(b"half")), Err(broken)]);
    let mut body = into_response(answer, false, "id", None).into_body();
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "half");
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
}

#[tokio::test]
async fn a_place_is_held_until_the_body_is_gone() {
    let slots = Arc::new(Semaphore::new(1));
    let permit = slots.clone().try_acquire_owned().unwrap();
    let answer = streamed(vec![Ok(Bytes::from_static(b"all"))]);
    let mut body = into_response(answer, false, "id", Some(permit)).into_body();
    assert_eq!(slots.available_permits(), 0);
    body.frame().await.unwrap().unwrap();
    assert_eq!(slots.available_permits(), 0);
    drop(body);
    assert_eq!(slots.available_permits(), 1);
}

#[test]
fn an_answer_of_words_gives_its_place_back_at_once() {
    let slots = Arc::new(Semaphore::new(1));
    let permit = slots.clone().try_acquire_owned().unwrap();
    let _response = into_response(
        Answer::text(StatusCode::OK, "ready"),
        false,
        "id",
        Some(permit),
    );
    assert_eq!(slots.available_permits(), 1);
}

#[test]
fn request_ids_differ_and_are_16_digits() {
    let (ids, others) = (RequestIds::default(), RequestIds::default());
    let mut seen: Vec<String> = (0..100).flat_map(|_| [ids.next(), others.next()]).collect();
    assert!(seen.iter().all(|id| id.len() == 16));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 200);
}
