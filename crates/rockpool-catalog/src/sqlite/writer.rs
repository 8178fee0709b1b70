//! The thread that writes. Whatever waits goes into one transaction, so that many writes share one fsync.
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::{mpsc, oneshot};

use super::{connection, finish, statement};
use crate::{
    database::{Result, Tx, Work},
    dialect::Fault,
};

/// Writes that share one transaction at most; bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 256;

/// A write that waits for its turn.
pub(super) trait Job: Send {
    /// Whether nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does its work, and keeps the answer. After an `Err` its changes are to be rolled back.
    fn run(&mut self, tx: &mut Tx) -> Result<()>;
    /// Gives the answer after the commit; the commit's own fault when it failed.
    fn answer(self: Box<Self>, commit: &Result<()>);
}

/// Takes jobs until the queue is closed and empty.
pub(super) fn run(mut tx: Tx, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(MAX_BATCH);
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        while batch.len() < MAX_BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        batch.retain(|job| !job.is_abandoned());
        let commit = carry_out(&mut tx, &mut batch);
        if let Err(fault) = &commit {
            tracing::warn!(catalog.writes = batch.len(), catalog.fault = ?fault, "the catalog could not commit");
        }
        for job in batch.drain(..) {
            job.answer(&commit);
        }
    }
}

/// Does all jobs in one transaction. Nothing is tried again here: conflicts between processes come as waiting
/// for the one who writes, which the connection's busy handler does.
fn carry_out(tx: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<()> {
    let outcome = do_all(tx, batch);
    if outcome.is_err() {
        roll_back(tx);
    }
    outcome
}

fn do_all(tx: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<()> {
    statement(tx, "BEGIN IMMEDIATE")?;
    for job in batch {
        statement(tx, "SAVEPOINT job")?;
        let ran = job.run(tx);
        if connection(tx)?.is_autocommit() {
            // SQLite gives up the whole transaction on its own when the disk is full or fails.
            return Err(ran
                .err()
                .unwrap_or_else(|| Fault::Internal("the transaction is gone".to_owned())));
        }
        if ran.is_err() {
            statement(tx, "ROLLBACK TO job")?;
        }
        statement(tx, "RELEASE job")?;
    }
    statement(tx, "COMMIT")
}

fn roll_back(tx: &mut Tx) {
    if connection(tx).is_ok_and(|connection| !connection.is_autocommit())
        && let Err(fault) = statement(tx, "ROLLBACK")
    {
        tracing::error!(catalog.fault = ?fault, "the catalog could not roll back");
    }
}

/// A write: what it works on, its work, and who waits for it.
pub(super) struct WriteJob<A, T> {
    args: A,
    work: Work<A, T>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<A, T> WriteJob<A, T> {
    /// A write whose answer goes to `reply`.
    pub(super) fn new(args: A, work: Work<A, T>, reply: oneshot::Sender<Result<T>>) -> Self {
        Self {
            args,
            work,
            result: None,
            reply,
        }
    }
}

impl<A: Send + Sync, T: Send> Job for WriteJob<A, T> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> Result<()> {
        // A bug in one job must not end the thread that all others depend on; its changes are rolled back.
        let ran = catch_unwind(AssertUnwindSafe(|| finish((self.work)(tx, &self.args))));
        let result = ran.unwrap_or_else(|_| Err(Fault::Internal("the write panicked".to_owned())));
        let ran = result.as_ref().map(drop).map_err(Clone::clone);
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, commit: &Result<()>) {
        let answer = match (commit, self.result) {
            (Err(fault), _) => Err(fault.clone()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Fault::Internal("the write was passed over".to_owned())),
        };
        // Whoever waited may have gone; the write stays done.
        let _ = self.reply.send(answer);
    }
}
