//! What is counted: for metrics, by software and since the start; for people and for `status`, by all nodes and over
//! their restarts.
use std::sync::{Mutex, PoisonError};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{
    shelf::Tallies,
    software::{Software, SoftwareList},
};

/// Whose requests they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    software: String,
}

/// Counters, which are all made at the start so that counting is an addition.
pub(crate) struct Counts {
    registry: Registry,
    /// In the order of the list; the last one is of everybody else.
    by_software: Vec<BySoftware>,
    fetches: Counter,
    failures: Counter,
    stale: Counter,
    people: Counter,
    /// What is in the tallies on the shelf already, of this process's counts.
    told: Mutex<Tallies>,
    /// The tallies of all nodes, as they were last read.
    all: Mutex<Tallies>,
}

struct BySoftware {
    requests: Counter,
    hits: Counter,
    saved_bytes: Counter,
}

impl Counts {
    /// Counters for the software of a list.
    pub(crate) fn new(list: &SoftwareList) -> Self {
        let mut registry = Registry::with_prefix("rockpool_links");
        let (requests, hits, saved) = (
            Family::<By, Counter>::default(),
            Family::<By, Counter>::default(),
            Family::<By, Counter>::default(),
        );
        let [fetches, failures, stale, people] = std::array::from_fn(|_| Counter::default());
        registry.register("requests", "Requests of software", requests.clone());
        registry.register(
            "hits",
            "Requests of software that cost the site none",
            hits.clone(),
        );
        registry.register(
            "saved_bytes",
            "Bytes that sites did not have to send, as it was answered from a copy",
            saved.clone(),
        );
        registry.register("fetches", "Requests to sites", fetches.clone());
        registry.register(
            "failed_fetches",
            "Requests to sites that gave no copy",
            failures.clone(),
        );
        registry.register(
            "stale",
            "Answers with a copy that was due to be fetched again",
            stale.clone(),
        );
        registry.register("people", "People who were sent on", people.clone());
        let by_software = list
            .names()
            .chain(["other".to_owned()])
            .map(|software| {
                let by = By { software };
                BySoftware {
                    requests: requests.get_or_create_owned(&by),
                    hits: hits.get_or_create_owned(&by),
                    saved_bytes: saved.get_or_create_owned(&by),
                }
            })
            .collect();
        Self {
            registry,
            by_software,
            fetches,
            failures,
            stale,
            people,
            told: Mutex::default(),
            all: Mutex::default(),
        }
    }

    /// A request of software; `None`: of somebody else who gets a copy.
    pub(crate) fn request(&self, software: Option<Software>) {
        self.of(software).requests.inc();
    }

    /// It cost the site nothing, which would have sent so much.
    pub(crate) fn hit(&self, software: Option<Software>, saved_bytes: u64, stale: bool) {
        let counters = self.of(software);
        counters.hits.inc();
        counters.saved_bytes.inc_by(saved_bytes);
        if stale {
            self.stale.inc();
        }
    }

    /// A request to a site.
    pub(crate) fn fetch(&self, failed: bool) {
        self.fetches.inc();
        if failed {
            self.failures.inc();
        }
    }

    /// Somebody was sent on.
    pub(crate) fn person(&self) {
        self.people.inc();
    }

    /// All counters, in the text format of Prometheus (OpenMetrics).
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// What this process has counted since the last call. [`Counts::not_told`] takes it back.
    pub(crate) fn take_untold(&self) -> Tallies {
        let now = self.so_far();
        let mut told = lock(&self.told);
        let untold = now.less(&told);
        *told = now;
        untold
    }

    /// The tallies that were taken could not be written.
    pub(crate) fn not_told(&self, tallies: &Tallies) {
        let mut told = lock(&self.told);
        *told = told.less(tallies);
    }

    /// The tallies of all nodes, as they were just read.
    pub(crate) fn set_all(&self, all: Tallies) {
        *lock(&self.all) = all;
    }

    /// The tallies of all nodes, with what this one has counted since they were read.
    pub(crate) fn all(&self) -> Tallies {
        let mut all = *lock(&self.all);
        all.add(&self.so_far().less(&lock(&self.told)));
        all
    }

    fn so_far(&self) -> Tallies {
        let sum = |counter: fn(&BySoftware) -> &Counter| {
            self.by_software.iter().map(|by| counter(by).get()).sum()
        };
        Tallies {
            requests: sum(|by| &by.requests),
            absorbed: sum(|by| &by.hits),
            fetches: self.fetches.get(),
            saved_bytes: sum(|by| &by.saved_bytes),
            people: self.people.get(),
        }
    }

    fn of(&self, software: Option<Software>) -> &BySoftware {
        let others = self.by_software.len() - 1;
        &self.by_software[software.map_or(others, Software::index)]
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
