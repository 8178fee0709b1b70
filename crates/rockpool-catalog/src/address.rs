//! Where the catalog is, as the configuration names it.
use std::{fmt, path::PathBuf, str::FromStr};

use crate::server::ServerAddress;

/// Where a catalog is: `sqlite:PATH`, `mysql://…` (or `mariadb://…`) or `postgres://…` (or `postgresql://…`).
///
/// - Prints without its user and password, so that it can be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database on a server.
    Server(ServerAddress),
}

impl FromStr for CatalogAddress {
    type Err = String;

    /// # Errors
    /// Words for the operator, which repeat nothing of the address that may be secret.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match scheme {
            "sqlite" if rest.is_empty() => {
                Err("`sqlite:` and a path expected, such as `sqlite:catalog.db`".to_owned())
            }
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(rest))),
            "mysql" | "mariadb" | "postgres" | "postgresql" => {
                ServerAddress::parse(text).map(Self::Server)
            }
            _ => Err(
                "it begins with none of `sqlite:`, `mysql://`, `mariadb://`, `postgres://`"
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for CatalogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Server(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
