//! What clients did and saw, and whether that is possible: every key is a register, and its history must be
//! linearizable, where a write of unknown outcome may have happened at any time after its start, or never.
//!
//! Every write has an id of its own, so a read tells which write it saw. For such histories the check is exact and cheap
//! (P. B. Gibbons, E. Korach, "Testing shared memories", 1997): a value is current at least from the first end to the last
//! start of all that wrote or read it, and no two such spans may overlap, nor hold all of what another value needs.
//! A read of nothing does not tell which removal it saw; it is checked on its own.
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Nanoseconds since the start of the run.
pub(crate) type Nanos = u64;

/// The id of a write.
pub(crate) type WriteId = u64;

#[derive(Clone, Debug)]
pub(crate) enum What {
    Wrote(WriteId),
    Removed,
    /// `None`: there was no object.
    Read(Option<WriteId>),
}

/// Something that a client did at a key.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) key: usize,
    pub(crate) what: What,
    pub(crate) start: Nanos,
    /// `None`: whether it happened, and when, is unknown.
    pub(crate) end: Option<Nanos>,
    #[expect(dead_code, reason = "reports show it")]
    pub(crate) client: usize,
}

#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Vec<Deed>>);

impl History {
    pub(crate) fn add(&self, deed: Deed) {
        let mut deeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        deeds.push(deed);
    }

    /// What cannot be, in words; nothing when all is well.
    pub(crate) fn violations(&self, keys: usize) -> Vec<String> {
        let deeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (0..keys)
            .flat_map(|key| {
                let of_key: Vec<&Deed> = deeds.iter().filter(|deed| deed.key == key).collect();
                check(&of_key)
                    .into_iter()
                    .map(move |problem| format!("key {key}: {problem}"))
            })
            .collect()
    }
}

/// A value's write and the reads that saw it.
#[derive(Debug)]
struct Cluster<'a> {
    write: &'a Deed,
    /// The first end of any of them.
    first_end: Nanos,
    /// The last start of any of them.
    last_start: Nanos,
}

impl Cluster<'_> {
    /// Whether the value was current from `first_end` to `last_start`; else it needs a moment between the two.
    fn is_span(&self) -> bool {
        self.first_end < self.last_start
    }

    fn from(&self) -> Nanos {
        self.first_end.min(self.last_start)
    }

    fn to(&self) -> Nanos {
        self.first_end.max(self.last_start)
    }
}

fn check(deeds: &[&Deed]) -> Vec<String> {
    let mut problems = Vec::new();
    let clusters = cluster(deeds, &mut problems);
    overlaps(&clusters, &mut problems);
    for read in deeds {
        if let (What::Read(None), Some(end)) = (&read.what, read.end)
            && !may_be_absent(deeds, read.start, end)
        {
            problems.push(format!("{read:?} saw nothing, and something was there"));
        }
    }
    problems
}

fn cluster<'a>(deeds: &[&'a Deed], problems: &mut Vec<String>) -> Vec<Cluster<'a>> {
    let mut writes: BTreeMap<WriteId, (Cluster<'a>, bool)> = BTreeMap::new();
    let mut clusters = Vec::new();
    for write in deeds {
        let cluster = Cluster {
            write,
            first_end: write.end.unwrap_or(Nanos::MAX),
            last_start: write.start,
        };
        match write.what {
            What::Wrote(id) => {
                writes.insert(id, (cluster, write.end.is_some()));
            }
            What::Removed if write.end.is_some() => clusters.push(cluster),
            What::Removed | What::Read(_) => {}
        }
    }
    for read in deeds {
        let (What::Read(Some(id)), Some(end)) = (&read.what, read.end) else {
            continue;
        };
        match writes.get_mut(id) {
            None => problems.push(format!("{read:?} saw what nobody wrote")),
            Some((cluster, _)) if end < cluster.write.start => {
                problems.push(format!("{read:?} saw what was written later"));
            }
            Some((cluster, happened)) => {
                *happened = true;
                cluster.first_end = cluster.first_end.min(end);
                cluster.last_start = cluster.last_start.max(read.start);
            }
        }
    }
    let happened = writes.into_values().filter(|(_, happened)| *happened);
    clusters.extend(happened.map(|(cluster, _)| cluster));
    clusters
}

fn overlaps(clusters: &[Cluster<'_>], problems: &mut Vec<String>) {
    let mut spans: Vec<&Cluster<'_>> = clusters.iter().filter(|c| c.is_span()).collect();
    spans.sort_by_key(|span| span.from());
    let mut last: Option<&Cluster<'_>> = None;
    for span in &spans {
        if let Some(last) = last.filter(|last| last.to() > span.from()) {
            problems.push(format!(
                "two values were current at once: {last:?} and {span:?}"
            ));
        }
        if last.is_none_or(|last| last.to() < span.to()) {
            last = Some(span);
        }
    }
    for moment in clusters.iter().filter(|c| !c.is_span()) {
        let before = spans.partition_point(|span| span.from() < moment.from());
        for span in spans[..before].iter().filter(|s| moment.to() < s.to()) {
            problems.push(format!(
                "{:?} was done and did not count: all the while {span:?} was current",
                moment.write
            ));
        }
    }
}

/// Whether there may have been nothing at some time from `start` to `end`: at the beginning, or after some removal,
/// without a write that certainly came after that and before the read.
fn may_be_absent(deeds: &[&Deed], start: Nanos, end: Nanos) -> bool {
    let last_write = |after: Nanos| {
        deeds.iter().any(|deed| {
            matches!(deed.what, What::Wrote(_))
                && deed.start > after
                && deed.end.is_some_and(|end| end < start)
        })
    };
    let removals = deeds
        .iter()
        .filter(|deed| matches!(deed.what, What::Removed) && deed.start < end);
    let mut ends = removals.map(|removal| removal.end.unwrap_or(Nanos::MAX));
    !last_write(0) || ends.any(|removed| !last_write(removed))
}
