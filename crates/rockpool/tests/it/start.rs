//! Starting a node: what a newcomer reads, and what is said when it cannot start.
use std::{fs, net::TcpListener, process::Output};

use crate::{
    harness::{Server, rockpool},
    http::get,
};

fn serve(data: &str, flags: &[&str]) -> Output {
    let listeners = ["--redirector", "127.0.0.1:0", "--blobs", "127.0.0.1:0"];
    rockpool(&["serve", "--data", data])
        .args(listeners)
        .args(flags)
        .output()
        .unwrap()
}

/// What a node says that does not start.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_first_start_says_what_to_type_next_and_the_second_does_not() {
    let mut server = Server::start(&[]);
    let printed = server.printed();
    assert!(printed.contains("member add NAME --data"), "{printed}");
    assert!(printed.contains(&server.s3_url()), "{printed}");
    server.add_member("alice");
    server.restart();
    assert_eq!(server.printed(), "");
}

#[test]
fn a_new_member_reads_what_to_do_with_its_key() {
    let server = Server::start(&[]);
    let words = server.cli_ok(&["member", "add", "alice"]);
    let (s3, pool) = (server.s3_url(), server.redirector_url());
    for line in [
        format!("aws --endpoint-url {s3} s3 cp picture.jpg s3://alice/picture.jpg"),
        format!("curl -L {pool}/alice/picture.jpg"),
        format!("S3_ENDPOINT={s3}"),
        format!(
            "S3_ALIAS_HOST={}/alice",
            pool.strip_prefix("http://").unwrap()
        ),
    ] {
        assert!(words.contains(&line), "{line} is not in:\n{words}");
    }
}

#[test]
fn every_listener_is_alive_and_ready() {
    let server = Server::start(&[]);
    for url in [server.s3_url(), server.redirector_url(), server.blobs_url()] {
        assert_eq!(get(&format!("{url}/healthz")).status, 200);
        assert_eq!(get(&format!("{url}/readyz")).status, 200);
    }
}

#[test]
fn listeners_may_be_off_or_on_ipv6() {
    let server = Server::start(&["--s3", "[::1]:0", "--redirector", "off"]);
    assert!(server.s3_url().starts_with("http://[::1]:"));
    assert_eq!(get(&format!("{}/healthz", server.s3_url())).status, 200);
    assert_eq!(get(&format!("{}/healthz", server.blobs_url())).status, 200);
}

#[test]
fn machines_read_logs_line_by_line_and_match_requests_by_id() {
    let configuration = "[log]\nformat = \"json\"\nfilter = \"debug\"\n";
    let server = Server::configured(configuration, &[]);
    let answer = get(&format!("{}/alice/key", server.redirector_url()));
    let id = answer.header("x-request-id").unwrap();
    let answer = get(&format!(
        "{}/alice/key?X-Amz-Signature=hush",
        server.s3_url()
    ));
    let s3_id = answer.header("x-amz-request-id").unwrap();
    let log = server.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for id in [id, s3_id] {
        assert!(
            lines.iter().any(|line| line["request.id"] == id),
            "{id}:\n{log}"
        );
    }
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == "The node is ready")
    );
    assert!(!log.contains("hush"), "{log}");
}

#[test]
fn redirects_must_lead_somewhere() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().display().to_string();
    let output = rockpool(&["serve", "--data", &data, "--s3", "127.0.0.1:0"])
        .args(["--redirector", "127.0.0.1:0", "--blobs", "off"])
        .output();
    let said = refusal(&output.unwrap());
    assert!(said.contains("public.blob_url"), "{said}");
}

#[test]
fn a_port_in_use_is_named_with_its_flag_and_setting() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data").display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&serve(&data, &["--s3", &address]));
    assert!(said.contains(&format!("{address} is in use")), "{said}");
    assert!(
        said.contains("--s3") && said.contains("listen.s3"),
        "{said}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let data = directory.path().join("file/data").display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(
        said.contains("file/data cannot be made") && said.contains("--data"),
        "{said}"
    );
}

#[test]
fn a_catalog_that_is_none_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("catalog.db");
    let text = "these are not the tables you are looking for ".repeat(200);
    fs::write(&file, &text).unwrap();
    let data = directory.path().display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(said.contains("catalog.db"), "{said}");
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[test]
fn a_catalog_of_a_newer_rockpool_is_left_alone() {
    let mut server = Server::start(&[]);
    server.add_member("alice");
    server.sigkill();
    let file = server.data().join("catalog.db");
    let catalog = rusqlite::Connection::open(&file).unwrap();
    catalog
        .execute("UPDATE schema_version SET version = 1000", [])
        .unwrap();
    let data = server.data().display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(
        said.contains("version 1000") && said.contains("newer"),
        "{said}"
    );
    let said = refusal(
        &rockpool(&["member", "list", "--data", &data])
            .output()
            .unwrap(),
    );
    assert!(said.contains("version 1000"), "{said}");
}

#[test]
fn a_missing_sealing_key_is_missed() {
    let mut server = Server::start(&[]);
    server.add_member("alice");
    server.sigkill();
    fs::remove_file(server.data().join("sealing.key")).unwrap();
    let data = server.data().display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(
        said.contains("sealing.key is missing") && said.contains("backup"),
        "{said}"
    );
    assert!(!server.data().join("sealing.key").exists());
}

#[test]
fn a_sealing_key_that_opens_nothing_is_refused() {
    let mut server = Server::start(&[]);
    server.add_member("alice");
    server.sigkill();
    fs::write(server.data().join("sealing.key"), "5a".repeat(32)).unwrap();
    let data = server.data().display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(said.contains("is not the one that sealed"), "{said}");
}

#[test]
fn a_damaged_sealing_key_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("sealing.key"), "abc").unwrap();
    let data = directory.path().display().to_string();
    let said = refusal(&serve(&data, &["--s3", "127.0.0.1:0"]));
    assert!(
        said.contains("sealing.key") && said.contains("damaged"),
        "{said}"
    );
}
