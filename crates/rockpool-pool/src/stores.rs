//! The blob stores of a pool: which is the primary now, and reading a blob from whichever has it ([`read`]).
//!
//! Names and stores come from the configuration, roles from the catalog, which a node asks every `cache_lifetime`. This is
//! the one place that knows how a store is chosen.
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rockpool_blobs::{BlobStore, Pace};
use rockpool_catalog::{BlobId, MAIN_STORE, Scope, StoreId, StoreRole, StoreRow};
use rockpool_types::BlobHash;
use tokio::time::Instant;

use crate::{Pool, PoolError, cache::Fresh};

mod read;

/// How long a store that failed is asked after the others.
const SUSPICION: Duration = Duration::from_secs(10);

/// How many blobs that a store lacks or cannot deliver are remembered, and for how long nobody queues them again.
const REMEMBERED_LACKS: usize = 10_000;
const LACKS_FOR: Duration = Duration::from_secs(10);

/// How long a copy stays at a replica, unless the configuration says otherwise.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A store beside the first.
#[derive(Clone, Debug)]
pub struct ReplicaParts {
    /// Its name in the configuration.
    pub name: String,
    /// The store.
    pub store: Arc<dyn BlobStore>,
    /// How many blobs this node copies there at a time, 1 or more.
    pub max_parallel: usize,
    /// The most bytes a second that this node copies there. `None`: no limit.
    pub bytes_per_second: Option<u64>,
    /// How long a copy stays there after its blob was removed from the pool.
    pub grace: Duration,
}

impl ReplicaParts {
    /// A store with the defaults: four at a time, no limit of bytes, a week's grace.
    pub fn new(name: impl Into<String>, store: Arc<dyn BlobStore>) -> Self {
        Self {
            name: name.into(),
            store,
            max_parallel: 4,
            bytes_per_second: None,
            grace: DEFAULT_GRACE,
        }
    }
}

/// A store as this node uses it.
#[derive(Debug)]
pub(crate) struct NamedStore {
    pub(crate) parts: ReplicaParts,
    pub(crate) pace: Pace,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    /// Reads ask others first until then.
    suspected_until: Option<Instant>,
    /// Copies wait until then.
    paused_until: Option<Instant>,
    /// How often in a row a pass of copies ended because the store was away.
    passes_failed: u32,
}

impl NamedStore {
    fn new(parts: ReplicaParts) -> Self {
        Self {
            pace: Pace::new(parts.bytes_per_second, None),
            health: Mutex::default(),
            parts,
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_suspected(&self) -> bool {
        let until = self.health().suspected_until;
        until.is_some_and(|until| until > Instant::now())
    }

    /// Notes that it failed a reader; whether that is news.
    fn suspect(&self) -> bool {
        let now = Instant::now();
        let until = self.health().suspected_until.replace(now + SUSPICION);
        until.is_none_or(|until| until <= now)
    }

    /// Whether copies to it wait, because it was away.
    pub(crate) fn is_paused(&self) -> bool {
        let until = self.health().paused_until;
        until.is_some_and(|until| until > Instant::now())
    }

    /// Notes whether a pass of copies found it away: each time it is left alone for longer, up to five minutes.
    pub(crate) fn note_pass(&self, was_away: bool) {
        let mut health = self.health();
        if was_away {
            let pause = Duration::from_secs(5) * 2_u32.pow(health.passes_failed.min(6));
            health.passes_failed += 1;
            health.paused_until = Some(Instant::now() + pause.min(Duration::from_secs(300)));
        } else {
            *health = Health {
                suspected_until: health.suspected_until,
                ..Health::default()
            };
        }
    }
}

/// The stores of the configuration, and what the catalog last said of them.
#[derive(Debug)]
pub(crate) struct Stores {
    /// The first is the store called `main`.
    named: Vec<Arc<NamedStore>>,
    known: Mutex<Option<(Instant, Arc<Places>)>>,
    /// What stores were found to lack a moment ago, or to have damaged (`true`), and was queued to be put there again.
    lacks: Fresh<(StoreId, Scope, BlobHash, bool), ()>,
}

/// A store and its row.
#[derive(Clone, Debug)]
pub(crate) struct StorePlace {
    /// Its row. `None`: there are no replicas, and so no rows.
    pub(crate) id: Option<StoreId>,
    /// Its name.
    pub(crate) name: String,
    /// The store. `None`: this node's configuration lacks it.
    pub(crate) store: Option<Arc<NamedStore>>,
    /// Blobs up to this one, of those that were there before it, have been queued for it. `None`: all.
    pub(crate) filled_to: Option<BlobId>,
}

impl StorePlace {
    /// Its blob store. `Internal` when the configuration lacks it.
    pub(crate) fn get(&self) -> Result<&Arc<dyn BlobStore>, PoolError> {
        let store = self.store.as_ref().ok_or_else(|| {
            PoolError::Internal(format!(
                "the catalog knows a store `{}`, which the configuration of this node lacks",
                self.name
            ))
        })?;
        Ok(&store.parts.store)
    }
}

/// The stores of the pool by their roles, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where blobs are put.
    pub(crate) primary: StorePlace,
    /// The replicas, in the order in which they were enlisted.
    pub(crate) replicas: Vec<StorePlace>,
}

impl Places {
    /// All, the primary first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &StorePlace> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }

    /// Those that this node's configuration has, the primary first.
    fn usable(&self) -> impl Iterator<Item = &StorePlace> {
        self.all().filter(|place| place.store.is_some())
    }
}

impl Stores {
    pub(crate) fn new(main: Arc<dyn BlobStore>, replicas: Vec<ReplicaParts>) -> Self {
        let main = ReplicaParts::new(MAIN_STORE, main);
        let all = std::iter::once(main).chain(replicas);
        Self {
            named: all.map(|parts| Arc::new(NamedStore::new(parts))).collect(),
            known: Mutex::default(),
            lacks: Fresh::new(REMEMBERED_LACKS, LACKS_FOR),
        }
    }

    /// Forgets what stores lacked: some of it was put back.
    pub(crate) fn forget_lacks(&self) {
        self.lacks.clear();
    }

    /// The store that the configuration calls so.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<NamedStore>> {
        self.named.iter().find(|store| store.parts.name == name)
    }

    fn place(&self, row: StoreRow) -> StorePlace {
        StorePlace {
            id: Some(row.id),
            store: self.named(&row.name).cloned(),
            filled_to: row.filled_to,
            name: row.name,
        }
    }

    fn places(&self, rows: Vec<StoreRow>) -> Places {
        let (primary, replicas): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.role == StoreRole::Primary);
        let replicas = replicas.into_iter().map(|row| self.place(row)).collect();
        let primary = primary.into_iter().next().map(|row| self.place(row));
        Places {
            primary: primary.unwrap_or_else(|| StorePlace {
                id: None,
                name: MAIN_STORE.to_owned(),
                store: self.named(MAIN_STORE).cloned(),
                filled_to: None,
            }),
            replicas,
        }
    }

    /// What is known and not older than `lifetime`; or however old.
    fn remembered(&self, lifetime: Option<Duration>) -> Option<Arc<Places>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, places) = known.as_ref()?;
        let is_fresh = lifetime.is_none_or(|lifetime| at.elapsed() < lifetime);
        is_fresh.then(|| places.clone())
    }

    fn remember(&self, rows: Vec<StoreRow>) -> Arc<Places> {
        let places = Arc::new(self.places(rows));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), places.clone()));
        places
    }
}

impl Pool {
    /// The stores by their roles, as the catalog had them within `cache_lifetime`; older where it is away.
    pub(crate) async fn places(&self) -> Result<Arc<Places>, PoolError> {
        let stores = self.stores();
        if let Some(places) = stores.remembered(Some(self.settings().cache_lifetime)) {
            return Ok(places);
        }
        match self.catalog().list_stores().await {
            Ok(rows) => Ok(stores.remember(rows)),
            Err(error) => stores.remembered(None).ok_or_else(|| error.into()),
        }
    }

    /// As [`Self::places`], as they are now.
    pub(crate) async fn places_now(&self) -> Result<Arc<Places>, PoolError> {
        let rows = self.catalog().list_stores().await?;
        Ok(self.stores().remember(rows))
    }

    /// The blob store where blobs are put.
    pub(crate) async fn primary(&self) -> Result<Arc<dyn BlobStore>, PoolError> {
        self.places().await?.primary.get().cloned()
    }

    /// Whether the catalog can be reached, and a store that has what is read: the primary, else a replica. `Unavailable`,
    /// `Full` or `Internal` says what cannot.
    pub async fn probe(&self) -> Result<(), PoolError> {
        self.catalog().probe().await?;
        let places = self.places().await?;
        let mut failure = match places.primary.get() {
            Ok(store) => match store.probe().await {
                Ok(()) => return Ok(()),
                Err(error) => PoolError::from(error),
            },
            Err(error) => error,
        };
        if matches!(failure, PoolError::Full(_)) {
            return Err(failure);
        }
        for place in &places.replicas {
            match place.get() {
                Ok(store) => match store.probe().await {
                    Ok(()) => {
                        let is_news = places.primary.store.as_ref().is_none_or(|s| s.suspect());
                        if is_news {
                            tracing::error!(store.name = places.primary.name, error.cause = %failure, "The primary store cannot be reached: blobs are read from replicas, and new ones are refused");
                        }
                        return Ok(());
                    }
                    Err(error) => {
                        tracing::debug!(store.name = place.name, %error, "a replica cannot be reached")
                    }
                },
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}
