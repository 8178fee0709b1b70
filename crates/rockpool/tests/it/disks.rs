//! Disks that are full, or take no writes.
use std::fs;

use crate::{
    harness::{Server, rockpool_on_mounts, within_two_seconds},
    http::{Client, get},
};

/// A body of so many KiB, unlike others of another `seed`.
fn body(seed: u8, kib: usize) -> Vec<u8> {
    vec![seed; kib << 10]
}

#[test]
fn a_full_spool_refuses_what_is_too_large_for_it_and_takes_what_is_not() {
    let server = Server::on_mounts("mkdir spool; mount -t tmpfs -o size=2m none spool", "");
    let client = Client::new(&server, &server.add_member("alice"));
    let refused = client.put("large", &body(1, 4096));
    assert_eq!(refused.status, 507, "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.body).contains("<Code>InsufficientStorage</Code>"),
        "{refused:?}"
    );
    assert_eq!(client.get("large").status, 404);
    // The bytes that came are gone again.
    assert_eq!(client.put("small", &body(2, 1536)).status, 200);
    assert!(client.get("small").body == body(2, 1536));
    assert!(
        server.log().contains("the spool's disk is full"),
        "{}",
        server.log()
    );
}

#[test]
fn a_full_store_keeps_what_it_has_and_takes_more_when_there_is_room() {
    let server = Server::on_mounts(
        "mkdir store; mount -t tmpfs -o size=4m none store",
        "[collect]\ngrace = \"0s\"\ninterval = \"1s\"\n",
    );
    let client = Client::new(&server, &server.add_member("alice"));
    let puts: Vec<u16> = (0..8_u8)
        .map(|seed| client.put(&format!("{seed}"), &body(seed, 768)).status)
        .collect();
    let taken = puts.iter().take_while(|status| **status == 200).count();
    assert!((2..=5).contains(&taken), "{puts:?}");
    assert!(
        puts[taken..].iter().all(|status| *status == 507),
        "{puts:?}"
    );
    for seed in 0..8_u8 {
        let answer = client.get(&format!("{seed}"));
        if usize::from(seed) < taken {
            assert!(answer.body == body(seed, 768));
        } else {
            assert_eq!(answer.status, 404);
        }
    }
    assert!(server.log().contains("full"), "{}", server.log());
    // What is known costs no room.
    assert_eq!(client.put("again", &body(0, 768)).status, 200);
    for key in ["0", "again"] {
        assert_eq!(client.delete(key).status, 204);
    }
    within_two_seconds("room is made", || {
        client.put("7", &body(7, 768)).status == 200
    });
    let redirect = get(&format!("{}/alice/7", server.redirector_url()));
    assert!(get(redirect.header("location").unwrap()).body == body(7, 768));
}

#[test]
fn a_data_directory_that_takes_no_writes_is_named_at_the_start() {
    let mut server = Server::start(&[]);
    server.add_member("alice");
    server.sigkill();
    let data = server.data();
    fs::remove_file(data.join("node.json")).unwrap();
    let output = rockpool_on_mounts(
        "mount --bind . .; mount -o remount,bind,ro .; cd \"$0\"",
        &data,
        &[
            "serve",
            "--s3",
            "127.0.0.1:0",
            "--redirector",
            "127.0.0.1:0",
            "--blobs",
            "127.0.0.1:0",
        ],
    )
    .arg("--data")
    .arg(&data)
    .output()
    .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains(data.to_str().unwrap()), "{words}");
    assert!(words.to_lowercase().contains("read-only"), "{words}");
}
