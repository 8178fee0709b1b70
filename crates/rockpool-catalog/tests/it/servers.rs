//! What every database server must bear beside the contract: functions that take a server. `server_suite!` makes a test
//! of each.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use rockpool_catalog::{Catalog, CatalogError, ListObjects, PutOutcome};
use rockpool_testkit::{Database, MariaDb, PostgreSql};
use tokio::task::{JoinSet, block_in_place};

use crate::{
    proxy::{self, Cut, Proxy},
    world::{Content, World, object_key},
};

/// How many connections a test's catalog may have.
const CONNECTIONS: u32 = 8;

/// A server of the test kit.
pub(crate) trait Server: Sync + 'static {
    fn fresh_database(&self) -> Database;
    fn sql(&self, database: &str, statements: &str) -> String;
    fn kill(&self);
    fn start_again(&self);
    fn port(&self) -> u16;
    /// The parameter of a URL that turns TLS off.
    fn without_tls(&self) -> &'static str;
    /// A statement that takes a second.
    fn pause(&self) -> &'static str;
}

macro_rules! is_server {
    ($type:ty, $without_tls:literal, $pause:literal) => {
        impl Server for $type {
            fn fresh_database(&self) -> Database {
                block_in_place(|| <$type>::fresh_database(self))
            }
            fn sql(&self, database: &str, statements: &str) -> String {
                block_in_place(|| <$type>::sql(self, database, statements))
            }
            fn kill(&self) {
                block_in_place(|| <$type>::kill(self));
            }
            fn start_again(&self) {
                block_in_place(|| <$type>::start_again(self));
            }
            fn port(&self) -> u16 {
                <$type>::port(self)
            }
            fn without_tls(&self) -> &'static str {
                $without_tls
            }
            fn pause(&self) -> &'static str {
                $pause
            }
        }
    };
}

is_server!(MariaDb, "ssl-mode=DISABLED", "SELECT SLEEP(1)");
is_server!(PostgreSql, "sslmode=disable", "SELECT pg_sleep(1)");

/// Makes the tests of a server: the contract, and what is below.
macro_rules! server_suite {
    ($server:ty) => {
        async fn open() -> (rockpool_catalog::Catalog, rockpool_testkit::Database) {
            $crate::servers::fresh(<$server>::shared()).await
        }

        $crate::contract::contract_suite!(open);

        $crate::servers::server_suite! { @tests <$server>::shared();
            writes_are_there_for_other_nodes
            changes_of_accounts_come_one_after_the_other
            many_nodes_may_make_the_catalog_at_once
            a_catalog_of_a_newer_rockpool_is_left_alone
            a_database_of_another_program_is_left_alone
            a_server_that_refuses_or_is_absent_is_named
            a_socket_leads_to_the_same_catalog
            a_commit_that_was_carried_out_unheard_is_not_repeated
            a_commit_that_was_never_heard_is_not_done
            a_connection_that_breaks_before_the_commit_costs_nothing
        }

        $crate::servers::server_suite! { @tests &<$server>::start();
            a_server_that_dies_and_comes_back_loses_nothing
        }
    };
    (@tests $get:expr; $($test:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            $crate::servers::$test($get).await;
        }
    )*};
}

pub(crate) use server_suite;

async fn try_open(url: &str) -> Result<Catalog, CatalogError> {
    Catalog::open(&url.parse().unwrap(), CONNECTIONS).await
}

pub(crate) async fn open(url: &str) -> Catalog {
    try_open(url).await.unwrap()
}

/// An empty catalog, and its database.
pub(crate) async fn fresh(server: &impl Server) -> (Catalog, Database) {
    let database = server.fresh_database();
    (open(&database.url).await, database)
}

/// The words of a refusal to open.
pub(crate) async fn unusable(url: &str) -> String {
    match try_open(url).await {
        Err(CatalogError::Unusable(words)) => words,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn writes_are_there_for_other_nodes(server: &impl Server) {
    let (first, database) = fresh(server).await;
    let second = open(&database.url).await;
    let worlds = [
        World::new(&first, "alice").await,
        World::new(&second, "bob").await,
    ];
    let mut tasks = JoinSet::new();
    for world in worlds.clone() {
        tasks.spawn(async move {
            for n in 0..40 {
                world.store(&n.to_string(), Content(n)).await;
            }
        });
    }
    tasks.join_all().await;
    for (world, other) in [(&worlds[0], &second), (&worlds[1], &first)] {
        let usage = other.usage_of_member(world.member.id).await.unwrap();
        assert_eq!(usage.objects, 40);
        let found = other.find_object(world.bucket.id, &object_key("39")).await;
        assert!(found.unwrap().is_some());
    }
    assert_eq!(first.usage_of_store().await.unwrap().0, 40);
    first.probe().await.unwrap();
}

/// A change of accounts that takes its time is not overtaken: else a line with a higher number could lack it.
pub(crate) async fn changes_of_accounts_come_one_after_the_other(server: &impl Server) {
    let (catalog, database) = fresh(server).await;
    let slow = format!(
        "BEGIN; UPDATE accounts_turn SET turn = turn + 1; INSERT INTO changes (bucket_id) VALUES (NULL); {}; COMMIT",
        server.pause()
    );
    let read = block_in_place(|| {
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| server.sql(&database.name, &slow));
            std::thread::sleep(Duration::from_millis(400));
            let read = tokio::runtime::Handle::current().block_on(async {
                World::new(&catalog, "alice").await;
                catalog.read_changes(100).await
            });
            slow.join().unwrap();
            read
        })
    });
    assert_eq!(read.unwrap().rows(), 2);
}

pub(crate) async fn many_nodes_may_make_the_catalog_at_once(server: &impl Server) {
    let database = server.fresh_database();
    let opened = join_all((0..8).map(|_| try_open(&database.url))).await;
    for (n, catalog) in opened.into_iter().enumerate() {
        World::new(&catalog.unwrap(), &format!("member{n}")).await;
    }
}

pub(crate) async fn a_catalog_of_a_newer_rockpool_is_left_alone(server: &impl Server) {
    let (_, database) = fresh(server).await;
    server.sql(&database.name, "UPDATE schema_version SET version = 999");
    let words = unusable(&database.url).await;
    assert!(
        words.contains("999") && words.contains("newer rockpool"),
        "{words}"
    );
}

pub(crate) async fn a_database_of_another_program_is_left_alone(server: &impl Server) {
    let database = server.fresh_database();
    let name = &database.name;
    server.sql(
        name,
        "CREATE TABLE schema_version (version INTEGER); CREATE TABLE accounts (id INTEGER)",
    );
    if database.url.starts_with("postgres") {
        let sql = format!(
            "ALTER TABLE schema_version OWNER TO {name}; ALTER TABLE accounts OWNER TO {name}"
        );
        server.sql(name, &sql);
    }
    let words = unusable(&database.url).await;
    assert!(
        words.contains("`accounts`") && words.contains("another program"),
        "{words}"
    );
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_name = 'members' AND table_schema IN ('public', '{name}')"
    );
    let tables = server.sql(name, &sql);
    assert_eq!(tables, "0");
}

pub(crate) async fn a_server_that_refuses_or_is_absent_is_named(server: &impl Server) {
    let database = server.fresh_database();
    let password = database.url.split([':', '@']).nth(2).unwrap();
    let words = unusable(&database.url.replace(password, "wrong")).await;
    assert!(
        words.contains("cannot be used") && !words.contains("wrong"),
        "{words}"
    );
    assert!(words.contains(&database.name), "{words}");

    let nowhere = database.url.replace(&format!(":{}", server.port()), ":1");
    let absent = try_open(&nowhere).await.unwrap_err();
    assert!(absent.is_transient());
    let words = absent.to_string();
    assert!(
        words.contains("cannot be reached") && !words.contains(password),
        "{words}"
    );
}

pub(crate) async fn a_socket_leads_to_the_same_catalog(server: &impl Server) {
    let (catalog, database) = fresh(server).await;
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(1)).await;
    let other = open(&database.socket_url).await;
    let usage = other.usage_of_member(world.member.id).await.unwrap();
    assert_eq!(usage.objects, 1);
}

/// A catalog behind a proxy that cuts connections, a world in it, and another way to the same catalog.
async fn behind_proxy(server: &impl Server) -> (Proxy, World, Catalog) {
    let database = server.fresh_database();
    let proxy = Proxy::start(server.port()).await;
    let port = format!(":{}/", server.port());
    let url = database.url.replace(&port, &format!(":{}/", proxy.port));
    let catalog = open(&format!("{url}?{}", server.without_tls())).await;
    let world = World::new(&catalog, "alice").await;
    world.store("old", Content(1)).await;
    (proxy, world, open(&database.url).await)
}

/// Puts an object whose commit is cut off, insists that the caller hears no success, and answers how many objects there
/// are when one looks from elsewhere.
async fn objects_after(server: &impl Server, cut: Cut) -> u64 {
    let (proxy, world, direct) = behind_proxy(server).await;
    proxy.cut_once(cut);
    let put = world.public("new", Content(1));
    let outcome = world.catalog.put_object(put, None).await;
    assert!(outcome.unwrap_err().is_transient());
    proxy.has_cut().await;
    let usage = direct.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!(usage.object_bytes, usage.objects * Content(1).size());
    let found = direct
        .find_object(world.bucket.id, &object_key("new"))
        .await;
    assert_eq!(found.unwrap().is_some(), usage.objects == 2);
    // The node goes on.
    world.store("new", Content(1)).await;
    let after = direct.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!(after.objects, 2);
    usage.objects
}

pub(crate) async fn a_commit_that_was_carried_out_unheard_is_not_repeated(server: &impl Server) {
    assert_eq!(objects_after(server, Cut::AfterCommit).await, 2);
}

pub(crate) async fn a_commit_that_was_never_heard_is_not_done(server: &impl Server) {
    assert_eq!(objects_after(server, Cut::BeforeCommit).await, 1);
}

pub(crate) async fn a_connection_that_breaks_before_the_commit_costs_nothing(server: &impl Server) {
    let (proxy, world, _direct) = behind_proxy(server).await;
    proxy.cut_once(Cut::BeforeWrite);
    let put = world.public(proxy::MARKED_KEY, Content(1));
    let outcome = world.catalog.put_object(put, None).await.unwrap();
    assert_eq!(outcome, PutOutcome::Mapped { known: true });
    proxy.has_cut().await;
    let usage = world
        .catalog
        .usage_of_bucket(world.bucket.id)
        .await
        .unwrap();
    assert_eq!((usage.objects, usage.object_bytes), (2, 4));
}

/// Writes until `stop`; answers the keys whose puts were acknowledged.
async fn write_on(world: World, task: u64, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{task}/{n}");
        match world
            .catalog
            .put_object(world.public(&key, Content(1)), None)
            .await
        {
            Ok(_) => acknowledged.push(key),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
    acknowledged
}

pub(crate) async fn a_server_that_dies_and_comes_back_loses_nothing(server: &impl Server) {
    let (catalog, _database) = fresh(server).await;
    let world = World::new(&catalog, "alice").await;
    world.store("known", Content(1)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        tasks.spawn(write_on(world.clone(), task, stop.clone()));
    }
    for outage in [10, 1] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.kill();
        tokio::time::sleep(Duration::from_secs(outage)).await;
        server.start_again();
    }
    // Whoever waited goes on by itself.
    let put = world.public("after", Content(1));
    let outcome = world.catalog.put_object(put, None).await.unwrap();
    assert_eq!(outcome, PutOutcome::Mapped { known: true });
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let acknowledged: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    for key in &acknowledged {
        assert!(world.content(key).await.is_some(), "{key} was acknowledged");
    }
    let listed = catalog.list_objects(ListObjects {
        bucket: world.bucket.id,
        prefix: String::new(),
        delimiter: None,
        after: None,
        limit: 1_000_000,
    });
    let listed = listed.await.unwrap().objects.len() as u64;
    let usage = catalog.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!(usage.objects, listed);
    assert!(listed >= acknowledged.len() as u64 + 2);
}
