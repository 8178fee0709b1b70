//! What is left to be done at each store: rows that come in the transactions that make blobs live and let them go, and
//! that go when the work is done.
//!
//! A blob and a store have one row at most, so a copy and a removal never wait beside each other. A removal that was begun
//! may be carried out until `settled_at`; whatever becomes of its row, nothing is copied there before, and no blob becomes
//! live on bytes that were put there before.
use rockpool_types::{BlobHash, Timestamp};

use crate::{
    DeletedBlob, MemberId, Scope, StoreId, UnknownBytes,
    blob_rows::{scope_from_code, scope_to_code},
    database::{Result, Tx, Value},
    dialect::Fault,
    sets, stores,
};

/// A blob's name in the queue.
pub(crate) type Name = [u8; 72];

/// Rows that one statement inserts.
const ROWS_OF_INSERT: usize = 32;

/// Rows of a queue that are dropped in one transaction.
const ROWS_OF_DROP: u32 = 500;

/// Something to be done with a blob at a store, as the column has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyAction {
    /// The blob is to be copied there.
    Copy = 0,
    /// The blob is to be removed there.
    Remove = 1,
}

impl CopyAction {
    /// Reads the number of the column.
    pub(crate) fn from_code(code: i64) -> Result<Self> {
        match code {
            0 => Ok(Self::Copy),
            1 => Ok(Self::Remove),
            _ => Err(Fault::Internal(format!("{code} is no work on a copy"))),
        }
    }
}

impl From<CopyAction> for Value<'_> {
    fn from(action: CopyAction) -> Self {
        Self::Int(action as i64)
    }
}

/// The name of a blob.
pub(crate) fn name_of(scope: Scope, hash: &BlobHash) -> Name {
    let mut name = [0; 72];
    name[..8].copy_from_slice(&scope_to_code(scope).to_be_bytes());
    name[8..].copy_from_slice(hash.as_bytes());
    name
}

/// Reads the form of [`name_of`].
pub(crate) fn parse_name(name: &[u8]) -> Result<(Scope, BlobHash)> {
    let wrong = || Fault::Internal("a name in the queue of copies is damaged".to_owned());
    let (scope, hash) = name.split_first_chunk::<8>().ok_or_else(wrong)?;
    let hash = BlobHash::from_slice(hash).map_err(|_| wrong())?;
    let scope = match scope_from_code(i64::from_be_bytes(*scope)) {
        Scope::Private(MemberId(id)) if id < 0 => return Err(wrong()),
        scope => scope,
    };
    Ok((scope, hash))
}

/// Bytes that an uploader put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    pub(crate) scope: Scope,
    pub(crate) hash: &'a BlobHash,
    pub(crate) size: u64,
    /// Where. `None`: in the store that is the primary while there are no replicas.
    pub(crate) store: Option<StoreId>,
    /// When it began to.
    pub(crate) began: Timestamp,
    pub(crate) now: Timestamp,
}

/// Queues a blob, which is about to become live, for every store but the one that its bytes were put to. `false`: a removal
/// that was begun earlier may have met these very bytes, or that store was taken away meanwhile; nothing was changed, and they
/// are to be put again.
pub(crate) async fn put(tx: &mut Tx, put: Put<'_>) -> Result<bool> {
    let stores = stores::all(tx).await?;
    if stores.is_empty() {
        return Ok(true);
    }
    let has = |store: &stores::StoreRow| match put.store {
        Some(id) => store.id == id,
        None => store.name == stores::MAIN_STORE,
    };
    if !stores.iter().any(has) {
        return Ok(false);
    }
    let name = name_of(put.scope, put.hash);
    let rows = lock_rows(tx, &name).await?;
    let at_risk = |row: &&QueueRow| {
        let is_there = stores
            .iter()
            .any(|store| store.id == row.store && has(store));
        is_there && row.settled_at.is_some_and(|settled| settled > put.began)
    };
    if rows.iter().any(|row| at_risk(&row)) {
        return Ok(false);
    }
    for store in &stores {
        let queued = rows.iter().find(|row| row.store == store.id);
        match (has(store), queued) {
            (true, Some(_)) => remove(tx, &name, store.id).await?,
            (true, None) => {}
            (false, Some(row)) => turn(tx, &name, row, CopyAction::Copy, put.size, put.now).await?,
            (false, None) => {
                let queued = [(name, put.size)];
                insert(tx, store.id, CopyAction::Copy, &queued, put.now, put.now).await?;
            }
        }
    }
    Ok(true)
}

/// Queues public blobs that are adopted, whose bytes have been at the primary since `began`.
pub(crate) async fn adopted(
    tx: &mut Tx,
    blobs: &[(BlobHash, u64)],
    began: Timestamp,
) -> Result<()> {
    let stores = stores::all(tx).await?;
    let is_primary = |store: &&stores::StoreRow| store.role == stores::StoreRole::Primary;
    let Some(primary) = stores.iter().find(is_primary) else {
        return Ok(());
    };
    for (hash, size) in blobs {
        let bytes = Put {
            scope: Scope::Public,
            hash,
            size: *size,
            store: Some(primary.id),
            began,
            now: began,
        };
        if !put(tx, bytes).await? {
            let why = "a removal of adopted bytes may be under way";
            return Err(Fault::Conflict(why.to_owned()));
        }
    }
    Ok(())
}

/// Calls off removals of a blob that is about to come back. Where one was begun, the blob is copied after it.
pub(crate) async fn call_off(
    tx: &mut Tx,
    scope: Scope,
    hash: &BlobHash,
    size: u64,
    now: Timestamp,
) -> Result<()> {
    let name = name_of(scope, hash);
    for row in lock_rows(tx, &name).await? {
        if row.action == CopyAction::Remove {
            turn(tx, &name, &row, CopyAction::Copy, size, now).await?;
        }
    }
    Ok(())
}

/// Queues the removal of a blob, whose row has just gone, at every store but the one that its bytes were removed from; there
/// too when somebody may be about to put them back.
pub(crate) async fn deleted(
    tx: &mut Tx,
    (scope, hash, size): (Scope, &BlobHash, u64),
    deleted: &DeletedBlob,
) -> Result<()> {
    let stores = stores::all(tx).await?;
    if stores.is_empty() {
        return Ok(());
    }
    let name = name_of(scope, hash);
    let rows = lock_rows(tx, &name).await?;
    for store in stores {
        let queued = rows.iter().find(|row| row.store == store.id);
        let due = deleted.due_at(store.id);
        match (deleted.removed_from == Some(store.id), queued) {
            (true, Some(row)) if row.is_under_way(deleted.now) => {
                turn(tx, &name, row, CopyAction::Remove, size, deleted.now).await?;
            }
            (true, Some(_)) => remove(tx, &name, store.id).await?,
            (true, None) => {}
            (false, Some(row)) => turn(tx, &name, row, CopyAction::Remove, size, due).await?,
            (false, None) => {
                let queued = [(name, size)];
                let now = deleted.now;
                insert(tx, store.id, CopyAction::Remove, &queued, now, due).await?;
            }
        }
    }
    Ok(())
}

/// Queues a copy for one store, unless something is queued for it; damaged bytes that are there are replaced.
pub(crate) async fn queue(
    tx: &mut Tx,
    store: StoreId,
    name: &Name,
    size: u64,
    renew: bool,
    now: Timestamp,
) -> Result<()> {
    let rows = lock_rows(tx, name).await?;
    match rows.iter().find(|row| row.store == store) {
        Some(row) if row.action == CopyAction::Remove => {
            turn(tx, name, row, CopyAction::Copy, size, now).await?;
        }
        Some(_) => {}
        None => insert(tx, store, CopyAction::Copy, &[(*name, size)], now, now).await?,
    }
    if renew {
        let sql = "UPDATE copies SET renew = 1 WHERE name = ? AND store_id = ?";
        tx.execute(sql, &[name.as_slice().into(), store.into()])
            .await?;
    }
    Ok(())
}

/// Queues a removal at one store, unless something is queued for it.
pub(crate) async fn queue_removal(
    tx: &mut Tx,
    store: StoreId,
    bytes: &UnknownBytes,
    now: Timestamp,
) -> Result<()> {
    let name = name_of(bytes.scope, &bytes.hash);
    let rows = lock_rows(tx, &name).await?;
    if rows.iter().any(|row| row.store == store) {
        return Ok(());
    }
    let queued = [(name, bytes.size)];
    insert(tx, store, CopyAction::Remove, &queued, now, now).await
}

/// Queues copies for one store, of those blobs for which nothing is queued there.
pub(crate) async fn fill(
    tx: &mut Tx,
    store: StoreId,
    blobs: &[(Name, u64)],
    now: Timestamp,
) -> Result<()> {
    let names = blobs.iter().map(|(name, _)| name);
    let known = queued(tx, store, names).await?;
    let new: Vec<(Name, u64)> = blobs
        .iter()
        .filter(|(name, _)| !known.contains(name.as_slice()))
        .copied()
        .collect();
    for piece in new.chunks(ROWS_OF_INSERT) {
        insert(tx, store, CopyAction::Copy, piece, now, now).await?;
    }
    Ok(())
}

/// Those of the names for which something is queued at a store.
pub(crate) async fn queued<'n>(
    tx: &mut Tx,
    store: StoreId,
    names: impl Iterator<Item = &'n Name>,
) -> Result<std::collections::HashSet<Vec<u8>>> {
    let names: Vec<Value<'_>> = names.map(|name| name.as_slice().into()).collect();
    let mut known = std::collections::HashSet::new();
    for mut values in sets::chunks(&names) {
        let sql = format!(
            "SELECT name FROM copies WHERE name IN ({}) AND store_id = ?",
            sets::placeholders(values.len())
        );
        values.push(store.into());
        for mut row in tx.query(&sql, &values).await? {
            known.insert(row.take::<Vec<u8>>()?);
        }
    }
    Ok(known)
}

/// Drops some rows of a store that is gone; whether there may be more.
pub(crate) async fn drop_some(tx: &mut Tx, store: StoreId) -> Result<bool> {
    let sql = "SELECT name FROM copies WHERE store_id = ? LIMIT ?";
    let rows = tx.query(sql, &[store.into(), ROWS_OF_DROP.into()]).await?;
    let names: Result<Vec<Vec<u8>>> = rows.into_iter().map(|mut row| row.take()).collect();
    let names = names?;
    let values: Vec<Value<'_>> = names.iter().map(|name| name.as_slice().into()).collect();
    for mut values in sets::chunks(&values) {
        let sql = format!(
            "DELETE FROM copies WHERE name IN ({}) AND store_id = ?",
            sets::placeholders(values.len())
        );
        values.push(store.into());
        tx.execute(&sql, &values).await?;
    }
    Ok(!names.is_empty())
}

/// A row of the queue, as far as turning it into another needs it.
struct QueueRow {
    store: StoreId,
    action: CopyAction,
    due_at: Timestamp,
    is_owned: bool,
    settled_at: Option<Timestamp>,
}

impl QueueRow {
    /// Whether somebody may be at work on it, or what was begun may still be carried out.
    fn is_under_way(&self, now: Timestamp) -> bool {
        self.is_owned || self.settled_at.is_some_and(|settled| settled > now)
    }
}

/// The rows of a blob, which stay as they are until the transaction ends.
async fn lock_rows(tx: &mut Tx, name: &Name) -> Result<Vec<QueueRow>> {
    let sql = "SELECT store_id, action, due_at, owner, settled_at FROM copies WHERE name = ?";
    let sql = tx.dialect().locking(sql);
    let rows = tx.query(&sql, &[name.as_slice().into()]).await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(QueueRow {
                store: row.take()?,
                action: CopyAction::from_code(row.take()?)?,
                due_at: row.take()?,
                is_owned: row.take::<Option<i64>>()?.is_some(),
                settled_at: row.take()?,
            })
        })
        .collect()
}

/// Makes a row say what is wanted now. Whoever works on it loses it; what it has begun is waited out: a copy until its lease
/// ends, a removal until it is settled.
async fn turn(
    tx: &mut Tx,
    name: &Name,
    row: &QueueRow,
    action: CopyAction,
    size: u64,
    due: Timestamp,
) -> Result<()> {
    let mut due = due.max(row.settled_at.unwrap_or(due));
    if row.is_owned && action == CopyAction::Remove {
        due = due.max(row.due_at);
    }
    let sql = "UPDATE copies SET action = ?, renew = 0, size = ?, queued_at = ?, due_at = ?, attempts = 0, \
               owner = NULL WHERE name = ? AND store_id = ?";
    tx.execute(
        sql,
        &[
            action.into(),
            size.into(),
            due.into(),
            due.into(),
            name.as_slice().into(),
            row.store.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    store: StoreId,
    action: CopyAction,
    blobs: &[(Name, u64)],
    now: Timestamp,
    due: Timestamp,
) -> Result<()> {
    let row = "(?, ?, ?, 0, ?, ?, ?, 0)";
    let sql = format!(
        "INSERT INTO copies (name, store_id, action, renew, size, queued_at, due_at, attempts) VALUES {}",
        vec![row; blobs.len()].join(", ")
    );
    let values: Vec<Value<'_>> = blobs
        .iter()
        .flat_map(|(name, size)| {
            [
                name.as_slice().into(),
                store.into(),
                action.into(),
                (*size).into(),
                now.into(),
                due.into(),
            ]
        })
        .collect();
    tx.execute(&sql, &values).await?;
    Ok(())
}

async fn remove(tx: &mut Tx, name: &Name, store: StoreId) -> Result<()> {
    let sql = "DELETE FROM copies WHERE name = ? AND store_id = ?";
    tx.execute(sql, &[name.as_slice().into(), store.into()])
        .await?;
    Ok(())
}
