use std::{path::PathBuf, sync::Arc};

use futures_util::future::{BoxFuture, join_all};
use rusqlite::StatementStatus;
use tempfile::TempDir;

use crate::{
    CatalogError,
    database::{Database, Result, Tx, Value},
    dialect::{Dialect, Fault},
    migrations::Purpose,
    objects,
};

use super::Sqlite;

fn open() -> (Database, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::open(&path(&dir), Purpose::Catalog).unwrap();
    (Database::Sqlite(Arc::new(sqlite)), dir)
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("catalog.db")
}

fn add<'a>(tx: &'a mut Tx, name: &'a str) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let sql = "INSERT INTO media_types (name) VALUES (?)";
        tx.insert(sql, &[name.into()]).await.map(drop)
    })
}

async fn count(db: &Database) -> i64 {
    let counted = db.read("counting", (), |tx, ()| {
        Box::pin(async move {
            let row = tx
                .query_one("SELECT COUNT(*) FROM media_types", &[])
                .await?;
            row.unwrap().take()
        })
    });
    counted.await.unwrap()
}

#[tokio::test]
async fn a_write_that_fails_undoes_itself_and_nothing_else() {
    let (db, _dir) = open();
    let writes = (0..300).map(|n| {
        db.write("adding", n, |tx, n| {
            Box::pin(async move {
                add(tx, &n.to_string()).await?;
                match n % 3 {
                    0 => Ok(()),
                    1 => Err(Fault::Internal("no".to_owned())),
                    _ => add(tx, &n.to_string()).await,
                }
            })
        })
    });
    for (n, outcome) in join_all(writes).await.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), n % 3 == 0, "{n}: {outcome:?}");
    }
    assert_eq!(count(&db).await, 100);
}

#[tokio::test]
async fn a_write_that_panics_undoes_itself_and_the_writer_goes_on() {
    let (db, _dir) = open();
    let panicked = db.write("panicking", (), |tx, ()| {
        Box::pin(async move {
            add(tx, "half").await?;
            panic!("a bug");
        })
    });
    let panicked: std::result::Result<(), _> = panicked.await;
    assert!(matches!(panicked, Err(CatalogError::Internal { .. })));
    db.write("adding", (), |tx, ()| add(tx, "whole"))
        .await
        .unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn a_write_that_waits_for_something_else_is_a_fault() {
    let (db, _dir) = open();
    let waited = db.write("waiting", (), |tx, ()| {
        Box::pin(async move {
            add(tx, "half").await?;
            tokio::task::yield_now().await;
            Ok(())
        })
    });
    assert!(matches!(waited.await, Err(CatalogError::Internal { .. })));
    assert_eq!(count(&db).await, 0);
}

/// Lets the file grow to so many pages.
async fn limit_pages(db: &Database, pages: i64) {
    let limited = db.write("limiting", pages, |tx, pages| {
        Box::pin(async move {
            let sql = format!("PRAGMA max_page_count = {pages}");
            tx.query(&sql, &[]).await.map(drop)
        })
    });
    limited.await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_acknowledged_stays() {
    let (db, _dir) = open();
    limit_pages(&db, 130).await;
    let writes =
        (0..600).map(|n| db.write("adding", format!("{n:0500}"), |tx, name| add(tx, name)));
    let outcomes = join_all(writes).await;
    let kept = outcomes.iter().filter(|o| o.is_ok()).count();
    assert!(kept > 0 && kept < 600, "{kept}");
    for outcome in outcomes {
        assert!(
            matches!(outcome, Ok(()) | Err(CatalogError::Full { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(count(&db).await, i64::try_from(kept).unwrap());
    limit_pages(&db, 1000).await;
    db.write("adding", (), |tx, ()| add(tx, "more"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_catalog_that_another_process_holds_is_unavailable() {
    let (db, dir) = open();
    let other = rusqlite::Connection::open(path(&dir)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let blocked = db.write("adding", (), |tx, ()| add(tx, "blocked")).await;
    assert!(blocked.unwrap_err().is_transient());
    assert_eq!(count(&db).await, 0, "reading goes on");
    other.execute_batch("COMMIT").unwrap();
    db.write("adding", (), |tx, ()| add(tx, "free"))
        .await
        .unwrap();
}

/// The questions that are asked often, or of large tables, never read a table through.
#[tokio::test]
async fn statements_search_by_index() {
    let (db, _dir) = open();
    for sql in [
        crate::blobs::collectable(Dialect::Sqlite).as_str(),
        "SELECT id FROM blobs WHERE state = ? AND since <= ? AND refs = 0 ORDER BY since LIMIT ?",
        "SELECT staged FROM parts WHERE staged IN (?, ?)",
        "SELECT id FROM blobs WHERE digest_head IN (?, ?) AND scope = ?",
        &crate::audit::list_blob_rows(Dialect::Sqlite),
    ] {
        let plan = db.read("planning", sql.to_owned(), |tx, sql| {
            Box::pin(async move {
                let mut plan = Vec::new();
                let values = vec![Value::Null; sql.matches('?').count()];
                let sql = format!("EXPLAIN QUERY PLAN {sql}");
                for mut row in tx.query(&sql, &values).await? {
                    for _ in 0..3 {
                        row.take::<i64>()?;
                    }
                    plan.push(row.take::<String>()?);
                }
                Ok(plan)
            })
        });
        for step in plan.await.unwrap() {
            // The few rows whose digests begin alike are sorted as they come.
            if step == "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY" {
                continue;
            }
            assert!(
                step.starts_with("SEARCH") && step.contains("INDEX"),
                "{sql}: {step}"
            );
        }
    }
}

#[tokio::test]
async fn statements_stay_prepared_whatever_the_values() {
    let (_db, dir) = open();
    let connection = super::open::open_reader(&path(&dir)).unwrap();
    let sql = format!(
        "SELECT {} FROM {} WHERE o.bucket_id = ? AND o.object_key = ?",
        objects::columns(),
        objects::joined("objects")
    );
    for key in [b"a", b"b", b"c"] {
        let values = [Value::Int(1), Value::Bytes(key)];
        super::query(&connection, &sql, &values).unwrap();
    }
    let statement = connection.prepare_cached(&sql).unwrap();
    assert_eq!(statement.get_status(StatementStatus::Run), 3);
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}
