//! Bringing the schema of a server's database up to date, once however many nodes start at once; and words for the
//! operator when the database cannot be used.
use std::collections::BTreeSet;

use super::{pool::Connections, retry::Attempts, session::Session};
use crate::{
    CatalogError,
    database::Result,
    dialect::{Dialect, Fault},
    migrations::{self, Purpose},
};

mod mysql;
mod postgres;

const DOING: &str = "opening the catalog";

/// Marks `schema_version` as this program's.
const APPLICATION: &str = "rockpool";

/// Tables of poolmgr's, which a catalog may lie beside while it takes their pool over.
const BESIDE: [&str; 4] = [
    "filesizes",
    "multipart_uploads",
    "name_map",
    "pending_backup",
];

/// Why a database could not be opened.
enum Trouble {
    /// Something went wrong on the way.
    Fault(Fault),
    /// It cannot be used as it stands; the words say what to do.
    Unusable(String),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Refuses what cannot be used, and runs the steps that are missing.
pub(super) async fn prepare(
    connections: &Connections,
    purpose: Purpose,
) -> Result<(), CatalogError> {
    let address = connections.address();
    let mut attempts = Attempts::new();
    loop {
        let fault = match prepare_once(connections, purpose).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Unusable(why)) => {
                return Err(CatalogError::Unusable(format!(
                    "the catalog's database {address} cannot be used: {why}"
                )));
            }
            Err(Trouble::Fault(fault)) => fault,
        };
        connections.close_resting();
        attempts
            .wait_after(fault)
            .await
            .map_err(|fault| match fault {
                Fault::Internal(why) => CatalogError::Unusable(format!(
                    "the catalog's database {address} cannot be used: {why}"
                )),
                Fault::Conflict(why)
                | Fault::Away(why)
                | Fault::Busy(why)
                | Fault::Unknown(why) => CatalogError::Unavailable {
                    doing: DOING,
                    why: format!("{address} cannot be reached: {why}"),
                },
                Fault::Full => Fault::Full.while_doing(DOING),
            })?;
    }
}

async fn prepare_once(connections: &Connections, purpose: Purpose) -> Result<(), Trouble> {
    let mut working = connections.take().await?;
    match working.session.dialect() {
        Dialect::Postgres => postgres::prepare(&mut working.session, purpose).await,
        Dialect::MySql | Dialect::Sqlite => mysql::prepare(&mut working.session, purpose).await,
    }
    // The connection is closed: it has settings for long statements.
}

/// What a database holds.
#[derive(Debug, PartialEq, Eq)]
enum Survey {
    /// Nothing that hinders.
    Empty,
    /// A catalog.
    Catalog,
    /// Another program's tables, some of them named.
    Foreign(String),
}

impl Survey {
    /// Judges by the columns of all tables.
    fn of<'a>(columns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let columns: BTreeSet<_> = columns.into_iter().collect();
        if columns.contains(&("schema_version", "application")) {
            return Self::Catalog;
        }
        let foreign: BTreeSet<&str> = columns
            .into_iter()
            .map(|(table, _)| table)
            .filter(|table| !BESIDE.contains(table))
            .collect();
        if foreign.is_empty() {
            return Self::Empty;
        }
        let named: Vec<_> = foreign
            .iter()
            .take(4)
            .map(|table| format!("`{table}`"))
            .collect();
        let more = if foreign.len() > named.len() {
            " and others"
        } else {
            ""
        };
        Self::Foreign(format!("{}{more}", named.join(", ")))
    }
}

/// Looks what the database holds. `sql` answers the columns of all tables.
async fn survey(session: &mut Session, sql: &str) -> Result<Survey, Trouble> {
    let mut columns: Vec<(String, String)> = Vec::new();
    for mut row in session.query(sql, &[]).await? {
        columns.push((row.take()?, row.take()?));
    }
    Ok(Survey::of(
        columns.iter().map(|(table, column)| (&**table, &**column)),
    ))
}

fn foreign(tables: &str) -> Trouble {
    Trouble::Unusable(format!(
        "it holds tables of another program ({tables}). Make an empty database for the catalog"
    ))
}

/// The steps that are missing in a database of that version.
fn missing(
    steps: &'static [&'static str],
    version: i64,
) -> Result<&'static [&'static str], Trouble> {
    let done = usize::try_from(version).unwrap_or(0);
    steps
        .get(done..)
        .ok_or_else(|| Trouble::Unusable(migrations::refusal(version, steps)))
}

fn too_old(server: &str, version: &str, least: &str) -> Trouble {
    Trouble::Unusable(format!(
        "{server} {version} is too old; {least} or newer is needed"
    ))
}

#[cfg(test)]
mod tests;
