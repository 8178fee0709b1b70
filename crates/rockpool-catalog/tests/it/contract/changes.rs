//! What is noted of every change, until it is written down.
use std::collections::BTreeMap;

use rockpool_catalog::{AccessKey, Catalog, ManifestLine, ObjectChange};
use rockpool_types::AccessKeyId;

use crate::world::{Content, World, at, object_key};

/// All that is noted, which is then forgotten.
async fn drain(catalog: &Catalog) -> Vec<ManifestLine> {
    let changes = catalog.read_changes(1_000).await.unwrap();
    let lines = changes.lines.clone();
    catalog.forget_changes(changes).await.unwrap();
    lines
}

fn keys(lines: &[ManifestLine]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line.name().map_or("accounts", |(_, key)| key))
        .collect()
}

fn json(line: &ManifestLine) -> serde_json::Value {
    serde_json::to_value(line).unwrap()
}

pub(crate) async fn every_change_is_noted_and_forgotten_when_told(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    assert_eq!(keys(&drain(&catalog).await), ["accounts"]);
    alice.store("a", Content(1)).await;
    alice.store("b", Content(2)).await;
    alice.store("a", Content(3)).await;
    let first = catalog.read_changes(1_000).await.unwrap();
    assert_eq!((first.rows(), keys(&first.lines)), (3, vec!["a", "b"]));
    let again = catalog.read_changes(1_000).await.unwrap();
    assert_eq!(again.lines, first.lines, "nothing is forgotten by itself");
    let object = &json(&first.lines[0])["name"]["object"];
    assert_eq!(object["sha512"], Content(3).hash().to_hex());
    assert_eq!(object["acl"], "public-read");
    // What comes between reading and forgetting stays.
    assert!(alice.remove("a", at(5)).await);
    catalog.forget_changes(first).await.unwrap();
    catalog.forget_changes(again).await.unwrap();
    let lines = drain(&catalog).await;
    assert_eq!(keys(&lines), ["a"]);
    assert!(json(&lines[0])["name"]["object"].is_null());
    assert!(!alice.remove("a", at(6)).await);
    assert_eq!(keys(&drain(&catalog).await), Vec::<&str>::new());

    let key = object_key("b");
    let found = catalog.find_object(alice.bucket.id, &key).await;
    let change = ObjectChange {
        tags: Some([("k".to_owned(), "v".to_owned())].into()),
        ..ObjectChange::default()
    };
    let blob = found.unwrap().unwrap().blob.id;
    let changed = catalog.change_object(alice.bucket.id, &key, blob, change);
    assert!(changed.await.unwrap());
    let lines = drain(&catalog).await;
    assert_eq!(
        json(&lines[0])["name"]["object"]["attributes"]["tags"]["k"],
        "v"
    );
    alice.put(alice.private("b", Content(2))).await;
    assert_eq!(
        json(&drain(&catalog).await[0])["name"]["object"]["acl"],
        "private"
    );
}

pub(crate) async fn changes_are_read_in_pages_of_the_oldest(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    for n in 0..25 {
        alice.store(&format!("{:02}", 24 - n), Content(n)).await;
    }
    let mut seen = BTreeMap::new();
    let mut last = 0;
    for rows in [10, 10, 6, 0] {
        let page = catalog.read_changes(10).await.unwrap();
        assert_eq!(page.rows(), rows);
        let newest = page.lines.iter().map(ManifestLine::number).max();
        let oldest = page.lines.iter().map(ManifestLine::number).min();
        assert!(oldest.is_none_or(|oldest| oldest > last));
        last = newest.unwrap_or(last);
        for line in &page.lines {
            let name = line.name().map(|(_, key)| key.to_owned());
            assert!(seen.insert(name, line.number()).is_none());
        }
        catalog.forget_changes(page).await.unwrap();
    }
    assert_eq!(seen.len(), 26, "with that of the member");
}

pub(crate) async fn accounts_are_noted_whole(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    drain(&catalog).await;
    let key = AccessKey {
        id: AccessKeyId::new("RPKEY").unwrap(),
        member: alice.member.id,
        sealed_secret: vec![0, 255, 7],
        read_only: false,
        bucket: None,
        label: "Schlüssel".to_owned(),
        created_at: at(1),
        revoked_at: None,
    };
    assert!(catalog.insert_access_key(key.clone()).await.unwrap());
    let lines = drain(&catalog).await;
    assert_eq!(keys(&lines), ["accounts"]);
    let noted = &json(&lines[0])["accounts"];
    assert_eq!(noted["members"][0]["name"], "alice");
    assert_eq!(noted["buckets"][0]["name"], "alice");
    assert_eq!(noted["access_keys"][0]["label"], "Schlüssel");
    assert_eq!(noted["access_keys"][0]["sealed_secret"]["hex"], "00ff07");
    assert!(catalog.revoke_access_key(&key.id, at(7)).await.unwrap());
    assert!(!catalog.revoke_access_key(&key.id, at(8)).await.unwrap());
    let lines = drain(&catalog).await;
    assert_eq!(keys(&lines), ["accounts"]);
    let revoked = &json(&lines[0])["accounts"]["access_keys"][0]["revoked_at"];
    assert_eq!(revoked, &serde_json::json!(at(7).as_millis()));
    assert!(catalog.remove_member(alice.member.id).await.unwrap());
    let lines = drain(&catalog).await;
    assert_eq!(
        json(&lines[0])["accounts"]["members"],
        serde_json::json!([])
    );
}

pub(crate) async fn numbers_go_on_from_the_present(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let number = async |key: &str| {
        alice.store(key, Content(1)).await;
        drain(&catalog).await.last().unwrap().number()
    };
    assert!(number("a").await < at(0).as_millis());
    catalog.renumber_changes(at(0)).await.unwrap();
    let first = number("b").await;
    assert!(first > at(0).as_millis() * 1_000);
    // Neither an earlier clock nor the same one takes them back.
    catalog.renumber_changes(at(-1_000)).await.unwrap();
    let second = number("c").await;
    assert!(second > first);
    catalog.renumber_changes(at(0)).await.unwrap();
    assert!(number("d").await > second);
    catalog.renumber_changes(at(60)).await.unwrap();
    assert!(number("e").await > at(60).as_millis() * 1_000);
}
