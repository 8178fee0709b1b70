//! The SQLite driver: one thread that writes, and connections that only read.
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use futures_util::FutureExt;
use rusqlite::{
    Connection, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    CatalogError,
    database::{Result, Tx, Value, Work},
    dialect::Fault,
    migrations::Purpose,
    row::{Cell, Row},
};

mod draft;
mod open;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use draft::Draft;
use writer::{Job, WriteJob};

/// Reading connections that are kept for the next reader. More are opened when more read at once.
const MAX_KEPT_READERS: usize = 16;

/// Writes that may wait for the writer before further ones wait to be queued.
const MAX_QUEUED_WRITES: usize = 1024;

/// A SQLite file, opened for this process.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    /// The writer's queue. Its thread ends when this is dropped and the queue is empty.
    jobs: mpsc::Sender<Box<dyn Job>>,
    /// Readers at rest. Taken out for each read and put back after it, so that the lock is held for moments.
    readers: Mutex<Vec<Tx>>,
}

impl Sqlite {
    /// Opens the file, brings its schema up to date and starts the writer. Blocks.
    pub(crate) fn open(path: &Path, purpose: Purpose) -> Result<Self, CatalogError> {
        let path = std::path::absolute(path)
            .map_err(|e| CatalogError::Unusable(format!("the catalog's path is unusable: {e}")))?;
        let connection = open::open_writer(&path, purpose)?;
        let (jobs, queue) = mpsc::channel(MAX_QUEUED_WRITES);
        std::thread::Builder::new()
            .name("catalog-writer".to_owned())
            .spawn(move || writer::run(Tx::Sqlite(connection), queue))
            .map_err(|e| CatalogError::Unavailable {
                doing: "starting the catalog's writer",
                why: e.to_string(),
            })?;
        Ok(Self {
            path,
            jobs,
            readers: Mutex::default(),
        })
    }

    /// Queues a write for the writer and waits until it is durable.
    pub(crate) async fn write<A, T>(&self, args: A, work: Work<A, T>) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let stopped = || Fault::Internal("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(WriteJob::new(args, work, reply));
        self.jobs.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Reads on the caller's thread.
    pub(crate) fn read<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let kept = self.lock_readers().pop();
        let mut tx = match kept {
            Some(tx) => tx,
            None => Tx::Sqlite(open::open_reader(&self.path)?),
        };
        let answer = read_at_one_moment(&mut tx, args, work);
        if connection(&tx)?.is_autocommit() {
            let mut readers = self.lock_readers();
            if readers.len() < MAX_KEPT_READERS {
                readers.push(tx);
            }
        }
        answer
    }

    /// Writes the file as it is at one moment into the empty file `to`. Nobody waits for it; the write-ahead log grows
    /// meanwhile. Blocks.
    pub(crate) fn write_to(&self, to: &Path) -> Result<()> {
        let connection = open::open_reader(&self.path)?;
        let to = to
            .to_str()
            .ok_or_else(|| Fault::Internal(format!("{} is not UTF-8", to.display())))?;
        execute(&connection, "VACUUM INTO ?", &[to.into()])?;
        Ok(())
    }

    fn lock_readers(&self) -> std::sync::MutexGuard<'_, Vec<Tx>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_at_one_moment<A, T>(tx: &mut Tx, args: &A, work: Work<A, T>) -> Result<T> {
    execute(connection(tx)?, "BEGIN", &[])?;
    let answer = finish(work(tx, args));
    execute(connection(tx)?, "COMMIT", &[])?;
    answer
}

/// The connection of a transaction on a SQLite file.
fn connection(tx: &Tx) -> Result<&Connection> {
    match tx {
        Tx::Sqlite(connection) => Ok(connection),
        Tx::Server(_) => Err(Fault::Internal("not a transaction of SQLite's".to_owned())),
    }
}

fn statement(tx: &Tx, sql: &str) -> Result<()> {
    execute(connection(tx)?, sql, &[])?;
    Ok(())
}

/// Takes the answer of work whose futures, being SQLite's, are ready at once.
fn finish<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    work.now_or_never().unwrap_or_else(|| {
        Err(Fault::Internal(
            "a transaction waited for something that is not its database".to_owned(),
        ))
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// All rows of a statement.
pub(crate) fn query(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read_row(row)?);
    }
    Ok(all)
}

/// The first row of a statement.
pub(crate) fn query_one(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    rows.next()?.map(read_row).transpose()
}

/// Runs a statement; answers how many rows it touched.
pub(crate) fn execute(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let touched = statement.execute(params_from_iter(values))?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let columns = row.as_ref().column_count();
    let mut cells = Vec::with_capacity(columns);
    for column in 0..columns {
        cells.push(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
            ValueRef::Text(_) => Cell::Text(row.get(column)?),
            ValueRef::Real(_) => {
                return Err(rusqlite::Error::InvalidColumnType(
                    column,
                    "a fraction".to_owned(),
                    rusqlite::types::Type::Real,
                ));
            }
        });
    }
    Ok(Row::new(cells))
}
