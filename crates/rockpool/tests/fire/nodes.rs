//! Several nodes over one data directory: started, killed, stopped and continued.
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long a node may take to be ready, also while the provider is in a bad mood and the machine busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A member and its key; its bucket bears its name.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// What a check found.
pub(crate) struct Finding {
    pub(crate) code: String,
    /// For people.
    pub(crate) text: String,
}

/// The nodes of one pool.
pub(crate) struct Nodes {
    /// The program that they run.
    program: PathBuf,
    /// The data directory that they share.
    pub(crate) data: PathBuf,
    /// Logs and ready files.
    outside: PathBuf,
    addresses: Vec<SocketAddr>,
    processes: Vec<Mutex<Option<Child>>>,
}

impl Nodes {
    /// Prepares so many nodes; none runs yet. `data` must exist.
    pub(crate) fn prepare(
        program: &Path,
        data: PathBuf,
        outside: PathBuf,
        configuration: &str,
        count: usize,
    ) -> Result<Self> {
        fs::write(data.join("rockpool.toml"), configuration)?;
        File::open(data.join("rockpool.toml"))?.sync_all()?;
        File::open(&data)?.sync_all()?;
        let ports = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")?.local_addr());
        Ok(Self {
            program: program.to_owned(),
            data,
            outside,
            addresses: ports.collect::<std::io::Result<_>>()?,
            processes: (0..count).map(|_| Mutex::new(None)).collect(),
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.addresses.len()
    }

    /// The S3 face of a node.
    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node]
    }

    /// Starts a node, and waits until it is ready.
    pub(crate) fn start(&self, node: usize) -> Result<()> {
        let mut process = self.process(node);
        ensure!(process.is_none(), "node {node} runs already");
        let ready = self.outside.join(format!("ready-{node}"));
        // One that a killed node left.
        let _ = fs::remove_file(&ready);
        let log = self.outside.join(format!("log-{node}"));
        let log = File::options().create(true).append(true).open(log)?;
        let mut child = Command::new(&self.program)
            .args(["serve", "--redirector", "off", "--blobs", "off"])
            .args(["--s3", &self.addresses[node].to_string()])
            .arg("--data")
            .arg(&self.data)
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let since = Instant::now();
        while !ready.exists() {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "node {node} ended at its start: {status}; see its log in {:?}",
                    self.outside
                );
            }
            if since.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                bail!(
                    "node {node} does not become ready; see its log in {:?}",
                    self.outside
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
        *process = Some(child);
        Ok(())
    }

    pub(crate) fn start_all(&self) -> Result<()> {
        (0..self.count()).try_for_each(|node| self.start(node))
    }

    /// Kills a node with SIGKILL, if it runs.
    pub(crate) fn kill(&self, node: usize) -> Result<()> {
        if let Some(mut child) = self.process(node).take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    pub(crate) fn kill_all(&self) -> Result<()> {
        (0..self.count()).try_for_each(|node| self.kill(node))
    }

    /// Has a node end as an operator does, and waits for it.
    pub(crate) fn stop(&self, node: usize) -> Result<()> {
        self.signal(node, "TERM")?;
        if let Some(mut child) = self.process(node).take() {
            let status = child.wait()?;
            ensure!(status.success(), "node {node} ended badly: {status}");
        }
        Ok(())
    }

    /// Sends `TERM`, `STOP` or `CONT` to a node, if it runs.
    pub(crate) fn signal(&self, node: usize, name: &str) -> Result<()> {
        if let Some(child) = &*self.process(node) {
            let status = Command::new("kill")
                .args([format!("-{name}"), child.id().to_string()])
                .status()?;
            ensure!(status.success(), "kill -{name} failed");
        }
        Ok(())
    }

    /// Runs a command beside the nodes.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Result<Output> {
        Ok(Command::new(&self.program)
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .stdin(Stdio::null())
            .output()?)
    }

    /// Runs a command that must succeed.
    pub(crate) fn cli_ok(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.cli(arguments)?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(output)
    }

    /// Runs a command that must succeed, and reads the JSON that it prints.
    pub(crate) fn cli_json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.cli_ok(&[arguments, &["--json"]].concat())?;
        serde_json::from_slice(&output.stdout).with_context(|| format!("{arguments:?}"))
    }

    /// Runs a check, which may find something.
    pub(crate) fn findings(&self, arguments: &[&str]) -> Result<Vec<Finding>> {
        let output = self.cli(&[arguments, &["--json"]].concat())?;
        // 3: warnings, 4: errors.
        let ended = matches!(output.status.code(), Some(0 | 3 | 4));
        ensure!(ended, "{arguments:?}: {output:?}");
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let findings = report["findings"].as_array().context("findings")?;
        let text = |found: &Value, field: &str| found[field].as_str().map(str::to_owned);
        let finding = |found| {
            Some(Finding {
                code: text(found, "code")?,
                text: text(found, "text")?,
            })
        };
        let findings = findings.iter().map(finding).collect::<Option<_>>();
        findings.with_context(|| format!("a finding without code or text: {report}"))
    }

    pub(crate) fn add_member(&self, name: &str) -> Result<Member> {
        let added = self.cli_json(&["member", "add", name])?;
        let text = |field: &str| added[field].as_str().unwrap_or_default().to_owned();
        Ok(Member {
            name: text("name"),
            access_key_id: text("access_key_id"),
            secret_access_key: text("secret_access_key"),
        })
    }

    fn process(&self, node: usize) -> MutexGuard<'_, Option<Child>> {
        self.processes[node]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        if let Err(error) = self.kill_all() {
            eprintln!("a node was left behind: {error}");
        }
    }
}
