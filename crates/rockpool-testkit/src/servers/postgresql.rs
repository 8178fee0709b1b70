//! PostgreSQL, as Debian builds it, in a directory and on a port of its own.
use std::{
    fmt,
    path::PathBuf,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    Database,
    database::PASSWORD,
    directory::Directory,
    port::free_port,
    process::{Program, as_user},
    run,
    service::Service,
    unprivileged,
};

const ADMINISTRATOR: &str = "postgres";

/// A PostgreSQL server. It ends with this value, or with our process.
///
/// Transactions are as durable as in production; the encoding is UTF-8. PostgreSQL refuses to be root, so it is `postgres`
/// when we are. Every method blocks.
pub struct PostgreSql {
    service: Service,
    directory: Directory,
    port: u16,
    databases: AtomicU32,
}

impl PostgreSql {
    /// The server that all tests of this process share, which is started by the first that asks. For outages, which would
    /// disturb the others, take [`Self::start`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgreSql> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, ready to answer.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let directory = Directory::new("rockpool-postgresql-", unprivileged("postgres"));
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
        self.sql(
            "postgres",
            &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"),
        );
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {name}"));
        let (port, directory) = (self.port, self.directory.path().display());
        let url = format!("postgres://{name}:{PASSWORD}@127.0.0.1:{port}/{name}");
        Database {
            socket_url: format!("{url}?host={directory}"),
            url,
            name,
        }
    }

    /// Runs statements as the server's administrator with the `psql` client, in one transaction; what it prints, a row a
    /// line with tabs between columns and without headings.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        run(self.client(database).args(["-c", statements]))
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Shuts it down in good order, if it runs: transactions under way are rolled back.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self) {
        // PostgreSQL's word for a "fast" shutdown, which does not wait for clients to leave.
        self.service.stop("INT");
    }

    /// Kills it and its sessions with SIGKILL, if it runs.
    pub fn kill(&self) {
        self.service.kill();
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`], with the same data and port; returns when it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        assert!(
            self.try_start(),
            "PostgreSQL does not start: {}",
            self.log()
        );
    }

    /// Lets it and its sessions stand still: connections stay open, and nothing is answered until [`Self::resume`].
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

    fn client(&self, database: &str) -> Command {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--field-separator=\t", "--set=ON_ERROR_STOP=1"]);
        command.arg(format!(
            "host={} port={} user={ADMINISTRATOR} dbname={database}",
            self.directory.path().display(),
            self.port
        ));
        command
    }

    /// Whether it started and answers.
    fn try_start(&self) -> bool {
        let program = Program {
            path: program("postgres"),
            arguments: self.arguments(),
            user: unprivileged("postgres"),
            log: self.directory.path().join("log"),
        };
        self.service.start(program, || {
            self.client("postgres")
                .args(["-c", "SELECT 1"])
                .output()
                .is_ok_and(|output| output.status.success())
        })
    }

    fn arguments(&self) -> Vec<String> {
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!(
                "unix_socket_directories={}",
                self.directory.path().display()
            ),
            "max_connections=200".to_owned(),
            "fsync=on".to_owned(),
            "synchronous_commit=on".to_owned(),
            "shared_buffers=64MB".to_owned(),
        ];
        let data = self.directory.join("data");
        ["-D".to_owned(), data]
            .into_iter()
            .chain(settings.into_iter().flat_map(|s| ["-c".to_owned(), s]))
            .collect()
    }
}

impl fmt::Debug for PostgreSql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgreSql")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Makes the system tables. The administrator comes in by the socket, which lies in a directory that only he may open;
/// everybody else needs a password. Nothing is lost when the machine fails meanwhile but a test, so nothing is synced.
fn install(directory: &Directory) {
    let mut command = as_user(unprivileged("postgres"));
    command.arg(program("initdb")).current_dir(directory.path());
    command.args(["-D", &directory.join("data"), "-U", ADMINISTRATOR]);
    command.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
    command.args(["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    run(&mut command);
}

/// A program of the newest PostgreSQL here, which Debian keeps out of the path.
fn program(name: &str) -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").expect("Debian's postgresql is installed");
    versions
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .max()
        .expect("Debian's postgresql is installed")
        .1
}
