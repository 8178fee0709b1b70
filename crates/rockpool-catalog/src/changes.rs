//! What changed since it was last written down beside the blobs: rows that come in the transactions that map and unmap,
//! and go when a manifest that tells of them is durable.
//!
//! A row says only that a name changed, and a manifest tells what the name was when it was read, so it does not matter that
//! two nodes read the same rows, nor in what order manifests come: of two lines of a name, that with the higher number was
//! read after the later change. Numbers go on for ever: each start of a node takes them up to its clock in microseconds,
//! so that a database which was put back to an earlier state does not use the same ones for other changes.
use std::collections::{BTreeMap, HashMap};

use rockpool_types::{ObjectKey, Timestamp};

use crate::{
    BucketId, Catalog, CatalogError, ManifestLine, Object,
    database::{Result, Tx, Value},
    dialect::{Dialect, Fault},
    manifest::{Accounts, Line},
    objects, sets,
};

/// Changes that were read, and what is to be written down of them.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What is to be written down, a line for each name that changed.
    pub lines: Vec<ManifestLine>,
    rows: Vec<i64>,
}

impl Changes {
    /// How many changes were read, of which some may have been of the same name.
    pub const fn rows(&self) -> usize {
        self.rows.len()
    }
}

impl Catalog {
    /// The oldest changes, up to `limit`, as all of it is at one moment. Those that were read before and not forgotten
    /// are read again.
    pub async fn read_changes(&self, limit: u32) -> Result<Changes, CatalogError> {
        self.db
            .scan("reading what changed", limit, |tx, limit| {
                Box::pin(read(tx, *limit))
            })
            .await
    }

    /// Forgets changes that were written down.
    pub async fn forget_changes(&self, changes: Changes) -> Result<(), CatalogError> {
        self.db
            .write("forgetting changes", changes.rows, |tx, rows| {
                Box::pin(forget(tx, rows))
            })
            .await
    }

    /// Numbers changes from the present on, unless their numbers are beyond it, and has members, buckets and access keys
    /// written down again.
    pub async fn renumber_changes(&self, now: Timestamp) -> Result<(), CatalogError> {
        self.db
            .write("numbering changes", now, |tx, now| {
                Box::pin(renumber(tx, *now))
            })
            .await
    }
}

/// Notes that a name is mapped, changed or unmapped by this transaction, which has its row locked, or has written it, where there
/// was one.
pub(crate) async fn note(tx: &mut Tx, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    note_all(tx, &[(bucket, key)]).await
}

/// As [`note`], of many names.
pub(crate) async fn note_all(tx: &mut Tx, names: &[(BucketId, &ObjectKey)]) -> Result<()> {
    for piece in sets::pieces(names) {
        let rows = vec!["(?, ?)"; piece.len()].join(", ");
        let sql = format!("INSERT INTO changes (bucket_id, object_key) VALUES {rows}");
        let values: Vec<Value<'_>> = piece
            .iter()
            .flat_map(|(bucket, key)| [(*bucket).into(), key.as_bytes().into()])
            .collect();
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

/// Notes that members, buckets or access keys change by this transaction. Comes last, as all who do so wait for each other
/// here.
pub(crate) async fn note_accounts(tx: &mut Tx) -> Result<()> {
    take_turn(tx).await?;
    let sql = "INSERT INTO changes (bucket_id, object_key) VALUES (NULL, NULL)";
    tx.execute(sql, &[]).await?;
    Ok(())
}

/// Lets nobody else note a change of accounts until this transaction ends. They are one name with rows of their own, so that nothing
/// else keeps a change with a lower number from being committed after one with a higher number was read.
async fn take_turn(tx: &mut Tx) -> Result<()> {
    let taken = tx.execute("UPDATE accounts_turn SET turn = turn + 1", &[]);
    match taken.await? {
        1 => Ok(()),
        _ => Err(Fault::Internal(
            "the row of accounts_turn is missing".to_owned(),
        )),
    }
}

async fn read(tx: &mut Tx, limit: u32) -> Result<Changes> {
    let sql = "SELECT id, bucket_id, object_key FROM changes ORDER BY id LIMIT ?";
    let mut rows = Vec::new();
    let mut accounts = None;
    let mut names: BTreeMap<BucketId, BTreeMap<ObjectKey, i64>> = BTreeMap::new();
    for mut row in tx.query(sql, &[limit.into()]).await? {
        let number = row.take()?;
        rows.push(number);
        match (row.take::<Option<BucketId>>()?, row.take()?) {
            (Some(bucket), Some(key)) => {
                names.entry(bucket).or_default().insert(key, number);
            }
            _ => accounts = Some(number),
        }
    }
    let mut lines = Vec::with_capacity(rows.len());
    if let Some(number) = accounts {
        let rows = Accounts::read(tx).await?;
        lines.push(ManifestLine::new(number, Line::Accounts(rows)));
    }
    for (bucket, names) in names {
        let mut found = find_all(tx, bucket, &names).await?;
        for (key, number) in names {
            let object = found.remove(&key);
            let line = Line::of_name(bucket, key, object);
            lines.push(ManifestLine::new(number, line));
        }
    }
    Ok(Changes { lines, rows })
}

/// Those of a bucket's keys that are mapped, and to what.
async fn find_all(
    tx: &mut Tx,
    bucket: BucketId,
    names: &BTreeMap<ObjectKey, i64>,
) -> Result<HashMap<ObjectKey, Object>> {
    let keys: Vec<Value<'_>> = names.keys().map(|key| key.as_bytes().into()).collect();
    let mut found = HashMap::new();
    for mut values in sets::chunks(&keys) {
        let sql = format!(
            "SELECT {} FROM {} WHERE o.object_key IN ({}) AND o.bucket_id = ?",
            objects::columns(),
            objects::joined("objects"),
            sets::placeholders(values.len())
        );
        values.push(bucket.into());
        for mut row in tx.query(&sql, &values).await? {
            let object = objects::read_object(&mut row)?;
            found.insert(object.key.clone(), object);
        }
    }
    Ok(found)
}

async fn forget(tx: &mut Tx, rows: &[i64]) -> Result<()> {
    let rows: Vec<Value<'_>> = rows.iter().map(|row| (*row).into()).collect();
    for values in sets::chunks(&rows) {
        let list = sets::placeholders(values.len());
        let sql = format!("DELETE FROM changes WHERE id IN ({list})");
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

async fn renumber(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let number = now.as_millis().saturating_mul(1_000);
    if tx.dialect() == Dialect::Postgres {
        // Whoever takes a number between the two calls takes one below `number`.
        let sql = "SELECT CASE WHEN nextval(s.name) < ? THEN setval(s.name, ?) END \
                   FROM (SELECT pg_get_serial_sequence('changes', 'id') AS name) s";
        tx.query(sql, &[number.into(), number.into()]).await?;
        return note_accounts(tx).await;
    }
    take_turn(tx).await?;
    // Elsewhere a row with a number of its own takes the others up with it.
    let sql = "SELECT 1 FROM changes WHERE id >= ?";
    if tx.query_one(sql, &[number.into()]).await?.is_some() {
        return note_accounts(tx).await;
    }
    let sql = "INSERT INTO changes (id, bucket_id, object_key) VALUES (?, NULL, NULL)";
    tx.execute(sql, &[number.into()]).await?;
    Ok(())
}
