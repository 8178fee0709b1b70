//! Places for requests in work: so many in all, and for no one member more than its share of them.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rockpool_pool::{Caller, MemberId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    /// By member; `None` is everybody without a signature.
    shares: Arc<Mutex<HashMap<Option<MemberId>, Arc<Semaphore>>>>,
    most_of_one: usize,
}

/// A place. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Slot {
    _of_all: OwnedSemaphorePermit,
    _of_share: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// As many places as `most`; one member has half of them at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            shares: Arc::default(),
            most_of_one: most.div_ceil(2).min(Semaphore::MAX_PERMITS),
        }
    }

    /// A place for a request of whomever; `None` when all are taken.
    pub(crate) fn claim(&self) -> Option<Slot> {
        let place = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Slot {
            _of_all: place,
            _of_share: None,
        })
    }

    /// The place as one of this caller's share; `None` when its requests have all of that.
    pub(crate) fn of_caller(&self, slot: Slot, caller: &Caller) -> Option<Slot> {
        let member = match caller {
            Caller::Anonymous => None,
            Caller::Member(holder) => Some(holder.member.id),
        };
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares
            .entry(member)
            .or_insert_with(|| Arc::new(Semaphore::new(self.most_of_one)));
        let share = Arc::clone(share).try_acquire_owned().ok()?;
        Some(Slot {
            _of_share: Some(share),
            ..slot
        })
    }
}
