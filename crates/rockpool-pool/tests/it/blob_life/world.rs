//! One content, its row, its bytes, and all who work on them, as one value.
//!
//! Time is what remains of each span, in ticks, so that states repeat. Everything may take any number of ticks between
//! any two steps: that is what a pause is.

/// How long an uploader's lease lasts.
pub(crate) const STORE_LEASE: i8 = 1;
/// How long a collector's lease lasts.
pub(crate) const DELETE_LEASE: i8 = 4;
/// How long a delete may take once the store has accepted it.
pub(crate) const LONGEST_DELETE: i8 = 1;
/// How far the clock that a store looks at may be behind the clock that wrote the lease.
pub(crate) const CLOCKS_APART: i8 = DELETE_LEASE / 2;

/// A blob's row, as `blobs` has it. Which content it is, and its id, need no telling: there is one content, and a
/// claim is on this row or on one that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) state: State,
    pub(crate) refs: u8,
    /// Ticks until the lease, or the postponement, ends.
    pub(crate) since: i8,
    /// The collector that holds the lease.
    pub(crate) owner: Option<u8>,
    pub(crate) uncertain: bool,
    pub(crate) deleted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum State {
    Storing,
    Live,
    Idle,
    Deleting,
}

/// A member that puts the content under a key of its own, and removes that again, so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Uploader {
    pub(crate) at: Upload,
    pub(crate) rounds: u8,
}

/// `Pool::map`, and the key that it maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Upload {
    /// About to ask the catalog without a claim.
    Asking,
    /// Told to store. `current`: the claim is on the row that there is.
    Claiming { current: bool, stored: bool },
    /// Mapped, and the reference is not counted yet: only where that is not one transaction.
    Counting,
    /// The key is mapped.
    Mapped,
    /// Removed for the last time, given up, or dead.
    Over,
}

impl Upload {
    pub(crate) fn is_mapped(self) -> bool {
        matches!(self, Self::Mapped | Self::Counting)
    }
}

/// `Pool::collect_blobs` and `delete_blob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Collector {
    Resting,
    /// Has a claim, of which so many ticks remain.
    Claimed(Claim),
    /// Has seen in the catalog that the claim holds.
    Proven(Claim),
    /// Has computed until when the row is to stay if all is not well, and calls the store.
    Calling(Claim),
    /// The provider has accepted the delete and may take so long over it.
    InFlight(Claim, i8),
    /// Holds the lock of the folder; `checked`: and saw that it is not too late.
    Locked(Claim, bool),
    /// Has the store's answer.
    Answered(Claim, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Claim {
    pub(crate) lease: i8,
    pub(crate) uncertain: bool,
    pub(crate) over: bool,
    /// Ticks until `settled`, from `Calling` on.
    pub(crate) settled: i8,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) row: Option<Row>,
    /// Whether the store has the bytes.
    pub(crate) bytes: bool,
    /// Deletes of unknown outcome that may still be carried out, for so many ticks; longest first.
    pub(crate) late: Vec<i8>,
    pub(crate) uploaders: Vec<Uploader>,
    pub(crate) collectors: Vec<Collector>,
    /// How many processes may still die.
    pub(crate) deaths: u8,
}

impl World {
    pub(crate) fn new(uploaders: usize, rounds: u8, collectors: usize, deaths: u8) -> Self {
        let uploader = Uploader {
            at: Upload::Asking,
            rounds,
        };
        Self {
            row: None,
            bytes: false,
            late: Vec::new(),
            uploaders: vec![uploader; uploaders],
            collectors: vec![Collector::Resting; collectors],
            deaths,
        }
    }

    /// Time goes on by a tick. What is over stays over, so there are finitely many states.
    pub(crate) fn tick(&mut self) {
        if let Some(row) = &mut self.row {
            row.since = (row.since - 1).max(-LONGEST_DELETE);
        }
        for collector in &mut self.collectors {
            match collector {
                Collector::Resting => {}
                Collector::Claimed(claim)
                | Collector::Proven(claim)
                | Collector::Calling(claim)
                | Collector::Locked(claim, _)
                | Collector::Answered(claim, _) => claim.tick(),
                Collector::InFlight(claim, left) => {
                    claim.tick();
                    *left = (*left - 1).max(0);
                }
            }
        }
        for left in &mut self.late {
            *left -= 1;
        }
        self.late.retain(|left| *left > 0);
    }

    /// Adds a delete that may be carried out within so many ticks.
    pub(crate) fn add_late(&mut self, left: i8) {
        if left > 0 {
            self.late.push(left);
            self.late.sort_unstable_by(|a, b| b.cmp(a));
        }
    }

    /// Removes the row; claims on it are claims on nothing.
    pub(crate) fn remove_row(&mut self) {
        self.row = None;
        for uploader in &mut self.uploaders {
            if let Upload::Claiming { current, .. } = &mut uploader.at {
                *current = false;
            }
        }
    }

    /// Uploaders do the same things; which of them did what makes no state of its own.
    pub(crate) fn sorted(mut self) -> Self {
        self.uploaders.sort_unstable();
        self
    }
}

impl Claim {
    fn tick(&mut self) {
        self.lease = (self.lease - 1).max(-CLOCKS_APART - 1);
        self.settled = (self.settled - 1).max(-LONGEST_DELETE);
    }
}
