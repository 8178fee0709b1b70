//! PostgreSQL: all in one transaction, under a lock of its own.
use std::time::Duration;

use super::{APPLICATION, Session, Survey, Trouble, foreign, missing, survey, too_old};
use crate::{
    database::Result,
    dialect::Fault,
    migrations::{self, Purpose},
};

/// The columns of all tables that this user may see in its schema.
const COLUMNS: &str = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
    JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'";

/// Long enough for definitions of large tables; and the lock that makes nodes come one after the other: `rockpool`.
const ALONE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'; \
    SELECT pg_advisory_xact_lock(8245918755837669228)";

const MARK: &str = "CREATE TABLE schema_version ( \
        id SMALLINT PRIMARY KEY CHECK (id = 1), \
        application TEXT NOT NULL, \
        version BIGINT NOT NULL \
    )";

/// How long a step may take.
const MAX_STEP: Duration = Duration::from_secs(3600);

/// The oldest version that will do, as `server_version_num` tells it.
const LEAST: i64 = 130_000;

/// Refuses what cannot be used, and runs the steps that are missing.
pub(super) async fn prepare(session: &mut Session, purpose: Purpose) -> Result<(), Trouble> {
    let sql = "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), \
               current_setting('server_encoding'), current_setting('synchronous_commit')";
    let row = session.query(sql, &[]).await?.into_iter().next();
    let mut row = row.ok_or_else(|| Fault::Internal("an answer without rows".to_owned()))?;
    let (number, version): (i64, String) = (row.take()?, row.take()?);
    let (encoding, synchronous): (String, String) = (row.take()?, row.take()?);
    if number < LEAST {
        return Err(too_old("PostgreSQL", &version, "13"));
    }
    if encoding != "UTF8" {
        return Err(Trouble::Unusable(format!(
            "its encoding is {encoding}, and a catalog needs UTF8. Make it with `createdb --encoding=UTF8 --template=template0`"
        )));
    }
    if synchronous == "off" {
        tracing::warn!(
            "the database server does not write commits to disk at once (synchronous_commit is off): after a crash, \
             acknowledged uploads may be missing"
        );
    }
    if survey(session, COLUMNS).await? == Survey::Catalog {
        let version = version_of(session).await?;
        if purpose.takes(version, migrations::POSTGRES)
            || missing(migrations::POSTGRES, version)?.is_empty()
        {
            return Ok(());
        }
    }
    session.run(ALONE, MAX_STEP).await?;
    migrate(session).await?;
    Ok(session.commit().await?)
}

async fn version_of(session: &mut Session) -> Result<i64, Trouble> {
    let sql = "SELECT version FROM schema_version WHERE id = 1";
    match session.query(sql, &[]).await?.into_iter().next() {
        Some(mut row) => Ok(row.take()?),
        None => Ok(0),
    }
}

async fn migrate(session: &mut Session) -> Result<(), Trouble> {
    match survey(session, COLUMNS).await? {
        Survey::Catalog => {}
        Survey::Foreign(tables) => return Err(foreign(&tables)),
        Survey::Empty => {
            session.run(MARK, MAX_STEP).await?;
            let sql = "INSERT INTO schema_version (id, application, version) VALUES (1, ?, 0)";
            session.execute(sql, &[APPLICATION.into()]).await?;
        }
    }
    let steps = missing(migrations::POSTGRES, version_of(session).await?)?;
    for step in steps {
        session.run(step, MAX_STEP).await?;
    }
    let newest = i64::try_from(migrations::POSTGRES.len()).unwrap_or(i64::MAX);
    session
        .execute("UPDATE schema_version SET version = ?", &[newest.into()])
        .await?;
    Ok(())
}
