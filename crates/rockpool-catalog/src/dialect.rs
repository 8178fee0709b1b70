//! Where databases differ: the few texts that are not the same everywhere, and what their errors mean.
use std::borrow::Cow;

use rusqlite::{ErrorCode, ffi};

use crate::CatalogError;

/// A database's way of speaking SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
    /// MariaDB and MySQL.
    MySql,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Its name in a catalog's address.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::MySql => "mysql",
            Self::Postgres => "postgres",
        }
    }

    /// The `SELECT` such that its rows stay as they are until the transaction ends. Only for one table: PostgreSQL would
    /// lose a joined row that changes while it waits.
    pub(crate) fn locking(self, select: &str) -> Cow<'_, str> {
        match self {
            // A write transaction has the whole file to itself.
            Self::Sqlite => Cow::Borrowed(select),
            Self::MySql | Self::Postgres => Cow::Owned(format!("{select} FOR UPDATE")),
        }
    }

    /// The blobs that are not live, which are few: a table and the beginning of a condition that find them by index.
    pub(crate) const fn blobs_not_live(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "blobs WHERE since IS NOT NULL",
            // It has no partial indices, and would rather walk the primary key.
            Self::MySql => {
                "blobs FORCE INDEX (blobs_by_state) WHERE state IN (0, 2, 3) AND since IS NOT NULL"
            }
        }
    }

    /// The end of an order of blobs by scope and digest, of which a damaged catalog may have several rows.
    pub(crate) const fn then_by_id(self) -> &'static str {
        match self {
            // Its index has but the head of a digest; the few rows of one head are sorted as they come.
            Self::Sqlite => ", id",
            // Their index is unique. MariaDB would not see that it has this order, and sort all blobs.
            Self::MySql | Self::Postgres => "",
        }
    }

    /// The sum of a column of whole numbers as a whole number, 0 over no rows.
    pub(crate) fn sum(self, column: &str) -> String {
        let integer = match self {
            Self::MySql => "SIGNED",
            Self::Sqlite | Self::Postgres => "BIGINT",
        };
        format!("CAST(COALESCE(SUM({column}), 0) AS {integer})")
    }

    /// The statement with the placeholders of this database. Statements have no `?` but for those.
    pub(crate) fn placeholders(self, sql: &str) -> Cow<'_, str> {
        if self != Self::Postgres {
            return Cow::Borrowed(sql);
        }
        let mut pieces = sql.split('?');
        let mut numbered = String::with_capacity(sql.len() + 32);
        numbered.push_str(pieces.next().unwrap_or_default());
        for (number, piece) in (1..).zip(pieces) {
            numbered.push('$');
            numbered.push_str(&u32::to_string(&number));
            numbered.push_str(piece);
        }
        Cow::Owned(numbered)
    }
}

/// Why a statement failed, as far as anybody acts on it. Inserts look first whether the row is there, so a
/// violated unique index or foreign key is a race with another transaction where there can be such, and else a bug.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Lost against another transaction, and undone: the whole transaction may be run again at once.
    Conflict(String),
    /// Away. Nothing was committed: the whole transaction may be run again when the database is back.
    Away(String),
    /// Others had the database for themselves for longer than anybody should wait. Nothing was begun.
    Busy(String),
    /// The connection was lost during the commit: it was carried out whole or not at all, and nobody knows which.
    Unknown(String),
    /// The disk is full.
    Full,
    /// Anything else.
    Internal(String),
}

impl Fault {
    /// As the catalog's callers see it.
    pub(crate) fn while_doing(self, doing: &'static str) -> CatalogError {
        match self {
            Self::Conflict(why) | Self::Away(why) | Self::Busy(why) => {
                CatalogError::Unavailable { doing, why }
            }
            Self::Unknown(why) => CatalogError::Unavailable {
                doing,
                why: format!("the connection was lost during the commit, which may be done: {why}"),
            },
            Self::Full => CatalogError::Full { doing },
            Self::Internal(why) => CatalogError::Internal { doing, why },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::from_sqlite(&error)
    }
}

impl Fault {
    /// What an error of SQLite means.
    pub(crate) fn from_sqlite(error: &rusqlite::Error) -> Self {
        if error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE) {
            // The index of the write-ahead log could not grow.
            return Self::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
            ) => Self::Busy(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
