//! Members, buckets, host names and access keys as the newest line about them has them.
use std::collections::HashSet;

use rockpool_types::{Conditions, ObjectKey, Timestamp};

use crate::{
    BucketId, buckets,
    copied::Table,
    copy::{insert_all, value_of},
    database::{Result, Tx, Value},
    manifest::{Accounts, damaged},
    objects,
    row::Cell,
};

/// Objects that are unmapped at a time.
const PAGE: u32 = 500;

/// Makes the tables hold the rows of the line.
pub(super) async fn replay(tx: &mut Tx, accounts: &Accounts, now: Timestamp) -> Result<()> {
    // Those that refer to others go first. Host names and keys are few, and none refers to them.
    for sql in ["DELETE FROM access_keys", "DELETE FROM bucket_hosts"] {
        tx.execute(sql, &[]).await?;
    }
    for table in Accounts::tables().collect::<Vec<_>>().into_iter().rev() {
        if let ["id"] = table.key
            && table.name != "access_keys"
        {
            for id in gone(tx, table, &accounts.rows(table)?).await? {
                remove(tx, table, id, now).await?;
            }
        }
    }
    for table in Accounts::tables() {
        for row in accounts.rows(table)? {
            write(tx, table, row).await?;
        }
    }
    Ok(())
}

/// Numbers of rows that the line does not have.
async fn gone(tx: &mut Tx, table: &Table, rows: &[Vec<Cell>]) -> Result<Vec<i64>> {
    let number = |row: &Vec<Cell>| match row.first() {
        Some(Cell::Int(id)) => Ok(*id),
        _ => Err(damaged("number")),
    };
    let kept = rows.iter().map(number).collect::<Result<HashSet<i64>>>()?;
    let sql = format!("SELECT id FROM {}", table.name);
    let mut gone = Vec::new();
    for mut row in tx.query(&sql, &[]).await? {
        let id = row.take()?;
        if !kept.contains(&id) {
            gone.push(id);
        }
    }
    Ok(gone)
}

async fn remove(tx: &mut Tx, table: &Table, id: i64, now: Timestamp) -> Result<()> {
    if table.name == "buckets" {
        empty(tx, BucketId(id), now).await?;
        return buckets::remove_rows(tx, BucketId(id)).await;
    }
    let sql = format!("DELETE FROM {} WHERE id = ?", table.name);
    tx.execute(&sql, &[id.into()]).await?;
    Ok(())
}

/// Unmaps all of a bucket that was removed since, and ends its uploads.
async fn empty(tx: &mut Tx, bucket: BucketId, now: Timestamp) -> Result<()> {
    let sql = "SELECT object_key FROM objects WHERE bucket_id = ? ORDER BY object_key LIMIT ?";
    loop {
        let mut keys = Vec::new();
        for mut row in tx.query(sql, &[bucket.into(), PAGE.into()]).await? {
            keys.push((row.take::<ObjectKey>()?, Conditions::default()));
        }
        if keys.is_empty() {
            break;
        }
        objects::remove_all(tx, bucket, &keys, now).await?;
    }
    for sql in [
        "DELETE FROM parts WHERE upload_id IN (SELECT id FROM uploads WHERE bucket_id = ?)",
        "DELETE FROM uploads WHERE bucket_id = ?",
    ] {
        tx.execute(sql, &[bucket.into()]).await?;
    }
    Ok(())
}

/// Changes the row with that key, or adds it.
async fn write(tx: &mut Tx, table: &Table, row: Vec<Cell>) -> Result<()> {
    let (key, rest) = table.columns.split_at(table.key.len());
    let assigned: Vec<String> = rest.iter().map(|c| format!("{} = ?", c.name)).collect();
    let sql = format!(
        "UPDATE {} SET {} WHERE {} = ?",
        table.name,
        assigned.join(", "),
        key[0].name
    );
    let values = row.iter().zip(table.columns);
    let mut values = values
        .map(|(cell, column)| value_of(cell, column))
        .collect::<Result<Vec<Value<'_>>>>()?;
    values.rotate_left(key.len());
    if tx.execute(&sql, &values).await? > 0 {
        return Ok(());
    }
    let id = values.last().copied();
    insert_all(tx, table, std::slice::from_ref(&row)).await?;
    if let ("buckets", Some(id)) = (table.name, id) {
        let sql =
            "INSERT INTO bucket_usage (bucket_id, slot, objects, object_bytes) VALUES (?, 0, 0, 0)";
        tx.execute(sql, &[id]).await?;
    }
    Ok(())
}
