//! MariaDB, as Debian sets it up, in a directory and on a port of its own.
use std::{
    fmt,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    Database, directory::Directory, port::free_port, process::Program, run, service::Service,
    we_are_root,
};

const PASSWORD: &str = "barnacle";

/// A MariaDB server. It ends with this value, or with our process.
///
/// Transactions are as durable as in production. Character set and collation are those of Debian's
/// `/etc/mysql/mariadb.conf.d/50-server.cnf`; no file of the machine is read. Every method blocks.
pub struct MariaDb {
    service: Service,
    directory: Directory,
    port: u16,
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
        let directory = Directory::new("rockpool-mariadb-", None);
        install(&directory);
        let server = Self {
            service: Service::default(),
            directory,
            port: free_port(),
            databases: AtomicU32::new(0),
        };
        server.started(5)
    }

    /// Starts it on the first of a few ports that is free.
    fn started(mut self, attempts: u32) -> Self {
        for _ in 1..attempts {
            if self.try_start() {
                return self;
            }
            self.port = free_port();
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
        let name = format!("test_{number}");
        let grants: String = ["localhost", "127.0.0.1"]
            .iter()
            .map(|host| {
                format!(
                    "CREATE USER {name}@'{host}' IDENTIFIED BY '{PASSWORD}';
                     GRANT ALL ON {name}.* TO {name}@'{host}';"
                )
            })
            .collect();
        self.sql("mysql", &format!("CREATE DATABASE {name}; {grants}"));
        let (port, socket) = (self.port, self.socket());
        Database {
            url: format!("mysql://{name}:{PASSWORD}@127.0.0.1:{port}/{name}"),
            socket_url: format!("mysql://{name}:{PASSWORD}@localhost/{name}?socket={socket}"),
            name,
        }
    }

    /// Runs statements as the server's administrator with the `mariadb` client; what it prints, a row a line with tabs
    /// between columns and without headings.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        run(self.client().args(["-e", statements, database]))
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The Unix socket.
    pub fn socket(&self) -> String {
        self.directory.join("socket")
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Shuts it down in good order, if it runs.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self) {
        self.service.stop("TERM");
    }

    /// Kills it with SIGKILL, if it runs.
    pub fn kill(&self) {
        self.service.kill();
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], with the same data and port; returns when it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        assert!(self.try_start(), "MariaDB does not start: {}", self.log());
    }

    /// Lets it stand still: connections stay open, and nothing is answered until [`Self::resume`].
    pub fn pause(&self) {
        self.service.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.service.signal("CONT");
    }

    /// What it has logged since its first start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--batch", "--skip-column-names"]);
        command.args(["--user=root", &format!("--socket={}", self.socket())]);
        command
    }

    /// Whether it started and answers.
    fn try_start(&self) -> bool {
        let program = Program {
            path: "mariadbd".into(),
            arguments: self.arguments(),
            user: None,
            log: self.directory.path().join("log"),
        };
        self.service.start(program, || {
            self.client()
                .args(["-e", "SELECT 1"])
                .output()
                .is_ok_and(|output| output.status.success())
        })
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = common_arguments(&self.directory);
        arguments.extend([
            format!("--port={}", self.port),
            format!("--socket={}", self.socket()),
            format!("--pid-file={}", self.directory.join("pid")),
            format!("--tmpdir={}", self.directory.path().display()),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--character-set-server=utf8mb4".to_owned(),
            "--collation-server=utf8mb4_general_ci".to_owned(),
            "--max-connections=400".to_owned(),
            "--innodb-flush-log-at-trx-commit=1".to_owned(),
            "--innodb-buffer-pool-size=96M".to_owned(),
        ]);
        arguments
    }
}

impl fmt::Debug for MariaDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MariaDb")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Makes the system tables. Nothing is lost when the machine fails meanwhile but a test, so nothing is synced.
fn install(directory: &Directory) {
    let mut command = Command::new("mariadb-install-db");
    command.args(common_arguments(directory));
    command.args([
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        "--innodb-buffer-pool-size=16M",
        "--debug-no-sync",
    ]);
    run(&mut command);
}

fn common_arguments(directory: &Directory) -> Vec<String> {
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        format!("--datadir={}", directory.join("data")),
        "--innodb-log-file-size=64M".to_owned(),
    ];
    if we_are_root() {
        arguments.push("--user=root".to_owned());
    }
    arguments
}
