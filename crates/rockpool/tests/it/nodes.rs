//! Several nodes of one pool, each a process with a data directory of its own, over one catalog, one blob store and one
//! staging directory.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rockpool_testkit::Engine;
use tempfile::TempDir;

use crate::{
    harness::{Keys, Server, within_two_seconds},
    http::{Client, get},
};

/// Nodes and what they share.
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<Server>,
    shared: TempDir,
}

impl Nodes {
    /// Starts three nodes on a fresh catalog of this run's engine, with further lines of configuration.
    fn start(configuration: &str) -> Self {
        let shared = tempfile::tempdir().unwrap();
        let catalog = Engine::of_this_run().fresh_catalog(shared.path());
        Self::at(shared, &[&catalog, &catalog, &catalog], configuration)
    }

    /// Starts a node for each catalog URL (all lead to one database), with further lines of configuration. They share
    /// what lies in `shared`.
    pub(crate) fn at(shared: TempDir, catalogs: &[&str], configuration: &str) -> Self {
        let key = shared.path().join("sealing.key");
        fs::write(&key, format!("{}\n", "5a".repeat(32))).unwrap();
        let node = |catalog: &&str| {
            let configuration = format!(
                "[catalog]\nurl = \"{catalog}\"\nsealing_key_file = \"{key}\"\n\
                 [store]\ndirectory = \"{root}/store\"\n[staging]\ndirectory = \"{root}/staging\"\n{configuration}",
                key = key.display(),
                root = shared.path().display(),
            );
            Server::configured_as_given(&configuration, &[])
        };
        let nodes = catalogs.iter().map(node).collect();
        Self { nodes, shared }
    }

    /// The files of blobs, public and private.
    pub(crate) fn blob_files(&self) -> BTreeSet<PathBuf> {
        let store = self.shared.path().join("store");
        files(&store.join("blobs"))
            .chain(files(&store.join("private")))
            .collect()
    }

    /// A client of the member at each node.
    pub(crate) fn clients(&self, member: &Keys) -> Vec<Client> {
        self.nodes
            .iter()
            .map(|node| Client::new(node, member))
            .collect()
    }
}

fn files(directory: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    Box::new(entries.flat_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path)
        } else {
            Box::new(std::iter::once(path))
        }
    }))
}

/// Bytes that no other seed has.
pub(crate) fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn parts_of_an_upload_come_to_any_node() {
    let pool = Nodes::start("");
    let alice = pool.nodes[0].add_member("alice");
    let clients = pool.clients(&alice);
    // The first is kept in the staging directory, the others in the catalog; they come out of order.
    let parts = [content(1, 5 << 20), content(2, 40_000), content(3, 7)];
    let upload = clients[0].create_upload("film.mp4");
    let mut etags = vec![String::new(); 3];
    for (number, node) in [(3, 1), (1, 2), (2, 0)] {
        etags[number - 1] = clients[node].put_part("film.mp4", &upload, number, &parts[number - 1]);
    }
    assert_eq!(
        clients[2]
            .complete_upload("film.mp4", &upload, &etags)
            .status,
        200
    );
    for client in &clients {
        assert!(client.get("film.mp4").body == parts.concat());
    }
    let again = clients[1].complete_upload("film.mp4", &upload, &etags);
    assert_eq!(again.status, 200, "asked again at another node");
}

#[test]
fn what_one_node_changes_all_know_within_two_seconds() {
    let pool = Nodes::start("");
    let [first, _, last] = &pool.nodes[..] else {
        panic!("three nodes");
    };
    let alice = first.add_member("alice");
    let clients = pool.clients(&alice);
    assert_eq!(clients[0].put("a.png", &content(1, 3_000)).status, 200);
    // All nodes now remember what they know of the key and the bucket.
    let url = format!("{}/alice/a.png", last.redirector_url());
    for client in &clients {
        assert_eq!(client.get("a.png").status, 200);
    }
    assert_eq!(get(&url).status, 301);

    first.cli_ok(&["bucket", "set", "alice", "--delivery", "direct"]);
    within_two_seconds("the way of delivery", || get(&url).status == 200);
    first.cli_ok(&["member", "suspend", "alice"]);
    within_two_seconds("a suspended member", || {
        clients[2].get("a.png").status == 403
    });
    first.cli_ok(&["member", "resume", "alice"]);
    within_two_seconds("a resumed member", || clients[2].get("a.png").status == 200);

    // Objects are never remembered: what one node has acknowledged, all others answer.
    for round in 0..20 {
        let (here, there) = (&clients[round % 3], &clients[(round + 1) % 3]);
        let bytes = content(round as u64 + 10, 2_000);
        assert_eq!(here.put("b.png", &bytes).status, 200);
        assert!(there.get("b.png").body == bytes, "an overwritten object");
        assert_eq!(there.put_acl("b.png", "private").status, 200);
        let public = format!("{}/alice/b.png", pool.nodes[round % 3].redirector_url());
        assert_eq!(get(&public).status, 403, "an object that was made private");
        assert_eq!(here.delete("b.png").status, 204);
        assert_eq!(there.get("b.png").status, 404, "a deleted object");
    }

    first.cli_ok(&["member", "key", "revoke", "alice", &alice.access_key_id]);
    within_two_seconds("a revoked key", || clients[2].get("a.png").status == 403);
}

#[test]
fn one_content_at_all_nodes_at_once_is_one_blob() {
    let pool = Nodes::start("[collect]\ngrace = \"0s\"\ninterval = \"1s\"\n");
    let alice = pool.nodes[0].add_member("alice");
    let clients = pool.clients(&alice);
    for round in 0..10 {
        let bytes = content(round, 300_000);
        thread::scope(|scope| {
            for (node, client) in clients.iter().enumerate() {
                for copy in 0..4 {
                    let bytes = &bytes;
                    scope.spawn(move || {
                        let reply = client.put(&format!("{node}/{copy}.bin"), bytes);
                        assert_eq!(
                            reply.status,
                            200,
                            "{}",
                            String::from_utf8_lossy(&reply.body)
                        );
                    });
                }
            }
        });
        let hash = pool.nodes[0].cli_json(&["object", "stat", "alice/0/0.bin"])["blob"].clone();
        let of_hash = |path: &PathBuf| path.ends_with(hash.as_str().unwrap());
        assert_eq!(
            pool.blob_files()
                .iter()
                .filter(|path| of_hash(path))
                .count(),
            1
        );
        assert!(clients[2].get("1/3.bin").body == bytes);
    }
    // The contents of the earlier rounds go, by whichever node collects them first, and the last one stays.
    let since = Instant::now();
    while pool.blob_files().len() > 1 {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{:?}",
            pool.blob_files()
        );
        thread::sleep(Duration::from_millis(50));
    }
    assert!(clients[1].get("2/0.bin").body == content(9, 300_000));
    let member = pool.nodes[1].cli_json(&["member", "show", "alice"]);
    assert_eq!(member["usage"]["objects"], 12, "{member}");
    assert_eq!(member["usage"]["object_bytes"], 12 * 300_000, "{member}");
}

#[test]
fn what_a_dead_node_had_begun_is_cleared_by_another() {
    let configuration =
        "[collect]\ninterval = \"off\"\nstore_lease = \"1s\"\nupload_lifetime = \"1s\"\n";
    let mut pool = Nodes::start(configuration);
    let alice = pool.nodes[0].add_member("alice");
    let clients = pool.clients(&alice);
    let upload = clients[1].create_upload("film.mp4");
    clients[1].put_part("film.mp4", &upload, 1, &content(1, 1 << 20));
    pool.nodes[1].sigkill();
    let since = Instant::now();
    loop {
        let report = pool.nodes[0].cli_json(&["gc"]);
        if report["removed_uploads"] == 1 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "{report}");
        thread::sleep(Duration::from_millis(200));
    }
    let staging = pool.shared.path().join("staging");
    assert_eq!(
        files(&staging.join("staging")).count(),
        0,
        "its part is gone"
    );
    assert_eq!(clients[2].put("after.png", b"after").status, 200);
}
