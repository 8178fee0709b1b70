//! Waiting for an upload that is under way at this node.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rockpool_catalog::BucketId;
use rockpool_types::ObjectKey;
use tokio::sync::watch;

type Place = (BucketId, ObjectKey);

/// The keys that uploads under way at this node will map. As large as the number of uploads; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<Place, Running>>>);

#[derive(Debug)]
struct Running {
    uploads: usize,
    /// Dropped with the last upload, which wakes those who wait.
    done: watch::Sender<()>,
}

/// An upload under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct UploadGuard {
    all: InFlight,
    place: Place,
}

impl InFlight {
    /// Says that an upload of this key is under way.
    pub(crate) fn begin(&self, bucket: BucketId, key: &ObjectKey) -> UploadGuard {
        let place = (bucket, key.clone());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(place.clone())
            .or_insert_with(|| Running {
                uploads: 0,
                done: watch::channel(()).0,
            })
            .uploads += 1;
        UploadGuard {
            all: self.clone(),
            place,
        }
    }

    /// A future that ends when no upload of this key is under way. `None`: none is.
    pub(crate) fn end_of(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = all.get(&(bucket, key.clone()))?.done.subscribe();
        Some(async move { while done.changed().await.is_ok() {} })
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = all.get_mut(&self.place) {
            running.uploads -= 1;
            if running.uploads == 0 {
                all.remove(&self.place);
            }
        }
    }
}
