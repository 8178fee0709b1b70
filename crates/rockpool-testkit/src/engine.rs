//! The database engine that a run of tests has its catalogs on.
use std::path::Path;

use crate::{MariaDb, PostgreSql};

/// Names the engine of a run: `sqlite` (also when it is absent), `mariadb` or `postgresql`.
const VARIABLE: &str = "ROCKPOOL_TEST_ENGINE";

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary directory.
    Sqlite,
    /// A database on the process's own MariaDB.
    MariaDb,
    /// A database on the process's own PostgreSQL.
    PostgreSql,
}

impl Engine {
    /// The engine of this run: the same tests pass on each. `tests/engines` runs them.
    ///
    /// # Panics
    /// When the environment names another.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration file"
    )]
    pub fn of_this_run() -> Self {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("mariadb") => Self::MariaDb,
            Ok("postgresql") => Self::PostgreSql,
            Ok(other) => panic!("{VARIABLE} is `{other}`: no engine"),
        }
    }

    /// The address of a catalog that no other test knows and that has yet to be opened. SQLite's lies in `directory`.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn fresh_catalog(self, directory: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", directory.join("catalog.db").display()),
            Self::MariaDb => MariaDb::shared().fresh_database().url,
            Self::PostgreSql => PostgreSql::shared().fresh_database().url,
        }
    }

    /// Changes a catalog of [`Self::fresh_catalog`] behind its users' backs, also in ways that its foreign keys forbid.
    /// Bytes are written `X'00FF'`.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn damage(self, address: &str, statements: &str) {
        let name = || address.rsplit('/').next().unwrap_or_default();
        match self {
            Self::Sqlite => {
                let path = address.strip_prefix("sqlite:").unwrap_or(address);
                let catalog = rusqlite::Connection::open(path).expect("the catalog opens");
                catalog
                    .execute_batch(statements)
                    .expect("the statements are right");
            }
            Self::MariaDb => {
                let statements = format!("SET SESSION foreign_key_checks = 0; {statements}");
                MariaDb::shared().sql(name(), &statements);
            }
            Self::PostgreSql => {
                // Foreign keys are triggers there, which a replica leaves out.
                let statements = format!("SET session_replication_role = replica; {statements}");
                PostgreSql::shared().sql(name(), &in_postgres_words(&statements));
            }
        }
    }
}

/// Writes `X'00FF'` as `'\x00FF'::bytea`.
fn in_postgres_words(statements: &str) -> String {
    let mut pieces = statements.split("X'");
    let mut words = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_once('\'').expect("bytes have an end");
        words.push_str(&format!("'\\x{digits}'::bytea{rest}"));
    }
    words
}
