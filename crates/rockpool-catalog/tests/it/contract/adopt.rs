//! Adopting another pool's names, and what poolmgr did to long ones.
use std::time::Duration;

use rockpool_catalog::{
    AdoptOutcome, AdoptPage, AdoptedName, Adoption, Catalog, ObjectChange, PutOutcome, Scope, Usage,
};
use rockpool_types::{Acl, ETagCondition};

use crate::world::{Content, World, at, gone, object_key};

const SOURCE: &str = "mysql://db.example:3306/jortage";

/// Names of a world's bucket, as a page of an adoption.
fn page(world: &World, adoption: &Adoption, last_id: u64, names: &[(&str, Content)]) -> AdoptPage {
    let name = |(key, content): &(&str, Content)| AdoptedName {
        bucket: world.bucket.id,
        key: object_key(key),
        hash: content.hash(),
        size: content.size(),
    };
    AdoptPage {
        adoption: adoption.clone(),
        last_id,
        names: names.iter().map(name).collect(),
        left_out: 0,
    }
}

/// Begins an adoption, and adopts one page.
async fn adopt(world: &World, names: &[(&str, Content)]) -> Adoption {
    let catalog = &world.catalog;
    let adoption = catalog.begin_adoption(SOURCE, at(5)).await.unwrap();
    let last_id = adoption.last_id + 10;
    let outcome = catalog
        .adopt(page(world, &adoption, last_id, names))
        .await
        .unwrap();
    match outcome {
        AdoptOutcome::Adopted(adoption) => adoption,
        other => panic!("{other:?}"),
    }
}

async fn usage(world: &World) -> (u64, u64) {
    let usage = world.catalog.usage_of_bucket(world.bucket.id).await;
    let Usage {
        objects,
        object_bytes,
    } = usage.unwrap();
    (objects, object_bytes)
}

pub(crate) async fn names_are_adopted_with_exact_counts(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("mine", Content(1)).await;
    world.store("gone", Content(2)).await;
    assert!(world.remove("gone", at(2)).await);
    let reserved = world.reserve(&world.public("later", Content(3))).await;
    let names = [
        ("a", Content(1)),
        ("b", Content(2)),
        ("c", Content(3)),
        ("d", Content(4)),
        ("e", Content(4)),
        ("mine", Content(5)),
    ];
    let adoption = adopt(&world, &names).await;
    assert_eq!((adoption.adopted, adoption.kept), (5, 1));
    assert_eq!(adoption.last_id, 10);

    let sizes = |contents: &[u64]| contents.iter().map(|n| Content(*n).size()).sum::<u64>();
    assert_eq!(usage(&world).await, (6, sizes(&[1, 1, 2, 3, 4, 4])));
    let stored = catalog.usage_of_store().await.unwrap();
    assert_eq!(stored, (4, sizes(&[1, 2, 3, 4])));
    assert_eq!(world.content("mine").await, Some(Content(1).hash()));
    let found = catalog.find_object(world.bucket.id, &object_key("d")).await;
    let object = found.unwrap().unwrap();
    assert_eq!((object.acl, object.modified_at), (Acl::PublicRead, at(5)));
    assert_eq!(object.etag.parts(), 1);
    assert!(!object.blob.is_described() && object.blob.known_md5().is_none());

    // Who was storing the same content meanwhile finds it stored.
    let put = world.public("later", Content(3));
    let outcome = catalog.put_object(put, Some(reserved)).await.unwrap();
    assert!(matches!(outcome, PutOutcome::Mapped { .. }), "{outcome:?}");
    // References are as many as objects: the last to go leaves the blob idle.
    let blobs = |catalog: Catalog| async move {
        let idle = catalog.list_collectable(at(99), Duration::ZERO, None, 100);
        idle.await.unwrap().len()
    };
    for (key, idle) in [
        ("d", 0),
        ("e", 1),
        ("b", 2),
        ("c", 2),
        ("later", 3),
        ("a", 3),
        ("mine", 4),
    ] {
        assert!(world.remove(key, at(9)).await, "{key}");
        assert_eq!(blobs(catalog.clone()).await, idle, "after {key}");
    }
    assert_eq!(usage(&world).await, (0, 0));
}

pub(crate) async fn an_adoption_goes_on_where_it_was(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    assert_eq!(catalog.find_adoption(SOURCE).await.unwrap(), None);
    let first = catalog.begin_adoption(SOURCE, at(5)).await.unwrap();
    let after = adopt(&world, &[("a", Content(1))]).await;
    // Another process that has not heard of it changes nothing.
    let late = page(&world, &first, 10, &[("b", Content(2))]);
    let outcome = catalog.adopt(late).await.unwrap();
    assert_eq!(outcome, AdoptOutcome::Overtaken);
    assert_eq!(world.content("b").await, None);

    let again = catalog.begin_adoption(SOURCE, at(77)).await.unwrap();
    assert_eq!(again, after);
    assert_eq!(again.started_at, at(5));
    catalog.finish_adoption(SOURCE, at(80)).await.unwrap();
    let finished = catalog.find_adoption(SOURCE).await.unwrap().unwrap();
    assert_eq!(finished.finished_at, Some(at(80)));
}

pub(crate) async fn an_adoption_waits_for_a_deletion(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("gone", Content(2)).await;
    assert!(world.remove("gone", at(2)).await);
    let minute = Duration::from_secs(60);
    let claims = catalog.claim_deletions(7, at(3), Duration::ZERO, minute, minute, 10);
    let claims = claims.await.unwrap();
    let adoption = catalog.begin_adoption(SOURCE, at(5)).await.unwrap();
    let names = [("a", Content(1)), ("b", Content(2))];
    let outcome = catalog.adopt(page(&world, &adoption, 10, &names)).await;
    assert_eq!(outcome.unwrap(), AdoptOutcome::Wait);
    assert_eq!(world.content("a").await, None);
    assert!(catalog.finish_deletion(&claims[0], &gone()).await.unwrap());
    adopt(&world, &names).await;
    assert_eq!(world.content("b").await, Some(Content(2).hash()));
}

pub(crate) async fn many_names_are_adopted_at_once(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let keys: Vec<String> = (0..1500).map(|n| format!("k{n}")).collect();
    let names: Vec<_> = (0..1500)
        .map(|n| (keys[n as usize].as_str(), Content(n / 3)))
        .collect();
    adopt(&world, &names).await;
    let bytes: u64 = names.iter().map(|(_, content)| content.size()).sum();
    assert_eq!(usage(&world).await, (1500, bytes));
    assert_eq!(catalog.usage_of_store().await.unwrap().0, 500);
    for n in [0, 1, 255, 256, 1023, 1499] {
        assert_eq!(world.content(&keys[n]).await, Some(names[n].1.hash()));
    }
}

pub(crate) async fn an_adopted_blob_is_described_once(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    adopt(
        &world,
        &[("a", Content(1)), ("b", Content(2)), ("c", Content(3))],
    )
    .await;
    let newest = catalog.newest_blob().await.unwrap();
    let page = catalog.list_undescribed(None, 2).await.unwrap();
    assert_eq!(page.len(), 2);
    let rest = catalog.list_undescribed(Some(page[1].id), 2).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(newest, Some(rest[0].id));
    catalog
        .describe_blob(page[0].id, "text/plain")
        .await
        .unwrap();
    catalog
        .describe_blob(page[0].id, "text/html")
        .await
        .unwrap();
    let found = catalog
        .find_blob(Scope::Public, &page[0].hash)
        .await
        .unwrap();
    assert_eq!(found.unwrap().media_type, "text/plain");

    // Whoever brings the same content knows all about it.
    let key_and_content = [("a", Content(1)), ("b", Content(2)), ("c", Content(3))]
        .into_iter()
        .find(|(_, content)| content.hash() == page[1].hash);
    let (key, content) = key_and_content.unwrap();
    world.store("again", content).await;
    let found = catalog.find_blob(Scope::Public, &content.hash()).await;
    let blob = found.unwrap().unwrap();
    assert_eq!(
        (blob.media_type.as_str(), blob.md5),
        ("image/png", content.md5())
    );
    let object = catalog.find_object(world.bucket.id, &object_key(key)).await;
    let etag = object.unwrap().unwrap().etag;
    assert_eq!(etag.parts(), 1, "an ETag stays as it was");
    assert_eq!(catalog.list_undescribed(None, 10).await.unwrap().len(), 1);
}

pub(crate) async fn a_shortened_key_answers_for_the_whole_one(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let (read, written, tagged) = ("r".repeat(300), "w".repeat(300), "t".repeat(300));
    let short = |key: &str| object_key(key).short_form().unwrap().as_str().to_owned();
    let names = [&read, &written, &tagged].map(|key| short(key));
    for (number, name) in (1..).zip(&names) {
        world.store(name, Content(number)).await;
    }
    let found = catalog
        .find_object(world.bucket.id, &object_key(&read))
        .await;
    let object = found.unwrap().unwrap();
    assert_eq!(object.key, object_key(&read));
    assert_eq!(object.blob.hash, Content(1).hash());
    assert_eq!(world.content(&"x".repeat(300)).await, None);

    // Written to, it gets its whole key, and counts as the one object that it is.
    let mut put = world.public(&written, Content(9));
    put.conditions.if_match = Some(ETagCondition::OneOf(vec!["other".to_owned()]));
    assert_eq!(world.put(put).await, PutOutcome::ConditionFailed);
    world.store(&written, Content(9)).await;
    assert_eq!(world.content(&written).await, Some(Content(9).hash()));
    assert_eq!(world.content(&names[1]).await, None);
    let change = ObjectChange {
        acl: Some(Acl::PublicReadWrite),
        tags: None,
    };
    let tagged_key = object_key(&tagged);
    let found = catalog.find_object(world.bucket.id, &tagged_key).await;
    let blob = found.unwrap().unwrap().blob.id;
    let changed = catalog.change_object(world.bucket.id, &tagged_key, blob, change);
    assert!(changed.await.unwrap());
    let sizes = Content(1).size() + Content(9).size() + Content(3).size();
    assert_eq!(usage(&world).await, (3, sizes));

    // Removed, it is gone under both.
    assert!(world.remove(&read, at(5)).await);
    assert_eq!(world.content(&read).await, None);
    assert_eq!(world.content(&names[0]).await, None);
    // One that is adopted after the whole key was written is older, and goes with it.
    world.store(&names[1], Content(2)).await;
    assert_eq!(world.content(&written).await, Some(Content(9).hash()));
    assert!(world.remove(&written, at(5)).await);
    assert_eq!(world.content(&written).await, None);
    assert_eq!(usage(&world).await, (1, Content(3).size()));
}
