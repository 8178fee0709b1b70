//! A pool whose catalog moves from a file to a database server and back.
use std::fs;

use rockpool_testkit::{Database, MariaDb, PostgreSql};

use crate::{
    harness::{Server, rockpool},
    http::{Client, get},
};

fn a_pool_moves_to(database: &Database) {
    let mut server = Server::configured_as_given("", &[]);
    let alice = server.add_member("alice");
    let client = Client::new(&server, &alice);
    assert_eq!(client.put("a.png", b"first").status, 200);
    server.sigkill();

    // The URL has a password: it is in a file, and never shown.
    let file = server.scratch().join("catalog.url");
    fs::write(&file, format!("{}\n", database.url)).unwrap();
    let copied = server.cli_json(&["catalog", "copy", "--to-file", file.to_str().unwrap()]);
    assert_eq!(copied["rows"]["objects"], 1, "{copied}");
    assert_eq!(copied["rows"]["members"], 1, "{copied}");
    assert!(!copied.to_string().contains("barnacle"), "{copied}");

    let again = server.cli(&["catalog", "copy", "--to-file", file.to_str().unwrap()]);
    let words = String::from_utf8(again.stderr).unwrap();
    assert!(words.contains("members of its own"), "{words}");

    let configuration = format!("[catalog]\nurl_file = \"{}\"\n", file.display());
    server.reconfigure(&configuration);
    server.restart();
    assert!(client.get("a.png").body == b"first");
    assert_eq!(client.put("b.png", b"second").status, 200);
    let url = format!("{}/alice/b.png", server.redirector_url());
    assert_eq!(get(&url).status, 301);
    server.sigkill();

    let words = server.cli_ok(&["catalog", "copy", "--to", "sqlite:back.db"]);
    assert!(
        words.contains("2 objects") && words.contains("alike"),
        "{words}"
    );
    let configuration = "[catalog]\nurl = \"sqlite:back.db\"\n";
    server.reconfigure(configuration);
    server.restart();
    assert!(client.get("b.png").body == b"second");
}

#[test]
fn a_pool_moves_to_mariadb_and_back() {
    a_pool_moves_to(&MariaDb::shared().fresh_database());
}

#[test]
fn a_pool_moves_to_postgresql_and_back() {
    a_pool_moves_to(&PostgreSql::shared().fresh_database());
}

#[test]
fn a_copy_needs_one_target_that_can_be_read() {
    let server = Server::configured_as_given("", &[]);
    for (arguments, code, words) in [
        (&["catalog", "copy"][..], 2, "--to"),
        (&["catalog", "copy", "--to", "mail:x"], 1, "sqlite:"),
        (
            &["catalog", "copy", "--to", "sqlite:/nowhere/x.db"],
            1,
            "cannot be written",
        ),
    ] {
        let output = server.cli(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let help = rockpool(&["catalog", "copy", "--help"]).output().unwrap();
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("no node may run")
    );
}
