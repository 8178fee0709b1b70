//! MariaDB and MySQL: settings of a session, values, rows, and what errors mean.
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Decode, Row as _, Type, ValueRef,
    mysql::{
        MySql, MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow,
    },
};

use super::{invalid, session::Done};
use crate::{
    database::{Result, Value},
    dialect::Fault,
    row::{Cell, Row},
};

/// What every session is told. `READ COMMITTED`, so that each statement sees what was committed before it and locks
/// rows and no gaps between them; strict, so that nothing is cut off to fit; short waits for locks, since the whole
/// transaction is run again. What stands in `/*M! */` only MariaDB reads: statements end by themselves, and a node that
/// is paused in a transaction lets go of its locks.
const SETTINGS: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1, \
    SESSION innodb_lock_wait_timeout = 2 \
    /*M!, SESSION max_statement_time = 10, SESSION idle_transaction_timeout = 30 */";

/// On a Galera cluster, reads and transactions begin after everything that was committed on any of its nodes.
const GALERA_SETTINGS: &str = "SET SESSION wsrep_sync_wait = 1";

/// Connects, and sets what every session needs.
pub(super) async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection> {
    let mut connection = options.connect().await.map_err(|e| fault(&e))?;
    run(&mut connection, SETTINGS).await?;
    let galera = query(&mut connection, "SHOW VARIABLES LIKE 'wsrep_on'", &[]).await?;
    for mut row in galera {
        let (_, on): (String, String) = (row.take()?, row.take()?);
        if on == "ON" {
            run(&mut connection, GALERA_SETTINGS).await?;
        }
    }
    Ok(connection)
}

/// All rows of a statement.
pub(super) async fn query(
    connection: &mut MySqlConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>> {
    let rows = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?)
        .fetch_all(connection)
        .await
        .map_err(|e| fault(&e))?;
    rows.iter().map(read_row).collect()
}

/// Runs a statement without rows.
pub(super) async fn execute(
    connection: &mut MySqlConnection,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Done> {
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments(values)?)
        .execute(connection)
        .await
        .map_err(|e| fault(&e))?;
    Ok(Done {
        rows: done.rows_affected(),
        last_id: done.last_insert_id(),
    })
}

/// Runs statements without values and without preparing them.
pub(super) async fn run(connection: &mut MySqlConnection, sql: &str) -> Result<()> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(|e| fault(&e))
}

fn arguments(values: &[Value<'_>]) -> Result<MySqlArguments> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        let added = match *value {
            Value::Null => arguments.add(None::<i64>),
            Value::Int(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Text(text) => arguments.add(text),
        };
        added.map_err(invalid)?;
    }
    Ok(arguments)
}

fn read_row(row: &MySqlRow) -> Result<Row> {
    let cells = (0..row.len()).map(|column| {
        let value = row.try_get_raw(column).map_err(|e| fault(&e))?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let info = value.type_info();
        if <i64 as Type<MySql>>::compatible(&info) || <u64 as Type<MySql>>::compatible(&info) {
            let number = <i64 as Decode<MySql>>::decode(value).map_err(invalid)?;
            return Ok(Cell::Int(number));
        }
        // Texts come as bytes too: its types do not tell them apart.
        if <[u8] as Type<MySql>>::compatible(&info) {
            let bytes = <&[u8] as Decode<MySql>>::decode(value).map_err(invalid)?;
            return Ok(Cell::Bytes(bytes.to_vec()));
        }
        Err(Fault::Internal(format!("a column is of the type {info}")))
    });
    cells.collect::<Result<Vec<Cell>>>().map(Row::new)
}

/// What an error means, by its number (MariaDB's "Error Codes", MySQL's "Server Error Message Reference").
pub(super) fn fault(error: &sqlx::Error) -> Fault {
    let Some(refused) = error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<MySqlDatabaseError>())
    else {
        return super::fault_of_driver(error);
    };
    let words = refused.to_string();
    match refused.number() {
        // Duplicate keys, foreign keys, changed rows; lock wait, deadlock and certification; statements that ran too
        // long.
        1062 | 1586 | 1020 | 1205 | 1213 | 1216 | 1217 | 1317 | 1451 | 1452 | 1969 | 3024 => {
            Fault::Conflict(words)
        }
        // Too many connections, shutdown, network; a Galera node that is not ready; a server that only reads any more;
        // statements that must be prepared anew, which a new connection does.
        1040
        | 1047
        | 1053
        | 1077
        | 1080
        | 1129
        | 1152
        | 1158..=1161
        | 1184
        | 1203
        | 1226
        | 1290
        | 1412
        | 1615
        | 1792
        | 1836
        | 1927
        | 3168
        | 3169
        | 4031 => Fault::Away(words),
        1021 | 1114 => Fault::Full,
        // The storage engine's own: 28 is "no space left on device".
        1026 | 1030 if words.contains("error 28") || words.contains("Errcode: 28") => Fault::Full,
        _ => Fault::Internal(words),
    }
}

/// Commits. Only what is known to have undone the transaction is a conflict, or a database that is away.
pub(super) async fn commit(connection: &mut MySqlConnection) -> Result<()> {
    let Err(error) = sqlx::raw_sql("COMMIT").execute(connection).await else {
        return Ok(());
    };
    let refused = error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<MySqlDatabaseError>());
    match refused.map(MySqlDatabaseError::number) {
        // Certification failed; the node took no command at all, since it is cut off from its cluster.
        Some(1213 | 1047) => Err(fault(&error)),
        _ => Err(Fault::Unknown(error.to_string())),
    }
}
