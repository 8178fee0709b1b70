//! The steps that bring a database of any earlier rockpool to the present schema. A step that was released is never
//! changed.

/// Steps for SQLite, in order; the first makes version 1 of an empty database.
pub(crate) const SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/0001.sql"),
    include_str!("../migrations/sqlite/0002.sql"),
    include_str!("../migrations/sqlite/0003.sql"),
    include_str!("../migrations/sqlite/0004.sql"),
    include_str!("../migrations/sqlite/0005.sql"),
    include_str!("../migrations/sqlite/0006.sql"),
];

/// Steps for MariaDB and MySQL. Each of their statements can be run again.
pub(crate) const MYSQL: &[&str] = &[
    include_str!("../migrations/mysql/0001.sql"),
    include_str!("../migrations/mysql/0002.sql"),
    include_str!("../migrations/mysql/0003.sql"),
    include_str!("../migrations/mysql/0004.sql"),
    include_str!("../migrations/mysql/0005.sql"),
];

/// Steps for PostgreSQL.
pub(crate) const POSTGRES: &[&str] = &[
    include_str!("../migrations/postgres/0001.sql"),
    include_str!("../migrations/postgres/0002.sql"),
    include_str!("../migrations/postgres/0003.sql"),
    include_str!("../migrations/postgres/0004.sql"),
    include_str!("../migrations/postgres/0005.sql"),
];

/// Added to the version of a database that a copy is being made into, so that nobody takes it for a catalog before it is
/// whole.
pub(crate) const UNFINISHED_COPY: i64 = 1_000_000;

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be used.
    Catalog,
    /// To be copied into, also when that was begun before.
    CopyTarget,
}

impl Purpose {
    /// Whether a database of that version, which has all `steps`, is the unfinished copy that is asked for.
    pub(crate) fn takes(self, version: i64, steps: &[&str]) -> bool {
        let unfinished = i64::try_from(steps.len()).map(|newest| newest + UNFINISHED_COPY);
        self == Self::CopyTarget && unfinished == Ok(version)
    }
}

/// What an operator is told of a version beyond the newest that is known.
pub(crate) fn refusal(version: i64, steps: &[&str]) -> String {
    if version >= UNFINISHED_COPY {
        return "a copy into it was not finished. Run `rockpool catalog copy` or `rockpool restore` again, whichever it was: it \
                goes on. Or empty the database"
            .to_owned();
    }
    format!(
        "its schema is of version {version}, and this rockpool knows up to {}: a newer rockpool wrote it. Run that one, or \
         restore a backup from before the upgrade",
        steps.len()
    )
}
