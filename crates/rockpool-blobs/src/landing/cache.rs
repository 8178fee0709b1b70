//! The read cache: what has moved, as long as there is room, the least recently read going first.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::StoreKey;

/// So many items are kept at most, about 500 bytes of memory each.
const MOST_ITEMS: usize = 500_000;

/// What lies in `cache/`, as this node knows it. A file that it forgot is removed at the next start.
#[derive(Debug)]
pub(super) struct Cache {
    most_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Sizes, and when they were read last, in reads.
    items: HashMap<StoreKey, (u64, u64)>,
    by_use: BTreeMap<u64, StoreKey>,
    bytes: u64,
    uses: u64,
}

impl Cache {
    pub(super) fn new(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            state: Mutex::default(),
        }
    }

    /// Whether an item of this size would stay at all.
    pub(super) const fn fits(&self, size: u64) -> bool {
        size <= self.most_bytes
    }

    /// Adds an item as the one that was used last; answers those that have to go.
    pub(super) fn add(&self, key: &StoreKey, size: u64) -> Vec<StoreKey> {
        let mut state = self.state();
        state.remove(key);
        state.insert(key.clone(), size);
        let mut gone = Vec::new();
        while state.bytes > self.most_bytes || state.items.len() > MOST_ITEMS {
            let Some((_, oldest)) = state.by_use.pop_first() else {
                break;
            };
            state.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }

    /// Whether the item is there; it counts as used now.
    pub(super) fn touch(&self, key: &StoreKey) -> bool {
        let mut state = self.state();
        match state.remove(key) {
            Some(size) => {
                state.insert(key.clone(), size);
                true
            }
            None => false,
        }
    }

    pub(super) fn forget(&self, key: &StoreKey) {
        self.state().remove(key);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic half-way may leave a key in one of the maps alone: it is removed again without harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, key: StoreKey, size: u64) {
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.items.insert(key, (size, self.uses));
        self.bytes += size;
    }

    fn remove(&mut self, key: &StoreKey) -> Option<u64> {
        let (size, used) = self.items.remove(key)?;
        self.by_use.remove(&used);
        self.bytes -= size;
        Some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;
    use crate::StoreKey;

    #[test]
    fn what_was_read_longest_ago_goes_first() {
        let cache = Cache::new(100);
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| StoreKey::new(name).unwrap());
        assert_eq!(cache.add(&a, 40), []);
        assert_eq!(cache.add(&b, 40), []);
        assert!(cache.touch(&a));
        assert_eq!(cache.add(&c, 40), std::slice::from_ref(&b));
        assert!(!cache.touch(&b));
        assert_eq!(cache.add(&c, 60), []);
        cache.forget(&a);
        assert_eq!(cache.add(&d, 41), [c]);
        assert!(cache.fits(100) && !cache.fits(101));
    }
}
