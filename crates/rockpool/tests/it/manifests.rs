//! What came after a backup comes back with it, from manifests that lie beside the blobs; and what does not is told exactly.
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::MariaDb;

use crate::{
    backup::{findings, lose_catalog, restore},
    harness::Server,
    http::{Client, get},
};

const EVERY_SECOND: &str = "[backup]\nmanifests = \"1s\"\n";

fn manifests(server: &Server) -> Vec<PathBuf> {
    let listed = fs::read_dir(server.data().join("store/manifests"));
    let mut all: Vec<PathBuf> = listed.unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// Members, their usage, and the keys of alice.
fn accounts(server: &Server) -> [serde_json::Value; 2] {
    [
        server.cli_json(&["member", "list"]),
        server.cli_json(&["member", "key", "list", "alice"]),
    ]
}

/// Much happens after a backup, then the node is stopped, and its database lost.
fn what_came_after_a_backup_comes_back(configured: &str, lost: impl Fn(&mut Server)) {
    let mut server = Server::configured_as_given(configured, &[]);
    let (alice, bob) = (server.add_member("alice"), server.add_member("bob"));
    let (mine, his) = (Client::new(&server, &alice), Client::new(&server, &bob));
    for key in ["stays", "goes", "changes", "hides"] {
        assert_eq!(mine.put(key, key.as_bytes()).status, 200);
    }
    assert_eq!(his.put("his", b"stays").status, 200);
    server.cli_ok(&["backup"]);

    assert_eq!(mine.put("changes", b"changed").status, 200);
    assert_eq!(mine.delete("goes").status, 204);
    assert_eq!(mine.put_acl("hides", "private").status, 200);
    let upload = mine.create_upload("film");
    let part = vec![7; 6 << 20];
    let etags = [
        mine.put_part("film", &upload, 1, &part),
        mine.put_part("film", &upload, 2, b"end"),
    ];
    assert_eq!(mine.complete_upload("film", &upload, &etags).status, 200);
    server.cli_ok(&["member", "remove", "bob", "--with-objects"]);
    let carol = server.add_member("carol");
    let hers = Client::new(&server, &carol);
    assert_eq!(hers.put("hers", b"stays").status, 200);
    let rotated = server.cli_json(&["member", "key", "add", "alice"]);
    server.cli_ok(&["member", "key", "revoke", "alice", &alice.access_key_id]);
    let before = accounts(&server);
    server.signal("TERM");
    assert!(server.wait().success());
    lost(&mut server);

    // As it was at the backup: other names, other members.
    let (code, printed) = restore(&server, &["--without-manifests"]);
    assert_eq!(code, 3, "{printed}");
    assert_eq!(findings(&printed), ["bytes_unknown"; 3], "{printed}");
    assert!(printed["restored"]["manifests"].is_null());
    assert_ne!(accounts(&server), before);
    lost(&mut server);

    let (code, printed) = restore(&server, &[]);
    assert_eq!((code, findings(&printed)), (0, vec![]), "{printed}");
    let brought = &printed["restored"]["manifests"];
    assert_eq!(brought["lost"], serde_json::json!([]), "{brought}");
    assert_eq!(brought["mapped"], 4, "{brought}");
    assert_eq!(
        brought["unmapped"], 1,
        "bob's went with its bucket: {brought}"
    );
    assert_eq!(accounts(&server), before);
    server.restart();
    let alice = crate::harness::Keys {
        access_key_id: rotated["access_key_id"].as_str().unwrap().to_owned(),
        secret_access_key: rotated["secret_access_key"].as_str().unwrap().to_owned(),
        ..alice
    };
    let now_mine = Client::new(&server, &alice);
    assert_eq!(mine.get("stays").status, 403, "a revoked key stays so");
    assert_eq!(now_mine.get("stays").body, b"stays");
    assert_eq!(now_mine.get("changes").body, b"changed");
    assert_eq!(now_mine.get("goes").status, 404);
    assert_eq!(now_mine.get("film").body.len(), part.len() + 3);
    assert_eq!(now_mine.get("hides").body, b"hides");
    let hidden = get(&format!("{}/alice/hides", server.redirector_url()));
    assert_eq!(hidden.status, 403, "what was made private stays so");
    assert_eq!(hers.get("hers").body, b"stays");
    server.cli_ok(&["check", "--deep"]);
}

#[test]
fn what_came_after_a_backup_comes_back_on_sqlite() {
    what_came_after_a_backup_comes_back(EVERY_SECOND, lose_catalog);
}

#[test]
fn what_came_after_a_backup_comes_back_on_mariadb() {
    let database = || {
        let url = MariaDb::shared().fresh_database().url;
        format!("{EVERY_SECOND}[catalog]\nurl = \"{url}\"\nmax_connections = 8\n")
    };
    what_came_after_a_backup_comes_back(&database(), |server| {
        server.sigkill();
        server.reconfigure(&database());
    });
}

/// Uploads go on until the node is killed and its catalog lost: those of the last seconds are lost by name, and each is
/// told of; all others are there. So it goes again and again from the same backup.
#[test]
fn a_killed_node_loses_the_names_of_a_second_or_two_and_tells_which() {
    let mut server = Server::configured_as_given(EVERY_SECOND, &[]);
    let keys = server.add_member("alice");
    server.cli_ok(&["backup"]);
    let mut kept: Vec<String> = Vec::new();
    for round in 0..3_u64 {
        let (client, stop) = (Client::new(&server, &keys), AtomicBool::new(false));
        let uploaded = thread::scope(|scope| {
            let uploading = scope.spawn(|| {
                let mut uploaded = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("{round}-{}", uploaded.len());
                    assert_eq!(client.put(&name, name.as_bytes()).status, 200);
                    uploaded.push((name, Instant::now()));
                    thread::sleep(Duration::from_millis(5));
                }
                uploaded
            });
            thread::sleep(Duration::from_millis(2_500 + 300 * round));
            stop.store(true, Ordering::Relaxed);
            uploading.join().unwrap()
        });
        lose_catalog(&mut server);
        let (code, printed) = restore(&server, &["--backup", &first_backup(&server)]);
        server.restart();
        let client = Client::new(&server, &keys);
        for name in &kept {
            assert_eq!(client.get(name).body, name.as_bytes(), "{name}");
        }
        let (there, lost): (Vec<_>, Vec<_>) = uploaded
            .into_iter()
            .partition(|(name, _)| client.get(name).status == 200);
        let told = findings(&printed);
        assert_eq!(told, vec!["bytes_unknown"; told.len()], "{printed}");
        assert_eq!(told.len(), lost.len(), "each, and no other: {printed}");
        assert_eq!(code, if lost.is_empty() { 0 } else { 3 });
        assert!(there.len() > 10, "{}, not {}", there.len(), lost.len());
        // Whatever was acknowledged before the last manifest was begun is in one.
        let first_lost = lost.first().map(|(_, time)| *time);
        assert!(
            there
                .iter()
                .all(|(_, time)| first_lost.is_none_or(|lost| *time < lost))
        );
        kept.extend(there.into_iter().map(|(name, _)| name));
        // So that none of them counts again.
        for (name, _) in lost {
            assert_eq!(client.put(&name, name.as_bytes()).status, 200);
            kept.push(name);
        }
        server.signal("TERM");
        assert!(server.wait().success());
        server.restart();
    }
    server.cli_ok(&["check", "--deep"]);
}

fn first_backup(server: &Server) -> String {
    let list = server.cli_json(&["restore", "--list"]);
    list[0]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_damaged_manifest_is_named_and_never_public() {
    let mut server = Server::configured_as_given(EVERY_SECOND, &[]);
    let client = Client::new(&server, &server.add_member("alice"));
    server.cli_ok(&["backup"]);
    assert_eq!(client.put("a", b"a").status, 200);
    server.signal("TERM");
    assert!(server.wait().success());
    server.restart();
    let newest = manifests(&server).pop().unwrap();
    let name = newest.file_name().unwrap().to_str().unwrap().to_owned();
    for base in [server.blobs_url(), server.redirector_url()] {
        assert_ne!(get(&format!("{base}/manifests/{name}")).status, 200);
    }
    lose_catalog(&mut server);
    let whole = fs::read(&newest).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&newest, &damaged).unwrap();
    let refused = server.cli(&["restore"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains(&name) && words.contains("damaged"),
        "{words}"
    );
    fs::write(&newest, &whole).unwrap();
    let (code, printed) = restore(&server, &[]);
    assert_eq!((code, findings(&printed)), (0, vec![]), "{printed}");
    server.restart();
    assert_eq!(client.get("a").body, b"a");
}
