//! Opening the file: settings, schema, and words for the operator when it cannot be used.
use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use crate::{
    CatalogError,
    dialect::Fault,
    migrations::{self, Purpose},
};

/// Marks a SQLite file as a catalog, in its header: `rpol`.
const APPLICATION_ID: i64 = 0x7270_6f6c;

/// Statements that each connection keeps prepared; more than there are texts.
const PREPARED_STATEMENTS: usize = 192;

/// How long a connection waits for other processes. Well under the five seconds after which Mastodon hangs up.
const MAX_BUSY_MS: u64 = 4000;

const BUSY_STEP_MS: u64 = 1;

type Result<T> = std::result::Result<T, CatalogError>;

/// The connection that writes, after its schema has been brought up to date.
pub(super) fn open_writer(path: &Path, purpose: Purpose) -> Result<Connection> {
    let doing = |error| explain(path, &error);
    let mut connection = open_writable(path).map_err(doing)?;
    if connection.is_readonly("main").map_err(doing)? {
        return Err(not_writable(path, "it is read-only"));
    }
    refuse_strangers(path, &connection)?;
    switch_to_wal(path, &connection)?;
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA cache_size = -16384;
             PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(doing)?;
    migrate(path, &mut connection, purpose)?;
    Ok(connection)
}

/// The one connection to an empty file that is being made into a catalog. Nothing of it is durable, and a failed write
/// leaves it useless.
pub(super) fn open_draft(path: &Path) -> Result<Connection> {
    let doing = |error| explain(path, &error);
    let mut connection = open_writable(path).map_err(doing)?;
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF;
             PRAGMA journal_mode = OFF;
             PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA cache_size = -16384;",
        )
        .map_err(doing)?;
    migrate(path, &mut connection, Purpose::Catalog)?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    set_up(&mut connection)?;
    connection.execute_batch("PRAGMA cache_size = -4096;")?;
    Ok(connection)
}

fn open_writable(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    set_up(&mut connection)?;
    Ok(connection)
}

fn set_up(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(wait_a_little))?;
    // Plans never depend on values, which here they never need to. Without this, SQLite prepares most statements
    // anew at every use, which takes ten times as long as running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Without this guarantee of stable plans, a value bound where a partial index could matter makes SQLite compile the
    // statement again at each run, which costs ten times the run itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Waits in short, even steps: SQLite's own handler waits ever longer, and so starves beside a busy writer.
fn wait_a_little(waits: i32) -> bool {
    std::thread::sleep(Duration::from_millis(BUSY_STEP_MS));
    u64::try_from(waits).is_ok_and(|waits| waits * BUSY_STEP_MS < MAX_BUSY_MS)
}

fn refuse_strangers(path: &Path, connection: &Connection) -> Result<()> {
    let doing = |error| explain(path, &error);
    let tables: i64 = connection
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(doing)?;
    if tables > 0 && application_id(connection).map_err(doing)? != APPLICATION_ID {
        return Err(no_catalog(path, "it is another program's database"));
    }
    Ok(())
}

fn application_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA application_id", [], |row| row.get(0))
}

/// Readers and the writer of a file in this mode do not wait for each other. The switch is kept in the file. It
/// needs the file for itself, and does not wait for it: another process may be opening it just now.
fn switch_to_wal(path: &Path, connection: &Connection) -> Result<()> {
    let mut waits = 0;
    loop {
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        });
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => {
                return Err(CatalogError::Unusable(format!(
                    "the catalog `{}` lies on a file system without shared memory, which SQLite needs; keep it \
                     on a local disk",
                    path.display()
                )));
            }
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && wait_a_little(waits) =>
            {
                waits += 1;
            }
            Err(error) => return Err(explain(path, &error)),
        }
    }
}

/// Runs the steps that are missing, all in one transaction; a second process waits and then finds none missing.
fn migrate(path: &Path, connection: &mut Connection, purpose: Purpose) -> Result<()> {
    let version = schema_version(path, connection)?;
    if purpose.takes(version, migrations::SQLITE) || missing(path, version)?.is_empty() {
        return Ok(());
    }
    let doing = |error| explain(path, &error);
    let tx = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(doing)?;
    let version = schema_version(path, &tx)?;
    if version == 0 {
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(doing)?;
        tx.execute_batch(
            "CREATE TABLE schema_version (version INTEGER NOT NULL);
             INSERT INTO schema_version (version) VALUES (0);",
        )
        .map_err(doing)?;
    }
    for step in missing(path, version)? {
        tx.execute_batch(step).map_err(doing)?;
    }
    let newest = i64::try_from(migrations::SQLITE.len()).unwrap_or(i64::MAX);
    tx.execute("UPDATE schema_version SET version = ?", [newest])
        .map_err(doing)?;
    tx.commit().map_err(doing)
}

/// The steps that are missing in a file of that version.
fn missing(path: &Path, version: i64) -> Result<&'static [&'static str]> {
    let steps = migrations::SQLITE;
    let done = usize::try_from(version).ok();
    done.and_then(|done| steps.get(done..)).ok_or_else(|| {
        CatalogError::Unusable(format!(
            "the catalog `{}` cannot be used: {}",
            path.display(),
            migrations::refusal(version, steps)
        ))
    })
}

/// The version of the schema, 0 in an empty file.
fn schema_version(path: &Path, connection: &Connection) -> Result<i64> {
    let doing = |error| explain(path, &error);
    let tables: i64 = connection
        .query_row(
            "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_version'",
            [],
            |row| row.get(0),
        )
        .map_err(doing)?;
    if tables == 0 {
        return Ok(0);
    }
    connection
        .query_row("SELECT version FROM schema_version", [], |row| row.get(0))
        .map_err(doing)
}

/// What an error while opening means to the operator.
fn explain(path: &Path, error: &rusqlite::Error) -> CatalogError {
    let doing = "opening the catalog";
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => no_catalog(path, "it is not a SQLite file"),
        Some(ErrorCode::DatabaseCorrupt) => CatalogError::Unusable(format!(
            "the catalog `{}` is damaged ({error}). Restore it from a backup",
            path.display()
        )),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            not_writable(path, &error.to_string())
        }
        _ => Fault::from_sqlite(error).while_doing(doing),
    }
}

fn no_catalog(path: &Path, why: &str) -> CatalogError {
    CatalogError::Unusable(format!(
        "`{}` is no rockpool catalog: {why}. Move it away, or give the catalog another path",
        path.display()
    ))
}

fn not_writable(path: &Path, why: &str) -> CatalogError {
    CatalogError::Unusable(format!(
        "the catalog `{}` cannot be written: {why}. Its directory must exist, and the directory and all files in it \
         must belong to the user that rockpool runs as",
        path.display()
    ))
}
