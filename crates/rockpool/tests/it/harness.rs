//! A real node in a process of its own, on free ports of loopback and a data directory of its own.
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::Engine;
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
const ROCKPOOL: &str = env!("CARGO_BIN_EXE_rockpool");
/// How long a node may take to be ready, or to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A member's name and key.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The member's name, and its first bucket's.
    pub(crate) name: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// A running node. Dropping it kills the process and removes its data.
pub(crate) struct Server {
    directory: TempDir,
    flags: Vec<String>,
    /// What its configuration says of the catalog, where that is not the default.
    catalog: String,
    /// Shell commands that the node's process runs first, where its mounts differ from others'.
    mounts: Option<&'static str>,
    child: Child,
    /// What the node said of itself when it was ready.
    node: Value,
}

impl Server {
    /// Starts a node on the defaults, with further flags of `serve`.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::configured("", flags)
    }

    /// Starts a node with a configuration file, and further flags of `serve`.
    pub(crate) fn configured(configuration: &str, flags: &[&str]) -> Self {
        let catalog = catalog_of_this_run();
        let mut server = Self::configured_as_given(&format!("{configuration}{catalog}"), flags);
        server.catalog = catalog;
        server
    }

    /// Replaces the configuration file, but for the catalog, for the next start.
    pub(crate) fn reconfigure(&self, configuration: &str) {
        let text = format!("{configuration}{}", self.catalog);
        fs::write(self.data().join("rockpool.toml"), text).unwrap();
    }

    /// As [`Self::configured`], with a configuration that names its catalog, or means the default.
    pub(crate) fn configured_as_given(configuration: &str, flags: &[&str]) -> Self {
        Self::launched(configuration, flags, None)
    }

    /// Starts a node on the defaults with mounts of its own: those that shell commands make in its data directory, which
    /// need no privileges. The commands of [`Self::cli`] do not see them.
    pub(crate) fn on_mounts(mounts: &'static str, configuration: &str) -> Self {
        Self::launched(configuration, &[], Some(mounts))
    }

    fn launched(configuration: &str, flags: &[&str], mounts: Option<&'static str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("rockpool.toml"), configuration).unwrap();
        Self::on(directory, flags, mounts)
    }

    /// Starts a node on the folder `data` of a directory.
    pub(crate) fn on(directory: TempDir, flags: &[&str], mounts: Option<&'static str>) -> Self {
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let ports = ["--s3", "--redirector", "--blobs"]
            .into_iter()
            .filter(|flag| !flags.iter().any(|given| given == flag))
            .flat_map(|flag| [flag.to_owned(), "127.0.0.1:0".to_owned()]);
        let (child, node) = launch(directory.path(), &flags, ports.collect(), mounts);
        Self {
            directory,
            flags,
            catalog: String::new(),
            mounts,
            child,
            node,
        }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A directory that is removed with the server, for what a test needs.
    pub(crate) fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// The S3 face.
    pub(crate) fn s3_url(&self) -> String {
        self.url("s3")
    }

    /// The redirector.
    pub(crate) fn redirector_url(&self) -> String {
        self.url("redirector")
    }

    /// The blob server.
    pub(crate) fn blobs_url(&self) -> String {
        self.url("blobs")
    }

    /// The address of the link shield, which has to be on.
    pub(crate) fn links_address(&self) -> String {
        self.node["links"].as_str().unwrap().to_owned()
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the node has logged, over all its starts.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// What the node has printed since it was last started.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(self.directory.path().join("printed")).unwrap()
    }

    /// Runs a command beside the node.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        rockpool(arguments)
            .arg("--data")
            .arg(self.data())
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed, and reads the JSON that it prints.
    pub(crate) fn cli_json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must succeed, for what it does.
    pub(crate) fn cli_ok(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Adds a member with a bucket of its name.
    pub(crate) fn add_member(&self, name: &str) -> Keys {
        let added = self.cli_json(&["member", "add", name]);
        let text = |field: &str| added[field].as_str().unwrap().to_owned();
        Keys {
            name: text("name"),
            access_key_id: text("access_key_id"),
            secret_access_key: text("secret_access_key"),
        }
    }

    /// Kills the process with SIGKILL, without a word.
    pub(crate) fn sigkill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "the node does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the node again, on the same data and the same ports, after killing it where it still runs.
    pub(crate) fn restart(&mut self) {
        self.sigkill();
        let ports = ["s3", "redirector", "blobs"]
            .into_iter()
            .filter_map(|face| {
                let address = self.node[face].as_str()?;
                Some([format!("--{face}"), address.to_owned()])
            })
            .flatten()
            .collect();
        let flags: Vec<String> = without_listeners(&self.flags);
        (self.child, self.node) = launch(self.directory.path(), &flags, ports, self.mounts);
    }

    fn url(&self, face: &str) -> String {
        format!("http://{}", self.node[face].as_str().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the node's log:\n{}", self.log());
        }
    }
}

/// What a configuration says of a fresh catalog on the engine of this run. SQLite is the default, which is tested as such.
fn catalog_of_this_run() -> String {
    match Engine::of_this_run() {
        Engine::Sqlite => String::new(),
        engine => {
            let url = engine.fresh_catalog(Path::new(""));
            format!("\n[catalog]\nurl = \"{url}\"\nmax_connections = 8\n")
        }
    }
}

/// A command of the program, on nothing but the given arguments.
pub(crate) fn rockpool(arguments: &[&str]) -> Command {
    let mut command = Command::new(ROCKPOOL);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// As [`rockpool`], after shell commands that mount something in the data directory for this process alone.
pub(crate) fn rockpool_on_mounts(mounts: &str, data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-ec"])
        .arg(format!("cd \"$0\"; {mounts}; exec \"$@\""))
        .arg(data)
        .arg(ROCKPOOL)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// The flags that name no address of a listener; `off` stays.
fn without_listeners(flags: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut flags = flags.iter().peekable();
    while let Some(flag) = flags.next() {
        let is_listener = ["--s3", "--redirector", "--blobs"].contains(&flag.as_str());
        if is_listener && flags.peek().is_some_and(|value| *value != "off") {
            flags.next();
        } else {
            kept.push(flag.clone());
        }
    }
    kept
}

/// Starts a process and waits until it says that it is ready.
fn launch(
    directory: &Path,
    flags: &[String],
    ports: Vec<String>,
    mounts: Option<&str>,
) -> (Child, Value) {
    let data = directory.join("data");
    let ready_file = data.join("node.json");
    // One that a killed node left.
    let _ = fs::remove_file(&ready_file);
    let log = File::options()
        .create(true)
        .append(true)
        .open(directory.join("log"));
    let mut command = match mounts {
        None => rockpool(&["serve"]),
        Some(mounts) => rockpool_on_mounts(mounts, &data, &["serve"]),
    };
    let mut child = command
        .arg("--data")
        .arg(&data)
        .args(flags)
        .args(ports)
        .stdout(File::create(directory.join("printed")).unwrap())
        .stderr(log.unwrap())
        .spawn()
        .unwrap();
    let since = Instant::now();
    loop {
        if let Ok(text) = fs::read(&ready_file) {
            return (child, serde_json::from_slice(&text).unwrap());
        }
        let ended = child.try_wait().unwrap();
        if ended.is_some() || since.elapsed() > PATIENCE {
            // It may have ended by itself.
            let _ = child.kill();
            let log = fs::read_to_string(directory.join("log")).unwrap();
            panic!("the node did not become ready ({ended:?}):\n{log}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Tries until it holds, for at most two seconds: as long as a node may take to know what a command changed.
pub(crate) fn within_two_seconds(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(2), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
