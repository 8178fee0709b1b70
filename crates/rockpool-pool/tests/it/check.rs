//! A check finds what was broken on purpose, exactly that, and nothing else.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage files on purpose"
)]

use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use rockpool_pool::{
    CheckEvent, CheckOptions, CheckPosition, Entry, Finding, FindingCode, Level, NewUpload,
    PoolError,
};
use rockpool_testkit::{Body, Engine, TestPool, TestPoolOptions};
use rockpool_types::{Acl, ObjectAttributes, ObjectKey};

/// A pool with a public and a private object, an object in two places, and an upload with a staged part.
pub(crate) struct World {
    pub(crate) pool: TestPool,
    pub(crate) ada: Entry,
    pub(crate) bob: Entry,
}

pub(crate) const DEEP: CheckOptions = CheckOptions {
    deep: true,
    at_rest: true,
    bytes_per_second: None,
    calls_per_second: None,
    readers: 2,
    counted_at_once: 2,
};

impl World {
    pub(crate) async fn new() -> Self {
        let pool = TestPool::start(TestPoolOptions::default()).await;
        let (ada, bob) = (pool.member("ada").await, pool.member("bob").await);
        let (ada, bob) = (pool.entry(&ada, "ada").await, pool.entry(&bob, "bob").await);
        for (entry, key, acl, bytes) in [
            (&ada, "public", Acl::PublicRead, "public bytes"),
            (&ada, "private", Acl::Private, "private bytes"),
            (&ada, "shared", Acl::PublicRead, "shared bytes"),
            (&bob, "shared too", Acl::PublicRead, "shared bytes"),
        ] {
            pool.put(entry, key, acl, bytes).await.unwrap();
        }
        let key = ObjectKey::new("video").unwrap();
        let new = NewUpload {
            key: key.clone(),
            acl: None,
            attributes: ObjectAttributes::default(),
            checksum: None,
        };
        let id = pool.pool.create_upload(&ada, new).await.unwrap();
        let upload = pool.pool.find_upload(&ada, &key, &id).await.unwrap();
        let mut body = Body::new(vec![7; 100_000]);
        let part = pool.pool.put_part(&ada, &upload, 1, &mut body);
        part.await.unwrap();
        let world = Self { pool, ada, bob };
        assert_eq!(world.pool.check(&DEEP).await, [], "it begins whole");
        world
    }

    /// Changes the catalog behind the pool's back.
    pub(crate) fn sql(&self, sql: &str) {
        let mut sql = sql.to_owned();
        for key in ["public", "shared"] {
            sql = sql.replace(&format!("{{{key}}}"), &format!("X'{}'", hex::encode(key)));
        }
        sql = sql.replace("{md5 of another}", &format!("X'{}'", "0a".repeat(16)));
        for count in [6, 16, 58] {
            sql = sql.replace(
                &format!("{{zeros {count}}}"),
                &format!("X'{}'", "00".repeat(count)),
            );
        }
        self.pool.damage_catalog(&sql);
    }

    /// Where the object's bytes lie.
    pub(crate) async fn file(&self, entry: &Entry, key: &str) -> PathBuf {
        let key = ObjectKey::new(key).unwrap();
        let object = self.pool.pool.find_object(entry, &key).await.unwrap();
        let hash = object.blob.hash.to_hex();
        let folder = match object.blob.scope {
            rockpool_pool::Scope::Public => "blobs".to_owned(),
            rockpool_pool::Scope::Private(member) => format!("private/{}", member.as_i64()),
        };
        let path = format!("store/{folder}/{}/{}/{hash}", &hash[..1], &hash[1..4]);
        self.pool.path().join(path)
    }

    /// The file of the staged part.
    pub(crate) async fn part(&self) -> PathBuf {
        let staged = self.pool.stored("staging/").await;
        self.pool.path().join("store").join(&staged[0])
    }

    /// Puts a file into the pool's directory.
    pub(crate) fn add(&self, path: &str, bytes: &str) -> PathBuf {
        let path = self.pool.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) async fn codes(&self) -> Vec<&'static str> {
        codes(&self.pool.check(&DEEP).await)
    }
}

pub(crate) fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings
        .iter()
        .map(|finding| finding.code().as_str())
        .collect()
}

/// A digest that no content of the tests has.
pub(crate) fn unknown_blob() -> String {
    let hash = "5a".repeat(64);
    format!("store/blobs/5/a5a/{hash}")
}

#[tokio::test]
async fn bytes_that_are_gone_are_found_with_all_objects_that_need_them() {
    let world = World::new().await;
    fs::remove_file(world.file(&world.ada, "shared").await).unwrap();
    fs::remove_file(world.file(&world.ada, "private").await).unwrap();
    let found = world.pool.check(&DEEP).await;
    let missing = ["blob_missing", "blob_missing"];
    let lost = ["object_lost", "object_lost", "object_lost"];
    assert_eq!(codes(&found), [missing.as_slice(), &lost].concat());
    let lost: Vec<String> = found[2..].iter().map(ToString::to_string).collect();
    assert!(lost[0].starts_with("ada/private: private/"), "{lost:?}");
    assert!(lost[1].starts_with("ada/shared: blobs/"), "{lost:?}");
    assert!(lost[2].starts_with("bob/shared too: blobs/"), "{lost:?}");
    assert_eq!(
        codes(&world.pool.check(&CheckOptions::default()).await),
        codes(&found),
        "a shallow check sees that too"
    );
}

#[tokio::test]
async fn truncated_bytes_are_found_without_reading() {
    let world = World::new().await;
    fs::write(world.file(&world.ada, "public").await, "public byt").unwrap();
    let found = world.pool.check(&CheckOptions::default()).await;
    assert_eq!(codes(&found), ["blob_wrong_size", "object_lost"]);
    assert_eq!(world.codes().await, ["blob_wrong_size", "object_lost"]);
}

#[tokio::test]
async fn a_flipped_bit_is_found_by_reading() {
    let world = World::new().await;
    fs::write(world.file(&world.ada, "private").await, "privete bytes").unwrap();
    assert_eq!(world.pool.check(&CheckOptions::default()).await, []);
    assert_eq!(world.codes().await, ["blob_damaged", "object_lost"]);
}

#[tokio::test]
async fn bytes_that_nothing_accounts_for_are_found_when_they_are_not_on_their_way() {
    let world = World::new().await;
    let unknown = world.add(&unknown_blob(), "unknown");
    let other = world.add("store/private/99/5/a5a/x", "unknown");
    assert_eq!(world.codes().await, ["bytes_unknown", "item_unknown"]);
    // Beside running nodes they may be on their way; the test's clock is behind the kernel's.
    assert_eq!(world.pool.check(&CheckOptions::default()).await, []);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for path in [unknown, other] {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(old).unwrap();
    }
    let found = world.pool.check(&CheckOptions::default()).await;
    assert_eq!(codes(&found), ["bytes_unknown", "item_unknown"]);
}

#[tokio::test]
async fn strangers_and_leftovers_are_found_wherever_they_lie() {
    let world = World::new().await;
    world.add("store/README", "hello");
    world.add("store/backup/a", "hello");
    world.add("store/lost+found/a", "hello");
    world.add("store/blobs/README", "hello");
    world.add("store/staging/orphan", "hello");
    let old = world.add("store/tmp~/0123456789abcdef0123456789abcdef", "half");
    world.add("store/tmp~/fedcba9876543210fedcba9876543210", "young");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = fs::File::options().write(true).open(old).unwrap();
    file.set_modified(then).unwrap();
    world.add("spool/abandoned/in-use", "");
    world.add("spool/abandoned/body", "half");
    let found = world.pool.check(&DEEP).await;
    let told: Vec<String> = found
        .iter()
        .map(|finding| format!("{} {finding}", finding.code().as_str()))
        .collect();
    let spool = world.pool.path().join("spool/abandoned");
    assert_eq!(
        told,
        [
            "item_unknown blobs/README in the store: 5 bytes".to_owned(),
            "part_orphaned staging/orphan: 5 bytes".to_owned(),
            "item_unknown README in the store: 5 bytes".to_owned(),
            "item_unknown backup in the store: 0 bytes".to_owned(),
            "leftover tmp~/0123456789abcdef0123456789abcdef in the store: 4 bytes".to_owned(),
            format!("leftover {} in the spool: 4 bytes", spool.display()),
        ]
    );
    fs::remove_dir_all(spool).unwrap();
}

#[tokio::test]
async fn staged_parts_are_looked_at_as_blobs_are() {
    let world = World::new().await;
    let file = world.part().await;
    let mut bytes = fs::read(&file).unwrap();
    bytes[50_000] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(world.codes().await, ["part_damaged"]);
    assert_eq!(world.pool.check(&CheckOptions::default()).await, []);
    fs::write(&file, &bytes[1..]).unwrap();
    for options in [DEEP, CheckOptions::default()] {
        assert_eq!(
            codes(&world.pool.check(&options).await),
            ["part_wrong_size"]
        );
    }
    fs::remove_file(&file).unwrap();
    for options in [DEEP, CheckOptions::default()] {
        assert_eq!(codes(&world.pool.check(&options).await), ["part_missing"]);
    }
}

/// What each change of the catalog must be found as, and nothing else.
const DAMAGED_ROWS: &[(&str, &[&str])] = &[
    (
        "UPDATE blobs SET refs = refs + 1 WHERE refs = 2",
        &["blob_wrong_references"],
    ),
    (
        "UPDATE blobs SET refs = 1 WHERE refs = 2",
        &["blob_wrong_references"],
    ),
    (
        "UPDATE blobs SET refs = 0 WHERE refs = 2",
        &["blob_wrong_state", "blob_wrong_references"],
    ),
    (
        "UPDATE blobs SET state = 2, since = 1795000000000 WHERE refs = 2",
        &["blob_wrong_state"],
    ),
    (
        "UPDATE blobs SET md5 = {md5 of another} WHERE refs = 2",
        &["blob_wrong_md5"],
    ),
    // So it is with an adopted blob, whose MD5 nobody has counted.
    ("UPDATE blobs SET md5 = {zeros 16} WHERE refs = 2", &[]),
    (
        "UPDATE blobs SET size = size + 1 WHERE refs = 2",
        &[
            "blob_wrong_size",
            "object_lost",
            "object_lost",
            "bucket_wrong_usage",
            "bucket_wrong_usage",
            "store_wrong_usage",
        ],
    ),
    (
        "INSERT INTO blobs (scope, digest_head, digest_tail, size, md5, media_type, state, refs, since) \
         SELECT 0, {zeros 6}, {zeros 58}, 1, md5, media_type, 0, 0, 1789999999999 FROM blobs LIMIT 1",
        &["lease_expired"],
    ),
    (
        "DELETE FROM blobs WHERE refs = 2",
        &[
            "bytes_unknown",
            "object_without_blob",
            "object_without_blob",
            "store_wrong_usage",
        ],
    ),
    (
        "UPDATE objects SET acl = 0 WHERE object_key = {shared}",
        &["object_wrong_scope"],
    ),
    (
        "UPDATE bucket_usage SET objects = objects + 1 \
         WHERE bucket_id = (SELECT id FROM buckets WHERE name = 'ada')",
        &["bucket_wrong_usage"],
    ),
    (
        "UPDATE bucket_usage SET object_bytes = 0",
        &["bucket_wrong_usage", "bucket_wrong_usage"],
    ),
    (
        "UPDATE store_usage SET blobs = 100 WHERE shard = 3",
        &["store_wrong_usage"],
    ),
    ("DELETE FROM uploads", &["part_without_upload"]),
    (
        "UPDATE uploads SET created_at = 1789000000000",
        &["upload_expired", "collection_overdue"],
    ),
    (
        "UPDATE uploads SET bucket_id = 99",
        &["upload_without_bucket"],
    ),
    ("DELETE FROM parts", &["part_orphaned"]),
    (
        "DELETE FROM objects WHERE object_key = {public}",
        &["blob_wrong_references", "bucket_wrong_usage"],
    ),
    (
        "DELETE FROM bucket_usage WHERE bucket_id = (SELECT id FROM buckets WHERE name = 'bob'); \
         DELETE FROM buckets WHERE name = 'bob'",
        &["object_without_bucket"],
    ),
    (
        "DELETE FROM buckets WHERE name = 'bob'; DELETE FROM objects WHERE bucket_id NOT IN (SELECT id FROM buckets)",
        &["blob_wrong_references", "bucket_wrong_usage"],
    ),
];

#[tokio::test]
async fn rows_that_do_not_fit_each_other_are_found() {
    for (sql, wanted) in DAMAGED_ROWS {
        let world = World::new().await;
        world.sql(sql);
        assert_eq!(world.codes().await, *wanted, "{sql}");
    }
}

/// On a database server the index of digests must be lost for that first.
#[tokio::test]
async fn two_rows_of_one_blob_are_found() {
    let world = World::new().await;
    let unlocked = match Engine::of_this_run() {
        Engine::Sqlite => "",
        Engine::MariaDb => "ALTER TABLE blobs DROP INDEX blobs_by_digest; ",
        Engine::PostgreSql => "DROP INDEX blobs_by_digest; ",
    };
    let columns = "scope, digest_head, digest_tail, size, md5, media_type";
    world.sql(&format!(
        "{unlocked}INSERT INTO blobs ({columns}, state, refs, since) \
         SELECT {columns}, 0, 0, 1795000000000 FROM blobs WHERE refs = 2"
    ));
    assert_eq!(world.codes().await, ["blob_duplicate"]);
}

#[tokio::test]
async fn what_nobody_collects_is_found_after_a_day() {
    let world = World::new().await;
    world.pool.remove(&world.bob, "shared too").await;
    world.pool.remove(&world.ada, "shared").await;
    let grace = world.pool.pool.settings().grace;
    world.pool.clock.advance(grace + Duration::from_secs(3600));
    assert_eq!(world.codes().await, [""; 0]);
    world.pool.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(world.codes().await, ["collection_overdue"]);
}

#[tokio::test]
async fn a_check_goes_on_from_every_position() {
    let world = World::new().await;
    for i in 0..200 {
        let (key, bytes) = (format!("{i}"), format!("bytes {i}"));
        world
            .pool
            .put(&world.bob, &key, Acl::PublicRead, bytes)
            .await
            .unwrap();
    }
    fs::remove_file(world.file(&world.bob, "3").await).unwrap();
    fs::write(world.file(&world.ada, "private").await, "privete bytes").unwrap();
    let mut told: Vec<(CheckPosition, Vec<Finding>)> = Vec::new();
    let mut so_far = Vec::new();
    let mut watch = |event: CheckEvent<'_>| {
        match event {
            CheckEvent::Found(finding) => so_far.push(finding),
            CheckEvent::Reached(position) => told.push((position.clone(), so_far.clone())),
            CheckEvent::Read(_) => {}
        }
        Ok(())
    };
    let pool = &world.pool.pool;
    let start = CheckPosition::default();
    let totals = pool
        .check(&DEEP, start, HashSet::new(), &mut watch)
        .await
        .unwrap();
    assert!(told.len() > 6, "{}", told.len());
    assert_eq!(
        codes(&so_far),
        ["blob_missing", "blob_damaged", "object_lost", "object_lost"]
    );
    for (position, mut found) in told {
        let lost = found.iter().filter_map(Finding::lost_blob);
        let lost = lost
            .map(|blob| rockpool_pool::BlobId::from_i64(blob.row))
            .collect();
        let mut watch = |event: CheckEvent<'_>| {
            if let CheckEvent::Found(finding) = event {
                found.push(finding);
            }
            Ok(())
        };
        let again = pool.check(&DEEP, position, lost, &mut watch).await.unwrap();
        assert_eq!(again, totals);
        assert_eq!(found, so_far);
    }
}

#[tokio::test]
async fn a_watch_that_has_enough_ends_the_check() {
    let world = World::new().await;
    fs::remove_file(world.file(&world.ada, "public").await).unwrap();
    let mut watch = |event: CheckEvent<'_>| match event {
        CheckEvent::Found(_) => Err(PoolError::Internal("enough".into())),
        _ => Ok(()),
    };
    let start = CheckPosition::default();
    let checked = world
        .pool
        .pool
        .check(&DEEP, start, HashSet::new(), &mut watch);
    assert!(matches!(checked.await, Err(PoolError::Internal(why)) if why == "enough"));
}

/// Members put, overwrite, remove, complete uploads and collect without any grace while a check runs again and again: what
/// they do in between must never look wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_under_load_is_never_accused() {
    let mut options = TestPoolOptions::default();
    options.settings.grace = Duration::ZERO;
    let world = Arc::new(TestPool::start(options).await);
    let done = Arc::new(AtomicBool::new(false));
    let (mut tasks, mut rounds) = (Vec::new(), Vec::new());
    for name in ["ada", "bob", "cyd"] {
        let member = world.member(name).await;
        let entry = world.entry(&member, name).await;
        let (world, done) = (world.clone(), done.clone());
        let count = Arc::new(AtomicU64::new(0));
        rounds.push(count.clone());
        tasks.push(tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let round = count.fetch_add(1, Ordering::Relaxed) + 1;
                let key = format!("{}", round % 7);
                let acl = if round.is_multiple_of(3) {
                    Acl::Private
                } else {
                    Acl::PublicRead
                };
                // Few contents, so that members meet at them.
                let bytes = format!("content {}", round % 11);
                match world.put(&entry, &key, acl, bytes).await {
                    Ok(_) | Err(PoolError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                if round.is_multiple_of(2) {
                    world.remove(&entry, &format!("{}", (round + 3) % 7)).await;
                }
                if round.is_multiple_of(5) {
                    world.clock.advance(Duration::from_millis(2));
                    world.pool.collect().await.unwrap();
                }
            }
        }));
    }
    // On a busy machine, checks may be done before there was much to check.
    let is_loaded = || {
        rounds
            .iter()
            .all(|count| count.load(Ordering::Relaxed) > 20)
    };
    for round in 0.. {
        if round >= 60 && is_loaded() {
            break;
        }
        let options = CheckOptions {
            at_rest: false,
            ..DEEP
        };
        let found = world.check(&options).await;
        assert!(found.is_empty(), "in round {round}: {found:#?}");
    }
    done.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    world.collect_everything().await;
    let found = world.check(&DEEP).await;
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_code_is_explained_in_the_manual() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/check.md");
    let manual = fs::read_to_string(manual).unwrap();
    for code in FindingCode::ALL {
        let (name, level) = (code.as_str(), code.level().as_str());
        let row = format!(
            "| `{name}` | {level} | {} | {} |",
            code.meaning(),
            code.advice()
        );
        assert!(
            manual.contains(&row),
            "docs/check.md lacks this row:\n{row}"
        );
        assert!(code.level() >= Level::Note);
    }
    let rows = manual.lines().filter(|line| line.starts_with("| `"));
    let codes = rows.filter(|line| !line.starts_with("| `--"));
    assert_eq!(codes.count(), FindingCode::ALL.len());
}
