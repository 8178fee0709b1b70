//! A landing: a directory of this node before a provider. What is put is acknowledged when it is durable in the directory,
//! and moves to the provider in the background. The files that wait are the queue; nothing else remembers them.
//!
//! - an item is in `waiting/` or at the provider at every moment, for a while in both; what looks for one looks in this order
//! - one process, the node that holds `node.lock`, lands and moves; others on the machine read and remove beside it
//! - a move and a removal of one item exclude each other, also between processes, by the item's lock
//!
//! `store`: the contract; `names`: what files are called; `files`: the files and locks; `queue`: what waits, in memory; `cache`: what has moved
//! and is still here; `mover`: moving.
use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use rockpool_types::Clock;
use tokio::sync::Notify;

use crate::{BlobStore, Content, SpoolFile, StoreError, StoreKey};

mod cache;
mod files;
mod mover;
mod names;
mod queue;
mod store;

use cache::Cache;
use files::{Files, Found};
use names::waiting_key;
pub use queue::Backlog;
use queue::Queue;

/// How long a removal waits for a move, or another removal, that shares the item's lock: one with a deadline, which is
/// repeated later, and one without.
const PATIENCE: Duration = Duration::from_secs(1);
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// How a landing behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LandingSettings {
    /// Only items whose keys begin with one of these land; others go to the provider at once.
    pub folders: Vec<String>,
    /// The most bytes that wait. What comes when they do goes to the provider at once, at its speed.
    pub max_waiting_bytes: u64,
    /// The most bytes of items that have moved and are kept for reading.
    pub cache_bytes: u64,
    /// How many items move at a time, at least 1.
    pub max_parallel: usize,
    /// How long a put that seemed to fail may still be carried out by the provider: so long the item is not removed.
    pub settle: Duration,
}

/// A landing before a provider. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Landing(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    far: Arc<dyn BlobStore>,
    files: Files,
    settings: LandingSettings,
    queue: Queue,
    cache: Cache,
    /// Tells the mover that something was added.
    added: Notify,
    /// Whether the provider has been away lately.
    away: AtomicBool,
    /// Holds the directory. `None`: another process may, and this one only reads and removes.
    node_lock: Option<File>,
    /// The system's clock, because the kernel stamps files by it.
    clock: Clock,
}

impl Landing {
    /// Opens the landing in `directory`, made where absent, for the one node that lands and moves; [`Self::run`] moves.
    /// Reads what waits there. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be used, or another node holds it.
    pub fn open(
        directory: &Path,
        far: Arc<dyn BlobStore>,
        settings: LandingSettings,
    ) -> Result<Self, StoreError> {
        let files = Files::open(directory, true)?;
        let lock = files.take()?;
        let landing = Self::new(files, far, settings, Some(lock));
        let read = landing.read_directory();
        read.map_err(|error| landing.0.files.failed("reading the landing", &error))?;
        Ok(landing)
    }

    /// Opens the landing in `directory` beside the node that may hold it: reads and removes what waits there, and lands and
    /// moves nothing. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn beside(directory: &Path, far: Arc<dyn BlobStore>) -> Result<Self, StoreError> {
        let settings = LandingSettings {
            folders: Vec::new(),
            max_waiting_bytes: 0,
            cache_bytes: 0,
            max_parallel: 1,
            settle: Duration::ZERO,
        };
        Ok(Self::new(
            Files::open(directory, false)?,
            far,
            settings,
            None,
        ))
    }

    fn new(
        files: Files,
        far: Arc<dyn BlobStore>,
        settings: LandingSettings,
        node_lock: Option<File>,
    ) -> Self {
        Self(Arc::new(Inner {
            far,
            files,
            queue: Queue::default(),
            cache: Cache::new(settings.cache_bytes),
            added: Notify::new(),
            away: AtomicBool::new(false),
            node_lock,
            clock: Clock::system(),
            settings,
        }))
    }

    /// Whether anything waits in `directory`, which need not be there: a landing that is no longer wanted has to be emptied.
    /// Blocking.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn has_backlog(directory: &Path) -> io::Result<bool> {
        files::has_files(&directory.join("waiting"))
    }

    /// How much waits in `directory`, which need not be there, by the files themselves. Blocking.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn look(directory: &Path) -> Result<Backlog, StoreError> {
        if !directory.join("waiting").is_dir() {
            return Ok(Backlog::default());
        }
        let files = Files::open(directory, false)?;
        let found = files.scan();
        let found = found.map_err(|error| files.failed("reading the landing", &error))?;
        Ok(Backlog {
            items: found.len(),
            bytes: found.iter().map(|found| found.size).sum(),
            oldest: found.iter().map(|found| found.since).min(),
        })
    }

    /// How much waits, as the node that moves it knows; for others see [`Self::look`].
    pub fn backlog(&self) -> Backlog {
        self.0.queue.backlog()
    }

    fn is_node(&self) -> bool {
        self.0.node_lock.is_some()
    }

    fn read_directory(&self) -> io::Result<()> {
        for found in self.0.files.scan()? {
            // Whether or not there is room: it is there.
            self.0.queue.reserve(found.size, u64::MAX);
            self.0.queue.add(&found);
        }
        let settled = Instant::now() + self.0.settings.settle;
        self.0.queue.doubt_all(settled);
        self.0.files.read_cache(|key, size| {
            let gone = self.0.cache.add(&key, size);
            self.0.files.evict(&gone)
        })
    }

    /// Runs `work` on the blocking pool. Once begun it runs to its end, also when the caller has gone.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result.map_err(|error| self.0.files.failed(doing, &error)),
            Err(error) => Err(StoreError::Unavailable {
                doing: doing.to_owned(),
                why: error.to_string(),
            }),
        }
    }

    /// The media type that an item waits with. `None`: it does not wait.
    async fn media_type(&self, key: &StoreKey) -> Result<Option<Arc<str>>, StoreError> {
        if self.is_node() {
            return Ok(self.0.queue.media_type(key));
        }
        let (files, key) = (self.0.files.clone(), key.clone());
        let doing = format!("looking for {key}");
        let found = self.blocking(&doing, move || files.find(&key)).await?;
        Ok(found.map(Arc::from))
    }

    /// Where an item waits, in the store of those. `None`: it does not.
    async fn waiting(&self, key: &StoreKey) -> Result<Option<StoreKey>, StoreError> {
        let media_type = self.media_type(key).await?;
        Ok(media_type.and_then(|media_type| waiting_key(&media_type, key)))
    }

    /// Puts an item into `waiting/` if it may wait and there is room. `false`: it is to go to the provider.
    async fn land(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<bool, StoreError> {
        let inner = &self.0;
        let lands = |folder: &String| key.as_str().starts_with(folder.as_str());
        if !self.is_node() || !inner.settings.folders.iter().any(lands) {
            return Ok(false);
        }
        // What waits keeps the media type that it came with first: one file is enough.
        let media_type = match inner.queue.media_type(key) {
            Some(media_type) => media_type.to_string(),
            None => media_type.to_owned(),
        };
        let Some(waiting) = waiting_key(&media_type, key) else {
            return Ok(false);
        };
        let size = content.len();
        if !inner.queue.reserve(size, inner.settings.max_waiting_bytes) {
            return Ok(false);
        }
        let landed = Landed {
            landing: self.clone(),
            found: Found {
                key: key.clone(),
                media_type,
                size,
                since: inner.clock.now(),
            },
        };
        let (waits, content) = (inner.files.waiting.clone(), content.clone());
        // A task of its own: a file that is there is known, also when whoever put it has gone.
        let put = tokio::spawn(async move { landed.keep(waits.put(&waiting, &content, "").await) });
        let put = put.await.map_err(|error| StoreError::Unavailable {
            doing: format!("putting {key}"),
            why: error.to_string(),
        })?;
        match put {
            Ok(()) => Ok(true),
            Err(error) => {
                tracing::warn!(
                    store.key = %key,
                    error.cause = %error,
                    "The landing takes nothing: an upload goes to the provider at once"
                );
                Ok(false)
            }
        }
    }

    /// What lies here of an item, to be put elsewhere.
    async fn local_content(&self, key: &StoreKey) -> Result<Option<Content>, StoreError> {
        let media_type = self.media_type(key).await?;
        let cached = self.0.cache.touch(key);
        let (files, wanted) = (self.0.files.clone(), key.clone());
        let doing = format!("opening {key}");
        let open = move || -> io::Result<Option<SpoolFile>> {
            if let Some(media_type) = media_type
                && let Some(file) = files.open_waiting(&wanted, &media_type)?
            {
                return Ok(Some(file));
            }
            match cached {
                true => files.open_cached(&wanted),
                false => Ok(None),
            }
        };
        let file = self.blocking(&doing, open).await?;
        Ok(file.map(|file| Content::Spooled(Arc::new(file))))
    }

    /// Removes what lies here of an item.
    async fn remove_here(
        &self,
        key: &StoreKey,
        deadline: Option<Instant>,
    ) -> Result<(), StoreError> {
        let patience = match deadline {
            Some(_) => PATIENCE,
            None => LONG_PATIENCE,
        };
        let version = self.0.queue.version(key);
        let (files, wanted) = (self.0.files.clone(), key.clone());
        let remove = move || files.remove(&wanted, deadline, patience);
        self.blocking(&format!("removing {key}"), remove).await?;
        self.0.cache.forget(key);
        if let Some(version) = version {
            self.0.queue.forget(key, version);
        }
        if deadline.is_some() && self.0.queue.take_doubt(key, Instant::now()) {
            // Whoever asks again, after the longest time of a delete, finds nothing here and has it removed there.
            return Err(StoreError::Unavailable {
                doing: format!("removing {key}"),
                why: "the provider may still be taking it in".into(),
            });
        }
        Ok(())
    }
}

/// A file that is being written into `waiting/`, and the room that was taken for it.
struct Landed {
    landing: Landing,
    found: Found,
}

impl Landed {
    fn keep(self, put: Result<(), StoreError>) -> Result<(), StoreError> {
        let inner = &self.landing.0;
        match put {
            Ok(()) => {
                inner.queue.add(&self.found);
                inner.added.notify_one();
                Ok(())
            }
            Err(error) => {
                inner.queue.release(self.found.size);
                Err(error)
            }
        }
    }
}
