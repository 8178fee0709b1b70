use std::time::Duration;

use tokio::time::Instant;

use super::{Attempts, MAX_TRYING};
use crate::dialect::Fault;

async fn tried(fault: impl Fn() -> Fault) -> (u32, Duration) {
    let began = Instant::now();
    let mut attempts = Attempts::new();
    let mut times = 1;
    while attempts.wait_after(fault()).await.is_ok() {
        times += 1;
    }
    (times, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn conflicts_and_absences_are_tried_again_for_a_while() {
    let (times, took) = tried(|| Fault::Conflict(String::new())).await;
    assert!((60..200).contains(&times), "{times}");
    assert!(took <= MAX_TRYING, "{took:?}");
    let (times, took) = tried(|| Fault::Away(String::new())).await;
    assert!((6..25).contains(&times), "{times}");
    assert!(took <= MAX_TRYING, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_tried_once() {
    for fault in [
        Fault::Busy(String::new()),
        Fault::Unknown(String::new()),
        Fault::Full,
        Fault::Internal(String::new()),
    ] {
        assert_eq!(tried(|| fault.clone()).await, (1, Duration::ZERO));
    }
}
