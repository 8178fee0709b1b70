use std::sync::{Arc, Mutex};

use tokio::time::{Duration, Instant, timeout};

use super::Pace;

/// Lets so many of each kind ask at once, and answers when each had its turn, in that order.
async fn turns(pace: &Arc<Pace>, reads: usize, others: usize) -> Vec<(Duration, bool)> {
    let (start, log) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let kinds = (0..reads).map(|_| true).chain((0..others).map(|_| false));
    let tasks: Vec<_> = kinds
        .map(|is_read| {
            let (pace, log) = (pace.clone(), log.clone());
            tokio::spawn(async move {
                pace.turn(is_read).await;
                log.lock().unwrap().push((start.elapsed(), is_read));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let log = log.lock().unwrap();
    log.clone()
}

#[tokio::test(start_paused = true)]
async fn no_second_has_more_calls_than_allowed() {
    let pace = Arc::new(Pace::new(10));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let turns = turns(&pace, 0, 45).await;
    for (i, (at, _)) in turns.iter().enumerate() {
        let within = turns[i..]
            .iter()
            .take_while(|(t, _)| *t < *at + Duration::from_secs(1));
        // One more by what timers may be late.
        assert!(within.count() <= 11);
    }
    let last = turns[44].0;
    assert!((4300..4500).contains(&last.as_millis()), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn reads_go_first_and_starve_nobody() {
    let pace = Arc::new(Pace::new(10));
    let kinds: Vec<bool> = turns(&pace, 12, 4)
        .await
        .iter()
        .map(|turn| turn.1)
        .collect();
    assert_eq!(
        kinds.iter().take(8).filter(|is_read| **is_read).count(),
        6,
        "{kinds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_waiting_takes_no_turn() {
    let pace = Arc::new(Pace::new(1));
    pace.turn(true).await;
    let impatient = timeout(Duration::from_millis(10), pace.turn(true)).await;
    assert!(impatient.is_err());
    let start = Instant::now();
    pace.turn(false).await;
    assert!(
        start.elapsed() <= Duration::from_millis(1000),
        "{:?}",
        start.elapsed()
    );
}
