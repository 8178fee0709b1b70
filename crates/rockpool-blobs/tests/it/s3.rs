//! The S3 store against s3s-fs, a server that is not ours and checks signatures.
use std::sync::Arc;

use rockpool_blobs::{BlobStore, S3Settings, S3Store, Spool, StoreError};
use rockpool_testkit::S3sFs;
use rockpool_types::SecretKey;
use tempfile::TempDir;

use crate::{
    contract::contract,
    support::{key, keys, memory, pattern, read, spooled},
};

/// A running s3s-fs with a spool beside it.
pub(crate) struct Server {
    provider: S3sFs,
    directory: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self {
            provider: S3sFs::start(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn settings(&self) -> S3Settings {
        S3Settings::new(
            self.provider.endpoint().parse().unwrap(),
            S3sFs::BUCKET,
            "us-east-1",
            S3sFs::ACCESS_KEY_ID,
            SecretKey::new(S3sFs::SECRET).unwrap(),
        )
    }

    fn spool(&self) -> Spool {
        Spool::open(&self.directory.path().join("spool")).unwrap()
    }

    pub(crate) fn store_with(&self, change: impl FnOnce(&mut S3Settings)) -> S3Store {
        let mut settings = self.settings();
        change(&mut settings);
        S3Store::new(settings, self.spool()).unwrap()
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
