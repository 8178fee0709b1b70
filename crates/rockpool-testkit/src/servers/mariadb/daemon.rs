//! One `mariadbd` with its directory and port, as Debian sets it up.
use std::{path::Path, process::Command};

use super::super::{
    Database,
    database::PASSWORD,
    directory::Directory,
    port::free_port,
    process::{Program, as_user},
    run,
    service::Service,
    unprivileged,
};

/// Whom Debian's package makes for it.
const USER: &str = "mysql";

/// A `mariadbd`, down at first. It ends with this value, or with our process.
#[derive(Debug)]
pub(in super::super) struct Daemon {
    pub(in super::super) service: Service,
    directory: Directory,
    pub(in super::super) port: u16,
}

impl Daemon {
    /// One with system tables and nothing else. Nothing is lost when the machine fails meanwhile but a test, so nothing
    /// is synced.
    pub(in super::super) fn install() -> Self {
        let daemon = Self::empty();
        let mut command = as_user(unprivileged(USER));
        command.arg("mariadb-install-db").args(daemon.place());
        command.current_dir(daemon.path());
        // A server that starts clears its place for temporary tables, also of those of another that starts just now.
        command.env("TMPDIR", daemon.path());
        command.args([
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=16M",
            "--debug-no-sync",
        ]);
        run(&mut command);
        daemon
    }

    /// One with the same tables as this, which must be down.
    pub(in super::super) fn copy(&self) -> Self {
        let copy = Self::empty();
        run(Command::new("cp")
            .arg("-a")
            .args([self.data(), copy.data()]));
        copy
    }

    fn empty() -> Self {
        Self {
            service: Service::default(),
            directory: Directory::new("rockpool-mariadb-", unprivileged(USER)),
            port: free_port(),
        }
    }

    /// Starts it with further settings; whether it answers.
    pub(in super::super) fn start(&self, settings: &[String]) -> bool {
        let program = Program {
            path: "mariadbd".into(),
            arguments: [self.arguments(), settings.to_vec()].concat(),
            user: unprivileged(USER),
            log: self.path().join("log"),
        };
        self.service.start(program, || {
            self.client()
                .args(["-e", "SELECT 1"])
                .output()
                .is_ok_and(|output| output.status.success())
        })
    }

    /// Runs it for one of its offline tasks, such as `--wsrep-recover`; what it logs.
    pub(in super::super) fn run_offline(&self, settings: &[String]) -> String {
        let output = as_user(unprivileged(USER))
            .arg("mariadbd")
            .current_dir(self.path())
            .args(self.arguments())
            .args(settings)
            .output()
            .expect("mariadbd runs; see tests/install");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Makes an empty database, and a user of the same name for it alone.
    pub(in super::super) fn create_database(&self, name: &str) -> Database {
        let users: String = ["localhost", "127.0.0.1"]
            .iter()
            .map(|host| {
                format!(
                    "CREATE USER {name}@'{host}' IDENTIFIED BY '{PASSWORD}';
                     GRANT ALL ON {name}.* TO {name}@'{host}';"
                )
            })
            .collect();
        self.sql("mysql", &format!("CREATE DATABASE {name}; {users}"));
        self.database(name)
    }

    /// Where a database of [`Self::create_database`] is to be found here.
    pub(in super::super) fn database(&self, name: &str) -> Database {
        let (port, socket) = (self.port, self.socket());
        Database {
            name: name.to_owned(),
            url: format!("mysql://{name}:{PASSWORD}@127.0.0.1:{port}/{name}"),
            socket_url: format!("mysql://{name}:{PASSWORD}@localhost/{name}?socket={socket}"),
        }
    }

    /// Runs statements as the administrator.
    pub(in super::super) fn sql(&self, database: &str, statements: &str) -> String {
        run(self.client().args(["-e", statements, database]))
    }

    pub(in super::super) fn socket(&self) -> String {
        self.directory.join("socket")
    }

    pub(in super::super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(in super::super) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> String {
        self.directory.join("data")
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--batch", "--skip-column-names"]);
        command.args(["--user=root", &format!("--socket={}", self.socket())]);
        command
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = self.place();
        arguments.extend([
            format!("--port={}", self.port),
            format!("--socket={}", self.socket()),
            format!("--pid-file={}", self.directory.join("pid")),
            format!("--tmpdir={}", self.path().display()),
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

    /// What its installation and its running must be told alike.
    fn place(&self) -> Vec<String> {
        vec![
            "--no-defaults".to_owned(),
            format!("--datadir={}", self.data()),
            "--innodb-log-file-size=64M".to_owned(),
        ]
    }
}
