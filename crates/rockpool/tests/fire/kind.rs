//! The kinds of rounds.

/// What goes wrong in a round, beside nodes that are killed and stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing else: blobs lie in a directory.
    Directory,
    /// Blobs lie at a provider that misbehaves.
    Provider,
    /// Power is cut, and with it whatever was not synced.
    Power,
    /// The catalog is on a database server that misbehaves.
    Database,
    /// Blobs land before a provider that misbehaves and is away at times, and power is cut.
    Landing,
    /// There is a replica, which is promoted meanwhile; a store is lost in the end.
    Replicas,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Directory,
        Self::Provider,
        Self::Power,
        Self::Database,
        Self::Landing,
        Self::Replicas,
    ];

    /// How many nodes the pool has.
    pub(crate) const fn nodes(self) -> usize {
        match self {
            Self::Directory | Self::Provider | Self::Power | Self::Database | Self::Replicas => 3,
            // What waits in a landing lies on the disk of one node.
            Self::Landing => 1,
        }
    }

    /// Whether the data directory lies on a disk whose power is cut.
    pub(crate) const fn has_power_cuts(self) -> bool {
        matches!(self, Self::Power | Self::Landing)
    }
}
