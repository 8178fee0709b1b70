//! MariaDB, a single server.
pub(super) mod daemon;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use super::{Database, port::free_port};
use daemon::Daemon;

/// A MariaDB server. It ends with this value, or with our process.
///
/// Transactions are as durable as in production. Character set and collation are those of Debian's
/// `/etc/mysql/mariadb.conf.d/50-server.cnf`; no file of the machine is read. Every method blocks.
#[derive(Debug)]
pub struct MariaDb {
    daemon: Daemon,
    databases: AtomicU32,
}

impl MariaDb {
    /// The server that all tests of this process share, which is started by the first that asks. For outages, which would
    /// disturb the others, take [`Self::start`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, ready to answer.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let server = Self {
            daemon: Daemon::install(),
            databases: AtomicU32::new(0),
        };
        server.started(5)
    }

    /// Starts it on the first of a few ports that is free.
    fn started(mut self, attempts: u32) -> Self {
        for _ in 1..attempts {
            if self.daemon.start(&[]) {
                return self;
            }
            self.daemon.port = free_port();
        }
        self.start_again();
        self
    }

    /// An empty database with a user of its own.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn fresh_database(&self) -> Database {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.daemon.create_database(&format!("test_{number}"))
    }

    /// Runs statements as the server's administrator with the `mariadb` client; what it prints, a row a line with tabs
    /// between columns and without headings.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.daemon.sql(database, statements)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.daemon.port
    }

    /// The Unix socket.
    pub fn socket(&self) -> String {
        self.daemon.socket()
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.daemon.service.pid()
    }

    /// Shuts it down in good order, if it runs.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self) {
        self.daemon.service.stop("TERM");
    }

    /// Kills it with SIGKILL, if it runs.
    pub fn kill(&self) {
        self.daemon.service.kill();
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], with the same data and port; returns when it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        assert!(
            self.daemon.start(&[]),
            "MariaDB does not start: {}",
            self.log()
        );
    }

    /// Lets it stand still: connections stay open, and nothing is answered until [`Self::resume`].
    pub fn pause(&self) {
        self.daemon.service.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.daemon.service.signal("CONT");
    }

    /// What it has logged since its first start.
    pub fn log(&self) -> String {
        self.daemon.log()
    }
}
