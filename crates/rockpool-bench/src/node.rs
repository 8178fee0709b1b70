//! The program under measurement, on a fresh data directory.
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Method;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::{load::Call, process::Process};

/// A running node with one member, `bench`.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    directory: TempDir,
    bucket: Bucket,
    credentials: Credentials,
    pub(crate) redirector: Url,
    pub(crate) blobs: Url,
}

impl Node {
    /// Starts the program that was built beside this one, as an operator would.
    pub(crate) async fn start() -> Result<Self> {
        let program = program()?;
        let directory = tempfile::tempdir()?;
        let data = directory.path().join("data");
        let child = Command::new(&program)
            .args([
                "serve",
                "--s3",
                "127.0.0.1:0",
                "--redirector",
                "127.0.0.1:0",
                "--blobs",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the node")?;
        let listeners = listeners(&data.join("node.json")).await?;
        let member = Command::new(&program)
            .args(["member", "add", "bench", "--json", "--data"])
            .arg(&data)
            .output()
            .context("adding a member")?;
        if !member.status.success() {
            bail!(
                "adding a member failed: {}",
                String::from_utf8_lossy(&member.stderr)
            );
        }
        let member: Value = serde_json::from_slice(&member.stdout)?;
        let url = |name: &str| -> Result<Url> {
            let address = listeners[name]
                .as_str()
                .with_context(|| format!("no listener {name} in node.json"))?;
            let text = if address.contains("://") {
                address.to_owned()
            } else {
                format!("http://{address}/")
            };
            Ok(Url::parse(&text)?)
        };
        let text = |name: &str| {
            member[name]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {name}"))
        };
        Ok(Self {
            bucket: Bucket::new(url("s3")?, UrlStyle::Path, "bench", "us-east-1")?,
            credentials: Credentials::new(text("access_key_id")?, text("secret_access_key")?),
            redirector: url("redirector")?,
            blobs: url("blobs")?,
            child,
            directory,
        })
    }

    /// An upload with a presigned URL.
    pub(crate) fn put(&self, key: &str, body: Bytes) -> Call {
        let url = self
            .bucket
            .put_object(Some(&self.credentials), key)
            .sign(Duration::from_secs(3600));
        Call {
            method: Method::PUT,
            url,
            headers: Vec::new(),
            body,
        }
    }

    /// Its processes.
    pub(crate) fn process(&self) -> Process {
        Process::with_children(self.child.id())
    }

    /// The directory that blobs lie in.
    pub(crate) fn store(&self) -> PathBuf {
        self.directory.path().join("data/store")
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program that was built beside this one.
pub(crate) fn program() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("rockpool");
    if path.exists() {
        return Ok(path);
    }
    bail!(
        "{} is not there: build it first with `cargo build --release`",
        path.display()
    )
}

/// The listeners' addresses, which a node writes down in `file` once it is ready.
#[expect(
    clippy::disallowed_methods,
    reason = "the node tells its addresses in a file"
)]
pub(crate) async fn listeners(file: &Path) -> Result<Value> {
    for _ in 0..200 {
        if let Ok(bytes) = std::fs::read(file)
            && let Ok(node) = serde_json::from_slice::<Value>(&bytes)
        {
            return Ok(node);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the node was not ready within ten seconds")
}
