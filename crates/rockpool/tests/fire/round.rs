//! One round: a fresh pool, clients and a nemesis for a while, and then a look at all that is left.
use std::{
    fmt,
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rockpool_testkit::Dice;

use crate::{
    clients::{Client, Field, KEYS},
    database::Database,
    nodes::Nodes,
    power::Disk,
    provider::{LATEST, Provider},
};

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
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::Directory, Self::Provider, Self::Power, Self::Database];
}

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
             {} outages of the database, {} connections to it cut; {} leftovers, {} violations",
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
            self.leftovers,
            self.violations.len(),
        )
    }
}

const NODES: usize = 3;
const CLIENTS: usize = 8;

/// What `rockpool check` says of bytes in the store that no row speaks of.
const LEFTOVER: &str = "bytes_unknown";

/// As in the configuration.
const STORE_LEASE: Duration = Duration::from_secs(4);

/// Short leases, so that a stop outlasts them, and no grace.
fn configuration(section: Option<&str>) -> String {
    format!(
        "[public]\nblob_url = \"http://127.0.0.1:9/\"\n\
         [collect]\ninterval = \"1s\"\ngrace = \"0s\"\nstore_lease = \"4s\"\ndelete_lease = \"4s\"\n\
         longest_delete = \"2s\"\nupload_lifetime = \"20s\"\n{}",
        section.unwrap_or_default()
    )
}

/// Everything that a round needs, in the order in which it ends.
struct Arena {
    nodes: Arc<Nodes>,
    provider: Option<(Provider, Arc<Nodes>)>,
    disk: Option<Disk>,
    database: Option<Database>,
}

/// Runs a round of that kind for so long, in a directory that is empty.
pub(crate) fn run(
    program: &Path,
    kind: Kind,
    seed: u64,
    time: Duration,
    directory: &Path,
) -> Result<Figures> {
    let mut arena = Arena::build(program, kind, seed, directory)?;
    arena.nodes.start_all()?;
    let members = ["ada", "bob"].map(|name| arena.nodes.add_member(name));
    let members = members.into_iter().collect::<Result<Vec<_>>>()?;
    let field = Arc::new(Field::new(arena.nodes.clone(), members));
    let mut figures = Figures::default();
    arena.misbehave(true);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = Client::new(field.clone(), number, Dice::new(seed, number as u64 + 1));
            thread::spawn(move || client.run())
        })
        .collect();
    let harmed = arena.harm(kind, Dice::new(seed, 1000), time, &mut figures);
    field.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client
            .join()
            .map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    harmed?;
    arena.misbehave(false);
    arena.settle(&field, &mut figures)?;
    let tally = &field.tally;
    figures.acknowledged = tally.acknowledged.load(Ordering::Relaxed);
    figures.refused = tally.refused.load(Ordering::Relaxed);
    figures.unknown = tally.unknown.load(Ordering::Relaxed);
    figures.not_sent = tally.not_sent.load(Ordering::Relaxed);
    if let Some((provider, _)) = &arena.provider {
        (figures.faults, figures.late_deletes) = provider.faults();
    }
    if let Some(database) = &arena.database {
        figures.severed = database.severed();
    }
    Ok(figures)
}

impl Arena {
    fn build(program: &Path, kind: Kind, seed: u64, directory: &Path) -> Result<Self> {
        let data = directory.join("data");
        std::fs::create_dir(&data)?;
        let disk = match kind {
            Kind::Power => Some(Disk::mount(&data)?),
            Kind::Directory | Kind::Provider | Kind::Database => None,
        };
        let mut provider = None;
        let mut section = None;
        if kind == Kind::Provider {
            let behind = directory.join("provider");
            std::fs::create_dir(&behind)?;
            std::fs::create_dir(behind.join("data"))?;
            let plain = "[public]\nblob_url = \"http://127.0.0.1:9/\"\n";
            let stock = Nodes::prepare(program, behind.join("data"), behind, plain, 1)?;
            stock.start(0)?;
            let keys = stock.add_member("stock")?;
            let proxy = Provider::start(stock.address(0), keys.clone(), Dice::new(seed, 2000))?;
            section = Some(format!(
                "[staging]\nkind = \"store\"\n[store]\nkind = \"s3\"\n[store.s3]\nendpoint = \"http://{}\"\n\
                 bucket = \"stock\"\ncall_timeout = \"2s\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
                proxy.address, keys.access_key_id, keys.secret_access_key
            ));
            provider = Some((proxy, Arc::new(stock)));
        }
        let mut database = None;
        if kind == Kind::Database {
            let server = Database::start(Dice::new(seed, 3000))?;
            section = Some(server.section());
            database = Some(server);
        }
        let configuration = configuration(section.as_deref());
        let nodes = Nodes::prepare(program, data, directory.to_owned(), &configuration, NODES)?;
        Ok(Self {
            nodes: Arc::new(nodes),
            provider,
            disk,
            database,
        })
    }

    fn misbehave(&self, bad: bool) {
        if let Some((provider, _)) = &self.provider {
            provider.misbehave(bad);
        }
        if let Some(database) = &self.database {
            database.misbehave(bad);
        }
    }

    /// Starts a node, which a database that cannot be reached would end.
    fn start(&self, node: usize) -> Result<()> {
        if let Some(database) = &self.database {
            database.misbehave(false);
        }
        self.nodes.start(node)?;
        if let Some(database) = &self.database {
            database.misbehave(true);
        }
        Ok(())
    }

    /// Kills, stops and cuts until the time is over. All nodes run when it returns.
    fn harm(
        &mut self,
        kind: Kind,
        mut dice: Dice,
        time: Duration,
        figures: &mut Figures,
    ) -> Result<()> {
        let since = Instant::now();
        let millis = |dice: &mut Dice, low, high| Duration::from_millis(dice.between(low, high));
        while since.elapsed() < time {
            thread::sleep(millis(&mut dice, 200, 1500));
            let node = dice.roll(NODES as u64) as usize;
            match (dice.roll(10), &self.database) {
                (0..4, Some(database)) => {
                    database.be_away(&mut dice);
                    figures.outages += 1;
                }
                (0..4, None) if kind == Kind::Power => {
                    self.nodes.kill_all()?;
                    self.cut(&mut dice)?;
                    self.nodes.start_all()?;
                    figures.cuts += 1;
                }
                (0..6, _) => {
                    self.nodes.kill(node)?;
                    thread::sleep(millis(&mut dice, 0, 800));
                    self.start(node)?;
                    figures.kills += 1;
                }
                _ => {
                    // Longer than the lease of an uploader or a collector.
                    self.nodes.signal(node, "STOP")?;
                    thread::sleep(millis(&mut dice, 3000, 9000));
                    self.nodes.signal(node, "CONT")?;
                    figures.stops += 1;
                }
            }
        }
        if self.disk.is_some() {
            self.nodes.kill_all()?;
            self.cut(&mut dice)?;
            self.nodes.start_all()?;
            figures.cuts += 1;
        }
        Ok(())
    }

    fn cut(&mut self, dice: &mut Dice) -> Result<()> {
        match &mut self.disk {
            Some(disk) => disk.cut(dice),
            None => Ok(()),
        }
    }

    /// Reads everything, collects everything, and looks at what is left.
    fn settle(&mut self, field: &Arc<Field>, figures: &mut Figures) -> Result<()> {
        // What a killed node had begun, nobody does any more; a provider may, for a while.
        self.nodes.kill_all()?;
        thread::sleep(if self.provider.is_some() {
            LATEST
        } else {
            Duration::ZERO
        });
        self.nodes.start(0)?;
        field.read_all()?;
        figures.violations.extend(field.history.violations(KEYS));
        let problems = field.problems.lock().unwrap_or_else(|e| e.into_inner());
        figures.violations.extend(problems.iter().cloned());
        self.nodes.stop(0)?;
        // What a killed node had just stored, and told no row of, is collected only then.
        thread::sleep(STORE_LEASE + Duration::from_secs(1));
        self.collect_everything()?;
        self.check(figures)
    }

    /// Collects until nothing is left to collect, which takes as long as all leases and quarantines together.
    fn collect_everything(&self) -> Result<()> {
        let since = Instant::now();
        loop {
            self.nodes.cli_json(&["gc"])?;
            let plan = self.nodes.cli_json(&["gc", "--plan"])?;
            // Deletions and leases whose time has not come are in no plan.
            let waiting = self.count_waiting()?;
            let fields = plan.as_object().context("a plan")?;
            if waiting == 0 && fields.values().all(|count| count.as_u64() == Some(0)) {
                return Ok(());
            }
            if since.elapsed() > Duration::from_secs(60) {
                bail!(
                    "a minute later there is still something to collect: {plan}, {waiting} blobs"
                );
            }
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// How many blobs are not live, whatever they wait for.
    fn count_waiting(&self) -> Result<i64> {
        let sql =
            "SELECT (SELECT COUNT(*) FROM blobs WHERE state <> 1) + (SELECT COUNT(*) FROM uploads)";
        if let Some(database) = &self.database {
            return database.count(sql);
        }
        let catalog = rusqlite::Connection::open(self.nodes.data.join("catalog.db"))?;
        Ok(catalog.query_row(sql, [], |row| row.get(0))?)
    }

    /// Whether all is well. What an uploader stored after its lease, and died, is no violation: it is counted, and a
    /// repair has to find it and leave nothing.
    fn check(&self, figures: &mut Figures) -> Result<()> {
        let look = ["check", "--deep", "--at-rest"];
        let findings = self.nodes.findings(&look)?;
        let leftovers = findings.iter().filter(|found| found.code == LEFTOVER);
        let leftovers = leftovers.count() as u64;
        let wrong = findings.into_iter().filter(|found| found.code != LEFTOVER);
        figures
            .violations
            .extend(wrong.map(|found| format!("check: {}: {}", found.code, found.text)));
        if leftovers > 0 && figures.violations.is_empty() {
            let repair = [&look[..], &["--repair", "--yes", "--drop-unknown"]].concat();
            self.nodes.findings(&repair)?;
            let left = self.nodes.findings(&look)?;
            let left = left
                .into_iter()
                .map(|found| format!("after a repair: {}: {}", found.code, found.text));
            figures.violations.extend(left);
        }
        figures.leftovers += leftovers;
        Ok(())
    }
}
