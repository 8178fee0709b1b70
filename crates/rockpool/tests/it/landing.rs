//! A pool that lands blobs before a provider with bad days: one pool as the provider of another, a proxy between them.
//!
//! The outage of `uploads_and_reads_go_on_while_the_provider_is_away` lasts as many seconds as the environment says in
//! `ROCKPOOL_TEST_OUTAGE_SECONDS`, else 8; a longer one has fewer uploads a second, so that as many have to move afterwards.
use std::{
    fs,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    harness::{Keys, Server, rockpool},
    http::{Client, get},
};
use load::{Load, content, read_publicly};
use proxy::{Mood, Proxy};

mod load;
mod proxy;

/// A pool at a provider behind a proxy, and a member of it.
struct World {
    provider: Server,
    stock: Keys,
    proxy: Proxy,
    pool: Server,
    alice: Keys,
}

const LANDING: &str = "enabled = true\n";

impl World {
    /// With settings of the section `landing`, and of `store.s3`.
    fn start(landing: &str, bucket: &str) -> Self {
        let provider = Server::start(&[]);
        let stock = provider.add_member("stock");
        let proxy = Proxy::before(&provider);
        let pool = Server::configured(
            &configuration(&provider, &stock, &proxy, landing, bucket),
            &[],
        );
        let alice = pool.add_member("alice");
        Self {
            provider,
            stock,
            proxy,
            pool,
            alice,
        }
    }

    fn client(&self) -> Client {
        Client::new(&self.pool, &self.alice)
    }

    fn public_url(&self, key: &str) -> String {
        format!("{}/alice/{key}", self.pool.redirector_url())
    }

    /// How many blobs the provider has.
    fn stored(&self) -> usize {
        let place = format!("{}/pool/blobs/", self.stock.name);
        let listed = self
            .provider
            .cli_json(&["object", "ls", &place, "--recursive"]);
        listed["objects"].as_array().unwrap().len()
    }

    fn backlog(&self) -> Value {
        self.pool.cli_json(&["landing"])
    }

    /// Waits until nothing waits; how long that took.
    fn drain(&self) -> Duration {
        let since = Instant::now();
        while self.backlog()["waiting_items"] != 0 {
            assert!(
                since.elapsed() < Duration::from_secs(900),
                "it does not move: {}",
                self.backlog()
            );
            thread::sleep(Duration::from_millis(100));
        }
        since.elapsed()
    }

    /// Insists that catalog, landing and provider agree, and that every blob is whole.
    fn is_well(&self) {
        let words = self.pool.cli_ok(&["check", "--deep"]);
        assert!(words.starts_with("All is well.\n"), "{words}");
    }
}

fn configuration(
    provider: &Server,
    stock: &Keys,
    proxy: &Proxy,
    landing: &str,
    bucket: &str,
) -> String {
    format!(
        "[public]\nblob_url = \"{}/{name}/pool\"\n\
         [limits]\nstall_timeout = \"2s\"\n\
         [collect]\ngrace = \"0s\"\ninterval = \"off\"\nlongest_delete = \"2s\"\ndelete_lease = \"4s\"\n\
         [landing]\n{landing}\
         [store]\nkind = \"s3\"\n\
         [store.s3]\nendpoint = \"{}\"\nbucket = \"{name}\"\nfolder = \"pool\"\npublic_acl = true\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\ncall_timeout = \"2s\"\n{bucket}",
        provider.redirector_url(),
        proxy.url(),
        stock.access_key_id,
        stock.secret_access_key,
        name = stock.name,
    )
}

/// How long the long outage lasts.
fn outage() -> Duration {
    let seconds = std::env::var("ROCKPOOL_TEST_OUTAGE_SECONDS").ok();
    Duration::from_secs(seconds.map_or(8, |seconds| seconds.parse().unwrap()))
}

/// The most memory that a process had, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[test]
fn uploads_and_reads_go_on_while_the_provider_is_away() {
    let world = World::start(LANDING, "");
    let begun = Instant::now();
    let pause = Duration::from_millis(20);
    let before = Load::uploads(&world.pool, &world.alice, "before", pause);
    thread::sleep(Duration::from_secs(1));
    let before = before.stop();
    world.drain();

    let upload_pause = pause.max(outage() / 1_000);
    let load = Load::uploads(&world.pool, &world.alice, "during", upload_pause);
    let load = load.and_reads(&world.pool, &world.alice, pause);
    let (mut most_items, mut most_bytes) = (0, 0);
    for mood in [Mood::Refuses(503), Mood::Refuses(429), Mood::Hangs] {
        // Most of the time it answers 503.
        let share = if mood == Mood::Refuses(503) { 3 } else { 1 };
        world.proxy.be(mood);
        let until = Instant::now() + outage() * share / 5;
        while Instant::now() < until {
            let backlog = world.backlog();
            most_items = most_items.max(backlog["waiting_items"].as_u64().unwrap());
            most_bytes = most_bytes.max(backlog["waiting_bytes"].as_u64().unwrap());
            assert_eq!(get(&format!("{}/readyz", world.pool.s3_url())).status, 200);
            thread::sleep(Duration::from_millis(500));
        }
    }
    let tally = load.stop();
    assert!(world.backlog()["waiting_items"].as_u64() > Some(0));
    world.proxy.be(Mood::Fine);
    let drained = world.drain();

    let stored = tally.stored.lock().unwrap();
    let (failed_uploads, failed_reads) = (
        tally.failed_uploads.lock().unwrap(),
        tally.failed_reads.lock().unwrap(),
    );
    eprintln!(
        "an outage of {} s within {} s: {} uploads, {} failed; {} reads ({} by redirects), {} failed; at most {most_items} \
         blobs of {most_bytes} bytes waited; drained in {} ms; peak memory {} KiB; {} calls at the provider",
        outage().as_secs(),
        begun.elapsed().as_secs(),
        stored.len() + failed_uploads.len(),
        failed_uploads.len(),
        tally.reads.load(Ordering::Relaxed),
        tally.redirected.load(Ordering::Relaxed),
        failed_reads.len(),
        drained.as_millis(),
        peak_kib(world.pool.pid()),
        world.proxy.calls().len(),
    );
    assert_eq!(*failed_uploads, Vec::<String>::new());
    assert_eq!(*failed_reads, Vec::<String>::new());
    assert!(stored.len() > 50 && tally.reads.load(Ordering::Relaxed) > 20);
    assert_eq!(
        world.stored(),
        stored.len() + before.stored.lock().unwrap().len()
    );
    for (name, seed) in stored.iter().step_by(stored.len() / 50 + 1) {
        let (bytes, redirected) = read_publicly(&world.public_url(name)).unwrap();
        assert!(redirected && bytes == content(*seed), "{name}");
    }
    world.is_well();
    let log = world.pool.log();
    for line in [
        "The provider takes no blobs for now",
        "The provider takes blobs again",
    ] {
        assert_eq!(log.matches(line).count(), 1, "{line}:\n{log}");
    }
}

#[test]
fn a_node_that_is_killed_loses_nothing_that_it_acknowledged() {
    let mut world = World::start(LANDING, "");
    let mut stored = Vec::new();
    let moods = [
        Mood::Refuses(503),
        Mood::Fine,
        Mood::Hangs,
        Mood::Fine,
        Mood::Refuses(429),
    ];
    for (round, mood) in moods.into_iter().enumerate() {
        world.proxy.be(mood);
        let pause = Duration::from_millis(3);
        let load = Load::uploads(&world.pool, &world.alice, &format!("r{round}"), pause);
        thread::sleep(Duration::from_millis(300 + 230 * round as u64));
        world.pool.sigkill();
        let tally = load.stop();
        stored.extend(tally.stored.lock().unwrap().clone());
        world.pool.restart();
        for (name, seed) in stored.iter().rev().take(20) {
            let (bytes, _) = read_publicly(&world.public_url(name)).unwrap();
            assert!(bytes == content(*seed), "{name}");
        }
    }
    assert!(stored.len() > 100, "{}", stored.len());
    world.proxy.be(Mood::Fine);
    world.drain();
    for (name, seed) in &stored {
        let (bytes, _) = read_publicly(&world.public_url(name)).unwrap();
        assert!(bytes == content(*seed), "{name}");
    }
    world.is_well();
}

#[test]
fn what_waits_is_read_by_name_here_and_then_at_the_provider() {
    let world = World::start(LANDING, "");
    world.proxy.be(Mood::Refuses(503));
    let picture = vec![5; 300_000];
    assert_eq!(world.client().put("a.bin", &picture).status, 200);
    assert!(world.client().get("a.bin").body == picture);
    let url = world.public_url("a.bin");
    let here = get(&url);
    assert_eq!((here.status, here.header("location")), (200, None));
    assert!(here.body == picture);
    let cache = here.header("cache-control").unwrap();
    assert!(
        cache.contains("max-age=1,") || cache.contains("max-age=2,"),
        "{cache}"
    );
    let backlog = world.backlog();
    assert_eq!(
        (&backlog["waiting_items"], &backlog["waiting_bytes"]),
        (&1.into(), &300_000.into())
    );
    let words = world.pool.cli_ok(&["landing"]);
    assert!(words.contains("in 1 blobs"), "{words}");

    world.proxy.be(Mood::Fine);
    world.drain();
    let there = get(&url);
    let location = there.header("location").unwrap();
    assert!(
        location.starts_with(&world.provider.redirector_url()),
        "{location}"
    );
    assert!(read_publicly(&url).unwrap() == (picture.clone(), true));
    // What has moved is still read here by members, whatever the provider does.
    world.proxy.be(Mood::Refuses(503));
    assert!(world.client().get("a.bin").body == picture);
}

#[test]
fn what_is_deleted_while_it_waits_never_goes_up_and_can_be_uploaded_again() {
    let world = World::start(LANDING, "");
    world.proxy.be(Mood::Refuses(503));
    let client = world.client();
    for key in ["a", "b"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
        assert_eq!(client.delete(key).status, 204);
    }
    // While the provider is away nothing is collected, so no upload waits for the end of a deletion.
    assert!(!world.pool.cli(&["gc"]).status.success());
    assert_eq!(client.put("b", b"b").status, 200);
    assert_eq!(read_publicly(&world.public_url("b")).unwrap().0, b"b");
    world.pool.signal("STOP");
    world.proxy.be(Mood::Fine);
    let collected = world.pool.cli_json(&["gc"]);
    assert_eq!(collected["removed_blobs"], 1, "{collected}");
    world.pool.signal("CONT");
    world.drain();
    assert_eq!(world.stored(), 1);
    world.is_well();
}

#[test]
fn a_full_landing_lets_the_provider_set_the_pace() {
    let world = World::start("enabled = true\nmax_waiting = \"100 KiB\"\n", "");
    world.proxy.be(Mood::Refuses(503));
    let client = world.client();
    let content = |n: u8| vec![n; 40_000];
    assert_eq!(client.put("1", &content(1)).status, 200);
    assert_eq!(client.put("2", &content(2)).status, 200);
    let refused = client.put("3", &content(3));
    assert_eq!(refused.status, 503);
    assert!(String::from_utf8_lossy(&refused.body).contains("ServiceUnavailable"));
    world.proxy.be(Mood::Fine);
    assert_eq!(client.put("3", &content(3)).status, 200);
    world.drain();
    assert_eq!(world.stored(), 3);
    world.is_well();
}

#[test]
fn a_landing_is_held_by_one_node_and_emptied_when_it_is_off() {
    let mut world = World::start(LANDING, "");
    world.proxy.be(Mood::Refuses(503));
    assert_eq!(world.client().put("a", b"a").status, 200);
    let second = rockpool(&[
        "serve",
        "--s3",
        "127.0.0.1:0",
        "--redirector",
        "127.0.0.1:0",
        "--blobs",
        "127.0.0.1:0",
    ])
    .arg("--ready-file")
    .arg(world.pool.scratch().join("second.json"))
    .arg("--data")
    .arg(world.pool.data())
    .output()
    .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("a landing belongs to one node"), "{said}");

    let off = configuration(
        &world.provider,
        &world.stock,
        &world.proxy,
        "enabled = false\n",
        "",
    );
    world.pool.reconfigure(&off);
    world.pool.restart();
    assert_eq!(world.client().get("a").body, b"a");
    world.proxy.be(Mood::Fine);
    world.drain();
    assert_eq!(world.client().put("b", b"b").status, 200);
    assert_eq!(world.stored(), 2);
    world.is_well();
}

#[test]
fn no_more_calls_a_second_are_made_than_allowed() {
    let world = World::start(LANDING, "max_calls_per_second = 20\n");
    let client = world.client();
    for n in 0..40_u8 {
        assert_eq!(client.put(&n.to_string(), &[n; 100]).status, 200);
    }
    world.drain();
    let calls = world.proxy.calls();
    assert!(calls.len() >= 80, "{}", calls.len());
    for (i, call) in calls.iter().enumerate() {
        let within = calls[i..]
            .iter()
            .take_while(|c| **c < *call + Duration::from_secs(1));
        // Give or take what a busy machine holds up on the way.
        assert!(within.count() <= 24);
    }
}
