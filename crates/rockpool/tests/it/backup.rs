//! A pool loses its catalog wholly, and comes back from a backup that lies beside its blobs, or in a file.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::{MariaDb, PostgreSql};
use serde_json::Value;

use crate::{
    harness::{Server, rockpool},
    http::{Client, get},
};

/// Removes a SQLite catalog, as the loss of its disk would.
pub(crate) fn lose_catalog(server: &mut Server) {
    server.sigkill();
    for ending in ["", "-wal", "-shm"] {
        // The last two are there only after a kill.
        let _ = fs::remove_file(server.data().join(format!("catalog.db{ending}")));
    }
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Restores with `--json`: the exit code and what was printed.
pub(crate) fn restore(server: &Server, flags: &[&str]) -> (i32, Value) {
    let output = server.cli(&[&["restore", "--json"], flags].concat());
    let printed = serde_json::from_slice(&output.stdout);
    let printed = printed.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code().unwrap(), printed)
}

pub(crate) fn findings(printed: &Value) -> Vec<&str> {
    let findings = printed["findings"].as_array().unwrap().iter();
    findings.map(|f| f["code"].as_str().unwrap()).collect()
}

fn backups(server: &Server) -> Vec<String> {
    let list = server.cli_json(&["restore", "--list"]);
    let list = list.as_array().unwrap().iter();
    list.map(|b| b["name"].as_str().unwrap().to_owned())
        .collect()
}

/// All below a directory, by name and content.
fn tree(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        } else {
            all.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

fn body(n: usize) -> Vec<u8> {
    // Every second content is another's too.
    format!("content {}", n / 2).repeat(n % 50 + 1).into_bytes()
}

/// Everything is as it was, from a catalog at `from` into one at `to`, which the configuration then names.
fn a_lost_catalog_comes_back(from: &str, to: &str) {
    let configured = |url: &str| format!("[catalog]\nurl = \"{url}\"\nmax_connections = 8\n");
    let mut server = Server::configured_as_given(&configured(from), &[]);
    let (alice, bob) = (server.add_member("alice"), server.add_member("bob"));
    let (alice, bob) = (Client::new(&server, &alice), Client::new(&server, &bob));
    for n in 0..60 {
        assert_eq!(alice.put(&format!("a/{n}"), &body(n)).status, 200);
        assert_eq!(bob.put(&format!("b/{n}"), &body(n)).status, 200);
    }
    assert_eq!(alice.delete("a/7").status, 204);
    let before = server.cli_json(&["member", "list"]);
    let made = server.cli_json(&["backup"]);
    assert_eq!(made["objects"], 119, "{made}");
    assert_eq!(made["members"], 2, "{made}");
    assert_eq!(backups(&server), [made["backup"].as_str().unwrap()]);
    server.sigkill();

    server.reconfigure(&configured(to));
    let (code, printed) = restore(&server, &[]);
    assert_eq!((code, findings(&printed)), (0, vec![]), "{printed}");
    assert_eq!(printed["restored"]["objects"], 119);
    assert_eq!(printed["restored"]["backup"], made["backup"]);
    server.restart();
    assert_eq!(
        server.cli_json(&["member", "list"]),
        before,
        "usage counts too"
    );
    for n in (0..60).filter(|n| *n != 7) {
        assert!(alice.get(&format!("a/{n}")).body == body(n));
        assert!(bob.get(&format!("b/{n}")).body == body(n));
    }
    assert_eq!(alice.get("a/7").status, 404, "what was removed stays so");
    assert_eq!(alice.put("new", b"new").status, 200);
    let again = server.cli(&["restore"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again).contains("must be empty"), "{}", words(&again));
    assert_eq!(alice.get("new").body, b"new");
    server.cli_ok(&["check", "--deep"]);
}

#[test]
fn a_catalog_on_sqlite_comes_back_on_mariadb() {
    let database = MariaDb::shared().fresh_database();
    a_lost_catalog_comes_back("sqlite:catalog.db", &database.url);
}

#[test]
fn a_catalog_on_mariadb_comes_back_on_postgresql() {
    let (from, to) = (MariaDb::shared(), PostgreSql::shared());
    a_lost_catalog_comes_back(&from.fresh_database().url, &to.fresh_database().url);
}

#[test]
fn a_catalog_on_postgresql_comes_back_on_sqlite() {
    let database = PostgreSql::shared().fresh_database();
    a_lost_catalog_comes_back(&database.url, "sqlite:new.db");
}

#[test]
fn what_differs_between_backup_and_store_is_told_exactly() {
    // What comes after the node's start is in no manifest.
    let settings = "[collect]\ngrace = \"0s\"\ninterval = \"off\"\n[backup]\nmanifests = \"1h\"\n";
    let mut server = Server::configured_as_given(settings, &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    for key in ["stays", "goes"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    server.cli_ok(&["backup"]);
    assert_eq!(client.put("later", b"later").status, 200);
    assert_eq!(client.delete("goes").status, 204);
    // Two: what was idle a moment ago is due a moment later.
    let gone = |server: &Server| server.cli_json(&["gc"])["removed_blobs"] == 1;
    assert!(gone(&server) || gone(&server));
    lose_catalog(&mut server);

    let (code, printed) = restore(&server, &[]);
    assert_eq!(code, 4, "{printed}");
    assert_eq!(
        findings(&printed),
        ["blob_missing", "bytes_unknown", "object_lost"]
    );
    assert_eq!(printed["findings"][2]["object"]["key"], "goes");
    assert_eq!(printed["findings"][1]["bytes"], 5);
    server.restart();
    assert_eq!(client.get("stays").body, b"stays");
    // Nothing takes the unknown bytes away unless it is told to; the same content finds them again.
    server.cli_json(&["gc"]);
    let repaired = server.cli(&["check", "--at-rest", "--repair", "--yes", "--drop-lost"]);
    assert_eq!(repaired.status.code(), Some(3), "{repaired:?}");
    assert_eq!(client.put("later", b"later").status, 200);
    server.cli_ok(&["check", "--deep", "--at-rest"]);
}

#[test]
fn a_backup_that_is_damaged_or_none_is_refused_and_changes_nothing() {
    let mut server = Server::configured_as_given("", &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    assert_eq!(client.put("a", b"first").status, 200);
    let file = server.scratch().join("a.rpb");
    let name = file.to_str().unwrap();
    server.cli_ok(&["backup", "--to", name]);
    assert!(backups(&server).is_empty(), "it is in the file alone");
    lose_catalog(&mut server);

    let whole = fs::read(&file).unwrap();
    let before = tree(&server.data());
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (bytes, told) in [
        (flipped, "damaged"),
        (whole[..whole.len() - 1].to_vec(), "damaged"),
        (whole[..200].to_vec(), "no backup"),
        (b"something else\n".to_vec(), "no backup"),
    ] {
        fs::write(&file, bytes).unwrap();
        let refused = server.cli(&["restore", "--from", name]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(words(&refused).contains(told), "{}", words(&refused));
    }
    for (flags, told) in [
        (&["restore"][..], "no backup in the store"),
        (&["restore", "--backup", "other"], "no backup other"),
        (&["restore", "--from", "/nowhere"], "cannot be read"),
    ] {
        let refused = server.cli(flags);
        assert_eq!(refused.status.code(), Some(1));
        assert!(words(&refused).contains(told), "{}", words(&refused));
    }
    let key = server.data().join("sealing.key");
    fs::rename(&key, server.scratch().join("key")).unwrap();
    fs::write(&file, &whole).unwrap();
    let refused = server.cli(&["restore", "--from", name]);
    assert!(
        words(&refused).contains("sealing key"),
        "{}",
        words(&refused)
    );
    fs::rename(server.scratch().join("key"), &key).unwrap();
    assert!(tree(&server.data()) == before);

    let scratch = server.scratch().join("scratch");
    let scratch = scratch.to_str().unwrap();
    server.cli_ok(&["restore", "--from", name, "--scratch", scratch]);
    server.restart();
    assert_eq!(client.get("a").body, b"first");
}

#[test]
fn a_node_makes_backups_by_itself_and_keeps_the_newest() {
    let server = Server::configured("[backup]\ninterval = \"1s\"\nkeep = 2\n", &[]);
    thread::sleep(Duration::from_millis(1_500));
    assert!(
        backups(&server).is_empty(),
        "without members there is nothing to lose"
    );
    let client = Client::new(&server, &server.add_member("alice"));
    let mut seen = std::collections::BTreeSet::new();
    let since = Instant::now();
    while seen.len() < 4 {
        assert!(since.elapsed() < Duration::from_secs(60), "{seen:?}");
        assert_eq!(
            client.put("a", format!("{}", seen.len()).as_bytes()).status,
            200
        );
        let now = backups(&server);
        // One may come before the surplus goes.
        assert!(now.len() <= 3, "{now:?}");
        seen.extend(now);
        thread::sleep(Duration::from_millis(100));
    }
    let name = seen.last().unwrap();
    for base in [server.blobs_url(), server.redirector_url()] {
        assert_ne!(
            get(&format!("{base}/backups/{name}")).status,
            200,
            "never public"
        );
    }
    server.cli_ok(&["check"]);
}

#[test]
fn a_backup_that_is_killed_leaves_nothing_that_anybody_uses() {
    let mut server = Server::configured_as_given("", &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    for n in 0..200 {
        assert_eq!(client.put(&format!("{n}"), &body(n)).status, 200);
    }
    let begun = Instant::now();
    server.cli_ok(&["backup"]);
    let whole = begun.elapsed();
    for step in 0..12 {
        let mut child = Command::new(rockpool(&[]).get_program())
            .args(["backup", "--data"])
            .arg(server.data())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(whole * step / 12);
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
    }
    let names = backups(&server);
    assert!(!names.is_empty());
    server.cli_ok(&["backup", "--keep", "3"]);
    let kept = backups(&server);
    assert!((1..=3).contains(&kept.len()), "{kept:?}");
    for name in kept {
        lose_catalog(&mut server);
        let (code, printed) = restore(&server, &["--backup", &name]);
        assert!(code == 0 || code == 3, "{printed}");
        let strange: Vec<_> = findings(&printed)
            .into_iter()
            .filter(|code| *code != "leftover")
            .collect();
        assert!(strange.is_empty(), "{printed}");
        assert_eq!(printed["restored"]["objects"], 200);
    }
    server.restart();
    assert!(client.get("199").body == body(199));
    server.cli_ok(&["check", "--deep"]);
}
