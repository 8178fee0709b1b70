//! One connection to a database server, and the statements on it.
use std::time::Duration;

use tokio::time::timeout;

use super::{
    address::{Options, ServerAddress},
    mysql, postgres,
};
use crate::{
    database::{Result, Value},
    dialect::{Dialect, Fault},
    row::Row,
};

use sqlx::{mysql::MySqlConnection, postgres::PgConnection};

/// How long a connection may take to be made, its first settings included.
const MAX_CONNECT: Duration = Duration::from_secs(5);

/// How long a statement may take before its connection is given up. Servers are told to end them earlier.
const MAX_STATEMENT: Duration = Duration::from_secs(12);

/// A connection. Dropping it closes it.
pub(super) enum Session {
    MySql(MySqlConnection),
    Postgres(PgConnection),
}

/// What a statement without rows did.
pub(super) struct Done {
    /// Rows that it touched.
    pub(super) rows: u64,
    /// The number of the row that it inserted; 0 on PostgreSQL, which answers it as a row.
    pub(super) last_id: u64,
}

/// Waits for the server, but not for ever.
async fn bounded<T>(limit: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(limit, answer).await.unwrap_or_else(|_| {
        Err(Fault::Away(format!(
            "the database did not answer within {} seconds",
            limit.as_secs()
        )))
    })
}

impl Session {
    /// Connects, and sets what every session needs.
    pub(super) async fn connect(address: &ServerAddress) -> Result<Self> {
        bounded(MAX_CONNECT, async {
            Ok(match &address.options {
                Options::MySql(options) => Self::MySql(mysql::connect(options).await?),
                Options::Postgres(options) => Self::Postgres(postgres::connect(options).await?),
            })
        })
        .await
    }

    /// The way of speaking SQL here.
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::MySql(_) => Dialect::MySql,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows of a statement.
    pub(super) async fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        bounded(MAX_STATEMENT, async {
            match self {
                Self::MySql(connection) => mysql::query(connection, sql, values).await,
                Self::Postgres(connection) => postgres::query(connection, sql, values).await,
            }
        })
        .await
    }

    /// Runs a statement without rows.
    pub(super) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Done> {
        bounded(MAX_STATEMENT, async {
            match self {
                Self::MySql(connection) => mysql::execute(connection, sql, values).await,
                Self::Postgres(connection) => postgres::execute(connection, sql, values).await,
            }
        })
        .await
    }

    /// Runs statements of this program's own, without values and without preparing them, within `limit`.
    pub(super) async fn run(&mut self, sql: &str, limit: Duration) -> Result<()> {
        bounded(limit, async {
            match self {
                Self::MySql(connection) => mysql::run(connection, sql).await,
                Self::Postgres(connection) => postgres::run(connection, sql).await,
            }
        })
        .await
    }

    /// Begins or rolls back.
    pub(super) async fn control(&mut self, sql: &str) -> Result<()> {
        self.run(sql, MAX_STATEMENT).await
    }

    /// Commits. When nobody knows whether it was done, the fault is `Unknown`.
    pub(super) async fn commit(&mut self) -> Result<()> {
        let committed = bounded(MAX_STATEMENT, async {
            Ok(match self {
                Self::MySql(connection) => mysql::commit(connection).await,
                Self::Postgres(connection) => postgres::commit(connection).await,
            })
        });
        match committed.await {
            Ok(outcome) => outcome,
            Err(Fault::Away(why)) => Err(Fault::Unknown(why)),
            Err(other) => Err(other),
        }
    }
}
