//! What may happen next: the transactions of the catalog and the calls to the store, one step each, in the order in
//! which `put.rs`, `blobs.rs`, `intake.rs` and `collect.rs` make them.
use super::{
    explorer::Machine,
    world::{
        CLOCKS_APART, Claim, Collector, DELETE_LEASE, LONGEST_DELETE, Row, STORE_LEASE, State,
        Upload, World,
    },
};

/// What keeps the promises; each can be taken away.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Claiming an idle blob makes it `deleting`, which nobody may map.
    pub(crate) deleting_state: bool,
    /// The reference is counted in the transaction that maps.
    pub(crate) count_in_transaction: bool,
    /// The catalog is asked whether the claim holds, and the time is looked at, before the store is called.
    pub(crate) prove: bool,
    /// The store does not begin a delete when half the lease is gone.
    pub(crate) deadline_at_store: bool,
    /// No delete begins in the second half of the lease; else it may in all of it.
    pub(crate) half_lease: bool,
    /// After an uncertain delete has succeeded, the row stays for the longest delete.
    pub(crate) quarantine: bool,
    /// A deletion is taken over only when the longest delete has passed after its lease.
    pub(crate) wait_out: bool,
    /// A deletion that is taken over is uncertain.
    pub(crate) doubt_the_dead: bool,
    /// A call makes one attempt: it does not succeed where an earlier attempt's outcome is unknown.
    pub(crate) one_attempt: bool,
    /// In a directory, the deadline is looked at and the file removed under one lock.
    pub(crate) lock: bool,
    /// `check --repair` makes a row for bytes that have none, to be deleted like any other.
    pub(crate) sweep: bool,
    /// A directory, where a call does its work or does not; else a provider, where it may be done later.
    pub(crate) directory: bool,
    pub(crate) start: World,
}

impl Rules {
    pub(crate) fn provider(start: World) -> Self {
        Self {
            deleting_state: true,
            count_in_transaction: true,
            prove: true,
            deadline_at_store: true,
            half_lease: true,
            quarantine: true,
            wait_out: true,
            doubt_the_dead: true,
            one_attempt: true,
            lock: true,
            sweep: true,
            directory: false,
            start,
        }
    }

    pub(crate) fn directory(start: World) -> Self {
        Self {
            directory: true,
            ..Self::provider(start)
        }
    }
}

/// What happened, and to whom by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    LateDelete,
    Sweep,
    Ask(usize),
    Store(usize),
    Count(usize),
    Remove(usize),
    UploaderDies(usize),
    Claim(usize),
    Prove(usize),
    GiveUp(usize),
    Begin(usize),
    TooLate(usize),
    Send(usize),
    Lock(usize),
    LockTaken(usize),
    Check(usize),
    Deleted(usize),
    DeletedUnheard(usize),
    Refused(usize),
    WillBeDeletedLate(usize),
    RetriedAndDeleted(usize),
    Settle(usize),
    CollectorDies(usize),
}

/// The worlds that may come next, as they are found.
struct Next<'a> {
    from: &'a World,
    found: Vec<(Step, World)>,
}

impl Next<'_> {
    fn push(&mut self, step: Step, change: impl FnOnce(&mut World)) {
        let mut world = self.from.clone();
        change(&mut world);
        self.found.push((step, world.sorted()));
    }
}

impl Machine for Rules {
    type State = World;
    type Step = Step;

    fn start(&self) -> World {
        self.start.clone()
    }

    fn next(&self, world: &World) -> Vec<(Step, World)> {
        let mut next = Next {
            from: world,
            found: Vec::new(),
        };
        next.push(Step::Tick, World::tick);
        for at in 0..world.late.len() {
            next.push(Step::LateDelete, |world| {
                world.late.remove(at);
                world.bytes = false;
            });
        }
        if self.sweep && world.row.is_none() && world.bytes {
            next.push(Step::Sweep, |world| world.row = Some(Row::leftover()));
        }
        for number in 0..world.uploaders.len() {
            self.uploader(&mut next, number);
        }
        for number in 0..world.collectors.len() {
            self.collector(&mut next, number);
        }
        next.found
    }

    fn violation(&self, world: &World) -> Option<&'static str> {
        let mapped = world.uploaders.iter().filter(|u| u.at.is_mapped()).count();
        if mapped > 0 && world.row.is_none() {
            return Some("a key points to a row that is gone");
        }
        if mapped > 0 && !world.bytes {
            return Some("a mapped key has no bytes");
        }
        let counted = world.uploaders.iter().filter(|u| u.at == Upload::Mapped);
        let refs = world.row.map_or(0, |row| usize::from(row.refs));
        (counted.count() != refs).then_some("the references do not add up")
    }

    /// Every uploader came to an end, and nothing is left of what they did.
    fn is_goal(&self, world: &World) -> bool {
        let over = |at: Upload| at == Upload::Over;
        world.row.is_none() && !world.bytes && world.uploaders.iter().all(|u| over(u.at))
    }
}

impl Rules {
    fn uploader(&self, next: &mut Next<'_>, number: usize) {
        let uploader = next.from.uploaders[number];
        match uploader.at {
            Upload::Asking => next.push(Step::Ask(number), |world| self.put(world, number, false)),
            Upload::Claiming { stored: false, .. } => next.push(Step::Store(number), |world| {
                world.bytes = true;
                if let Upload::Claiming { stored, .. } = &mut world.uploaders[number].at {
                    *stored = true;
                }
            }),
            Upload::Claiming { current, .. } => next.push(Step::Ask(number), |world| {
                self.put(world, number, current);
            }),
            Upload::Counting => next.push(Step::Count(number), |world| {
                add_reference(world);
                world.uploaders[number].at = Upload::Mapped;
            }),
            Upload::Mapped => next.push(Step::Remove(number), |world| {
                remove_reference(world);
                let uploader = &mut world.uploaders[number];
                uploader.rounds -= 1;
                uploader.at = match uploader.rounds {
                    0 => Upload::Over,
                    _ => Upload::Asking,
                };
            }),
            Upload::Over => {}
        }
        if next.from.deaths > 0 && matches!(uploader.at, Upload::Claiming { .. }) {
            next.push(Step::UploaderDies(number), |world| {
                world.deaths -= 1;
                world.uploaders[number].at = Upload::Over;
            });
        }
    }

    /// `Catalog::put_object`.
    fn put(&self, world: &mut World, number: usize, claimed: bool) {
        let reserved = Upload::Claiming {
            current: true,
            stored: false,
        };
        let Some(row) = &mut world.row else {
            world.row = Some(Row::reserved());
            world.uploaders[number].at = reserved;
            return;
        };
        world.uploaders[number].at = match row.state {
            State::Deleting => Upload::Asking,
            State::Storing if !claimed => {
                row.since = row.since.max(STORE_LEASE);
                reserved
            }
            State::Storing | State::Live | State::Idle if self.count_in_transaction => {
                add_reference(world);
                Upload::Mapped
            }
            State::Storing | State::Live | State::Idle => Upload::Counting,
        };
    }

    fn collector(&self, next: &mut Next<'_>, number: usize) {
        let (collector, row) = (next.from.collectors[number], next.from.row);
        let mut go = |step: Step, to: Collector| {
            next.push(step, |world| world.collectors[number] = to);
        };
        match collector {
            Collector::Resting => {
                if let Some((row, claim)) = self.claim(row, number) {
                    next.push(Step::Claim(number), |world| {
                        world.row = Some(row);
                        world.collectors[number] = Collector::Claimed(claim);
                    });
                }
                return;
            }
            Collector::Claimed(claim) if !self.prove => {
                go(Step::Prove(number), Collector::Proven(claim))
            }
            Collector::Claimed(claim) => {
                if self.in_time(claim) && self.holds(row, number) {
                    go(Step::Prove(number), Collector::Proven(claim));
                }
                go(Step::GiveUp(number), Collector::Resting);
            }
            Collector::Proven(mut claim) => {
                claim.settled = LONGEST_DELETE;
                let to = match claim.over {
                    true => Collector::Answered(claim, true),
                    false => Collector::Calling(claim),
                };
                go(Step::Begin(number), to);
            }
            Collector::Calling(claim) if self.directory => self.lock_folder(next, number, claim),
            Collector::Calling(claim) => {
                if self.is_late(claim) {
                    go(Step::TooLate(number), Collector::Answered(claim, false));
                }
                if !self.deadline_at_store || self.in_time(claim) {
                    go(
                        Step::Send(number),
                        Collector::InFlight(claim, LONGEST_DELETE),
                    );
                }
            }
            Collector::Locked(claim, checked) => self.unlink(next, number, claim, checked),
            Collector::InFlight(claim, left) => self.provider_answers(next, number, claim, left),
            Collector::Answered(claim, deleted) => next.push(Step::Settle(number), |world| {
                self.settle(world, number, claim, deleted);
                world.collectors[number] = Collector::Resting;
            }),
        }
        if next.from.deaths > 0 {
            next.push(Step::CollectorDies(number), |world| {
                world.deaths -= 1;
                if let Collector::InFlight(_, left) = collector {
                    world.add_late(left);
                }
                world.collectors[number] = Collector::Resting;
            });
        }
    }

    /// `Catalog::claim_deletions`, without grace.
    fn claim(&self, row: Option<Row>, number: usize) -> Option<(Row, Claim)> {
        let row = row?;
        let wait = if self.wait_out { LONGEST_DELETE } else { 0 };
        let (may, uncertain, over) = match (row.state, row.owner) {
            (State::Live, _) => (false, false, false),
            (State::Idle, None) => (row.refs == 0, false, false),
            (State::Storing, _) => (row.refs == 0 && row.since <= 0, false, false),
            // A postponed one, or one that its collector left.
            (State::Deleting, None) => (row.since <= 0, true, row.deleted),
            (State::Deleting | State::Idle, Some(_)) => (
                row.since <= -wait,
                self.doubt_the_dead || row.uncertain,
                row.deleted,
            ),
        };
        let claimed = Row {
            state: match row.state {
                State::Idle if !self.deleting_state => State::Idle,
                _ => State::Deleting,
            },
            since: DELETE_LEASE,
            owner: Some(owner(number)),
            uncertain,
            deleted: over,
            ..row
        };
        let claim = Claim {
            lease: DELETE_LEASE,
            uncertain,
            over,
            settled: 0,
        };
        may.then_some((claimed, claim))
    }

    /// Whether a delete may begin, by the slowest clock.
    fn in_time(&self, claim: Claim) -> bool {
        let keep = if self.half_lease { DELETE_LEASE / 2 } else { 0 };
        claim.lease + CLOCKS_APART >= keep
    }

    /// Whether a delete may be refused for being late, by the fastest clock.
    fn is_late(&self, claim: Claim) -> bool {
        self.deadline_at_store && claim.lease < DELETE_LEASE
    }

    /// `Catalog::holds_deletion`. An owner never has two claims, so its number is enough.
    fn holds(&self, row: Option<Row>, number: usize) -> bool {
        let held = if self.deleting_state {
            State::Deleting
        } else {
            State::Idle
        };
        row.is_some_and(|row| {
            row.owner == Some(owner(number)) && (row.state == State::Deleting || row.state == held)
        })
    }

    fn lock_folder(&self, next: &mut Next<'_>, number: usize, claim: Claim) {
        let taken = |collector: &Collector| matches!(collector, Collector::Locked(..));
        if self.lock && next.from.collectors.iter().any(taken) {
            next.push(Step::LockTaken(number), |world| {
                world.collectors[number] = Collector::Answered(claim, false);
            });
        } else {
            next.push(Step::Lock(number), |world| {
                world.collectors[number] = Collector::Locked(claim, false);
            });
        }
    }

    fn unlink(&self, next: &mut Next<'_>, number: usize, claim: Claim, checked: bool) {
        if checked {
            next.push(Step::Deleted(number), |world| {
                world.bytes = false;
                world.collectors[number] = Collector::Answered(claim, true);
            });
            return;
        }
        if self.is_late(claim) {
            next.push(Step::TooLate(number), |world| {
                world.collectors[number] = Collector::Answered(claim, false);
            });
        }
        if !self.deadline_at_store || self.in_time(claim) {
            next.push(Step::Check(number), |world| {
                world.collectors[number] = Collector::Locked(claim, true);
            });
        }
    }

    fn provider_answers(&self, next: &mut Next<'_>, number: usize, claim: Claim, left: i8) {
        let mut answer = |step, deleted: bool, late: bool, said: bool| {
            next.push(step, |world| {
                world.bytes &= !deleted;
                if late {
                    world.add_late(left);
                }
                world.collectors[number] = Collector::Answered(claim, said);
            });
        };
        answer(Step::Refused(number), false, false, false);
        if left > 0 {
            answer(Step::Deleted(number), true, false, true);
            answer(Step::DeletedUnheard(number), true, false, false);
            answer(Step::WillBeDeletedLate(number), false, true, false);
            if !self.one_attempt {
                answer(Step::RetriedAndDeleted(number), true, true, true);
            }
        }
    }

    /// `Catalog::finish_deletion` or `postpone_deletion`, which do nothing when the claim was lost.
    fn settle(&self, world: &mut World, number: usize, claim: Claim, deleted: bool) {
        if !self.holds(world.row, number) {
            return;
        }
        let certain = claim.over || deleted && !(claim.uncertain && self.quarantine);
        if certain {
            world.remove_row();
        } else if let Some(row) = &mut world.row {
            row.owner = None;
            row.since = claim.settled;
            row.uncertain = true;
            row.deleted = deleted;
        }
    }
}

fn owner(number: usize) -> u8 {
    u8::try_from(number).expect("there are few collectors")
}

fn add_reference(world: &mut World) {
    if let Some(row) = &mut world.row {
        *row = Row {
            state: State::Live,
            refs: row.refs + 1,
            since: 0,
            owner: None,
            ..*row
        };
    }
}

fn remove_reference(world: &mut World) {
    if let Some(row) = &mut world.row {
        row.refs = row.refs.saturating_sub(1);
        if row.refs == 0 {
            row.state = State::Idle;
            row.since = 0;
        }
    }
}

impl Row {
    fn reserved() -> Self {
        Self {
            state: State::Storing,
            refs: 0,
            since: STORE_LEASE,
            owner: None,
            uncertain: false,
            deleted: false,
        }
    }

    /// Bytes without a row get one that is to be deleted, at once and by anybody.
    fn leftover() -> Self {
        Self {
            state: State::Deleting,
            since: 0,
            ..Self::reserved()
        }
    }
}
