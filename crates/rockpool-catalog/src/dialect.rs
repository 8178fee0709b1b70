//! Where databases differ: the few texts that are not the same everywhere, and what their errors mean.
use std::borrow::Cow;

use rusqlite::{ErrorCode, ffi};

use crate::CatalogError;

/// A database's way of speaking SQL.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// The `SELECT` such that its rows stay as they are until the transaction ends.
    pub(crate) const fn locking(self, select: &str) -> Cow<'_, str> {
        match self {
            // A write transaction has the whole file to itself.
            Self::Sqlite => Cow::Borrowed(select),
        }
    }
}

/// Why a statement failed, as far as anybody acts on it. Inserts look first whether the row is there, so a
/// violated unique index is a race with another node where there can be such, and else a bug.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Busy, away, or in conflict with another transaction: the whole transaction may be run again.
    TryAgain(String),
    /// The disk is full.
    Full,
    /// Anything else.
    Internal(String),
}

impl Fault {
    /// As the catalog's callers see it.
    pub(crate) fn while_doing(self, doing: &'static str) -> CatalogError {
        match self {
            Self::TryAgain(why) => CatalogError::Unavailable { doing, why },
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
            ) => Self::TryAgain(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}
