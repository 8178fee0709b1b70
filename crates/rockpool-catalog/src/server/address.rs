//! A database on a server: its URL, taken apart.
use std::{fmt, str::FromStr};

use sqlx::{ConnectOptions, mysql::MySqlConnectOptions, postgres::PgConnectOptions};

/// Statements that each connection keeps prepared; more than there are texts. A server counts them over all
/// connections (`max_prepared_stmt_count`, 16,382 by default): sixty connections of this fit.
const PREPARED_STATEMENTS: usize = 256;

/// Parameters of URLs that mean something, with other spellings of the same.
const MYSQL_PARAMETERS: [&str; 9] = [
    "ssl-mode", "sslmode", "ssl-ca", "sslca", "ssl-cert", "sslcert", "ssl-key", "sslkey", "socket",
];
const POSTGRES_PARAMETERS: [&str; 10] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
];

/// A database on a server.
///
/// - Its URL names a user and a database.
/// - Prints without user and password.
#[derive(Clone)]
pub struct ServerAddress {
    /// All but user, password and parameters.
    shown: String,
    pub(super) options: Options,
}

/// How to connect.
#[derive(Clone)]
pub(super) enum Options {
    MySql(Box<MySqlConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

impl ServerAddress {
    /// Takes a URL. The error is for the operator, and repeats nothing that may be secret.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|e| format!("no URL: {e}"))?;
        let database = url.path().trim_start_matches('/').to_owned();
        if database.is_empty() {
            return Err("the name of the database is missing: `…://user@host/DATABASE`".to_owned());
        }
        if url.username().is_empty() {
            return Err("the user is missing: `…://USER:password@host/database`".to_owned());
        }
        let mysql = matches!(url.scheme(), "mysql" | "mariadb");
        let known: &[&str] = if mysql {
            &MYSQL_PARAMETERS
        } else {
            &POSTGRES_PARAMETERS
        };
        if let Some((unknown, _)) = url
            .query_pairs()
            .find(|(name, _)| !known.contains(&&**name))
        {
            return Err(format!(
                "the parameter `{unknown}` is not known; there are {}",
                known.join(", ")
            ));
        }
        let options = if mysql {
            Options::MySql(Box::new(mysql_options(text)?))
        } else {
            Options::Postgres(Box::new(postgres_options(&url, text)?))
        };
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Ok(Self {
            shown: format!(
                "{}://{}{port}/{database}",
                url.scheme(),
                url.host_str().unwrap_or_default()
            ),
            options,
        })
    }
}

fn mysql_options(url: &str) -> Result<MySqlConnectOptions, String> {
    let options = MySqlConnectOptions::from_str(url).map_err(|e| e.to_string())?;
    Ok(options
        .statement_cache_capacity(PREPARED_STATEMENTS)
        .charset("utf8mb4")
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .disable_statement_logging())
}

/// What the URL leaves open is set here: else the driver would take it from the environment.
fn postgres_options(url: &url::Url, text: &str) -> Result<PgConnectOptions, String> {
    let mut options = PgConnectOptions::from_str(text).map_err(|e| e.to_string())?;
    if url.port().is_none() {
        options = options.port(5432);
    }
    let given = |names: &[&str]| url.query_pairs().any(|(name, _)| names.contains(&&*name));
    if !given(&["sslmode", "ssl-mode"]) {
        options = options.ssl_mode(sqlx::postgres::PgSslMode::Prefer);
    }
    Ok(options
        .statement_cache_capacity(PREPARED_STATEMENTS)
        .application_name("rockpool")
        .disable_statement_logging())
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({})", self.shown)
    }
}

impl PartialEq for ServerAddress {
    /// Whether it is the same place, whoever asks.
    fn eq(&self, other: &Self) -> bool {
        self.shown == other.shown
    }
}

impl Eq for ServerAddress {}
