//! What a round came to, in numbers.
use std::fmt;

/// What a round came to.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) not_sent: u64,
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    pub(crate) cuts: u64,
    pub(crate) faults: u64,
    pub(crate) late_deletes: u64,
    /// Of the database server.
    pub(crate) outages: u64,
    /// Connections to it.
    pub(crate) severed: u64,
    /// Of replicas.
    pub(crate) promotions: u64,
    /// Of all that the primary store had.
    pub(crate) losses: u64,
    pub(crate) leftovers: u64,
    pub(crate) violations: Vec<String>,
}

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.not_sent += other.not_sent;
        self.kills += other.kills;
        self.stops += other.stops;
        self.cuts += other.cuts;
        self.faults += other.faults;
        self.late_deletes += other.late_deletes;
        self.outages += other.outages;
        self.severed += other.severed;
        self.promotions += other.promotions;
        self.losses += other.losses;
        self.leftovers += other.leftovers;
        self.violations.extend(other.violations);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.acknowledged + self.refused + self.unknown;
        write!(
            f,
            "{requests} requests ({} acknowledged, {} refused, {} of unknown outcome), {} not sent; \
             {} kills, {} stops, {} power cuts, {} requests to the provider harmed, {} deletes late, \
             {} outages of the database, {} connections to it cut, {} promotions, {} primaries lost; {} leftovers, \
             {} violations",
            self.acknowledged,
            self.refused,
            self.unknown,
            self.not_sent,
            self.kills,
            self.stops,
            self.cuts,
            self.faults,
            self.late_deletes,
            self.outages,
            self.severed,
            self.promotions,
            self.losses,
            self.leftovers,
            self.violations.len(),
        )
    }
}
