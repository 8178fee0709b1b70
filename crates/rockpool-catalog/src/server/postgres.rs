//! PostgreSQL: settings of a session, values, rows, and what errors mean.
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Decode, Encode, Postgres, Row as _, Type, TypeInfo,
    ValueRef,
    encode::IsNull,
    error::BoxDynError,
    postgres::{
        PgArgumentBuffer, PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo,
        types::Oid,
    },
};

use super::{invalid, session::Done};
use crate::{
    database::{Result, Value},
    dialect::{Dialect, Fault},
    row::{Cell, Row},
};

/// What every session is told: statements and waits for locks end by themselves, the latter soon, since the whole
/// transaction is run again; a node that is paused in a transaction lets go of its locks.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '2s'; \
    SET idle_in_transaction_session_timeout = '30s'";

/// Connects, and sets what every session needs.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let mut connection = options.connect().await.map_err(|e| fault(&e))?;
    run(&mut connection, SETTINGS).await?;
    Ok(connection)
}

/// All rows of a statement.
pub(super) async fn query(
    connection: &mut PgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>> {
    let sql = Dialect::Postgres.placeholders(sql).into_owned();
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?)
        .fetch_all(connection)
        .await
        .map_err(|e| fault(&e))?;
    rows.iter().map(read_row).collect()
}

/// Runs a statement without rows.
pub(super) async fn execute(
    connection: &mut PgConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Done> {
    let sql = Dialect::Postgres.placeholders(sql).into_owned();
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?)
        .execute(connection)
        .await
        .map_err(|e| fault(&e))?;
    Ok(Done {
        rows: done.rows_affected(),
        last_id: 0,
    })
}

/// Runs statements without values and without preparing them.
pub(super) async fn run(connection: &mut PgConnection, sql: &str) -> Result<()> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(|e| fault(&e))
}

/// A NULL of whatever type the statement wants there.
struct Null;

impl Type<Postgres> for Null {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Null {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn arguments(values: &[Value<'_>]) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match *value {
            Value::Null => arguments.add(Null),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Text(text) => arguments.add(text),
        };
        added.map_err(invalid)?;
    }
    Ok(arguments)
}

fn read_row(row: &PgRow) -> Result<Row> {
    let cells = (0..row.len()).map(|column| {
        let value = row.try_get_raw(column).map_err(|e| fault(&e))?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let info = value.type_info().into_owned();
        match info.name() {
            "INT8" => <i64 as Decode<Postgres>>::decode(value).map(Cell::Int),
            "INT4" => <i32 as Decode<Postgres>>::decode(value).map(|n| Cell::Int(n.into())),
            "INT2" => <i16 as Decode<Postgres>>::decode(value).map(|n| Cell::Int(n.into())),
            "BYTEA" => <Vec<u8> as Decode<Postgres>>::decode(value).map(Cell::Bytes),
            "TEXT" | "VARCHAR" | "NAME" => {
                <String as Decode<Postgres>>::decode(value).map(Cell::Text)
            }
            other => Err(format!("a column is of the type {other}").into()),
        }
        .map_err(invalid)
    });
    cells.collect::<Result<Vec<Cell>>>().map(Row::new)
}

/// What an error means, by its code (PostgreSQL, appendix A).
pub(super) fn fault(error: &sqlx::Error) -> Fault {
    let Some(refused) = error.as_database_error() else {
        return super::fault_of_driver(error);
    };
    let code = refused.code().unwrap_or_default();
    let words = format!("{code}: {}", refused.message());
    match &*code {
        // Unique and foreign keys; serialisation, deadlock; lock wait, statements that ran too long.
        "23505" | "23503" | "55P03" | "57014" => Fault::Conflict(words),
        // Too many connections; a server that only reads, is shutting down or starting up; out of memory; statements
        // that must be prepared anew, which a new connection does.
        "53300" | "53200" | "25006" | "57P01" | "57P02" | "57P03" | "57P05" | "0A000" | "26000" => {
            Fault::Away(words)
        }
        "53100" => Fault::Full,
        code if code.starts_with("40") => Fault::Conflict(words),
        code if code.starts_with("08") => Fault::Away(words),
        _ => Fault::Internal(words),
    }
}

/// Commits. Only what is known to have undone the transaction is a conflict.
pub(super) async fn commit(connection: &mut PgConnection) -> Result<()> {
    let Err(error) = sqlx::raw_sql("COMMIT").execute(connection).await else {
        return Ok(());
    };
    let code = error.as_database_error().and_then(|e| e.code());
    match code {
        Some(code) if code.starts_with("40") || code.starts_with("23") => Err(fault(&error)),
        _ => Err(Fault::Unknown(error.to_string())),
    }
}
