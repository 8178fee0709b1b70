//! What a node leaves on its disk.
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{harness::Server, http::Client};

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn secrets_are_sealed_at_rest() {
    let server = Server::start(&[]);
    let made = server.add_member("alice");
    let secret_file = server.scratch().join("secret");
    fs::write(&secret_file, "a secret of my own\n").unwrap();
    let given = server.cli_json(&[
        "member",
        "key",
        "add",
        "alice",
        "--access-key-id",
        "MYKEY",
        "--secret-file",
        &secret_file.display().to_string(),
    ]);
    assert_eq!(given["access_key_id"], "MYKEY");
    assert_eq!(given["secret_access_key"], "a secret of my own");
    for file in files(&server.data()) {
        let bytes = fs::read(&file).unwrap();
        for secret in [&made.secret_access_key, "a secret of my own"] {
            assert!(!holds(&bytes, secret.as_bytes()), "{}", file.display());
        }
    }
    assert!(!server.log().contains(&made.secret_access_key));
}

#[test]
fn an_access_key_id_that_is_in_use_is_told_from_a_name() {
    let server = Server::start(&[]);
    let made = server.add_member("alice");
    let secret_file = server.scratch().join("secret");
    fs::write(&secret_file, "a secret of my own\n").unwrap();
    let given = [
        "--access-key-id",
        &made.access_key_id,
        "--secret-file",
        &secret_file.display().to_string(),
    ];
    for command in [
        &["member", "add", "bob"][..],
        &["member", "key", "add", "alice"],
    ] {
        let refused = server.cli(&[command, &given].concat());
        assert_eq!(refused.status.code(), Some(1));
        let words = String::from_utf8(refused.stderr).unwrap();
        assert!(
            words.contains("an access key of that id exists already"),
            "{words}"
        );
    }
    // Nothing of the member stays behind.
    server.add_member("bob");
}

#[test]
fn the_sealing_key_is_for_its_owner_alone() {
    let server = Server::start(&[]);
    let file = fs::metadata(server.data().join("sealing.key")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_start_clears_what_a_killed_node_left_in_the_spool() {
    use std::io::Write;

    let mut server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    let url = client.put_url("half");
    let mut half = crate::http::connect(&url);
    half.write_all(crate::http::head("PUT", &url, 4 << 20).as_bytes())
        .unwrap();
    half.write_all(&vec![7; 2 << 20]).unwrap();
    let spool = server.data().join("spool");
    let bytes = || -> u64 {
        files(&spool)
            .iter()
            .filter_map(|file| fs::metadata(file).ok())
            .map(|file| file.len())
            .sum()
    };
    crate::harness::within_two_seconds("the body is not spooled", || bytes() >= 1 << 20);
    server.restart();
    assert_eq!(bytes(), 0);
    assert_eq!(client.get("half").status, 404);
}
