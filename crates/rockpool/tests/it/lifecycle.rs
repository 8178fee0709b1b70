//! Members, keys and buckets reach a running node; a node ends without losing what it acknowledged.
use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

use rockpool_testkit::Reply;

use crate::{
    harness::{Keys, Server, within_two_seconds},
    http::{Client, connect, get, head},
};

#[test]
fn a_running_node_knows_within_two_seconds_what_a_command_changed() {
    let server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    within_two_seconds("a new member is let in", || {
        client.put("a", b"1").status == 200
    });

    server.cli_ok(&["member", "suspend", "alice"]);
    within_two_seconds("a suspended member is refused", || {
        client.put("a", b"2").status == 403
    });
    server.cli_ok(&["member", "resume", "alice"]);
    within_two_seconds("a resumed member is let in", || {
        client.put("a", b"3").status == 200
    });

    server.cli_ok(&["member", "set", "alice", "--max-objects", "1"]);
    within_two_seconds("a limit holds", || client.put("b", b"4").status != 200);
    server.cli_ok(&["member", "set", "alice", "--max-objects", "none"]);
    within_two_seconds("a lifted limit does not", || {
        client.put("b", b"5").status == 200
    });

    server.cli_ok(&["member", "key", "revoke", "alice", &keys.access_key_id]);
    within_two_seconds("a revoked key is refused", || {
        client.put("a", b"6").status == 403
    });
}

#[test]
fn keys_are_rotated_without_a_gap_and_may_be_bounded() {
    let server = Server::start(&[]);
    let first = server.add_member("alice");
    server.cli_ok(&["bucket", "create", "videos", "--member", "alice"]);
    let add = |flags: &[&str]| {
        let key = server.cli_json(&[&["member", "key", "add", "alice"], flags].concat());
        Keys {
            name: "alice".to_owned(),
            access_key_id: key["access_key_id"].as_str().unwrap().to_owned(),
            secret_access_key: key["secret_access_key"].as_str().unwrap().to_owned(),
        }
    };
    let (second, reader) = (add(&["--label", "new"]), add(&["--read-only"]));
    let bounded = add(&["--bucket", "videos"]);
    assert_eq!(Client::new(&server, &first).put("a", b"1").status, 200);
    assert_eq!(Client::new(&server, &second).put("a", b"2").status, 200);
    assert_eq!(Client::new(&server, &reader).get("a").body, b"2");
    assert_eq!(Client::new(&server, &reader).put("a", b"3").status, 403);
    assert_eq!(
        Client::for_bucket(&server, &bounded, "videos")
            .put("v", b"4")
            .status,
        200
    );
    assert_eq!(Client::new(&server, &bounded).put("a", b"5").status, 403);

    let keys = server.cli_json(&["member", "key", "list", "alice"]);
    let keys = keys.as_array().unwrap();
    assert_eq!(keys.len(), 4);
    assert_eq!(
        (&keys[1]["label"], &keys[2]["read_only"]),
        (&"new".into(), &true.into())
    );
    assert_eq!(keys[3]["bucket"], "videos");
    assert!(
        keys.iter()
            .all(|key| key.get("secret_access_key").is_none())
    );
}

#[test]
fn a_bucket_answers_on_its_own_host_in_its_own_way() {
    let server = Server::start(&[]);
    let keys = server.add_member("alice");
    assert_eq!(
        Client::new(&server, &keys).put("a.txt", b"direct").status,
        200
    );
    let set = [
        "bucket",
        "set",
        "alice",
        "--delivery",
        "direct",
        "--host",
        "media.example",
        "--host",
        "127.0.0.1",
    ];
    let bucket = server.cli_json(&set);
    assert_eq!(
        bucket["hosts"],
        serde_json::json!(["127.0.0.1", "media.example"])
    );
    let url = format!("{}/a.txt", server.redirector_url());
    within_two_seconds("the host is known", || get(&url).body == b"direct");

    server.cli_ok(&["bucket", "set", "alice", "--no-hosts"]);
    within_two_seconds("the host is forgotten", || {
        get(&url).status == 404 || get(&url).status == 400
    });
}

#[test]
fn people_read_aligned_tables() {
    let server = Server::start(&[]);
    server.cli_ok(&["member", "add", "alice", "--max-bytes", "50GB"]);
    server.cli_ok(&["member", "add", "bob.example"]);
    server.cli_ok(&["bucket", "set", "alice", "--host", "media.example"]);
    insta::assert_snapshot!(server.cli_ok(&["bucket", "list"]), @r"
    BUCKET       MEMBER       OBJECTS  BYTES  ACL          DELIVERY  HOSTS
    alice        alice        0        0 B    public-read  redirect  media.example
    bob.example  bob.example  0        0 B    public-read  redirect
    ");
    insta::assert_snapshot!(server.cli_ok(&["member", "suspend", "alice"]), @"Member alice is suspended; limits: bytes 50 GB, objects none, buckets 10. Running nodes know within two seconds.");
    insta::assert_snapshot!(server.cli_ok(&["object", "ls", "alice"]), @"No objects.");
    let members = server.cli_json(&["member", "list"]);
    assert_eq!(members[0]["limits"]["max_bytes"], 50_000_000_000_u64);
    assert_eq!(members[0]["state"], "suspended");
    assert_eq!(members[1]["limits"]["max_bytes"], serde_json::Value::Null);
}

#[test]
fn limits_that_are_not_named_stay() {
    let server = Server::start(&[]);
    server.cli_ok(&[
        "member",
        "add",
        "alice",
        "--max-bytes",
        "1 MiB",
        "--max-objects",
        "5",
    ]);
    let set = server.cli_json(&["member", "set", "alice", "--max-objects", "none"]);
    let limits = serde_json::json!({"max_bytes": 1 << 20, "max_objects": null, "max_buckets": 10});
    assert_eq!(set["limits"], limits);
    assert_eq!(
        server.cli(&["member", "set", "alice"]).status.code(),
        Some(1)
    );
}

#[test]
fn objects_are_shown_to_the_operator() {
    let server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    for key in ["a/1", "a/2", "b"] {
        assert_eq!(client.put(key, key.as_bytes()).status, 200);
    }
    let top = server.cli_json(&["object", "ls", "alice"]);
    assert_eq!(top["common_prefixes"], serde_json::json!(["a/"]));
    assert_eq!(top["objects"][0]["key"], "b");
    let below = server.cli_json(&["object", "ls", "alice/a/"]);
    assert_eq!(below["objects"].as_array().unwrap().len(), 2);
    let all = server.cli_json(&["object", "ls", "alice", "--recursive"]);
    assert_eq!(all["objects"].as_array().unwrap().len(), 3);
    let stat = server.cli_json(&["object", "stat", "alice/a/1"]);
    assert_eq!(
        (&stat["size"], &stat["bucket"]),
        (&3.into(), &"alice".into())
    );
    assert_eq!(
        server
            .cli(&["object", "stat", "alice/nothing"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        server.cli_json(&["member", "show", "alice"])["usage"]["objects"],
        3
    );
}

#[test]
fn a_member_goes_with_its_objects_only_when_that_is_said() {
    let server = Server::start(&[]);
    let keys = server.add_member("alice");
    assert_eq!(Client::new(&server, &keys).put("a", b"1").status, 200);
    let refused = server.cli(&["member", "remove", "alice"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--with-objects"));
    server.cli_ok(&["member", "remove", "alice", "--with-objects"]);
    assert_eq!(server.cli_json(&["member", "list"]), serde_json::json!([]));
}

#[test]
fn unreferenced_bytes_go_after_the_grace_period() {
    let server = Server::configured("[collect]\ngrace = \"0s\"\ninterval = \"off\"\n", &[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    assert_eq!(client.put("a", &[1; 1000]).status, 200);
    assert_eq!(client.delete("a").status, 204);
    // A grace period of nothing ends with the millisecond.
    thread::sleep(Duration::from_millis(5));
    let plan = server.cli_json(&["gc", "--plan"]);
    assert_eq!(
        (&plan["idle_blobs"], &plan["idle_bytes"]),
        (&1.into(), &1000.into())
    );
    let report = server.cli_json(&["gc"]);
    assert_eq!(
        (&report["removed_blobs"], &report["removed_bytes"]),
        (&1.into(), &1000.into())
    );
    assert_eq!(server.cli_json(&["gc", "--plan"])["idle_blobs"], 0);
}

#[test]
fn sigkill_after_an_acknowledged_upload_loses_nothing() {
    let mut server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    let small = b"small".repeat(10);
    let large = vec![42; 3 << 20];
    assert_eq!(client.put("small", &small).status, 200);
    assert_eq!(client.put("large", &large).status, 200);
    server.restart();
    assert_eq!(client.get("small").body, small);
    assert!(client.get("large").body == large);
    let redirect = get(&format!("{}/alice/large", server.redirector_url()));
    assert_eq!(redirect.status, 301);
    assert!(get(redirect.header("location").unwrap()).body == large);
}

#[test]
fn a_graceful_end_finishes_the_request_in_flight() {
    let mut server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    let url = client.put_url("slow");
    let body = vec![9; 1 << 20];
    let mut idle = connect(&url);
    let mut stream = connect(&url);
    stream
        .write_all(head("PUT", &url, body.len()).as_bytes())
        .unwrap();
    stream.write_all(&body[..body.len() / 2]).unwrap();
    within_two_seconds("the request is in flight", || {
        std::fs::read_dir(server.data().join("spool"))
            .unwrap()
            .count()
            > 0
    });
    thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    within_two_seconds("the node stops", || server.log().contains("Stopping"));
    let mut nothing = Vec::new();
    assert_eq!(
        idle.read_to_end(&mut nothing).unwrap(),
        0,
        "an idle connection is closed"
    );
    stream.write_all(&body[body.len() / 2..]).unwrap();
    assert_eq!(Reply::read(stream).unwrap().status, 200);
    assert!(server.wait().success());
    assert!(!server.data().join("node.json").exists());
    server.restart();
    assert!(client.get("slow").body == body);
}

#[test]
fn a_second_signal_ends_the_node_at_once() {
    let mut server = Server::start(&[]);
    let keys = server.add_member("alice");
    let url = Client::new(&server, &keys).put_url("slow");
    let mut stream = connect(&url);
    stream.write_all(head("PUT", &url, 100).as_bytes()).unwrap();
    stream.write_all(&[0; 50]).unwrap();
    thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    within_two_seconds("the node stops", || server.log().contains("Stopping"));
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn a_request_that_does_not_finish_is_not_waited_for_for_ever() {
    let mut server = Server::configured("[limits]\nshutdown_timeout = \"300ms\"\n", &[]);
    let keys = server.add_member("alice");
    let url = Client::new(&server, &keys).put_url("slow");
    let mut stream = connect(&url);
    stream.write_all(head("PUT", &url, 100).as_bytes()).unwrap();
    stream.write_all(&[0; 50]).unwrap();
    thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(
        server.log().contains("Stopped before all requests"),
        "{}",
        server.log()
    );
}

#[test]
fn read_only_mode_refuses_writes_and_goes_on_reading() {
    let mut server = Server::start(&[]);
    let keys = server.add_member("alice");
    let client = Client::new(&server, &keys);
    assert_eq!(client.put("a", b"1").status, 200);
    server.reconfigure("read_only = true\n");
    server.restart();
    assert_eq!(client.put("a", b"2").status, 503);
    assert_eq!(client.delete("a").status, 503);
    assert_eq!(client.get("a").body, b"1");
    assert_eq!(server.cli(&["gc"]).status.code(), Some(1));
}
