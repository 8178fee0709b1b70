//! The S3 store against s3s-fs, a server that is not ours and checks signatures.
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

use rockpool_blobs::{BlobStore, S3Settings, S3Store, Spool, StoreError};
use rockpool_types::SecretKey;
use tempfile::TempDir;

use crate::{
    contract::contract,
    support::{key, keys, memory, pattern, read, spooled},
};

const BUCKET: &str = "rockpool-test";

/// A running s3s-fs with one bucket; ends when dropped.
struct Server {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Server {
    fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/s3s-fs");
        assert!(
            program.exists(),
            "{} is missing: run tests/servers/install-s3s-fs",
            program.display()
        );
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("root").join(BUCKET)).unwrap();
        for _ in 0..5 {
            if let Some(server) = Self::try_start(&program, &directory) {
                let (child, port) = server;
                return Self {
                    child,
                    port,
                    directory,
                };
            }
        }
        panic!("s3s-fs does not start");
    }

    /// `None` when somebody else took the port meanwhile.
    fn try_start(program: &PathBuf, directory: &TempDir) -> Option<(Child, u16)> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args([
                "--access-key",
                "AKIAROCKPOOL",
                "--secret-key",
                "secret/with+odd",
            ])
            .arg(directory.path().join("root"))
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..200 {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some((child, port));
            }
            sleep(Duration::from_millis(50));
        }
        child.kill().unwrap();
        None
    }

    fn settings(&self) -> S3Settings {
        S3Settings::new(
            format!("http://127.0.0.1:{}", self.port).parse().unwrap(),
            BUCKET,
            "us-east-1",
            "AKIAROCKPOOL",
            SecretKey::new("secret/with+odd").unwrap(),
        )
    }

    fn spool(&self) -> Spool {
        Spool::open(&self.directory.path().join("spool")).unwrap()
    }

    fn store_with(&self, change: impl FnOnce(&mut S3Settings)) -> S3Store {
        let mut settings = self.settings();
        change(&mut settings);
        S3Store::new(settings, self.spool()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_s3_store_keeps_the_contract() {
    let server = Server::start();
    contract(Arc::new(server.store_with(|_| {}))).await;
}

#[tokio::test]
async fn the_s3_store_keeps_the_contract_in_a_folder_of_the_bucket() {
    let server = Server::start();
    let other = server.store_with(|_| {});
    let content = memory(&pattern(1, 10));
    for name in ["folde", "folder.x", "folders/x", "other"] {
        other.put(&key(name), &content, "a/b").await.unwrap();
    }
    let store = server.store_with(|settings| {
        settings.prefix = Some(key("folder"));
        settings.public_prefix = Some("blobs/".into());
    });
    contract(Arc::new(store)).await;
    assert_eq!(
        keys(&other, "", 100).await,
        ["folde", "folder.x", "folders/x", "other"]
    );
}

#[tokio::test]
async fn a_large_item_goes_and_comes_whole() {
    let server = Server::start();
    let store = server.store_with(|_| {});
    let bytes = pattern(1, 20 << 20);
    let content = spooled(&server.spool(), &bytes);
    store
        .put(&key("large"), &content, "video/mp4")
        .await
        .unwrap();
    assert!(read(&store, &key("large"), None).await.unwrap().1 == bytes);
}

#[tokio::test]
async fn wrong_credentials_are_a_matter_for_the_operator() {
    let server = Server::start();
    let wrong_secret = server.store_with(|settings| {
        settings.secret_access_key = SecretKey::new("wrong").unwrap();
    });
    let wrong_id = server.store_with(|settings| settings.access_key_id = "AKIAWRONG".into());
    for store in [wrong_secret, wrong_id] {
        for result in [
            store.put(&key("a"), &memory(&pattern(1, 9)), "a/b").await,
            store.probe().await,
            store.list("", None, 1).await.map(|_| ()),
        ] {
            assert!(
                matches!(result, Err(StoreError::Internal { .. })),
                "{result:?}"
            );
        }
    }
}
