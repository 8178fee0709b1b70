//! A Galera cluster: three MariaDB servers that take writes alike and agree before each commit.
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Database, mariadb::daemon::Daemon, port::free_port, process::PATIENCE};

/// How many servers there are: the fewest of which one may fail.
const NODES: usize = 3;

/// A cluster of three servers on loopback. They end with this value, or with our process.
///
/// Each is set up as [`MariaDb`](super::MariaDb) is. A server that comes back gets what it missed from another: by Galera's
/// log where that reaches back far enough, else as a whole copy by rsync. Every method blocks; nodes are numbered 0, 1 and 2.
#[derive(Debug)]
pub struct Galera {
    nodes: Vec<Node>,
    databases: AtomicU32,
}

#[derive(Debug)]
struct Node {
    daemon: Daemon,
    /// Where the group talks.
    group_port: u16,
    /// Where what was missed comes in, piecemeal and as a whole.
    replay_port: u16,
    copy_port: u16,
}

impl Galera {
    /// A cluster of which every node answers and has what the others have.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let daemon = Daemon::install();
        let copies: Vec<Daemon> = (1..NODES).map(|_| daemon.copy()).collect();
        let nodes = std::iter::once(daemon).chain(copies).map(Node::new);
        let cluster = Self {
            nodes: nodes.collect(),
            databases: AtomicU32::new(0),
        };
        cluster.start_node(0, Some("--wsrep-new-cluster".to_owned()));
        for node in 1..NODES {
            cluster.start_node(node, None);
        }
        cluster
    }

    /// An empty database with a user of its own, on every node; its URLs lead to node 0.
    ///
    /// # Panics
    /// When node 0 does not answer.
    pub fn fresh_database(&self) -> Database {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.nodes[0]
            .daemon
            .create_database(&format!("test_{number}"))
    }

    /// The same database by way of another node.
    #[must_use]
    pub fn at_node(&self, node: usize, database: &Database) -> Database {
        self.nodes[node].daemon.database(&database.name)
    }

    /// Runs statements at a node, as [`MariaDb::sql`](super::MariaDb::sql) does.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn sql(&self, node: usize, database: &str, statements: &str) -> String {
        self.nodes[node].daemon.sql(database, statements)
    }

    /// Kills a node with SIGKILL. The others notice after a while, five seconds at most; until then their commits wait.
    pub fn kill(&self, node: usize) {
        self.nodes[node].daemon.service.kill();
    }

    /// Shuts a node down in good order: it takes its leave of the others.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self, node: usize) {
        self.nodes[node].daemon.service.stop("TERM");
    }

    /// Lets a node stand still until [`Self::resume`]; the others go on without it when they have noticed.
    pub fn pause(&self, node: usize) {
        self.nodes[node].daemon.service.signal("STOP");
    }

    /// Lets a node go on.
    pub fn resume(&self, node: usize) {
        self.nodes[node].daemon.service.signal("CONT");
    }

    /// Starts a node after [`Self::kill`] or [`Self::stop`], while another runs; returns when it has what the others have.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    pub fn bring_back(&self, node: usize) {
        let position = self.recovered_position(node);
        self.start_node(node, Some(format!("--wsrep-start-position={position}")));
    }

    /// Waits until a node has what the others have, and takes part.
    ///
    /// # Panics
    /// When that takes longer than a minute.
    pub fn wait_until_synced(&self, node: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.status(node, "wsrep_local_state_comment") != "Synced" {
            assert!(
                Instant::now() < deadline,
                "node {node} does not catch up: {}",
                self.log(node)
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// One of Galera's figures at a node, such as `wsrep_cluster_size`.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn status(&self, node: usize, name: &str) -> String {
        let row = self.sql(node, "mysql", &format!("SHOW STATUS LIKE '{name}'"));
        row.split_once('\t').unwrap_or_default().1.to_owned()
    }

    /// What a node has logged since its first start.
    pub fn log(&self, node: usize) -> String {
        self.nodes[node].daemon.log()
    }

    /// All logs, as what ails one node is often told by another's.
    fn logs(&self) -> String {
        (0..NODES)
            .map(|node| format!("\n-- node {node}:\n{}", self.log(node)))
            .collect()
    }

    fn start_node(&self, node: usize, how: Option<String>) {
        let mut settings = self.settings(node);
        settings.extend(how);
        assert!(
            self.nodes[node].daemon.start(&settings),
            "node {node} does not start: {}",
            self.logs()
        );
        self.wait_until_synced(node);
    }

    /// The last transaction that a node has on disk, which Debian's unit finds out before each start in the same way.
    fn recovered_position(&self, node: usize) -> String {
        let mut settings = self.settings(node);
        settings.push("--wsrep-recover".to_owned());
        let log = self.nodes[node].daemon.run_offline(&settings);
        let position = log
            .lines()
            .filter_map(|line| line.split_once("Recovered position:"))
            .filter_map(|(_, position)| position.split(',').next())
            .next_back();
        position
            .unwrap_or_else(|| panic!("node {node} has lost its position: {log}"))
            .trim()
            .to_owned()
    }

    fn settings(&self, node: usize) -> Vec<String> {
        let others: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.group_port))
            .collect();
        let node = &self.nodes[node];
        vec![
            "--wsrep-on=ON".to_owned(),
            "--wsrep-provider=/usr/lib/galera/libgalera_smm.so".to_owned(),
            format!("--wsrep-provider-options={}", node.provider_options()),
            format!("--wsrep-cluster-address=gcomm://{}", others.join(",")),
            "--wsrep-node-address=127.0.0.1".to_owned(),
            "--wsrep-sst-method=rsync".to_owned(),
            format!("--wsrep-sst-receive-address=127.0.0.1:{}", node.copy_port),
            "--binlog-format=ROW".to_owned(),
            "--innodb-autoinc-lock-mode=2".to_owned(),
        ]
    }
}

impl Node {
    fn new(daemon: Daemon) -> Self {
        Self {
            daemon,
            group_port: free_port(),
            replay_port: free_port(),
            copy_port: free_port(),
        }
    }

    fn provider_options(&self) -> String {
        let (group, replay) = (self.group_port, self.replay_port);
        format!(
            "gmcast.listen_addr=tcp://127.0.0.1:{group};base_port={group};\
             ist.recv_addr=127.0.0.1:{replay};gcache.size=16M;gcache.page_size=16M"
        )
    }
}
