//! One round: a fresh pool, clients and a nemesis for a while, and then a look at all that is left.
use std::{
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
    figures::Figures,
    kind::Kind,
    nodes::Nodes,
    power::Disk,
    provider::{LATEST, Provider},
    replicas,
};

const CLIENTS: usize = 8;

/// What `rockpool check` says of bytes in the store, or at a replica, that no row speaks of.
const LEFTOVERS: [&str; 2] = ["bytes_unknown", "replica_bytes_unknown"];

/// How long what is left to be done may take in the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// As in the configuration.
const STORE_LEASE: Duration = Duration::from_secs(4);

/// Short leases, so that a stop outlasts them, and no grace.
fn configuration(sections: &str) -> String {
    format!(
        "[public]\nblob_url = \"http://127.0.0.1:9/\"\n\
         [collect]\ninterval = \"1s\"\ngrace = \"0s\"\nstore_lease = \"4s\"\ndelete_lease = \"4s\"\n\
         longest_delete = \"2s\"\nupload_lifetime = \"20s\"\n{sections}"
    )
}

/// With room for what comes in days, or for less than all contents.
fn landing(dice: &mut Dice) -> String {
    let room = ["", "max_waiting = \"300 KB\"\ncache = \"150 KB\"\n"][dice.roll(2) as usize];
    format!("[landing]\nenabled = true\n{room}")
}

/// Starts a proxy, and behind it the one node of another pool, where blobs lie in a bucket.
fn start_provider(program: &Path, seed: u64, directory: &Path) -> Result<(Provider, Arc<Nodes>)> {
    let behind = directory.join("provider");
    std::fs::create_dir(&behind)?;
    std::fs::create_dir(behind.join("data"))?;
    let plain = "[public]\nblob_url = \"http://127.0.0.1:9/\"\n";
    let stock = Nodes::prepare(program, behind.join("data"), behind, plain, 1)?;
    stock.start(0)?;
    let owner = stock.add_member("stock")?;
    let proxy = Provider::start(stock.address(0), owner, Dice::new(seed, 2000))?;
    Ok((proxy, Arc::new(stock)))
}

/// Everything that a round needs, in the order in which it ends.
struct Arena {
    kind: Kind,
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
    let harmed = arena.harm(Dice::new(seed, 1000), time, &mut figures);
    field.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client
            .join()
            .map_err(|_| anyhow::anyhow!("a client panicked"))??;
    }
    harmed?;
    arena.misbehave(false);
    arena.settle(&field, Dice::new(seed, 5000), &mut figures)?;
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
        let disk = match kind.has_power_cuts() {
            true => Some(Disk::mount(&data)?),
            false => None,
        };
        let mut dice = Dice::new(seed, 4000);
        let is_needed = match kind {
            Kind::Provider | Kind::Landing => true,
            // Or the replica is a directory.
            Kind::Replicas => dice.roll(2) == 0,
            Kind::Directory | Kind::Power | Kind::Database => false,
        };
        let provider = match is_needed {
            true => Some(start_provider(program, seed, directory)?),
            false => None,
        };
        let database = match kind {
            Kind::Database => Some(Database::start(Dice::new(seed, 3000))?),
            _ => None,
        };
        let at_provider = |store| provider.as_ref().map(|(proxy, _)| proxy.settings(store));
        let sections = match kind {
            Kind::Directory | Kind::Power => None,
            Kind::Provider => at_provider("store")
                .map(|store| format!("[staging]\nkind = \"store\"\n[store]\n{store}")),
            Kind::Database => database.as_ref().map(Database::section),
            Kind::Landing => {
                at_provider("store").map(|store| format!("{}[store]\n{store}", landing(&mut dice)))
            }
            Kind::Replicas => Some(replicas::settings(at_provider(replicas::SECTION))),
        };
        let configuration = configuration(&sections.unwrap_or_default());
        let outside = directory.to_owned();
        let nodes = Nodes::prepare(program, data, outside, &configuration, kind.nodes())?;
        Ok(Self {
            kind,
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
    fn harm(&mut self, mut dice: Dice, time: Duration, figures: &mut Figures) -> Result<()> {
        let since = Instant::now();
        let millis = |dice: &mut Dice, low, high| Duration::from_millis(dice.between(low, high));
        let mut is_replicated = self.kind != Kind::Replicas;
        while since.elapsed() < time {
            thread::sleep(millis(&mut dice, 200, 1500));
            // A replica comes while clients write; a provider in a bad mood may be asked again.
            is_replicated = is_replicated || replicas::add(&self.nodes)?;
            let node = dice.roll(self.nodes.count() as u64) as usize;
            match (self.kind, dice.roll(10)) {
                (Kind::Database, 0..4) => {
                    let database = self.database.as_ref().context("a database")?;
                    database.be_away(&mut dice);
                    figures.outages += 1;
                }
                (Kind::Power | Kind::Landing, 0..4) => self.cut(&mut dice, figures)?,
                (Kind::Landing, 6..9) => {
                    let (provider, _) = self.provider.as_ref().context("a provider")?;
                    provider.be_away(millis(&mut dice, 1000, 5000));
                }
                (Kind::Replicas, 0..4) => {
                    let is_promoted = replicas::promote_other(&self.nodes, &mut dice)?;
                    figures.promotions += u64::from(is_promoted);
                }
                (_, 0..6) => {
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
            self.cut(&mut dice, figures)?;
        }
        Ok(())
    }

    /// Cuts the power of all nodes and of their disk, and starts them again.
    fn cut(&mut self, dice: &mut Dice, figures: &mut Figures) -> Result<()> {
        self.nodes.kill_all()?;
        self.disk.as_mut().context("a disk")?.cut(dice)?;
        self.nodes.start_all()?;
        figures.cuts += 1;
        Ok(())
    }

    /// Reads everything, collects everything, and looks at what is left.
    fn settle(&self, field: &Arc<Field>, mut dice: Dice, figures: &mut Figures) -> Result<()> {
        // What a killed node had begun, nobody does any more; a provider may, for a while.
        self.nodes.kill_all()?;
        thread::sleep(if self.provider.is_some() {
            LATEST
        } else {
            Duration::ZERO
        });
        self.nodes.start(0)?;
        field.read_all()?;
        match self.kind {
            Kind::Landing => self.drain()?,
            Kind::Replicas => {
                let is_lost = replicas::lose_primary(&self.nodes, field, &mut dice)?;
                figures.losses += u64::from(is_lost);
            }
            Kind::Directory | Kind::Provider | Kind::Power | Kind::Database => {}
        }
        figures.violations.extend(field.history.violations(KEYS));
        let problems = field.problems.lock().unwrap_or_else(|e| e.into_inner());
        figures.violations.extend(problems.iter().cloned());
        self.nodes.stop(0)?;
        // What a killed node had just stored, and told no row of, is collected only then.
        thread::sleep(STORE_LEASE + Duration::from_secs(1));
        self.collect_everything()?;
        self.check(figures)
    }

    /// Waits until all that landed is at the provider.
    fn drain(&self) -> Result<()> {
        let since = Instant::now();
        loop {
            let landing = self.nodes.cli_json(&["landing"])?;
            if landing["waiting_items"] == 0 {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                bail!("a minute later there is still something in the landing: {landing}");
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Collects until nothing is left to collect, which takes as long as all leases and quarantines together.
    fn collect_everything(&self) -> Result<()> {
        let since = Instant::now();
        loop {
            self.nodes.cli_json(&["gc"])?;
            if self.kind == Kind::Replicas {
                replicas::sync(&self.nodes)?;
            }
            let plan = self.nodes.cli_json(&["gc", "--plan"])?;
            // Deletions and leases whose time has not come are in no plan.
            let waiting = self.count_waiting()?;
            let fields = plan.as_object().context("a plan")?;
            if waiting == 0 && fields.values().all(|count| count.as_u64() == Some(0)) {
                return Ok(());
            }
            if since.elapsed() > PATIENCE {
                bail!("a minute later there is still something to collect: {plan}, {waiting} rows");
            }
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// How many blobs are not live, uploads not ended and copies not made or removed, whatever they wait for.
    fn count_waiting(&self) -> Result<i64> {
        let sql = "SELECT (SELECT COUNT(*) FROM blobs WHERE state <> 1) + (SELECT COUNT(*) FROM uploads) \
                   + (SELECT COUNT(*) FROM copies)";
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
        let is_left = |code: &String| LEFTOVERS.contains(&code.as_str());
        let leftovers = findings.iter().filter(|found| is_left(&found.code));
        let leftovers = leftovers.count() as u64;
        let wrong = findings.into_iter().filter(|found| !is_left(&found.code));
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
