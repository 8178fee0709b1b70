//! Replicas beside running nodes: a directory and a real provider, SIGKILL in the middle, SIGALRM, a primary that is lost.
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::S3sFs;
use serde_json::Value;

use crate::{
    harness::Server,
    http::{Client, get},
};

/// How long copies may take on a busy machine; on a database server, older blobs begin ten seconds after the replica came.
const PATIENCE: Duration = Duration::from_secs(60);

/// A configuration with a directory as the replica `far`.
fn with_directory(settings: &str) -> String {
    format!("[replicas.far]\ndirectory = \"far\"\n{settings}")
}

/// The files of blobs below a store, by their names.
fn blobs(store: &Path) -> Vec<PathBuf> {
    fn walk(directory: PathBuf, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => walk(path, found),
                path => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["blobs", "private"] {
        walk(store.join(folder), &mut found);
    }
    found.sort();
    let below = |path: PathBuf| path.strip_prefix(store).unwrap().to_owned();
    found.into_iter().map(below).collect()
}

fn status(server: &Server, name: &str) -> Value {
    let stores = server.cli_json(&["replica", "status"]);
    let mut stores = stores.as_array().unwrap().iter();
    stores.find(|store| store["name"] == name).unwrap().clone()
}

fn is_whole(server: &Server, name: &str) -> bool {
    let store = status(server, name);
    store["copies"] == 0 && store["unqueued"] == 0
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
    since.elapsed()
}

/// Contents of about so many bytes, no two alike.
fn content(number: usize, bytes: usize) -> Vec<u8> {
    format!("content {number} ").into_bytes().repeat(bytes / 12)
}

#[test]
fn a_directory_gets_every_blob_and_the_commands_tell() {
    let server = Server::configured(&with_directory(""), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    assert_eq!(client.put("old", b"older bytes").status, 200);
    let none = server.cli_ok(&["replica", "status"]);
    assert!(none.starts_with("There are no replicas."), "{none}");
    let unknown = server.cli(&["replica", "add", "near"]);
    let words = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(words.contains("[replicas.near]"), "{words}");

    let added = server.cli_ok(&["replica", "add", "far"]);
    assert!(added.contains("rockpool replica sync far"), "{added}");
    assert_eq!(client.put("new", b"newer bytes").status, 200);
    let synced = server.cli_ok(&["replica", "sync", "far"]);
    assert_eq!(synced, "far has every blob of the pool.\n");
    let (main, far) = (server.data().join("store"), server.data().join("far"));
    assert_eq!(blobs(&far), blobs(&main));
    assert_eq!(blobs(&far).len(), 2);

    // The node by itself:
    assert_eq!(client.put("more", b"even more").status, 200);
    wait_until("it is copied", || blobs(&far).len() == 3);
    let words = server.cli_ok(&["replica", "status"]);
    assert!(
        words.contains("main") && words.contains("replica"),
        "{words}"
    );
    assert!(
        server
            .cli_ok(&["replica", "remove", "far"])
            .contains("stays there")
    );
    assert_eq!(blobs(&far).len(), 3);
    assert_eq!(
        server.cli_json(&["replica", "status"]),
        serde_json::json!([])
    );
}

#[test]
fn copies_go_on_after_sigkill_in_their_middle() {
    const BLOBS: usize = 60;
    let settings = "max_rate = \"600 KB\"\n[collect]\ndelete_lease = \"4s\"\n";
    let mut server = Server::configured(&with_directory(settings), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "far"]);
    for number in 0..BLOBS {
        let put = client.put(&format!("{number}"), &content(number, 50_000));
        assert_eq!(put.status, 200);
    }
    let far = server.data().join("far");
    for some in [5, 15, 30] {
        wait_until("some are copied", || blobs(&far).len() >= some);
        server.sigkill();
        assert!(blobs(&far).len() < BLOBS, "it was killed too late");
        server.restart();
    }
    wait_until("all are copied", || is_whole(&server, "far"));
    assert_eq!(blobs(&far), blobs(&server.data().join("store")));
    for file in blobs(&far) {
        let [copy, own] = ["far", "store"].map(|s| fs::read(server.data().join(s).join(&file)));
        assert!(copy.unwrap() == own.unwrap(), "{file:?}");
    }
}

#[test]
fn sigalrm_has_copied_at_once_what_failed() {
    let server = Server::configured(&with_directory(""), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "far"]);
    server.cli_ok(&["replica", "sync", "far"]);
    // In the way of the folder of blobs:
    let far = server.data().join("far");
    fs::write(far.join("blobs"), "in the way").unwrap();
    assert_eq!(client.put("a", b"some bytes").status, 200);
    wait_until("it fails", || status(&server, "far")["failing"] == 1);
    fs::remove_file(far.join("blobs")).unwrap();
    server.signal("ALRM");
    let took = wait_until("it is copied", || is_whole(&server, "far"));
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(blobs(&far).len(), 1);
    assert!(server.log().contains("SIGALRM"));
}

#[test]
fn a_provider_gets_every_blob_and_serves_all_when_the_primary_is_lost() {
    const BLOBS: usize = 40;
    let provider = S3sFs::start();
    let settings = format!(
        "[collect]\ndelete_lease = \"4s\"\n[replicas.cloud]\nkind = \"s3\"\n[replicas.cloud.s3]\nendpoint = \"{}\"\nbucket = \"{}\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        provider.endpoint(),
        S3sFs::BUCKET,
        S3sFs::ACCESS_KEY_ID,
        S3sFs::SECRET,
    );
    let mut server = Server::configured(&settings, &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "cloud"]);
    for number in 0..BLOBS {
        let put = client.put(
            &format!("{number}"),
            &content(number, 20_000 + number * 4000),
        );
        assert_eq!(put.status, 200);
    }
    server.cli_ok(&["replica", "sync", "cloud"]);
    // What a command changes reaches a running node within two seconds: only then does it read from the replica.
    std::thread::sleep(Duration::from_secs(2));

    let lost = Instant::now();
    fs::remove_dir_all(server.data().join("store")).unwrap();
    for number in 0..BLOBS {
        let expected = content(number, 20_000 + number * 4000);
        let got = client.get(&format!("{number}"));
        assert!(got.status == 200 && got.body == expected, "{number}");
        let by_name = get(&format!("{}/alice/{number}", server.redirector_url()));
        let public = get(by_name.header("location").unwrap());
        assert!(public.status == 200 && public.body == expected, "{number}");
    }
    let took = lost.elapsed();
    println!(
        "lost the primary store: all {BLOBS} objects were served from the replica, twice each, within {took:?}"
    );
    assert!(took < Duration::from_secs(30), "{took:?}");
    let ready = get(&format!("{}/readyz", server.s3_url()));
    assert_eq!(ready.status, 200);
    // A directory that is gone is not made again under a running node: the disk may not be mounted. After a restart on a new
    // one, what was read is put back.
    server.restart();
    server.signal("ALRM");
    wait_until("all are back", || {
        blobs(&server.data().join("store")).len() == BLOBS
    });
    wait_until("the queue is empty", || is_whole(&server, "main"));
}

#[test]
fn a_promoted_replica_takes_new_content_once_the_primary_is_lost() {
    let mut server = Server::configured(&with_directory("[collect]\ndelete_lease = \"4s\"\n"), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "far"]);
    assert_eq!(client.put("old", b"older bytes").status, 200);
    server.cli_ok(&["replica", "sync", "far"]);
    let (main, far) = (server.data().join("store"), server.data().join("far"));

    let lost = Instant::now();
    fs::remove_dir_all(&main).unwrap();
    assert!(client.put("new", b"newer bytes").status >= 500);
    let promoted = server.cli_ok(&["replica", "promote", "far"]);
    assert!(
        promoted.starts_with("far is the primary store now"),
        "{promoted}"
    );
    wait_until("it takes new content", || {
        client.put("new", b"newer bytes").status == 200
    });
    println!(
        "lost the primary store: new content was taken by the promoted replica after {:?}",
        lost.elapsed()
    );
    assert_eq!(client.get("old").body, b"older bytes");
    assert_eq!(client.get("new").body, b"newer bytes");
    assert_eq!(status(&server, "far")["primary"], true);

    // A new disk in the old one's place is filled.
    server.restart();
    server.signal("ALRM");
    wait_until("the old primary is whole", || is_whole(&server, "main"));
    assert_eq!(blobs(&main), blobs(&far));
    let refused = server.cli(&["replica", "remove", "far"]);
    assert!(!refused.status.success(), "it is the primary");
    server.cli_ok(&["replica", "remove", "main"]);
}

#[test]
fn verify_and_check_have_brought_back_what_a_store_lost() {
    let server = Server::configured(&with_directory(""), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "far"]);
    for key in ["a", "b", "c"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    server.cli_ok(&["replica", "sync", "far"]);
    let (main, far) = (server.data().join("store"), server.data().join("far"));
    let whole = blobs(&main);
    let verified = server.cli_ok(&["replica", "verify", "far", "--deep"]);
    assert!(verified.contains("has every blob"), "{verified}");

    fs::remove_file(far.join(&whole[0])).unwrap();
    let verified = server.cli(&["replica", "verify", "far"]);
    let words = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(
        !verified.status.success() && words.starts_with("replica_missing"),
        "{words}"
    );
    wait_until("a node copies it again", || blobs(&far) == whole);

    fs::write(main.join(&whole[1]), "x").unwrap();
    fs::remove_file(main.join(&whole[2])).unwrap();
    let repaired = server.cli(&[
        "check",
        "--deep",
        "--repair",
        "--yes",
        "--drop-lost",
        "--json",
    ]);
    let printed: Value = serde_json::from_slice(&repaired.stdout).unwrap();
    assert_eq!(repaired.status.code(), Some(0), "{printed}");
    let taken = &printed["repairs"]["repaired"]["blobs taken from another store"];
    assert_eq!(*taken, 2, "{printed}");
    assert_eq!(blobs(&main), whole);
    for key in ["a", "b", "c"] {
        assert_eq!(client.get(key).body, key.as_bytes());
    }
}

#[test]
fn the_scrub_of_a_node_brings_back_what_went_bad() {
    let settings = "[scrub]\nperiod = \"2s\"\n";
    let server = Server::configured(&with_directory(settings), &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["replica", "add", "far"]);
    for key in ["a", "b"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    server.cli_ok(&["replica", "sync", "far"]);
    let (main, far) = (server.data().join("store"), server.data().join("far"));
    let [first, second] = &blobs(&main)[..] else {
        panic!("two blobs")
    };
    let good = fs::read(main.join(first)).unwrap();
    fs::write(main.join(first), "x").unwrap();
    fs::write(far.join(second), "x").unwrap();
    wait_until("both are whole", || {
        fs::read(main.join(first)).is_ok_and(|bytes| bytes == good)
            && fs::read(far.join(second)).is_ok_and(|bytes| bytes != b"x")
    });
    for key in ["a", "b"] {
        assert_eq!(client.get(key).body, key.as_bytes());
    }
    wait_until("a pass is told", || {
        server.log().contains("read everything once")
    });
    let words = server.cli_ok(&["scrub"]);
    assert!(words.contains("main") && words.contains("far"), "{words}");
}
