//! Listings in their three forms.
use crate::world::{Answer, World};

const KEYS: [&str; 7] = ["B", "a", "a/1", "a/2", "b/c/d", "b/e", "c"];

async fn world_with_keys() -> World {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for key in KEYS.iter().rev() {
        alice.put(&format!("/alice/{key}"), *key).await;
    }
    world
}

/// The prefixes that keys were rolled up to, without the one that was asked for.
fn rolled(answer: &Answer) -> Vec<String> {
    answer
        .tags("CommonPrefixes")
        .iter()
        .map(|text| text.replace("<Prefix>", "").replace("</Prefix>", ""))
        .collect()
}

#[tokio::test]
async fn keys_come_in_byte_order_with_all_that_clients_want() {
    let world = world_with_keys().await;
    let alice = world.again("alice").await;
    for target in ["/alice", "/alice/", "/alice?list-type=2", "/alice?versions"] {
        let found = alice.get(target).await.ok();
        assert_eq!(found.tags("Key"), KEYS, "{target}");
        assert_eq!(found.tag("Name"), "alice");
        assert_eq!(found.tag("IsTruncated"), "false");
        assert_eq!(found.tag("MaxKeys"), "1000");
        assert_eq!(found.tags("Size")[0], "1");
        assert!(found.tags("ETag")[0].starts_with("&quot;"));
        assert!(
            found.tags("LastModified")[0].ends_with(".000Z"),
            "{found:?}"
        );
    }
    let v2 = alice.get("/alice?list-type=2").await.ok();
    assert_eq!(v2.tag("KeyCount"), "7");
    assert!(!v2.text().contains("<Owner>"));
    let with_owner = alice.get("/alice?list-type=2&fetch-owner=true").await.ok();
    assert_eq!(with_owner.tag("ID"), "alice");
    let versions = alice.get("/alice?versions").await.ok();
    assert_eq!(versions.tags("VersionId"), ["null"; 7]);
    assert_eq!(versions.tags("IsLatest"), ["true"; 7]);
}

#[tokio::test]
async fn pages_of_every_size_add_up_to_the_whole() {
    let world = world_with_keys().await;
    let alice = world.again("alice").await;
    let whole = ["B", "a", "a/", "b/", "c"];
    for size in 1..=6 {
        for (form, marker, next) in [
            (
                "list-type=2&",
                "continuation-token",
                "NextContinuationToken",
            ),
            ("", "marker", "NextMarker"),
            ("versions&", "key-marker", "NextKeyMarker"),
        ] {
            let mut found = Vec::new();
            let mut place = String::new();
            loop {
                let target = format!("/alice?{form}delimiter=%2F&max-keys={size}{place}");
                let page = alice.get(&target).await.ok();
                let mut entries = page.tags("Key");
                entries.extend(rolled(&page));
                assert!(entries.len() <= size, "{target}");
                found.extend(entries);
                if page.tag("IsTruncated") == "false" {
                    assert_eq!(page.tag(next), "", "{target}");
                    break;
                }
                place = format!("&{marker}={}", page.tag(next).replace('/', "%2F"));
            }
            found.sort();
            assert_eq!(found, whole, "{form} {size}");
        }
    }
}

#[tokio::test]
async fn prefixes_delimiters_and_starts_narrow_a_listing() {
    let world = world_with_keys().await;
    let alice = world.again("alice").await;
    for (query, keys, prefixes) in [
        ("prefix=a", &["a", "a/1", "a/2"][..], &[][..]),
        ("prefix=a%2F&delimiter=%2F", &["a/1", "a/2"], &[]),
        ("prefix=b%2F&delimiter=%2F", &["b/e"], &["b/c/"]),
        ("prefix=&delimiter=", &KEYS, &[]),
        ("prefix=zzz", &[], &[]),
        ("start-after=a%2F2", &["b/c/d", "b/e", "c"], &[]),
        ("start-after=c", &[], &[]),
        ("max-keys=0", &[], &[]),
    ] {
        let found = alice.get(&format!("/alice?list-type=2&{query}")).await.ok();
        assert_eq!(found.tags("Key"), keys, "{query}");
        assert_eq!(rolled(&found), prefixes, "{query}");
        assert_eq!(found.tag("IsTruncated"), "false", "{query}");
    }
}

#[tokio::test]
async fn a_listing_is_true_right_after_writes_and_removals() {
    let world = world_with_keys().await;
    let alice = world.again("alice").await;
    for key in KEYS {
        alice
            .send(&format!("DELETE /alice/{key}"), &[], "")
            .await
            .status_is(204);
        let left = alice.get("/alice?list-type=2").await.ok();
        assert!(
            !left.tags("Key").iter().any(|listed| listed == key),
            "{key}"
        );
        alice.put(&format!("/alice/new-{}", key.len()), "x").await;
        let now = alice.get("/alice").await.ok();
        let new = format!("new-{}", key.len());
        assert!(now.tags("Key").contains(&new));
    }
}

#[tokio::test]
async fn a_key_with_control_characters_spoils_no_listing() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/a%01%0D%20b%3C%2B", "x").await;
    alice.put("/alice/b", "x").await;
    for form in ["", "list-type=2&", "versions&"] {
        let url = alice.get(&format!("/alice?{form}encoding-type=url")).await;
        assert_eq!(url.ok().tags("Key"), ["a%01%0D%20b%3C%2B", "b"], "{form}");
        let plain = alice.get(&format!("/alice?{form}prefix=")).await.ok();
        assert_eq!(plain.tags("Key"), ["a&#x1;&#xd; b&lt;+", "b"], "{form}");
    }
    let echoed = alice
        .get("/alice?encoding-type=url&prefix=a%01&delimiter=%20&marker=a%00")
        .await
        .ok();
    assert_eq!(echoed.tag("EncodingType"), "url");
    assert_eq!(echoed.tag("Delimiter"), "%20");
    assert_eq!(echoed.tag("Marker"), "a%00");
    assert_eq!(rolled(&echoed), ["a%01%0D%20"]);
}

#[tokio::test]
async fn bad_questions_are_refused() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    for query in [
        "max-keys=-1",
        "max-keys=many",
        "list-type=2&continuation-token=not%20ours",
        "encoding-type=base64",
        "versions&version-id-marker=null",
    ] {
        alice
            .get(&format!("/alice?{query}"))
            .await
            .fails(400, "InvalidArgument");
    }
}
