//! Two nodes at different servers of a Galera cluster, loaded on both sides while a server is killed and comes back.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use rockpool_testkit::Galera;

use crate::{
    http::Client,
    nodes::{Nodes, content},
};

/// Contents that all writers share, so that the two nodes meet over blobs all the time.
const CONTENTS: u64 = 6;
/// Writers at each node.
const WRITERS: usize = 4;
/// Keys of each writer, which nobody else writes.
const KEYS: u64 = 8;
/// How long the load runs before, while, and after a server is away.
const SPELL: Duration = Duration::from_secs(6);

/// What may be under a key: one content or none, or one of several where an answer was not good.
type Possible = BTreeSet<Option<u64>>;

/// What a writer did.
#[derive(Default)]
struct Tally {
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

/// A content's bytes, by its number.
fn bytes_of(number: u64) -> Vec<u8> {
    content(number + 1, 2_000 + number as usize * 40_000)
}

/// Puts, overwrites and deletes its own keys until it is told to stop; what may be under each in the end.
fn write(
    client: &Client,
    seed: u64,
    stop: &AtomicBool,
    tally: &Tally,
) -> BTreeMap<String, Possible> {
    let mut keys: BTreeMap<String, Possible> = BTreeMap::new();
    let mut step = seed;
    while !stop.load(Ordering::Relaxed) {
        step = step
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let key = format!("{seed}/{}", (step >> 33) % KEYS);
        let number = (step >> 40) % CONTENTS;
        let removes = (step >> 50).is_multiple_of(4);
        let (status, becomes) = if removes {
            (client.delete(&key).status, None)
        } else {
            (client.put(&key, &bytes_of(number)).status, Some(number))
        };
        let possible = keys.entry(key).or_insert_with(|| Possible::from([None]));
        match status {
            200 | 204 => {
                tally.acknowledged.fetch_add(1, Ordering::Relaxed);
                *possible = Possible::from([becomes]);
            }
            // Nothing else than "later, please": done or not done.
            500 | 503 => {
                tally.failed.fetch_add(1, Ordering::Relaxed);
                possible.insert(becomes);
                thread::sleep(Duration::from_millis(20));
            }
            other => panic!("an answer with status {other}"),
        }
    }
    keys
}

#[test]
fn a_server_that_dies_and_comes_back_costs_no_acknowledged_object() {
    let cluster = Galera::start();
    let database = cluster.fresh_database();
    let catalogs = [0, 1].map(|node| cluster.at_node(node, &database).url);
    let pool = Nodes::at(
        tempfile::tempdir().unwrap(),
        &[&catalogs[0], &catalogs[1]],
        "[collect]\ngrace = \"0s\"\ninterval = \"1s\"\n",
    );
    let alice = pool.nodes[0].add_member("alice");
    let clients = pool.clients(&alice);
    let (stop, tallies) = (AtomicBool::new(false), [Tally::default(), Tally::default()]);
    let done = |node: usize| tallies[node].acknowledged.load(Ordering::Relaxed);
    let keys: BTreeMap<String, Possible> = thread::scope(|scope| {
        let writers: Vec<_> = (0..2 * WRITERS)
            .map(|writer| {
                let (client, tally) = (&clients[writer % 2], &tallies[writer % 2]);
                let stop = &stop;
                scope.spawn(move || write(client, writer as u64 + 1, stop, tally))
            })
            .collect();
        thread::sleep(SPELL);
        cluster.kill(1);
        thread::sleep(SPELL);
        let before = done(0);
        thread::sleep(SPELL);
        assert!(
            done(0) > before,
            "the node at the server that lives goes on"
        );
        cluster.bring_back(1);
        cluster.wait_until_synced(1);
        let before = done(1);
        thread::sleep(SPELL);
        assert!(
            done(1) > before,
            "the other node goes on when its server is back"
        );
        stop.store(true, Ordering::Relaxed);
        writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect()
    });
    for (node, tally) in tallies.iter().enumerate() {
        println!(
            "node {node}: {} acknowledged, {} answered with an error",
            done(node),
            tally.failed.load(Ordering::Relaxed)
        );
    }
    insist_on(&pool, &clients, &keys);
}

/// Each key has what was acknowledged last, at both nodes; counts are exact; the store has what is mapped, and no more.
fn insist_on(pool: &Nodes, clients: &[Client], keys: &BTreeMap<String, Possible>) {
    let (mut objects, mut bytes, mut mapped) = (0, 0, BTreeSet::new());
    for (key, possible) in keys {
        let replies = [clients[0].get(key), clients[1].get(key)];
        let found = (0..CONTENTS).find(|number| replies[0].body == bytes_of(*number));
        assert!(
            possible.contains(&found),
            "{key} has {found:?}, not one of {possible:?}"
        );
        assert_eq!(
            replies[0].status,
            if found.is_some() { 200 } else { 404 },
            "{key}"
        );
        assert_eq!(
            replies[0].status, replies[1].status,
            "{key} at the other node"
        );
        if let Some(number) = found {
            assert!(
                replies[0].body == replies[1].body,
                "{key} at the other node"
            );
            objects += 1;
            bytes += bytes_of(number).len();
            mapped.insert(number);
        }
    }
    for node in &pool.nodes {
        let usage = &node.cli_json(&["member", "show", "alice"])["usage"];
        assert_eq!(usage["objects"], objects, "{usage}");
        assert_eq!(usage["object_bytes"], bytes, "{usage}");
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while pool.blob_files().len() != mapped.len() {
        assert!(
            std::time::Instant::now() < deadline,
            "{} blobs are mapped, and the store has {:?}",
            mapped.len(),
            pool.blob_files()
        );
        thread::sleep(Duration::from_millis(100));
    }
}
