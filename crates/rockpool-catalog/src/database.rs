//! The waist between the verbs and the drivers: transactions that can be run again, statements, values.
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rockpool_types::Timestamp;

use crate::{
    BlobId, BucketId, CatalogError, MemberId, StoreId,
    dialect::{Dialect, Fault},
    row::Row,
    server::{Server, ServerTx},
    sqlite::{self, Sqlite},
};

/// The answer of a statement, or of the work of one transaction.
pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// The work of one transaction. It captures nothing, so that it can be run again from the start when the
/// database reports a conflict.
pub(crate) type Work<A, T> = for<'a> fn(&'a mut Tx, &'a A) -> BoxFuture<'a, Result<T>>;

/// A database. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// A SQLite file.
    Sqlite(Arc<Sqlite>),
    /// A database server.
    Server(Arc<Server>),
}

impl Database {
    /// Runs `work` in a transaction that may write, and commits it durably when it answers `Ok`. An `Err`
    /// rolls it back. Conflicts with other nodes are retried below here and nowhere else.
    pub(crate) async fn write<A, T>(
        &self,
        doing: &'static str,
        args: A,
        work: Work<A, T>,
    ) -> Result<T, CatalogError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(db) => db.write(args, work).await,
            Self::Server(db) => Box::pin(db.write(args, work)).await,
        }
        .map_err(|fault| fault.while_doing(doing))
    }

    /// Runs `work`, one short statement that only reads. It sees every write that was acknowledged before.
    pub(crate) async fn read<A, T>(
        &self,
        doing: &'static str,
        args: A,
        work: Work<A, T>,
    ) -> Result<T, CatalogError> {
        match self {
            Self::Sqlite(db) => db.read(&args, work),
            // Boxed, since every caller's future would carry a connection's being made.
            Self::Server(db) => Box::pin(db.read(&args, work)).await,
        }
        .map_err(|fault| fault.while_doing(doing))
    }

    /// Runs `work`, which only reads, at one moment of the database: for several statements, or when they take long
    /// enough to hold up the caller's thread.
    pub(crate) async fn scan<A, T>(
        &self,
        doing: &'static str,
        args: A,
        work: Work<A, T>,
    ) -> Result<T, CatalogError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Sqlite(db) => {
                let db = db.clone();
                tokio::task::spawn_blocking(move || db.read(&args, work))
                    .await
                    .unwrap_or_else(|e| Err(Fault::Internal(e.to_string())))
            }
            Self::Server(db) => Box::pin(db.scan(&args, work)).await,
        }
        .map_err(|fault| fault.while_doing(doing))
    }
}

/// A connection with a transaction open on it.
#[derive(Debug)]
pub(crate) enum Tx {
    /// On a SQLite file. Its futures are always ready at once.
    Sqlite(rusqlite::Connection),
    /// On a database server.
    Server(Box<ServerTx>),
}

impl Tx {
    /// All rows of a `SELECT`.
    pub(crate) async fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => Ok(sqlite::query(connection, sql, values)?),
            Self::Server(tx) => tx.query(sql, values).await,
        }
    }

    /// The first row of a `SELECT`.
    pub(crate) async fn query_one(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>> {
        match self {
            Self::Sqlite(connection) => Ok(sqlite::query_one(connection, sql, values)?),
            Self::Server(tx) => Ok(tx.query(sql, values).await?.into_iter().next()),
        }
    }

    /// As [`Self::query_one`]; the row stays as it is until this transaction ends.
    pub(crate) async fn lock_one(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>> {
        let sql = self.dialect().locking(sql);
        self.query_one(&sql, values).await
    }

    /// Runs a statement without rows; answers how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => Ok(sqlite::execute(connection, sql, values)?),
            Self::Server(tx) => tx.execute(sql, values).await,
        }
    }

    /// Runs an `INSERT` of one row into a table with a number of its own; answers that number.
    pub(crate) async fn insert(&mut self, sql: &str, values: &[Value<'_>]) -> Result<i64> {
        match self {
            Self::Sqlite(connection) => {
                sqlite::execute(connection, sql, values)?;
                Ok(connection.last_insert_rowid())
            }
            Self::Server(tx) => tx.insert(sql, values).await,
        }
    }

    /// The row, of those that counts are spread over, that this transaction writes to. SQLite has one writer and uses
    /// only the first.
    pub(crate) fn slot(&self) -> Value<'static> {
        match self {
            Self::Sqlite(_) => Value::Int(0),
            Self::Server(tx) => Value::Int(tx.slot()),
        }
    }

    /// Whether nobody else can write while this transaction lasts.
    pub(crate) const fn has_one_writer(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// The way of speaking SQL here.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Server(tx) => tx.dialect(),
        }
    }
}

/// A value for a statement's placeholder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Int(i64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text that is never a key of an object: those are bytes.
    Text(&'a str),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value<'_> {
    /// Sizes and limits; beyond 2^63 - 1 they are as good as that.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Int(truth.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Int(time.as_millis())
    }
}

impl From<MemberId> for Value<'_> {
    fn from(id: MemberId) -> Self {
        Self::Int(id.0)
    }
}

impl From<BucketId> for Value<'_> {
    fn from(id: BucketId) -> Self {
        Self::Int(id.0)
    }
}

impl From<BlobId> for Value<'_> {
    fn from(id: BlobId) -> Self {
        Self::Int(id.0)
    }
}

impl From<StoreId> for Value<'_> {
    fn from(id: StoreId) -> Self {
        Self::Int(id.0)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
