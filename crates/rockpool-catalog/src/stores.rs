//! Blob stores by name: which is the primary, which are replicas, and queueing for a new one what was there before it.
//!
//! While there are no replicas there are no rows, and a put asks for none: then the store called `main` is the primary.
use std::time::Duration;

use rockpool_types::Timestamp;

use crate::{
    BlobId, Catalog, CatalogError, StoreId, blob_rows,
    blob_rows::State,
    copies,
    database::{Result, Tx, Value},
    dialect::Fault,
    row::Row,
};

/// What a store is to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRole {
    /// Blobs are put there, and are live when they are there.
    Primary = 0,
    /// Every blob is copied there.
    Replica = 1,
}

/// A store that the catalog knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRow {
    /// Its row.
    pub id: StoreId,
    /// Its name in the configuration.
    pub name: String,
    /// What it is to the pool.
    pub role: StoreRole,
    /// When it was enlisted.
    pub since: Timestamp,
    /// Blobs up to this one, of those that were there before it, are queued for it. `None`: all are.
    pub filled_to: Option<BlobId>,
}

/// The name of the primary while there are no replicas.
pub const MAIN_STORE: &str = "main";

/// On database servers, how long after a store was enlisted a put may run that began before and knows nothing of it.
const SETTLES: Duration = Duration::from_secs(10);

/// What became of queueing older blobs for a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// All are queued.
    Whole,
    /// There are more.
    More,
    /// It begins at that time, when no put can be under way that does not know the store.
    NotBefore(Timestamp),
}

impl Catalog {
    /// All stores, in the order in which they were enlisted; none while there are no replicas.
    pub async fn list_stores(&self) -> Result<Vec<StoreRow>, CatalogError> {
        self.db
            .read("listing stores", (), |tx, ()| Box::pin(all(tx)))
            .await
    }

    /// Enlists a replica: from now on every blob is queued for it, and [`Self::fill_store`] queues the older ones. `false`:
    /// a store of that name is enlisted, or it is the primary.
    pub async fn insert_replica(&self, name: &str, now: Timestamp) -> Result<bool, CatalogError> {
        let args = (name.to_owned(), now);
        self.db
            .write("enlisting a replica", args, |tx, (name, now)| {
                Box::pin(insert_replica(tx, name, *now))
            })
            .await
    }

    /// Forgets a replica and what is queued for it; bytes stay where they are. `false`: there is no replica of that name.
    pub async fn remove_replica(&self, name: &str) -> Result<bool, CatalogError> {
        let removed = self
            .db
            .write("forgetting a replica", name.to_owned(), |tx, name| {
                Box::pin(remove_replica(tx, name))
            })
            .await?;
        let Some(id) = removed else { return Ok(false) };
        while self.drop_queue(id).await? {}
        Ok(true)
    }

    /// Drops a batch of what is queued for a store that is gone; whether there may be more.
    async fn drop_queue(&self, id: StoreId) -> Result<bool, CatalogError> {
        self.db
            .write("dropping a queue", id, |tx, id| {
                Box::pin(copies::drop_some(tx, *id))
            })
            .await
    }

    /// Makes a replica the primary, and the primary a replica, for which all blobs are looked through as for a new one: it may
    /// have been lost. `false`: there is no replica of that name.
    pub async fn promote_replica(&self, name: &str) -> Result<bool, CatalogError> {
        self.db
            .write("promoting a replica", name.to_owned(), |tx, name| {
                Box::pin(promote(tx, name))
            })
            .await
    }

    /// Gives a store another name, for a configuration that calls it otherwise. `false`: there is none of the old name, or
    /// one of the new.
    pub async fn rename_store(&self, from: &str, to: &str) -> Result<bool, CatalogError> {
        let args = (from.to_owned(), to.to_owned());
        self.db
            .write("renaming a store", args, |tx, (from, to)| {
                Box::pin(rename(tx, from, to))
            })
            .await
    }

    /// Queues for a store up to `limit` of the blobs that were there before it. May be stopped and called at several
    /// nodes at any time.
    pub async fn fill_store(
        &self,
        id: StoreId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Filled, CatalogError> {
        let args = (id, now, limit);
        self.db
            .write("filling a replica", args, |tx, (id, now, limit)| {
                Box::pin(fill(tx, *id, *now, *limit))
            })
            .await
    }
}

const SELECT: &str = "SELECT id, name, role, since, filled_to FROM stores";

fn read(mut row: Row) -> Result<StoreRow> {
    Ok(StoreRow {
        id: row.take()?,
        name: row.take()?,
        role: match row.take::<i64>()? {
            0 => StoreRole::Primary,
            1 => StoreRole::Replica,
            code => return Err(Fault::Internal(format!("{code} is no role of a store"))),
        },
        since: row.take()?,
        filled_to: row.take()?,
    })
}

/// All stores.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<StoreRow>> {
    let rows = tx.query(&format!("{SELECT} ORDER BY id"), &[]).await?;
    rows.into_iter().map(read).collect()
}

/// The row of that name, which stays as it is until the transaction ends.
async fn lock(tx: &mut Tx, name: &str) -> Result<Option<StoreRow>> {
    let sql = format!("{SELECT} WHERE name = ?");
    tx.lock_one(&sql, &[name.into()])
        .await?
        .map(read)
        .transpose()
}

async fn insert(
    tx: &mut Tx,
    name: &str,
    role: StoreRole,
    now: Timestamp,
    filled_to: Option<i64>,
) -> Result<()> {
    tx.insert(
        "INSERT INTO stores (name, role, since, filled_to) VALUES (?, ?, ?, ?)",
        &[
            name.into(),
            (role as i64).into(),
            now.into(),
            filled_to.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn insert_replica(tx: &mut Tx, name: &str, now: Timestamp) -> Result<bool> {
    let stores = all(tx).await?;
    if name == MAIN_STORE && stores.is_empty() || stores.iter().any(|store| store.name == name) {
        return Ok(false);
    }
    if stores.is_empty() {
        insert(tx, MAIN_STORE, StoreRole::Primary, now, None).await?;
    }
    insert(tx, name, StoreRole::Replica, now, Some(0)).await?;
    Ok(true)
}

async fn remove_replica(tx: &mut Tx, name: &str) -> Result<Option<StoreId>> {
    let Some(store) = lock(tx, name).await? else {
        return Ok(None);
    };
    if store.role == StoreRole::Primary {
        return Ok(None);
    }
    let sql = "DELETE FROM stores WHERE id = ?";
    tx.execute(sql, &[store.id.into()]).await?;
    if let [last] = &all(tx).await?[..]
        && last.name == MAIN_STORE
    {
        tx.execute(sql, &[last.id.into()]).await?;
        while copies::drop_some(tx, last.id).await? {}
    }
    Ok(Some(store.id))
}

async fn promote(tx: &mut Tx, name: &str) -> Result<bool> {
    let is_replica = |store: &StoreRow| store.role == StoreRole::Replica;
    if !lock(tx, name).await?.as_ref().is_some_and(is_replica) {
        return Ok(false);
    }
    // The role is set last: MySQL would see the new one.
    let sql = "UPDATE stores SET filled_to = CASE WHEN role = 0 THEN 0 ELSE filled_to END, \
               role = CASE WHEN name = ? THEN 0 ELSE 1 END";
    tx.execute(sql, &[name.into()]).await?;
    Ok(true)
}

async fn rename(tx: &mut Tx, from: &str, to: &str) -> Result<bool> {
    if lock(tx, to).await?.is_some() {
        return Ok(false);
    }
    let sql = "UPDATE stores SET name = ? WHERE name = ?";
    Ok(tx.execute(sql, &[to.into(), from.into()]).await? > 0)
}

/// What is only reserved is queued too: its put may be one that began before the store was enlisted.
async fn fill(tx: &mut Tx, id: StoreId, now: Timestamp, limit: u32) -> Result<Filled> {
    let sql = format!("{SELECT} WHERE id = ?");
    let store = tx.lock_one(&sql, &[id.into()]).await?;
    let Some(store) = store.map(read).transpose()? else {
        return Ok(Filled::Whole);
    };
    let Some(after) = store.filled_to else {
        return Ok(Filled::Whole);
    };
    let begins = store.since.plus(SETTLES);
    if !tx.has_one_writer() && now < begins {
        return Ok(Filled::NotBefore(begins));
    }
    let sql = "SELECT id, scope, digest_head, digest_tail, size, state FROM blobs \
               WHERE id > ? ORDER BY id LIMIT ?";
    let rows = tx.query(sql, &[after.into(), limit.into()]).await?;
    let more = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let (mut last, mut blobs) = (after, Vec::with_capacity(rows.len()));
    for mut row in rows {
        last = row.take()?;
        let scope = blob_rows::scope_from_code(row.take()?);
        let (hash, size) = (row.take_hash()?, row.take()?);
        if State::from_code(row.take()?)? != State::Deleting {
            blobs.push((copies::name_of(scope, &hash), size));
        }
    }
    copies::fill(tx, id, &blobs, now).await?;
    let filled_to: Value<'_> = if more { last.into() } else { Value::Null };
    let sql = "UPDATE stores SET filled_to = ? WHERE id = ?";
    tx.execute(sql, &[filled_to, id.into()]).await?;
    Ok(if more { Filled::More } else { Filled::Whole })
}
