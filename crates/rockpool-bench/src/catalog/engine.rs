//! The engines: started, filled and weighed.
use std::{fmt, ops::Range};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use rockpool_catalog::{Catalog, CatalogAddress};
use rockpool_testkit::{Database, MariaDb, PostgreSql};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::rows::{self, Content, Rows};

/// Connections to a server, as a node has by default.
const CONNECTIONS: u32 = 16;

/// Objects that one statement makes.
const STEP: u64 = 500_000;

/// An engine that the catalog runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// SQLite.
    Sqlite,
    /// MariaDB.
    Mariadb,
    /// PostgreSQL.
    Postgres,
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Mariadb => "MariaDB",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// An engine with an empty database, which goes when this is dropped.
pub(super) enum Engine {
    Sqlite(TempDir),
    MariaDb(Box<MariaDb>, Database),
    PostgreSql(Box<PostgreSql>, Database),
}

impl Engine {
    pub(super) fn start(name: EngineName) -> Result<Self> {
        Ok(match name {
            EngineName::Sqlite => Self::Sqlite(tempfile::tempdir()?),
            EngineName::Mariadb => {
                let server = MariaDb::start();
                let database = server.fresh_database();
                // As a pool with ten million objects would have it; the test kit's own is for small ones.
                server.sql("", "SET GLOBAL innodb_buffer_pool_size = 4294967296");
                Self::MariaDb(Box::new(server), database)
            }
            EngineName::Postgres => {
                let server = PostgreSql::start();
                let database = server.fresh_database();
                Self::PostgreSql(Box::new(server), database)
            }
        })
    }

    pub(super) async fn open(&self) -> Result<Catalog> {
        let address = match self {
            Self::Sqlite(directory) => CatalogAddress::Sqlite(directory.path().join("catalog.db")),
            Self::MariaDb(_, database) | Self::PostgreSql(_, database) => {
                database.url.parse().map_err(anyhow::Error::msg)?
            }
        };
        Ok(Catalog::open(&address, CONNECTIONS).await?)
    }

    /// Adds the objects of these numbers and their blobs, past the catalog's verbs; counts are not kept in step.
    pub(super) fn fill(&self, rows: &Rows, objects: Range<u64>) -> Result<()> {
        let first_bucket = rows.bucket(0).as_i64();
        let mut from = objects.start;
        while from < objects.end {
            let to = (from + STEP).min(objects.end);
            match self {
                Self::Sqlite(directory) => fill_sqlite(directory, first_bucket, from..to)?,
                Self::MariaDb(server, database) => {
                    server.sql(
                        &database.name,
                        &server_rows(&mariadb_words(), first_bucket, from..to),
                    );
                }
                Self::PostgreSql(server, database) => {
                    server.sql(
                        &database.name,
                        &server_rows(&postgres_words(), first_bucket, from..to),
                    );
                }
            }
            from = to;
        }
        match self {
            Self::Sqlite(_) => {}
            Self::MariaDb(server, database) => {
                server.sql(&database.name, "ANALYZE TABLE objects, blobs");
            }
            Self::PostgreSql(server, database) => {
                for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
                    server.sql(&database.name, statement);
                }
            }
        }
        Ok(())
    }

    /// What objects and blobs take on disk, all indices included.
    pub(super) fn bytes(&self) -> Result<u64> {
        let answer = match self {
            Self::Sqlite(directory) => {
                let connection = Connection::open(directory.path().join("catalog.db"))?;
                let sql = "SELECT page_size * (page_count - freelist_count) \
                           FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
                let bytes: i64 = connection.query_row(sql, [], |row| row.get(0))?;
                return Ok(bytes.unsigned_abs());
            }
            Self::MariaDb(server, database) => server.sql(
                "",
                &format!(
                    "SELECT SUM(file_size) FROM information_schema.innodb_sys_tablespaces \
                     WHERE name LIKE '{}/%'",
                    database.name
                ),
            ),
            Self::PostgreSql(server, database) => server.sql(
                &database.name,
                "SELECT pg_total_relation_size('objects') + pg_total_relation_size('blobs')",
            ),
        };
        answer
            .trim()
            .parse()
            .with_context(|| format!("the size of the database is `{answer}`"))
    }
}

/// The blobs that come with these objects.
fn blobs(objects: &Range<u64>) -> Range<u64> {
    let first = if objects.start == 0 {
        1
    } else {
        rows::blobs(objects.start) + 1
    };
    first..rows::blobs(objects.end) + 1
}

fn fill_sqlite(directory: &TempDir, first_bucket: i64, objects: Range<u64>) -> Result<()> {
    let mut connection = Connection::open(directory.path().join("catalog.db"))?;
    connection.execute_batch("PRAGMA cache_size = -262144; PRAGMA synchronous = OFF")?;
    let tx = connection.transaction()?;
    tx.execute(
        "INSERT OR IGNORE INTO media_types (id, name) VALUES (1, ?)",
        [rows::MEDIA_TYPE],
    )?;
    let mut blob = tx.prepare(
        "INSERT INTO blobs (id, scope, digest_head, digest_tail, size, md5, media_type, state, refs) \
         VALUES (?, 0, ?, ?, ?, ?, 1, 1, 2)",
    )?;
    for id in blobs(&objects) {
        let content = Content::of_blob(id);
        let (head, tail) = content.hash.as_bytes().split_at(6);
        blob.execute(params![
            id.cast_signed(),
            head,
            tail,
            content.size.cast_signed(),
            content.md5
        ])?;
    }
    let mut object = tx.prepare(
        "INSERT INTO objects (bucket_id, object_key, blob_id, modified_at, acl) VALUES (?, ?, ?, ?, 1)",
    )?;
    for n in objects {
        let (bucket, at) = ((n % rows::BUCKETS).cast_signed(), n.cast_signed());
        object.execute(params![
            first_bucket + bucket,
            rows::key(n).as_bytes(),
            rows::blob_of(n).cast_signed(),
            rows::BEGAN_MS + at
        ])?;
    }
    drop((blob, object));
    tx.commit()?;
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        bail!("the write-ahead log could not be emptied");
    }
    Ok(())
}

/// What [`rows::key`] and [`rows::blob_of`] say, in the words of a database: `div` divides whole numbers, `text` makes a
/// number text, `join` joins texts.
fn object_columns(
    div: impl Fn(&str, u64) -> String,
    join: impl Fn(&[String]) -> String,
    text: &str,
) -> (String, String) {
    let per_bucket = div("n", rows::BUCKETS);
    let id = format!(
        "{text}({} + {per_bucket} * {} + MOD(n, {}))",
        rows::FIRST_ID,
        rows::ID_STEP,
        rows::BUCKETS
    );
    let mut words = vec!["'cache/media_attachments/files/'".to_owned()];
    for group in 0..6 {
        words.push(format!("SUBSTR({id}, {}, 3)", group * 3 + 1));
        words.push("'/'".to_owned());
    }
    words.extend([
        "'original/'".to_owned(),
        format!("SUBSTR(MD5({text}(n)), 1, 16)"),
        "'.png'".to_owned(),
    ]);
    let (known, before) = (div("(n + 1) * 100", 237), div("n * 100", 237));
    let blob = format!(
        "CASE WHEN {known} = 0 THEN 1 WHEN {known} > {before} THEN {known} \
         ELSE MOD(n * 2654435761, {known}) + 1 END"
    );
    (join(&words), blob)
}

/// How a server says what the rows are made of. `n` is a number of [`Words::numbers`].
struct Words {
    settings: &'static str,
    insert_once: (&'static str, &'static str),
    digest_head: &'static str,
    digest_tail: &'static str,
    md5: &'static str,
    numbers: fn(Range<u64>) -> String,
    key: String,
    blob: String,
}

fn mariadb_words() -> Words {
    let (key, blob) = object_columns(
        |number, by| format!("(({number}) DIV {by})"),
        |words| format!("CONCAT({})", words.join(", ")),
        "CONCAT",
    );
    Words {
        settings: "SET SESSION foreign_key_checks = 0, unique_checks = 0",
        insert_once: ("INSERT IGNORE", ""),
        digest_head: "LEFT(UNHEX(SHA2(n, 512)), 6)",
        digest_tail: "RIGHT(UNHEX(SHA2(n, 512)), 58)",
        md5: "UNHEX(MD5(n))",
        numbers: |range| {
            let (first, last) = (range.start, range.end - 1);
            format!("(SELECT seq AS n FROM seq_{first}_to_{last}) numbers")
        },
        key,
        blob,
    }
}

fn postgres_words() -> Words {
    let (key, blob) = object_columns(
        |number, by| format!("(({number}) / {by})"),
        |words| format!("convert_to({}, 'UTF8')", words.join(" || ")),
        "text",
    );
    Words {
        settings: "SET synchronous_commit = off",
        insert_once: ("INSERT", "ON CONFLICT DO NOTHING"),
        digest_head: "substr(sha512(convert_to(n::text, 'UTF8')), 1, 6)",
        digest_tail: "substr(sha512(convert_to(n::text, 'UTF8')), 7)",
        md5: "decode(md5(n::text), 'hex')",
        numbers: |range| {
            let (first, last) = (range.start, range.end - 1);
            format!("generate_series({first}::bigint, {last}::bigint) n")
        },
        key,
        blob,
    }
}

/// The statements that add the objects of these numbers and their blobs.
fn server_rows(words: &Words, first_bucket: i64, objects: Range<u64>) -> String {
    let Words {
        settings,
        insert_once: (insert, once),
        digest_head,
        digest_tail,
        md5,
        numbers,
        key,
        blob,
    } = words;
    let (blob_numbers, object_numbers) = (numbers(blobs(&objects)), numbers(objects));
    let (media_type, buckets, began) = (rows::MEDIA_TYPE, rows::BUCKETS, rows::BEGAN_MS);
    format!(
        "{settings}; {insert} INTO media_types (id, name) VALUES (1, '{media_type}') {once}; \
         INSERT INTO blobs (id, scope, digest_head, digest_tail, size, md5, media_type, state, refs) \
         SELECT n, 0, {digest_head}, {digest_tail}, 1000 + MOD(n * 7919, 700000), {md5}, 1, 1, 2 \
         FROM {blob_numbers}; \
         INSERT INTO objects (bucket_id, object_key, blob_id, modified_at, acl) \
         SELECT {first_bucket} + MOD(n, {buckets}), {key}, {blob}, {began} + n, 1 FROM {object_numbers}"
    )
}
