//! `rockpool check` beside a running node: what it says, its exit codes, its repairs, and going on after SIGKILL.
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    harness::{Server, rockpool},
    http::Client,
    provider::pool_at,
};

/// A file of the store whose content is `bytes`.
fn find(directory: &Path, bytes: &[u8]) -> Option<PathBuf> {
    for entry in fs::read_dir(directory).ok()? {
        let path = entry.unwrap().path();
        let found = if path.is_dir() {
            find(&path, bytes)
        } else {
            (fs::read(&path).unwrap() == bytes).then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Runs a check with `--json`: its exit code and what it printed.
fn check(server: &Server, flags: &[&str]) -> (i32, Value) {
    let output = server.cli(&[&["check", "--json"], flags].concat());
    let printed = serde_json::from_slice(&output.stdout);
    let printed = printed.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code().unwrap(), printed)
}

fn codes(printed: &Value) -> Vec<&str> {
    let findings = printed["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn a_pool_that_is_whole_and_then_is_not() {
    let server = Server::start(&[]);
    let client = Client::new(&server, &server.add_member("alice"));
    for key in ["one", "two"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    let words = server.cli_ok(&["check", "--deep"]);
    assert!(words.starts_with("All is well.\n"), "{words}");
    let (code, printed) = check(&server, &[]);
    assert_eq!((code, codes(&printed)), (0, vec![]));
    assert_eq!(printed["totals"]["objects"], 2);

    let spool = server.data().join("spool/abandoned");
    fs::create_dir(&spool).unwrap();
    let store = server.data().join("store");
    fs::write(store.join("README"), "not ours").unwrap();
    let (code, printed) = check(&server, &[]);
    assert_eq!(
        (code, codes(&printed)),
        (3, vec!["item_unknown", "leftover"])
    );
    assert_eq!(printed["findings"][0]["level"], "warning");
    assert!(spool.exists(), "a check changes nothing");
    fs::remove_file(store.join("README")).unwrap();

    let file = find(&store, b"two").unwrap();
    fs::write(&file, "tow").unwrap();
    let (code, printed) = check(&server, &["--deep"]);
    assert_eq!(code, 4);
    assert_eq!(codes(&printed), ["blob_damaged", "object_lost", "leftover"]);

    let refused = server.cli(&["check", "--deep", "--repair"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("--yes"),
        "{refused:?}"
    );
    assert!(spool.exists() && file.exists(), "nobody agreed");

    let (code, printed) = check(&server, &["--deep", "--repair", "--yes"]);
    assert_eq!(code, 4, "the object is still lost: {printed}");
    assert_eq!(printed["repairs"]["unrepaired"], 2);
    assert!(!spool.exists() && !file.exists());
    assert!(
        find(&store.join("quarantine"), b"tow").is_some(),
        "moved, not deleted"
    );

    let (code, printed) = check(&server, &["--repair", "--yes", "--drop-lost"]);
    assert_eq!(code, 0, "{printed}");
    assert_eq!(printed["repairs"]["repaired"]["objects removed"], 1);
    assert_eq!(client.get("two").status, 404);
    assert_eq!(client.get("one").body, b"one");
    let (code, printed) = check(&server, &["--deep"]);
    assert_eq!(code, 0, "{printed}");
    assert!(!server.data().join("check.jsonl").exists());
}

#[test]
fn a_check_that_was_killed_goes_on_where_it_was() {
    let server = Server::start(&[]);
    let client = Client::new(&server, &server.add_member("alice"));
    let body = |i: usize| format!("{i:01000}").into_bytes();
    for i in 0..150 {
        assert_eq!(client.put(&i.to_string(), &body(i)).status, 200);
    }
    let store = server.data().join("store");
    for i in [3, 77] {
        let mut damaged = body(i);
        damaged[0] = b'x';
        fs::write(find(&store, &body(i)).unwrap(), damaged).unwrap();
    }
    let (code, whole) = check(&server, &["--deep"]);
    assert_eq!(code, 4);
    assert_eq!(whole["totals"]["read_bytes"], 150_000);

    // About seven seconds, were it not killed.
    let data = server.data();
    let mut slow = rockpool(&["check", "--deep", "--rate", "20kB", "--data"])
        .arg(&data)
        .spawn()
        .unwrap();
    let journal = data.join("check.jsonl");
    let since = Instant::now();
    while !fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"reached\"")) {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "it does not come on"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let second = server.cli(&["check", "--resume"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&second.stderr).contains("another check"),
        "{second:?}"
    );
    assert!(
        slow.try_wait().unwrap().is_none(),
        "it was too fast to be killed"
    );
    slow.kill().unwrap();
    slow.wait().unwrap();

    // Any command but a check clears the spool that the killed one left.
    server.cli_ok(&["member", "list"]);
    let (code, resumed) = check(&server, &["--resume"]);
    assert_eq!(code, 4);
    assert_eq!(resumed, whole, "as if nothing had happened");
    let again = server.cli(&["check", "--resume"]);
    assert_eq!(
        again.status.code(),
        Some(1),
        "there is nothing to go on with"
    );
}

#[test]
fn a_pool_whose_blobs_lie_at_a_provider_is_checked_there() {
    let provider = Server::start(&[]);
    let keys = provider.add_member("stock");
    let pool = pool_at(&provider, &keys, "disk");
    let client = Client::new(&pool, &pool.add_member("alice"));
    for key in ["one", "two"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    let (code, printed) = check(&pool, &["--deep", "--at-rest"]);
    assert_eq!((code, codes(&printed)), (0, vec![]), "{printed}");
    assert_eq!(printed["totals"]["items"], 2);

    let stat = pool.cli_json(&["object", "stat", "alice/two"]);
    let hash = stat["blob"].as_str().unwrap();
    let stock = Client::new(&provider, &keys);
    let lost = format!("pool/blobs/{}/{}/{hash}", &hash[..1], &hash[1..4]);
    assert_eq!(stock.delete(&lost).status, 204);
    let unknown = "5a".repeat(64);
    let unknown = format!("pool/blobs/5/a5a/{unknown}");
    assert_eq!(stock.put(&unknown, b"unknown").status, 200);
    let (code, printed) = check(&pool, &["--calls", "200"]);
    assert_eq!(
        (code, codes(&printed)),
        (4, vec!["blob_missing", "object_lost"])
    );
    assert_eq!(printed["totals"]["young_items"], 1, "it may be on its way");

    let flags = [
        "--at-rest",
        "--repair",
        "--yes",
        "--drop-lost",
        "--drop-unknown",
    ];
    let (code, printed) = check(&pool, &flags);
    assert_eq!(code, 0, "{printed}");
    assert_eq!(printed["findings"].as_array().unwrap().len(), 3);
    assert_eq!(stock.get(&unknown).status, 404);
    assert_eq!(client.get("two").status, 404);
    assert_eq!(client.get("one").body, b"one");
}
