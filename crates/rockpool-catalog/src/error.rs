//! What can go wrong with the catalog.

/// Why the catalog did not do what it was asked. Absence, conflicts and refusals that a caller acts on are
/// in each call's answer, not here.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database is busy or away, and retries within the catalog did not help. A write was not done; or, when the
    /// connection broke during its commit, it was done whole or not at all.
    #[error("the catalog is unavailable while {doing}: {why}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        why: String,
    },
    /// The disk of the database is full. Nothing was written.
    #[error("the catalog's disk is full while {doing}")]
    Full {
        /// What was being done.
        doing: &'static str,
    },
    /// The database cannot be used as it stands: written by a newer rockpool, read-only, not a catalog.
    /// Comes from opening only. The text tells the operator what to do.
    #[error("{0}")]
    Unusable(String),
    /// Anything else: a bug, or a damaged database.
    #[error("the catalog failed while {doing}: {why}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        why: String,
    },
}

impl CatalogError {
    /// Whether trying again later may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
