use std::time::Duration;

use tokio::time::{Instant, advance};

use super::Origins;
use crate::settings::Manners;

const SITE: &str = "https://example.com";

fn origins() -> Origins {
    Origins::new(Manners {
        max_waiting: 4,
        max_fetches: 2,
        ..Manners::default()
    })
}

#[tokio::test(start_paused = true)]
async fn requests_keep_their_distance() {
    let origins = origins();
    let begun = Instant::now();
    for _ in 0..5 {
        origins.enter(SITE).await.unwrap();
    }
    assert_eq!(begun.elapsed(), Duration::from_millis(1000));
    origins.enter("https://example.org").await.unwrap();
    assert_eq!(
        begun.elapsed(),
        Duration::from_millis(1000),
        "sites are apart"
    );
}

#[tokio::test(start_paused = true)]
async fn few_ask_at_once() {
    let origins = origins();
    let first = origins.enter(SITE).await.unwrap();
    let _second = origins.enter(SITE).await.unwrap();
    let third = tokio::spawn({
        let origins = origins.clone();
        async move { origins.enter(SITE).await.map(drop) }
    });
    advance(Duration::from_secs(5)).await;
    assert!(!third.is_finished());
    drop(first);
    assert_eq!(third.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let origins = origins();
    let _passes = (
        origins.enter(SITE).await.unwrap(),
        origins.enter(SITE).await.unwrap(),
    );
    let begun = Instant::now();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let origins = origins.clone();
            tokio::spawn(async move { origins.enter(SITE).await.map(drop) })
        })
        .collect();
    for task in waiting {
        assert!(task.await.unwrap().is_err());
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_site_is_left_alone_when_it_asks() {
    let origins = origins();
    origins
        .enter(SITE)
        .await
        .unwrap()
        .leave_alone(Duration::from_secs(600));
    let refused = origins.enter(SITE).await.map(drop).unwrap_err();
    assert_eq!(refused.after, Duration::from_secs(600));
    advance(Duration::from_secs(590)).await;
    origins.enter(SITE).await.unwrap();
    assert_eq!(
        origins.heeded(Duration::from_secs(1 << 30)),
        Duration::from_secs(3600)
    );
}

#[tokio::test]
async fn the_line_ends_somewhere() {
    let origins = origins();
    let mut places: Vec<_> = (0..18).map(|_| origins.line_up().unwrap()).collect();
    let refused = origins.line_up().map(drop).unwrap_err();
    assert_eq!(refused.after, Duration::from_secs(20));
    places.pop();
    assert!(origins.line_up().is_ok());
}
