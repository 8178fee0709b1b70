//! Single flight: of all who want the same thing at the same time, one makes it.
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// Things that are being made, by their names. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Flights<T>(Arc<Mutex<HashMap<String, watch::Receiver<Option<T>>>>>);

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// What `make` makes, or what another call is making under that name just now, once it is there. It is made to its
    /// end even when all who wait for it have gone. Where the channel closes without it, whoever made it crashed.
    pub(crate) fn join<F>(&self, name: &str, make: impl FnOnce() -> F) -> watch::Receiver<Option<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(name) {
            return flight.clone();
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(name.to_owned(), receiver.clone());
        drop(flights);
        let making = make();
        let end = End {
            flights: self.clone(),
            name: name.to_owned(),
        };
        tokio::spawn(async move {
            let _end = end;
            let made = making.await;
            // Nobody may wait for it any more.
            let _ = sender.send(Some(made));
        });
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a flight off the list, however it ended.
struct End<T: Clone + Send + Sync + 'static> {
    flights: Flights<T>,
    name: String,
}

impl<T: Clone + Send + Sync + 'static> Drop for End<T> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests;
