//! Blobs at an S3 provider: one pool as the provider of another.
use std::fs;

use crate::{
    harness::{Keys, Server, within_two_seconds},
    http::{Client, get},
};

/// A pool whose blobs lie in a bucket of `provider`, the secret in a file.
pub(crate) fn pool_at(provider: &Server, keys: &Keys, staging: &str) -> Server {
    let secret_file = provider.scratch().join("secret");
    fs::write(&secret_file, format!("{}\n", keys.secret_access_key)).unwrap();
    let configuration = format!(
        "[public]\nblob_url = \"{}/{bucket}/pool\"\n\
         [collect]\ngrace = \"0s\"\ninterval = \"off\"\n\
         [store]\nkind = \"s3\"\n\
         [store.s3]\nendpoint = \"{}\"\nbucket = \"{bucket}\"\nfolder = \"pool\"\npublic_acl = true\n\
         access_key_id = \"{}\"\nsecret_access_key_file = \"{}\"\n\
         [staging]\nkind = \"{staging}\"\n",
        provider.redirector_url(),
        provider.s3_url(),
        keys.access_key_id,
        secret_file.display(),
        bucket = keys.name,
    );
    Server::configured(&configuration, &[])
}

#[test]
fn blobs_lie_at_the_provider_and_go_from_there() {
    let provider = Server::start(&[]);
    let keys = provider.add_member("stock");
    let pool = pool_at(&provider, &keys, "disk");
    let alice = pool.add_member("alice");
    let client = Client::new(&pool, &alice);
    let picture = vec![5; 300_000];
    assert_eq!(client.put("a.bin", &picture).status, 200);
    assert_eq!(client.put("again.bin", &picture).status, 200);
    assert!(client.get("a.bin").body == picture);

    let stat = pool.cli_json(&["object", "stat", "alice/a.bin"]);
    let hash = stat["blob"].as_str().unwrap();
    let key = format!("pool/blobs/{}/{}/{hash}", &hash[..1], &hash[1..4]);
    let stored = || provider.cli_json(&["object", "ls", "stock/pool/blobs/", "--recursive"]);
    assert_eq!(stored()["objects"].as_array().unwrap().len(), 1);
    assert_eq!(stored()["objects"][0]["key"], key.as_str());
    assert_eq!(stored()["objects"][0]["acl"], "public-read");

    let to_provider = get(&format!("{}/alice/a.bin", pool.redirector_url()));
    let url = to_provider.header("location").unwrap();
    assert_eq!(url, format!("{}/stock/{key}", provider.redirector_url()));
    let to_blob = get(url);
    assert!(get(to_blob.header("location").unwrap()).body == picture);

    assert_eq!(client.delete("a.bin").status, 204);
    assert_eq!(client.delete("again.bin").status, 204);
    within_two_seconds("the blob goes", || {
        pool.cli_json(&["gc"]);
        stored()["objects"] == serde_json::json!([])
    });
}

#[test]
fn a_node_whose_provider_is_away_lives_and_says_that_it_is_not_ready() {
    let mut provider = Server::start(&[]);
    let keys = provider.add_member("stock");
    let pool = pool_at(&provider, &keys, "store");
    let ready = format!("{}/readyz", pool.s3_url());
    assert_eq!(get(&ready).status, 200);
    provider.sigkill();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(get(&ready).status, 503);
    assert_eq!(get(&format!("{}/healthz", pool.s3_url())).status, 200);
    provider.restart();
}
