//! What is there in the end, seen from outside: catalog against itself, and against the store.
use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use rusqlite::Connection;

/// What a look found.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What must not be, in words.
    pub(crate) problems: Vec<String>,
    /// Items of the store that no row speaks of: an uploader stored them after its lease, and died.
    pub(crate) leftovers: usize,
    /// Blobs that objects point to.
    pub(crate) blobs: usize,
}

/// Looks while no node runs. `stored`: the items of the store and their sizes, staged parts left out.
pub(crate) fn look(catalog: &Path, stored: &BTreeMap<String, u64>) -> Result<Seen> {
    let connection = Connection::open(catalog)?;
    let mut seen = Seen::default();
    let mut rows = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT b.id, b.scope, b.digest_head, b.digest_tail, b.size, b.state, b.refs, \
         (SELECT COUNT(*) FROM objects o WHERE o.blob_id = b.id) FROM blobs b",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (id, scope): (i64, i64) = (row.get(0)?, row.get(1)?);
        let digest = [row.get::<_, Vec<u8>>(2)?, row.get::<_, Vec<u8>>(3)?].concat();
        let (size, state): (i64, i64) = (row.get(4)?, row.get(5)?);
        let (refs, mapped): (i64, i64) = (row.get(6)?, row.get(7)?);
        let key = store_key(scope, &hex::encode(digest));
        if refs != mapped || (state == 1) != (refs > 0) {
            seen.problems.push(format!(
                "blob {id} has state {state}, {refs} references and {mapped} objects"
            ));
        }
        match stored.get(&key) {
            Some(stored) if i64::try_from(*stored)? == size => {}
            Some(stored) => seen
                .problems
                .push(format!("{key} has {stored} bytes, not {size}")),
            None if mapped > 0 => seen
                .problems
                .push(format!("{key} is mapped and has no bytes")),
            None => seen.problems.push(format!("{key} has a row and no bytes")),
        }
        if mapped == 0 {
            seen.problems
                .push(format!("blob {id} in state {state} was left behind"));
        }
        seen.blobs += usize::from(mapped > 0);
        if rows.insert(key.clone(), id).is_some() {
            seen.problems.push(format!("{key} has two rows"));
        }
    }
    seen.leftovers = stored.keys().filter(|key| !rows.contains_key(*key)).count();
    look_at_counts(&connection, &mut seen)?;
    Ok(seen)
}

fn look_at_counts(connection: &Connection, seen: &mut Seen) -> Result<()> {
    for (what, sql) in [
        (
            "objects that point nowhere",
            "SELECT COUNT(*) FROM objects WHERE blob_id NOT IN (SELECT id FROM blobs)",
        ),
        (
            "buckets whose usage is wrong",
            "SELECT COUNT(*) FROM bucket_usage u WHERE \
             u.objects <> (SELECT COUNT(*) FROM objects o WHERE o.bucket_id = u.bucket_id) OR \
             u.object_bytes <> (SELECT COALESCE(SUM(b.size), 0) FROM objects o \
             JOIN blobs b ON b.id = o.blob_id WHERE o.bucket_id = u.bucket_id)",
        ),
        (
            "bytes of the store's usage that are wrong",
            "SELECT ABS((SELECT SUM(blob_bytes) FROM store_usage) - \
             (SELECT COALESCE(SUM(size), 0) FROM blobs WHERE state IN (1, 2)))",
        ),
        (
            "blobs of the store's usage that are wrong",
            "SELECT ABS((SELECT SUM(blobs) FROM store_usage) - \
             (SELECT COUNT(*) FROM blobs WHERE state IN (1, 2)))",
        ),
    ] {
        let wrong: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if wrong != 0 {
            seen.problems.push(format!("{wrong} {what}"));
        }
    }
    Ok(())
}

/// Where a blob lies.
fn store_key(scope: i64, hash: &str) -> String {
    let folder = match scope {
        0 => "blobs".to_owned(),
        member => format!("private/{member}"),
    };
    format!("{folder}/{}/{}/{hash}", &hash[..1], &hash[1..4])
}

/// The items of a directory store.
pub(crate) fn items_of_directory(root: &Path) -> Result<BTreeMap<String, u64>> {
    let mut items = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if entry.file_name() != "tmp~" {
                    folders.push(path);
                }
                continue;
            }
            let key = path.strip_prefix(root)?.to_string_lossy().into_owned();
            items.insert(key, entry.metadata()?.len());
        }
    }
    Ok(items)
}
