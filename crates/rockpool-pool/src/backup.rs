//! Backups of the catalog: making them while the pool serves, keeping them beside the blobs, and fetching them. They need
//! no pool that can be opened, since a lost catalog is what they are for.
use std::{
    io::{self, Read, Write},
    sync::Arc,
};

use futures_util::TryStreamExt;
use rockpool_blobs::{BlobStore, Content, Spool, SpoolFile, SpoolWriter, StoreKey};
use rockpool_catalog::Catalog;
use rockpool_types::Timestamp;
use serde::Serialize;

use crate::{
    Pool, PoolError,
    intake::{joined, spool_error},
};

mod file;

pub use file::{BackupHeader, UnpackError};

/// The folder of the blob store that backups lie in. Nothing in it is public.
pub(crate) const BACKUPS: &str = "backups/";

/// How the names of backups begin and end. Between them are the time and eight digits of the content's SHA-512.
const BEGINNING: &str = "catalog-";
const ENDING: &str = ".rpb";

/// How many items of the store are listed at a time.
const PAGE: usize = 1_000;

/// The backups in a blob store, and a spool to make them in.
#[derive(Clone, Debug)]
pub struct Backups {
    store: Arc<dyn BlobStore>,
    spool: Spool,
}

/// A backup that lies in the spool.
#[derive(Debug)]
pub struct Backup {
    /// What it says of itself.
    pub header: BackupHeader,
    file: Arc<SpoolFile>,
}

/// A backup that lies in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredBackup {
    /// Its name in the folder `backups/`; names are in the order of their times.
    pub name: String,
    /// When it was begun, to the second, in milliseconds since 1970.
    pub taken_at_ms: i64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a backup holds, verified.
#[derive(Debug)]
pub struct Unpacked {
    /// What the backup says of itself.
    pub header: BackupHeader,
    /// The catalog: a SQLite file, which is removed with this.
    pub snapshot: SpoolFile,
}

impl StoredBackup {
    /// When it was begun, to the second.
    pub const fn taken_at(&self) -> Timestamp {
        Timestamp::from_millis(self.taken_at_ms)
    }
}

impl Pool {
    /// The pool's backups, which lie in its primary store.
    ///
    /// # Errors
    /// When it is not known which that is, or the configuration lacks it.
    pub async fn backups(&self) -> Result<Backups, PoolError> {
        Ok(Backups::new(self.primary().await?, self.spool().clone()))
    }

    /// Makes a backup in `spool`, which needs room for the catalog and the backup. Members notice nothing of it.
    ///
    /// # Errors
    /// When the catalog is away or the spool's disk full. Nothing is left then, nor when the future is dropped.
    pub async fn make_backup(&self, spool: &Spool) -> Result<Backup, PoolError> {
        make(self.catalog(), spool, self.now()).await
    }
}

impl Backups {
    /// Those in `store`. What is fetched goes through `spool`.
    pub fn new(store: Arc<dyn BlobStore>, spool: Spool) -> Self {
        Self { store, spool }
    }

    /// Puts a backup into the store, durable on return; answers its name. One that is put again is the same.
    ///
    /// # Errors
    /// The store's. Nobody ever sees half a backup.
    pub async fn store(&self, backup: &Backup) -> Result<String, PoolError> {
        let name = backup.name();
        let content = Content::Spooled(backup.file.clone());
        self.store
            .put(&key_of(&name)?, &content, "application/octet-stream")
            .await?;
        Ok(name)
    }

    /// All in the store, the oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self) -> Result<Vec<StoredBackup>, PoolError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let items = self.store.list(BACKUPS, after.as_ref(), PAGE).await?;
            let is_last = items.len() < PAGE;
            after = items.last().map(|item| item.key.clone());
            found.extend(items.into_iter().filter_map(|item| {
                let (name, taken_at) = parse_key(&item.key)?;
                Some(StoredBackup {
                    name,
                    taken_at_ms: taken_at.as_millis(),
                    bytes: item.size,
                })
            }));
            if is_last {
                return Ok(found);
            }
        }
    }

    /// Removes all but the newest `keep`; answers the names of those that went.
    ///
    /// # Errors
    /// The store's; some may be gone then.
    pub async fn prune(&self, keep: usize) -> Result<Vec<String>, PoolError> {
        let backups = self.list().await?;
        let surplus = backups.len().saturating_sub(keep);
        let mut removed = Vec::new();
        for backup in backups.into_iter().take(surplus) {
            self.store.remove(&key_of(&backup.name)?).await?;
            removed.push(backup.name);
        }
        Ok(removed)
    }

    /// Copies a backup of the store into the spool. `None`: there is none of that name.
    ///
    /// # Errors
    /// The store's, and when the spool's disk is full.
    pub async fn fetch(&self, name: &str) -> Result<Option<SpoolFile>, PoolError> {
        self.fetch_item(&key_of(name)?).await
    }

    /// The store that they are in.
    pub(crate) fn blob_store(&self) -> &dyn BlobStore {
        self.store.as_ref()
    }

    /// Copies an item of the store into the spool.
    pub(crate) async fn fetch_item(&self, key: &StoreKey) -> Result<Option<SpoolFile>, PoolError> {
        let Some(mut reader) = self.store.open(key, None).await? else {
            return Ok(None);
        };
        let mut writer = self.spool.create().map_err(|e| spool_error(&e))?;
        while let Some(chunk) = reader.stream.try_next().await.map_err(broken_off)? {
            let writing = tokio::task::spawn_blocking(move || {
                writer.write_all(&chunk).map_err(|e| spool_error(&e))?;
                Ok(writer)
            });
            writer = joined(writing.await)?;
        }
        let file = writer.finish().map_err(|e| spool_error(&e))?;
        Ok(Some(file))
    }

    /// Takes a backup apart, and verifies all of it. Blocking.
    ///
    /// # Errors
    /// When it is none, is damaged, or cannot be read. Nothing of it is left then.
    pub fn unpack(&self, mut from: impl Read) -> Result<Unpacked, UnpackError> {
        let mut writer = Spooling(self.spool.create()?);
        let header = file::unpack(&mut from, &mut writer)?;
        let snapshot = writer.0.finish()?;
        Ok(Unpacked { header, snapshot })
    }
}

impl Backup {
    /// The name that it gets in the store.
    pub fn name(&self) -> String {
        let taken_at = Timestamp::from_millis(self.header.taken_at_ms).to_amz_date();
        let digest = &self.header.content_sha512[..8];
        format!("{BEGINNING}{taken_at}-{digest}{ENDING}")
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// Its bytes. Reads block.
    pub fn reader(&self) -> impl Read + '_ {
        self.file.reader()
    }
}

async fn make(catalog: &Catalog, spool: &Spool, now: Timestamp) -> Result<Backup, PoolError> {
    let draft = spool.draft().map_err(|e| spool_error(&e))?;
    let snapshot = catalog.write_snapshot(draft.path()).await?;
    let spool = spool.clone();
    let packing = tokio::task::spawn_blocking(move || {
        let content = draft.finish()?;
        let header = BackupHeader::new(snapshot, now, &mut content.reader())?;
        let mut writer = Spooling(spool.create()?);
        file::pack(&header, &mut content.reader(), &mut writer)?;
        let file = Arc::new(writer.0.finish()?);
        Ok(Backup { header, file })
    });
    joined(
        packing
            .await
            .map(|made: io::Result<Backup>| made.map_err(|e| spool_error(&e))),
    )
}

/// A name that lies in the folder, whoever made it up.
fn key_of(name: &str) -> Result<StoreKey, PoolError> {
    StoreKey::new(format!("{BACKUPS}{name}")).map_err(|e| PoolError::Internal(e.to_string()))
}

/// The name of a backup and its time. `None`: the item is no backup.
pub(crate) fn parse_key(key: &StoreKey) -> Option<(String, Timestamp)> {
    let name = key.as_str().strip_prefix(BACKUPS)?;
    let middle = name.strip_prefix(BEGINNING)?.strip_suffix(ENDING)?;
    let (time, digest) = middle.split_once('-')?;
    let is_digest = digest.len() == 8 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    let taken_at = Timestamp::from_amz_date(time).ok()?;
    is_digest.then(|| (name.to_owned(), taken_at))
}

fn broken_off(error: io::Error) -> PoolError {
    PoolError::Unavailable(format!("a backup broke off while it was read: {error}"))
}

/// A spool file as a writer.
struct Spooling(SpoolWriter);

impl Write for Spooling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
