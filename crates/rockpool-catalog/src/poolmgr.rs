//! Reading the database of a poolmgr pool, which is to be adopted. Never writes: its sessions are read-only.
use std::{str::FromStr, time::Duration};

use rockpool_types::BlobHash;
use sqlx::{
    ConnectOptions, Row, SqlSafeStr,
    mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow},
};

use crate::CatalogError;

/// How long its server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type Result<T> = std::result::Result<T, CatalogError>;

/// The database of a poolmgr pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Poolmgr {
    connections: MySqlPool,
    source: String,
}

/// What a poolmgr database has. Counted by reading it from end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolmgrSurvey {
    /// The collation by which its names compare.
    pub collation: String,
    /// Names: rows of `name_map`.
    pub names: u64,
    /// The highest row of `name_map`; 0 when there is none.
    pub last_id: u64,
    /// Different hashes that names point to.
    pub blobs: u64,
    /// Those whose size is not in the database.
    pub blobs_without_size: u64,
    /// Bytes of those whose size is.
    pub blob_bytes: u64,
    /// Names kept in the short form of a longer one.
    pub short_names: u64,
    /// Names with a letter that has a lower-case form: where case does not count, they answered for other spellings, too.
    pub names_with_capitals: u64,
    /// Multipart uploads under way, which are not adopted.
    pub uploads: u64,
    /// Whom names belong to, by spelling.
    pub identities: Vec<PoolmgrIdentity>,
}

impl PoolmgrSurvey {
    /// Whether names that differ only in the case of letters were one and the same.
    pub fn folds_case(&self) -> bool {
        self.collation.ends_with("_ci")
    }
}

/// A user of poolmgr, as its names have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolmgrIdentity {
    /// Its name, which was its access key's id and its bucket's name.
    pub identity: String,
    /// Rows of `name_map` that are its.
    pub names: u64,
}

/// A row of `name_map`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolmgrName {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub identity: String,
    /// The key, perhaps in its short form; bytes, since poolmgr would take anything.
    pub name: Vec<u8>,
    /// What it points to.
    pub hash: BlobHash,
    /// The blob's size in bytes. `None`: poolmgr does not know it.
    pub size: Option<u64>,
}

impl Poolmgr {
    /// Connects to the database at a URL, `mysql://user:password@host:port/database`.
    ///
    /// # Errors
    /// `Unusable` when the URL makes no sense, the server refuses, or the database is not poolmgr's.
    pub async fn open(url: &str) -> Result<Self> {
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|e| CatalogError::Unusable(format!("poolmgr's database has no URL: {e}")))?
            .disable_statement_logging();
        let Some(database) = options.get_database() else {
            return Err(CatalogError::Unusable(
                "the name of poolmgr's database is missing: `mysql://user@host/DATABASE`"
                    .to_owned(),
            ));
        };
        let source = format!(
            "mysql://{}:{}/{database}",
            options.get_host(),
            options.get_port()
        );
        let connections = MySqlPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(CONNECT_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::query("SET SESSION TRANSACTION READ ONLY")
                        .execute(connection)
                        .await
                        .map(|_| ())
                })
            })
            .connect_with(options)
            .await
            .map_err(|e| refused(&source, &e))?;
        let poolmgr = Self {
            connections,
            source,
        };
        poolmgr.require_tables().await?;
        Ok(poolmgr)
    }

    /// Where it is, without user and password.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Counts what it has.
    ///
    /// # Errors
    /// `Unavailable` when the server is away.
    pub async fn survey(&self) -> Result<PoolmgrSurvey> {
        Ok(PoolmgrSurvey {
            collation: self.collation().await?,
            names: self.count("SELECT COUNT(*) FROM name_map").await?,
            last_id: self
                .count("SELECT CAST(COALESCE(MAX(id), 0) AS SIGNED) FROM name_map")
                .await?,
            blobs: self
                .count("SELECT COUNT(DISTINCT hash) FROM name_map")
                .await?,
            blobs_without_size: self
                .count(
                    "SELECT COUNT(DISTINCT n.hash) FROM name_map n \
                     LEFT JOIN filesizes f ON f.hash = n.hash WHERE f.hash IS NULL",
                )
                .await?,
            blob_bytes: self
                .count(
                    "SELECT CAST(COALESCE(SUM(f.size), 0) AS SIGNED) FROM filesizes f \
                     WHERE EXISTS (SELECT 1 FROM name_map n WHERE n.hash = f.hash)",
                )
                .await?,
            short_names: self
                .count(
                    "SELECT COUNT(*) FROM name_map WHERE CHAR_LENGTH(name) >= 127 \
                     AND name REGEXP '~[0-9a-f]{64}[$][0-9]+$'",
                )
                .await?,
            names_with_capitals: self
                .count("SELECT COUNT(*) FROM name_map WHERE BINARY name <> BINARY LOWER(name)")
                .await?,
            uploads: self.count("SELECT COUNT(*) FROM multipart_uploads").await?,
            identities: self.identities().await?,
        })
    }

    /// Up to `limit` names in order of their rows, after the row `after`.
    ///
    /// # Errors
    /// `Unavailable` when the server is away.
    pub async fn list_names(&self, after: u64, limit: u32) -> Result<Vec<PoolmgrName>> {
        let rows = sqlx::query(
            "SELECT n.id, CAST(CONVERT(n.identity USING utf8mb4) AS BINARY), \
             CAST(CONVERT(n.name USING utf8mb4) AS BINARY), n.hash, f.size \
             FROM name_map n LEFT JOIN filesizes f ON f.hash = n.hash \
             WHERE n.id > ? ORDER BY n.id LIMIT ?",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.connections)
        .await
        .map_err(|e| failed("reading poolmgr's names", &e))?;
        rows.iter().map(read_name).collect()
    }

    async fn require_tables(&self) -> Result<()> {
        for (table, probe) in [
            (
                "name_map",
                "SELECT id, identity, name, hash FROM name_map LIMIT 0",
            ),
            ("filesizes", "SELECT hash, size FROM filesizes LIMIT 0"),
            (
                "multipart_uploads",
                "SELECT name FROM multipart_uploads LIMIT 0",
            ),
        ] {
            if let Err(error) = sqlx::query(probe).execute(&self.connections).await {
                return Err(CatalogError::Unusable(format!(
                    "{} is not the database of a poolmgr pool: its table {table} cannot be read: {error}",
                    self.source
                )));
            }
        }
        Ok(())
    }

    async fn collation(&self) -> Result<String> {
        let row = sqlx::query(
            "SELECT CAST(COLLATION_NAME AS BINARY) FROM information_schema.COLUMNS \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'name_map' AND COLUMN_NAME = 'name'",
        )
        .fetch_one(&self.connections)
        .await
        .map_err(|e| failed("asking for poolmgr's collation", &e))?;
        text(&row, 0)
    }

    async fn identities(&self) -> Result<Vec<PoolmgrIdentity>> {
        let rows = sqlx::query(
            "SELECT CAST(CONVERT(identity USING utf8mb4) AS BINARY) AS spelling, COUNT(*) \
             FROM name_map GROUP BY spelling ORDER BY spelling",
        )
        .fetch_all(&self.connections)
        .await
        .map_err(|e| failed("listing poolmgr's users", &e))?;
        rows.iter()
            .map(|row| {
                Ok(PoolmgrIdentity {
                    identity: text(row, 0)?,
                    names: number(row, 1)?,
                })
            })
            .collect()
    }

    async fn count(&self, sql: impl SqlSafeStr) -> Result<u64> {
        let row = sqlx::query(sql)
            .fetch_one(&self.connections)
            .await
            .map_err(|e| failed("counting what poolmgr has", &e))?;
        number(&row, 0)
    }
}

fn read_name(row: &MySqlRow) -> Result<PoolmgrName> {
    let hash: Vec<u8> = row.try_get(3).map_err(|e| odd(&e))?;
    Ok(PoolmgrName {
        id: row.try_get(0).map_err(|e| odd(&e))?,
        identity: text(row, 1)?,
        name: row.try_get(2).map_err(|e| odd(&e))?,
        hash: BlobHash::from_slice(&hash).map_err(|e| odd(&e))?,
        size: row.try_get(4).map_err(|e| odd(&e))?,
    })
}

fn text(row: &MySqlRow, column: usize) -> Result<String> {
    let bytes: Vec<u8> = row.try_get(column).map_err(|e| odd(&e))?;
    String::from_utf8(bytes).map_err(|e| odd(&e))
}

fn number(row: &MySqlRow, column: usize) -> Result<u64> {
    let number: i64 = row.try_get(column).map_err(|e| odd(&e))?;
    u64::try_from(number).map_err(|e| odd(&e))
}

/// A value that poolmgr's schema does not allow.
fn odd(error: &dyn std::error::Error) -> CatalogError {
    CatalogError::Internal {
        doing: "reading poolmgr's database",
        why: error.to_string(),
    }
}

fn failed(doing: &'static str, error: &sqlx::Error) -> CatalogError {
    let why = error.to_string();
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => CatalogError::Unavailable { doing, why },
        _ => CatalogError::Internal { doing, why },
    }
}

fn refused(source: &str, error: &sqlx::Error) -> CatalogError {
    CatalogError::Unusable(format!(
        "poolmgr's database {source} cannot be opened: {error}"
    ))
}
