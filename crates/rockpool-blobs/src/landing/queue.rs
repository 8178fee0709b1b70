//! What waits, in memory, as the node that moves it knows it. The files are the truth, which a start reads again; of what
//! is in `waiting/` durably nothing is missing here, so that reads need not ask the disk.
use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rockpool_types::Timestamp;

use super::files::Found;
use crate::{StoreKey, StoredItem};

/// So many items wait at most, about 400 bytes of memory each.
const MOST_ITEMS: usize = 500_000;

/// The first pause before an item is tried again; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause before an item is tried again whose lock was taken.
const LOCKED_PAUSE: Duration = Duration::from_millis(200);

/// The place of an item: its age, and a number that no other has.
type Place = (Timestamp, u64);

/// Everything that waits.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    places: BTreeMap<Arc<str>, Place>,
    items: BTreeMap<Place, Item>,
    /// Until when an attempt that seemed to fail, or of whose end nothing is known, may still be carried out.
    doubts: HashMap<Arc<str>, Instant>,
    /// Of all items, and of what is being written.
    bytes: u64,
    numbers: u64,
}

#[derive(Debug)]
struct Item {
    key: Arc<str>,
    media_type: Arc<str>,
    size: u64,
    /// Another one after every put.
    version: u64,
    moving: bool,
    failures: u32,
    /// `None`: at once.
    not_before: Option<Instant>,
}

/// An item that is about to be moved.
#[derive(Clone, Debug)]
pub(super) struct Job {
    place: Place,
    pub(super) version: u64,
    pub(super) key: StoreKey,
    pub(super) media_type: Arc<str>,
    pub(super) size: u64,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many items.
    pub items: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Since when the oldest waits. `None`: nothing waits.
    pub oldest: Option<Timestamp>,
}

impl Queue {
    /// Takes room for an item of `bytes` that is about to be written. `false`: there is none.
    pub(super) fn reserve(&self, bytes: u64, most_bytes: u64) -> bool {
        let mut state = self.state();
        let fits = state.bytes.saturating_add(bytes) <= most_bytes;
        let fits = fits && state.items.len() < MOST_ITEMS;
        if fits {
            state.bytes += bytes;
        }
        fits
    }

    /// Gives back room that [`Self::reserve`] took.
    pub(super) fn release(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// Adds an item that lies in `waiting/`, for which room was taken; the room is given back if the item is known.
    pub(super) fn add(&self, found: &Found) {
        let mut state = self.state();
        state.numbers += 1;
        let version = state.numbers;
        let place = state.places.get(found.key.as_str()).copied();
        if let Some(item) = place.and_then(|place| state.items.get_mut(&place)) {
            item.version = version;
            state.bytes = state.bytes.saturating_sub(found.size);
            return;
        }
        let (key, place) = (Arc::from(found.key.as_str()), (found.since, version));
        state.places.insert(Arc::clone(&key), place);
        state.items.insert(
            place,
            Item {
                key,
                media_type: Arc::from(found.media_type.as_str()),
                size: found.size,
                version,
                moving: false,
                failures: 0,
                not_before: None,
            },
        );
    }

    /// The media type of an item that waits.
    pub(super) fn media_type(&self, key: &StoreKey) -> Option<Arc<str>> {
        let state = self.state();
        let item = state.items.get(state.places.get(key.as_str())?)?;
        Some(item.media_type.clone())
    }

    /// The oldest item that is not being moved and may be tried now.
    pub(super) fn claim(&self, now: Instant) -> Option<Job> {
        let mut state = self.state();
        let due = |item: &Item| !item.moving && item.not_before.is_none_or(|at| at <= now);
        let (place, item) = state.items.iter_mut().find(|(_, item)| due(item))?;
        item.moving = true;
        Some(Job {
            place: *place,
            version: item.version,
            // It was made of one.
            key: StoreKey::new(&*item.key).ok()?,
            media_type: item.media_type.clone(),
            size: item.size,
        })
    }

    /// Lets a claimed item wait on. `uncertain`: how long what was attempted may still be carried out.
    pub(super) fn put_back(&self, job: &Job, now: Instant, uncertain: Option<Duration>) {
        let mut state = self.state();
        if let Some(uncertain) = uncertain {
            state.doubts.retain(|_, until| *until > now);
            let key = Arc::from(job.key.as_str());
            state.doubts.insert(key, now + uncertain);
        }
        if let Some(item) = state.items.get_mut(&job.place) {
            item.moving = false;
            let pause = FIRST_PAUSE * 2_u32.saturating_pow(item.failures.min(16));
            item.failures = item.failures.saturating_add(1);
            item.not_before = Some(now + pause.min(LONGEST_PAUSE));
        }
    }

    /// Lets a claimed item wait for somebody who holds its lock.
    pub(super) fn put_off(&self, job: &Job, now: Instant) {
        if let Some(item) = self.state().items.get_mut(&job.place) {
            item.moving = false;
            item.not_before = Some(now + LOCKED_PAUSE);
        }
    }

    /// Lets all items be tried at once, however often they failed.
    pub(super) fn retry_all(&self) {
        for item in self.state().items.values_mut() {
            item.not_before = None;
        }
    }

    /// Ends what a mover was doing that is gone.
    pub(super) fn put_all_back(&self) {
        for item in self.state().items.values_mut() {
            item.moving = false;
        }
    }

    /// Which put an item is of. `None`: it does not wait.
    pub(super) fn version(&self, key: &StoreKey) -> Option<u64> {
        let state = self.state();
        Some(state.items.get(state.places.get(key.as_str())?)?.version)
    }

    /// Forgets an item that was found to be gone, unless it has been put since `version`. Whoever puts, adds the item after
    /// its file is there.
    pub(super) fn forget(&self, key: &StoreKey, version: u64) {
        let mut state = self.state();
        let place = state.places.get(key.as_str()).copied();
        let Some((place, item)) =
            place.and_then(|place| Some((place, state.items.get_mut(&place)?)))
        else {
            return;
        };
        if item.version != version {
            item.moving = false;
            return;
        }
        let size = item.size;
        state.items.remove(&place);
        state.places.remove(key.as_str());
        state.bytes = state.bytes.saturating_sub(size);
    }

    /// Doubts everything that waits: whoever moved it before may have been killed in the midst of it.
    pub(super) fn doubt_all(&self, until: Instant) {
        let mut state = self.state();
        let keys: Vec<_> = state.places.keys().cloned().collect();
        state
            .doubts
            .extend(keys.into_iter().map(|key| (key, until)));
    }

    /// Whether an attempt to move the item may still be carried out though it seemed to fail. Asked once: who asks again
    /// has waited.
    pub(super) fn take_doubt(&self, key: &StoreKey, now: Instant) -> bool {
        let until = self.state().doubts.remove(key.as_str());
        until.is_some_and(|until| until > now)
    }

    /// As [`crate::BlobStore::list`].
    pub(super) fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Vec<StoredItem> {
        let state = self.state();
        let from = match after.map(StoreKey::as_str) {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let below = state
            .places
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix));
        let items = below.filter_map(|(key, place)| {
            Some(StoredItem {
                key: StoreKey::new(&**key).ok()?,
                size: state.items.get(place)?.size,
                modified_at: place.0,
            })
        });
        items.take(limit).collect()
    }

    pub(super) fn backlog(&self) -> Backlog {
        let state = self.state();
        Backlog {
            items: state.items.len(),
            bytes: state.bytes,
            oldest: state.items.keys().next().map(|place| place.0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic half-way may leave an item in one of the maps alone, which every reader of both bears.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
