//! Copies between engines: all pairs, interrupted ones, and those that are refused.
use std::fmt::Debug;

use rockpool_catalog::{
    AccessKey, BucketChange, Catalog, CatalogError, CopyProgress, ListObjects, MemberChange,
    MemberState,
};
use rockpool_testkit::{Database, MariaDb, PostgreSql};
use rockpool_types::{AccessKeyId, BucketName, Checksum, ChecksumAlgorithm, MemberName};
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::{
    contract::uploads::{part, upload, upload_id},
    world::{Content, World, at, object_key},
};

/// Objects of the larger bucket: several pages.
const OBJECTS: u64 = 1_050;

/// Another pool, which was adopted.
const SOURCE: &str = "mysql://127.0.0.1/poolmgr";

/// Engines, and what keeps their databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    MariaDb,
    PostgreSql,
}

/// An address at which no catalog was opened yet.
pub(crate) struct Place {
    address: String,
    _directory: Option<TempDir>,
}

impl Engine {
    pub(crate) fn place(self) -> Place {
        let on_server = |database: Database| Place {
            address: database.url,
            _directory: None,
        };
        match self {
            Self::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                Place {
                    address: format!("sqlite:{}", directory.path().join("catalog.db").display()),
                    _directory: Some(directory),
                }
            }
            Self::MariaDb => on_server(block_in_place(|| MariaDb::shared().fresh_database())),
            Self::PostgreSql => on_server(block_in_place(|| PostgreSql::shared().fresh_database())),
        }
    }
}

impl Place {
    pub(crate) async fn open(&self) -> Result<Catalog, CatalogError> {
        Catalog::open(&self.address.parse().unwrap(), 4).await
    }

    pub(crate) async fn target(&self) -> Catalog {
        let address = self.address.parse().unwrap();
        Catalog::open_copy_target(&address, 4).await.unwrap()
    }
}

/// A catalog with something of everything.
pub(crate) async fn furnish(catalog: &Catalog) -> World {
    let alice = World::new(catalog, "alice").await;
    let gone = World::new(catalog, "gone").await;
    let bob = World::new(catalog, "bob").await;
    for n in 0..OBJECTS {
        // Two names for most contents, in an order that is not that of the keys.
        let key = format!("media/{:04}/ß.png", n * 7919 % OBJECTS);
        alice.store(&key, Content(n / 2)).await;
    }
    bob.put(bob.private("secret", Content(1))).await;
    bob.put(bob.private("old", Content(5_000))).await;
    assert!(bob.remove("old", at(5)).await);
    gone.put(gone.private("mine", Content(7_000))).await;
    assert!(gone.remove("mine", at(6)).await);
    assert!(catalog.remove_member(gone.member.id).await.unwrap());
    bob.reserve(&bob.public("storing", Content(9_000))).await;
    let grace = std::time::Duration::ZERO;
    let minute = std::time::Duration::from_secs(60);
    catalog
        .claim_deletions(77, at(5), grace, minute, minute, 1)
        .await
        .unwrap();

    let mut dressed = alice.public("dressed", Content(3));
    dressed.attributes.content_disposition = Some("inline; filename=\"ä.png\"".to_owned());
    dressed.attributes.cache_control = Some("max-age=60".to_owned());
    dressed.attributes.checksum =
        Some(Checksum::new(ChecksumAlgorithm::Crc32, vec![0, 255, 1, 2]).unwrap());
    dressed.attributes.user_metadata = [("a".to_owned(), "ü".to_owned())].into();
    alice.put(dressed).await;
    for number in 1..=3 {
        let id = upload_id(number);
        catalog
            .insert_upload(upload(&alice, &id, "film", number.into()))
            .await
            .unwrap();
        for part_number in 1..=12 {
            let staged = format!("staging/{number}-{part_number}");
            let staged = (part_number % 2 == 0).then_some(staged.as_str());
            catalog
                .put_part(&id, part(part_number, staged))
                .await
                .unwrap();
        }
    }
    let key = AccessKey {
        id: AccessKeyId::new("RPKEY").unwrap(),
        member: alice.member.id,
        sealed_secret: vec![0, 255, 7],
        read_only: true,
        bucket: Some(alice.bucket.id),
        label: "ein Schlüssel".to_owned(),
        created_at: at(1),
        revoked_at: None,
    };
    assert!(catalog.insert_access_key(key).await.unwrap());
    let hosts = Some(vec!["media.alice.example".parse().unwrap()]);
    let change = BucketChange {
        hosts,
        ..BucketChange::default()
    };
    catalog
        .change_bucket(alice.bucket.id, change)
        .await
        .unwrap();
    let change = MemberChange {
        state: Some(MemberState::Suspended),
        ..MemberChange::default()
    };
    catalog.change_member(bob.member.id, change).await.unwrap();
    catalog.begin_adoption(SOURCE, at(7)).await.unwrap();
    catalog.finish_adoption(SOURCE, at(8)).await.unwrap();
    alice
}

/// All that can be read of it, as text.
pub(crate) async fn everything(catalog: &Catalog) -> Vec<String> {
    fn text(found: impl Debug) -> String {
        format!("{found:?}")
    }
    let mut all = Vec::new();
    for member in catalog.list_members(None, 100).await.unwrap() {
        all.push(text(&member));
        all.push(text(catalog.list_access_keys(member.id).await.unwrap()));
        all.push(text(catalog.usage_of_member(member.id).await.unwrap()));
        for bucket in catalog.list_buckets(Some(member.id)).await.unwrap() {
            all.push(text(&bucket));
            all.push(text(catalog.usage_of_bucket(bucket.id).await.unwrap()));
            let query = ListObjects {
                bucket: bucket.id,
                prefix: String::new(),
                delimiter: None,
                after: None,
                limit: 10_000,
            };
            let listing = catalog.list_objects(query).await.unwrap();
            all.extend(listing.objects.iter().map(text));
        }
    }
    for upload in catalog.list_old_uploads(at(1_000), 100).await.unwrap() {
        let parts = catalog.list_parts(&upload.id, 0, 100).await.unwrap();
        for part in &parts {
            let bytes = catalog.read_part_bytes(&upload.id, part.number).await;
            all.push(text((part, bytes.unwrap())));
        }
        all.push(text(upload));
    }
    let grace = std::time::Duration::ZERO;
    let collectable = catalog
        .list_collectable(at(100_000), grace, None, 100)
        .await;
    all.extend(collectable.unwrap().iter().map(text));
    all.push(text(catalog.usage_of_store().await.unwrap()));
    all.push(text(catalog.find_adoption(SOURCE).await.unwrap()));
    all
}

async fn a_copy_is_exact(from: Engine, to: Engine) {
    let (source, target) = (from.place(), to.place());
    let original = source.open().await.unwrap();
    let alice = furnish(&original).await;
    let before = everything(&original).await;
    let mut seen: Vec<CopyProgress> = Vec::new();
    original
        .copy_to(&target.target().await, |progress| seen.push(progress))
        .await
        .unwrap();
    let rows = |verifying| {
        let of_objects = |p: &&CopyProgress| p.table == "objects" && p.verifying == verifying;
        seen.iter().filter(of_objects).map(|p| p.rows).max()
    };
    // All of alice's, her dressed one, and bob's secret.
    assert_eq!(rows(false), Some(OBJECTS + 2));
    assert_eq!(rows(true), rows(false));

    let copy = target.open().await.unwrap();
    assert_eq!(everything(&copy).await, before, "{from:?} to {to:?}");
    assert_eq!(
        everything(&original).await,
        before,
        "the source stays as it is"
    );
    // It goes on from there: known content is known, and new rows have numbers that nobody had.
    let moved = World {
        catalog: copy.clone(),
        ..alice
    };
    moved.store("known", Content(0)).await;
    moved.store("new", Content(100_000)).await;
    let ids = |catalog: Catalog, key: &'static str| async move {
        let bucket = catalog
            .find_bucket(&BucketName::new("alice").unwrap())
            .await;
        let found = catalog
            .find_object(bucket.unwrap().unwrap().id, &object_key(key))
            .await;
        found.unwrap().unwrap().blob.id
    };
    let known = ids(copy.clone(), "known").await;
    assert_eq!(known, ids(original.clone(), "media/0000/ß.png").await);
    let newest = original.list_collectable(at(100_000), std::time::Duration::ZERO, None, 100);
    let newest = newest.await.unwrap().iter().map(|blob| blob.id).max();
    assert!(Some(ids(copy.clone(), "new").await) > newest);
    // The member who went had private content, which no new member may come by.
    let name = MemberName::new("newcomer").unwrap();
    let newcomer = World::new(&copy, name.as_str()).await;
    let outcome = newcomer
        .reserve(&newcomer.private("mine", Content(7_000)))
        .await;
    assert!(Some(outcome) > newest);
    assert_eq!(
        copy.find_member(&name).await.unwrap().unwrap().id,
        newcomer.member.id
    );
    assert!(newcomer.member.id.as_i64() > 3);
}

macro_rules! pairs {
    ($($test:ident: $from:ident, $to:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            a_copy_is_exact(Engine::$from, Engine::$to).await;
        }
    )*};
}

pairs! {
    a_copy_from_sqlite_to_mariadb_is_exact: Sqlite, MariaDb;
    a_copy_from_sqlite_to_postgresql_is_exact: Sqlite, PostgreSql;
    a_copy_from_mariadb_to_sqlite_is_exact: MariaDb, Sqlite;
    a_copy_from_mariadb_to_postgresql_is_exact: MariaDb, PostgreSql;
    a_copy_from_postgresql_to_sqlite_is_exact: PostgreSql, Sqlite;
    a_copy_from_postgresql_to_mariadb_is_exact: PostgreSql, MariaDb;
    a_copy_from_sqlite_to_sqlite_is_exact: Sqlite, Sqlite;
}

/// Begins to copy, and stops among the objects, of which there are 800 and more.
pub(crate) async fn interrupt_copy(from: &Catalog, to: &Place) {
    let (copying, goal) = (from.clone(), to.target().await);
    let interrupted = tokio::spawn(async move {
        let stop = |progress: CopyProgress| {
            assert!(progress.table != "objects" || progress.rows < 800, "enough");
        };
        copying.copy_to(&goal, stop).await
    });
    assert!(interrupted.await.unwrap_err().is_panic());
}

async fn an_interrupted_copy_is_refused_and_goes_on(to: Engine) {
    let (source, target) = (Engine::Sqlite.place(), to.place());
    let original = source.open().await.unwrap();
    furnish(&original).await;
    interrupt_copy(&original, &target).await;
    match target.open().await {
        Err(CatalogError::Unusable(words)) => {
            assert!(words.contains("copy into it was not finished"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    let mut first_page_of_objects = None;
    let note = |progress: CopyProgress| {
        if progress.table == "objects" && !progress.verifying {
            first_page_of_objects.get_or_insert(progress.rows);
        }
    };
    original
        .copy_to(&target.target().await, note)
        .await
        .unwrap();
    assert!(
        first_page_of_objects < Some(OBJECTS),
        "it went on where it was"
    );
    let copy = target.open().await.unwrap();
    assert_eq!(everything(&copy).await, everything(&original).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_copy_to_sqlite_is_refused_and_goes_on() {
    an_interrupted_copy_is_refused_and_goes_on(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_copy_to_mariadb_is_refused_and_goes_on() {
    an_interrupted_copy_is_refused_and_goes_on(Engine::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_copy_to_postgresql_is_refused_and_goes_on() {
    an_interrupted_copy_is_refused_and_goes_on(Engine::PostgreSql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_with_members_is_left_alone() {
    let (source, target) = (Engine::Sqlite.place(), Engine::Sqlite.place());
    let original = source.open().await.unwrap();
    World::new(&original, "alice").await;
    let other = target.open().await.unwrap();
    World::new(&other, "carol").await;
    let before = everything(&other).await;
    match original.copy_to(&target.target().await, |_| {}).await {
        Err(CatalogError::Unusable(words)) => {
            assert!(words.contains("members of its own"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(everything(&target.open().await.unwrap()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_meanwhile_is_noticed() {
    let (source, target) = (Engine::Sqlite.place(), Engine::Sqlite.place());
    let original = source.open().await.unwrap();
    let alice = World::new(&original, "alice").await;
    alice.store("a", Content(1)).await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        receiver.recv().unwrap();
        let put = alice.put(alice.public("b", Content(1)));
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(put);
    });
    let mut writer = Some(writer);
    let goal = target.target().await;
    let outcome = original.copy_to(&goal, |progress| {
        if progress.verifying
            && let Some(writer) = writer.take()
        {
            sender.send(()).unwrap();
            writer.join().unwrap();
        }
    });
    match outcome.await {
        Err(CatalogError::Unusable(words)) => assert!(words.contains("differs"), "{words}"),
        other => panic!("{other:?}"),
    }
    assert!(
        target.open().await.is_err(),
        "nobody takes it for a catalog"
    );
}
