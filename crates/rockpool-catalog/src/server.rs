//! The drivers for database servers: MariaDB, MySQL and PostgreSQL.
//!
//! Transactions run at READ COMMITTED; docs/decisions says why that is enough and what the statements do for it. One that
//! was undone by the database is run again, whole, here and nowhere else. When the connection is lost during a commit,
//! nothing is run again, since a second run could undo what came between: the caller hears that the catalog is
//! unavailable, and the write is done whole or not at all.
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use crate::{
    CatalogError,
    database::{Result, Tx, Value, Work},
    dialect::{Dialect, Fault},
    migrations::Purpose,
    row::Row,
};

mod address;
mod mysql;
mod pool;
mod postgres;
mod retry;
mod schema;
mod session;

pub use address::ServerAddress;

use pool::{Connections, Working};
use retry::Attempts;

/// Rows that each count is spread over.
const SLOTS: u32 = 32;

/// Rows of those that one process writes to: enough that its own transactions rarely wait for each other, few enough
/// that nodes rarely share one, which on a Galera cluster fails one of two commits.
const SLOTS_OF_A_PROCESS: u32 = 4;

/// A database on a server, opened for this process.
pub(crate) struct Server {
    connections: Connections,
    /// The first of the slots that this process writes to.
    first_slot: u32,
    /// Transactions begun; spreads them over the slots.
    begun: AtomicU32,
    /// Whether the last attempt found the server away; for the log.
    away: AtomicBool,
}

impl Server {
    /// Connects, and brings the schema up to date. Never more than `max_connections` are open at once.
    pub(crate) async fn open(
        address: ServerAddress,
        max_connections: u32,
        purpose: Purpose,
    ) -> Result<Self, CatalogError> {
        let connections = Connections::new(address, max_connections);
        schema::prepare(&connections, purpose).await?;
        let random = getrandom::u32().map_err(|e| CatalogError::Internal {
            doing: "opening the catalog",
            why: e.to_string(),
        })?;
        Ok(Self {
            connections,
            first_slot: random % (SLOTS / SLOTS_OF_A_PROCESS) * SLOTS_OF_A_PROCESS,
            begun: AtomicU32::new(0),
            away: AtomicBool::new(false),
        })
    }

    /// Runs the work in a transaction that may write, again after conflicts, and waits until it is durable. It goes on
    /// when the caller's future is dropped.
    pub(crate) async fn write<A, T>(self: &Arc<Self>, args: A, work: Work<A, T>) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let server = self.clone();
        let running = tokio::spawn(async move {
            let mut attempts = Attempts::new();
            loop {
                let outcome = server.write_once(&args, work).await;
                if let Some(answer) = server.settled(outcome, &mut attempts).await? {
                    return Ok(answer);
                }
            }
        });
        running
            .await
            .unwrap_or_else(|e| Err(Fault::Internal(format!("the write panicked: {e}"))))
    }

    /// Runs work of one statement that only reads.
    pub(crate) async fn read<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let mut attempts = Attempts::new();
        loop {
            let outcome = self.read_once(args, work).await;
            if let Some(answer) = self.settled(outcome, &mut attempts).await? {
                return Ok(answer);
            }
        }
    }

    /// Runs work that only reads, at one moment of the database.
    pub(crate) async fn scan<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let mut attempts = Attempts::new();
        loop {
            let outcome = self.scan_once(args, work).await;
            if let Some(answer) = self.settled(outcome, &mut attempts).await? {
                return Ok(answer);
            }
        }
    }

    async fn write_once<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let mut tx = self.take().await?;
        tx.working
            .session
            .control(begin_write(tx.dialect()))
            .await?;
        let (tx, outcome) = run(tx, args, work).await?;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) => {
                self.roll_back(*tx, &fault).await;
                return Err(fault);
            }
        };
        let mut working = tx.working;
        match working.session.commit().await {
            Ok(()) => {
                self.connections.give_back(working);
                Ok(answer)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn scan_once<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let mut tx = self.take().await?;
        tx.working.session.control(begin_scan(tx.dialect())).await?;
        let (mut tx, outcome) = run(tx, args, work).await?;
        let answer = outcome?;
        tx.working.session.control("COMMIT").await?;
        self.connections.give_back(tx.working);
        Ok(answer)
    }

    async fn read_once<A, T>(&self, args: &A, work: Work<A, T>) -> Result<T> {
        let tx = self.take().await?;
        let (tx, outcome) = run(tx, args, work).await?;
        let answer = outcome?;
        self.connections.give_back(tx.working);
        Ok(answer)
    }

    async fn take(&self) -> Result<Box<ServerTx>> {
        let working = self.connections.take().await?;
        if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!(catalog.address = %self.connections.address(), "the catalog's database is back");
        }
        let turn = self.begun.fetch_add(1, Ordering::Relaxed) % SLOTS_OF_A_PROCESS;
        Ok(Box::new(ServerTx {
            working,
            slot: self.first_slot + turn,
            failed: false,
        }))
    }

    /// Rolls back where the connection is sound, and keeps it; else it is closed, which rolls back as well.
    async fn roll_back(&self, tx: ServerTx, fault: &Fault) {
        let mut working = tx.working;
        if !matches!(fault, Fault::Away(_)) && working.session.control("ROLLBACK").await.is_ok() {
            self.connections.give_back(working);
        }
    }

    /// The answer of an attempt, or its fault when there is to be no further one. `None`: the wait before the next is over.
    async fn settled<T>(&self, outcome: Result<T>, attempts: &mut Attempts) -> Result<Option<T>> {
        match outcome {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) => {
                self.note(&fault);
                attempts.wait_after(fault).await?;
                Ok(None)
            }
        }
    }

    /// Draws the consequences of a fault for other transactions, and logs it.
    fn note(&self, fault: &Fault) {
        match fault {
            Fault::Away(why) => {
                self.connections.close_resting();
                if !self.away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        catalog.address = %self.connections.address(),
                        error.cause = %why,
                        "the catalog's database is away; it is tried again"
                    );
                }
            }
            Fault::Unknown(why) => {
                self.connections.close_resting();
                tracing::warn!(
                    catalog.address = %self.connections.address(),
                    error.cause = %why,
                    "the connection to the catalog's database was lost during a commit"
                );
            }
            Fault::Conflict(why) => {
                tracing::debug!(error.cause = %why, "a transaction is run again");
            }
            Fault::Busy(_) | Fault::Full | Fault::Internal(_) => {}
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.connections.address())
    }
}

/// Runs the work, and hands the transaction back.
async fn run<A, T>(
    tx: Box<ServerTx>,
    args: &A,
    work: Work<A, T>,
) -> Result<(Box<ServerTx>, Result<T>)> {
    let mut tx = Tx::Server(tx);
    let outcome = work(&mut tx, args).await;
    let Tx::Server(tx) = tx else {
        return Err(Fault::Internal("the transaction was exchanged".to_owned()));
    };
    // PostgreSQL would take the commit of a transaction that a failed statement has undone.
    let outcome = match outcome {
        Ok(_) if tx.failed => Err(Fault::Internal(
            "a statement's fault was passed over".to_owned(),
        )),
        outcome => outcome,
    };
    Ok((tx, outcome))
}

const fn begin_write(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        // Its isolation level is set once a session.
        Dialect::MySql | Dialect::Sqlite => "START TRANSACTION",
    }
}

const fn begin_scan(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Dialect::MySql | Dialect::Sqlite => {
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION READ ONLY"
        }
    }
}

/// A connection with a transaction open on it, or, for a read, without.
pub(crate) struct ServerTx {
    working: Working,
    slot: u32,
    /// Whether a statement failed; such a transaction is never committed.
    failed: bool,
}

impl ServerTx {
    /// All rows of a statement.
    pub(crate) async fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let rows = self.working.session.query(sql, values).await;
        self.failed |= rows.is_err();
        rows
    }

    /// Runs a statement without rows; answers how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let done = self.working.session.execute(sql, values).await;
        self.failed |= done.is_err();
        Ok(done?.rows)
    }

    /// Runs an `INSERT` of one row; answers its number.
    pub(crate) async fn insert(&mut self, sql: &str, values: &[Value<'_>]) -> Result<i64> {
        if self.dialect() == Dialect::Postgres {
            let sql = format!("{sql} RETURNING id");
            let row = self.query(&sql, values).await?.into_iter().next();
            let mut row = row.ok_or_else(|| Fault::Internal("no row was inserted".to_owned()))?;
            return row.take();
        }
        let done = self.working.session.execute(sql, values).await;
        self.failed |= done.is_err();
        i64::try_from(done?.last_id).map_err(|e| Fault::Internal(e.to_string()))
    }

    /// The way of speaking SQL here.
    pub(crate) const fn dialect(&self) -> Dialect {
        self.working.session.dialect()
    }

    /// The slot that this transaction counts in.
    pub(crate) fn slot(&self) -> i64 {
        self.slot.into()
    }
}

impl fmt::Debug for ServerTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTx")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

/// What an error means that no server sent.
fn fault_of_driver(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
            Fault::Away(error.to_string())
        }
        other => Fault::Internal(other.to_string()),
    }
}

/// A value that the driver cannot write or read.
fn invalid(error: sqlx::error::BoxDynError) -> Fault {
    Fault::Internal(error.to_string())
}
