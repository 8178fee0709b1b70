use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Notify, watch};

use super::Flights;

async fn landed<T: Clone>(mut flight: watch::Receiver<Option<T>>) -> Option<T> {
    flight.wait_for(Option::is_some).await.ok()?.clone()
}

#[tokio::test]
async fn one_makes_it_for_all() {
    let flights = Flights::new();
    let (made, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let join = |name: &'static str| {
        let (flights, made, go) = (flights.clone(), made.clone(), go.clone());
        tokio::spawn(async move {
            let make = || async move {
                go.notified().await;
                made.fetch_add(1, Ordering::SeqCst)
            };
            landed(flights.join(name, make)).await.unwrap()
        })
    };
    let waiting: Vec<_> = (0..100).map(|_| join("a")).collect();
    tokio::task::yield_now().await;
    go.notify_one();
    for task in waiting {
        assert_eq!(task.await.unwrap(), 0);
    }
    go.notify_one();
    assert_eq!(join("a").await.unwrap(), 1, "what has landed is not kept");
}

#[tokio::test]
async fn it_is_made_to_its_end_without_those_who_wait() {
    let flights = Flights::new();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let go = Arc::new(Notify::new());
    let gone = tokio::spawn({
        let (flights, go) = (flights.clone(), go.clone());
        async move {
            let make = || async move {
                go.notified().await;
                sender.send(()).unwrap();
            };
            landed(flights.join("a", make)).await
        }
    });
    tokio::task::yield_now().await;
    gone.abort();
    go.notify_one();
    receiver.await.unwrap();
}

#[tokio::test]
async fn a_crash_is_told_and_leaves_nothing_behind() {
    let flights = Flights::<u8>::new();
    let crash = || async { panic!("on purpose") };
    assert_eq!(landed(flights.join("a", crash)).await, None);
    assert_eq!(landed(flights.join("a", || async { 7 })).await, Some(7));
}
