//! MariaDB and MySQL. They have no transactions over definitions, and a Galera cluster shares no locks by name: so a
//! node takes the right to run the steps in a row, for a while, and every statement can be run again by whoever follows.
use std::time::Duration;

use super::{APPLICATION, Session, Survey, Trouble, foreign, missing, survey, too_old};
use crate::{
    database::Result,
    dialect::Fault,
    migrations::{self, Purpose},
};

/// The columns of all tables.
const COLUMNS: &str = "SELECT c.table_name, c.column_name FROM information_schema.columns c \
    JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
    WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'";

const MARK: &str = "CREATE TABLE IF NOT EXISTS schema_version ( \
        id TINYINT NOT NULL PRIMARY KEY, \
        application VARCHAR(16) NOT NULL, \
        version BIGINT NOT NULL, \
        migrator VARBINARY(16), \
        migrating_until BIGINT \
    ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// Definitions of large tables take their time.
const PATIENT: &str =
    "SET SESSION innodb_lock_wait_timeout = 50 /*M!, SESSION max_statement_time = 0 */";

/// How long a statement of a step may take.
const MAX_STATEMENT: Duration = Duration::from_secs(3600);

/// How long the right to run the steps lasts, in seconds; it is renewed before each statement.
const LEASE_SECONDS: i64 = 30;

/// How often to look whether another node is done.
const LOOK: Duration = Duration::from_millis(100);

/// How long another node may take for all steps.
const MAX_LOOKS: u32 = 36_000;

/// Columns of the catalog's own whose comparison is not byte by byte.
const ODD_COLUMNS: &str = "SELECT CONCAT('the column ', table_name, '.', column_name, ' has the collation ', \
    collation_name) FROM information_schema.columns WHERE table_schema = DATABASE() \
    AND collation_name IS NOT NULL AND collation_name <> 'utf8mb4_bin' AND table_name IN ";

/// Tables of the catalog's own that know no transactions.
const ODD_TABLES: &str = "SELECT CONCAT('the table ', table_name, ' has the engine ', engine) \
    FROM information_schema.tables WHERE table_schema = DATABASE() \
    AND engine <> 'InnoDB' AND table_name IN ";

/// The catalog's own tables.
const TABLES: &str = "'members', 'access_keys', 'buckets', 'bucket_hosts', 'bucket_usage', 'media_types', 'blobs', \
    'header_sets', 'objects', 'uploads', 'parts', 'store_usage', 'adoptions', 'stores', 'copies', 'schema_version'";

/// Refuses what cannot be used, and runs the steps that are missing.
pub(super) async fn prepare(session: &mut Session, purpose: Purpose) -> Result<(), Trouble> {
    refuse_old(&text(session, "SELECT VERSION()").await?)?;
    warn_of_lost_commits(session).await?;
    if survey(session, COLUMNS).await? != Survey::Catalog {
        // Looked at again: another node may have begun since.
        if let Survey::Foreign(tables) = survey(session, COLUMNS).await? {
            return Err(foreign(&tables));
        }
        session.run(MARK, MAX_STATEMENT).await?;
        let sql = "INSERT IGNORE INTO schema_version (id, application, version) VALUES (1, ?, 0)";
        session.execute(sql, &[APPLICATION.into()]).await?;
    }
    migrate(session, purpose).await?;
    refuse_odd(session).await
}

/// The text of one row and column.
async fn text(session: &mut Session, sql: &str) -> Result<String, Trouble> {
    let row = session.query(sql, &[]).await?.into_iter().next();
    let mut row = row.ok_or_else(|| Fault::Internal("an answer without rows".to_owned()))?;
    Ok(row.take()?)
}

/// Refuses servers that lack what is used here; by what `VERSION()` answers.
pub(super) fn refuse_old(version: &str) -> Result<(), Trouble> {
    let (product, least) = if version.contains("MariaDB") {
        ("MariaDB", (10, 6))
    } else {
        ("MySQL", (8, 0))
    };
    // What MariaDB puts before its version for the sake of old replicas.
    let plain = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = plain
        .split(['.', '-'])
        .map(|number| number.parse::<u32>().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= least {
        return Ok(());
    }
    Err(too_old(
        product,
        version,
        &format!("{}.{}", least.0, least.1),
    ))
}

/// A server that answers a commit before it is on disk breaks rockpool's promise, but may be meant so.
async fn warn_of_lost_commits(session: &mut Session) -> Result<(), Trouble> {
    let sql = "SELECT @@innodb_flush_log_at_trx_commit";
    for mut row in session.query(sql, &[]).await? {
        if row.take::<i64>()? != 1 {
            tracing::warn!(
                "the database server does not write commits to disk at once (innodb_flush_log_at_trx_commit is not 1): \
                 after a power cut, acknowledged uploads may be missing"
            );
        }
    }
    Ok(())
}

async fn migrate(session: &mut Session, purpose: Purpose) -> Result<(), Trouble> {
    let mut migrator = [0; 16];
    getrandom::fill(&mut migrator).map_err(|e| Fault::Internal(e.to_string()))?;
    for look in 0..MAX_LOOKS {
        let sql = "SELECT version FROM schema_version WHERE id = 1";
        let found = session.query(sql, &[]).await?.into_iter().next();
        let version: i64 = match found {
            Some(mut row) => row.take()?,
            // Another node made the table a moment ago, and puts the row in.
            None => 0,
        };
        if purpose.takes(version, migrations::MYSQL) {
            return Ok(());
        }
        let Some(step) = missing(migrations::MYSQL, version)?.first() else {
            return Ok(());
        };
        if take_right(session, &migrator, version).await? {
            carry_out(session, &migrator, version, step).await?;
        } else {
            if look == 10 {
                tracing::info!("another node is bringing the catalog's schema up to date");
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    Err(Trouble::Unusable(
        "another node did not finish bringing its schema up to date".to_owned(),
    ))
}

/// Takes the right to run the steps, or renews it.
async fn take_right(session: &mut Session, migrator: &[u8], version: i64) -> Result<bool, Trouble> {
    let sql = "UPDATE schema_version SET migrator = ?, migrating_until = UNIX_TIMESTAMP() + ? \
               WHERE id = 1 AND version = ? \
               AND (migrator IS NULL OR migrator = ? OR migrating_until < UNIX_TIMESTAMP())";
    let values = [
        migrator.into(),
        LEASE_SECONDS.into(),
        version.into(),
        migrator.into(),
    ];
    Ok(session.execute(sql, &values).await?.rows > 0)
}

async fn carry_out(
    session: &mut Session,
    migrator: &[u8],
    version: i64,
    step: &str,
) -> Result<(), Trouble> {
    session.control(PATIENT).await?;
    for statement in step
        .split(";\n")
        .filter(|statement| !statement.trim().is_empty())
    {
        if !take_right(session, migrator, version).await? {
            // It took too long, and another node goes on.
            return Ok(());
        }
        session.run(statement, MAX_STATEMENT).await?;
    }
    let sql = "UPDATE schema_version SET version = ?, migrator = NULL, migrating_until = NULL \
               WHERE id = 1 AND version = ? AND migrator = ?";
    let values = [(version + 1).into(), version.into(), migrator.into()];
    session.execute(sql, &values).await?;
    Ok(())
}

async fn refuse_odd(session: &mut Session) -> Result<(), Trouble> {
    for odd in [ODD_COLUMNS, ODD_TABLES] {
        let sql = format!("{odd}({TABLES})");
        if let Some(mut row) = session.query(&sql, &[]).await?.into_iter().next() {
            let odd: String = row.take()?;
            return Err(Trouble::Unusable(format!(
                "{odd}, and a catalog needs utf8mb4_bin and InnoDB. Put it back with ALTER TABLE, or restore a backup"
            )));
        }
    }
    Ok(())
}
