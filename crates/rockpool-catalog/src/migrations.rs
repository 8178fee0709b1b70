//! The steps that bring a database of any earlier rockpool to the present schema.

/// Steps for SQLite, in order; the first makes version 1 of an empty database. A step that was released is
/// never changed.
pub(crate) const SQLITE: &[&str] = &[include_str!("../migrations/sqlite/0001.sql")];
