//! The steps that bring a database of any earlier rockpool to the present schema. A step that was released is never
//! changed.

/// Steps for SQLite, in order; the first makes version 1 of an empty database.
pub(crate) const SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/0001.sql"),
    include_str!("../migrations/sqlite/0002.sql"),
];

/// Steps for MariaDB and MySQL. Each of their statements can be run again.
pub(crate) const MYSQL: &[&str] = &[include_str!("../migrations/mysql/0001.sql")];

/// Steps for PostgreSQL.
pub(crate) const POSTGRES: &[&str] = &[include_str!("../migrations/postgres/0001.sql")];
