//! A catalog's file that is being made by one alone.
use std::path::PathBuf;

use super::{finish, open, statement};
use crate::{
    database::{Result, Tx, Work},
    dialect::Fault,
};

/// A file that becomes a catalog. Nothing is durable; what was written is in the file once this is dropped. After a
/// failed write the file is useless.
pub(crate) struct Draft(Tx);

impl Draft {
    /// Opens a file that nobody else has open. An empty one becomes a catalog without rows.
    pub(crate) async fn open(path: PathBuf) -> Result<Self> {
        blocking(move || {
            let connection = open::open_draft(&path);
            let connection = connection.map_err(|e| Fault::Internal(e.to_string()))?;
            Ok(Self(Tx::Sqlite(connection)))
        })
        .await
    }

    /// Runs `work` on a blocking thread, in a transaction.
    pub(crate) async fn write<A, T>(mut self, args: A, work: Work<A, T>) -> Result<(Self, T)>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        blocking(move || {
            statement(&self.0, "BEGIN")?;
            let answer = finish(work(&mut self.0, &args))?;
            statement(&self.0, "COMMIT")?;
            Ok((self, answer))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(job)
        .await
        .unwrap_or_else(|e| Err(Fault::Internal(e.to_string())))
}
