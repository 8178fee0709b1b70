//! SQLite: the contract, and what is its own.
use std::{fs::File, io::Write, path::Path};

use futures_util::future::join_all;
use rockpool_catalog::{Catalog, CatalogError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    contract::contract_suite,
    world::{Content, World, at, object_key},
};

async fn open() -> (Catalog, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_sqlite(&dir.path().join("catalog.db")).await;
    (catalog.unwrap(), dir)
}

contract_suite!(open);

async fn unusable(path: &Path) -> String {
    match Catalog::open_sqlite(path).await {
        Err(CatalogError::Unusable(words)) => words,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn concurrent_writes_are_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let catalog = Catalog::open_sqlite(&path).await.unwrap();
    let world = World::new(&catalog, "alice").await;
    let keys: Vec<String> = (0..700).map(|n| n.to_string()).collect();
    join_all(keys.iter().map(|key| world.store(key, Content(1)))).await;

    // Another process would see what this second handle sees.
    let reopened = Catalog::open_sqlite(&path).await.unwrap();
    for key in &keys {
        let found = reopened
            .find_object(world.bucket.id, &object_key(key))
            .await;
        assert!(found.unwrap().is_some(), "{key}");
    }
    let usage = reopened.usage_of_member(world.member.id).await.unwrap();
    assert_eq!(usage.objects, 700);
}

/// Copies of the files at any moment are what a crash at that moment leaves.
#[tokio::test]
async fn an_acknowledged_write_is_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let catalog = Catalog::open_sqlite(&path).await.unwrap();
    let world = World::new(&catalog, "alice").await;
    for n in 0..5_u64 {
        world.store(&n.to_string(), Content(n)).await;
        let crashed = dir.path().join(format!("crashed-{n}.db"));
        std::fs::copy(&path, &crashed).unwrap();
        let log = |db: &Path| format!("{}-wal", db.display());
        std::fs::copy(log(&path), log(&crashed)).unwrap();
        let recovered = Catalog::open_sqlite(&crashed).await.unwrap();
        let key = object_key(&n.to_string());
        let found = recovered.find_object(world.bucket.id, &key).await;
        assert!(found.unwrap().is_some(), "{n}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_side_by_side() {
    let (first, dir) = open().await;
    let second = Catalog::open_sqlite(&dir.path().join("catalog.db")).await;
    let worlds = [
        World::new(&first, "alice").await,
        World::new(&second.unwrap(), "bob").await,
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for world in worlds.clone() {
        for task in 0..4_u64 {
            let world = world.clone();
            tasks.spawn(async move {
                for n in 0..50 {
                    let key = format!("{task}/{n}");
                    world.store(&key, Content(n)).await;
                    assert!(world.content(&key).await.is_some());
                }
            });
        }
    }
    tasks.join_all().await;
    for world in &worlds {
        let usage = first.usage_of_member(world.member.id).await.unwrap();
        assert_eq!(usage.objects, 200);
    }
    assert_eq!(first.usage_of_store().await.unwrap().0, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_make_the_catalog_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let opened = join_all((0..8).map(|_| Catalog::open_sqlite(&path))).await;
    for (n, catalog) in opened.into_iter().enumerate() {
        World::new(&catalog.unwrap(), &format!("member{n}")).await;
    }
}

#[tokio::test]
async fn a_probe_answers() {
    let (catalog, _dir) = open().await;
    catalog.probe().await.unwrap();
}

#[tokio::test]
async fn a_catalog_of_a_newer_rockpool_is_left_alone() {
    let (catalog, dir) = open().await;
    drop(catalog);
    let path = dir.path().join("catalog.db");
    let sql = "UPDATE schema_version SET version = 999";
    Connection::open(&path).unwrap().execute(sql, []).unwrap();
    let words = unusable(&path).await;
    assert!(
        words.contains("999") && words.contains("newer rockpool"),
        "{words}"
    );
}

fn write(path: &Path, text: &str) {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn other_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    let bytes = "not a database ".repeat(1000);
    write(&text, &bytes);
    let words = unusable(&text).await;
    assert!(words.contains("no rockpool catalog"), "{words}");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), bytes);

    let foreign = dir.path().join("mail.db");
    let sql = "CREATE TABLE mail (subject TEXT)";
    Connection::open(&foreign)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
    let words = unusable(&foreign).await;
    assert!(words.contains("another program"), "{words}");
    let tables: i64 = Connection::open(&foreign)
        .unwrap()
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn an_empty_file_becomes_a_catalog() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    write(&path, "");
    let catalog = Catalog::open_sqlite(&path).await.unwrap();
    World::new(&catalog, "alice").await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("nowhere").join("catalog.db");
    // Nobody, not even root, makes files there.
    let unwritable = Path::new("/proc/self/catalog.db");
    for path in [missing.as_path(), unwritable, dir.path()] {
        let words = unusable(path).await;
        assert!(words.contains("cannot be written"), "{words}");
        assert!(words.contains(&path.display().to_string()), "{words}");
    }
}

#[tokio::test]
async fn a_name_that_looks_like_a_uri_is_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file:x?mode=memory");
    let catalog = Catalog::open_sqlite(&path).await.unwrap();
    World::new(&catalog, "alice").await;
    assert!(path.exists());
}

/// The promise is under 200 bytes an object at ten million; trees are as full at thousands.
#[tokio::test]
async fn an_object_takes_less_than_two_hundred_bytes() {
    let (catalog, dir) = open().await;
    let world = World::new(&catalog, "alice").await;
    let objects = 20_000_u64;
    let before = file_bytes(&dir);
    for first in (0..objects).step_by(500) {
        let puts = (first..first + 500).map(|n| {
            let hex = Content(n).hash().to_hex();
            let key = format!(
                "media_attachments/files/{:012}/original/{}.png",
                n * 7919,
                &hex[..16]
            );
            // A third of all uploads are known already.
            let mut put = world.public(&key, Content(n - n % 3 / 2));
            put.now = at(n.try_into().unwrap());
            world.put(put)
        });
        join_all(puts).await;
        // What is written down beside the blobs goes from here.
        let changes = catalog.read_changes(1_000).await.unwrap();
        catalog.forget_changes(changes).await.unwrap();
    }
    let each = (file_bytes(&dir) - before) / objects;
    assert!(each < 200, "{each} bytes an object");
}

fn file_bytes(dir: &TempDir) -> u64 {
    let connection = Connection::open(dir.path().join("catalog.db")).unwrap();
    let sql = "SELECT page_size * (page_count - freelist_count) \
               FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
    let bytes: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    bytes.unsigned_abs()
}
