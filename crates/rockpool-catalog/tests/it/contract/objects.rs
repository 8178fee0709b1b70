//! Finding, changing and removing objects.
use std::collections::BTreeMap;

use rockpool_catalog::{Catalog, CatalogError, ObjectChange, PutOutcome, Usage};
use rockpool_types::{
    Acl, Checksum, ChecksumAlgorithm, Conditions, ETag, ETagCondition, ObjectAttributes,
};

use crate::world::{Content, World, at, object_key};

pub(crate) async fn an_object_comes_back_as_it_was_put(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let mut put = world.private("ein/Schlüssel\u{10FFFF}", Content(7));
    put.etag = ETag::multipart([9; 16], 2);
    put.attributes = ObjectAttributes {
        content_type: Some("image/x-odd".into()),
        cache_control: Some("max-age=7".into()),
        content_disposition: Some("inline; filename=\"a.png\"".into()),
        user_metadata: [("a".to_owned(), "b".to_owned())].into(),
        tags: [("t".to_owned(), "u".to_owned())].into(),
        checksum: Some(Checksum::new(ChecksumAlgorithm::Crc32, vec![1, 2, 3, 4]).unwrap()),
        part_sizes: vec![5, 3],
        ..ObjectAttributes::default()
    };
    let outcome = world.put(put.clone()).await;
    assert_eq!(outcome, PutOutcome::Mapped { known: false });
    let found = catalog.find_object(put.bucket, &put.key).await.unwrap();
    let object = found.unwrap();
    assert_eq!(object.key, put.key);
    assert_eq!(object.etag, put.etag);
    assert_eq!(object.acl, put.acl);
    assert_eq!(object.modified_at, put.now);
    assert_eq!(object.attributes, put.attributes);
    assert_eq!(object.blob.scope, put.scope);
    assert_eq!(object.blob.hash, put.hash);
    assert_eq!(object.blob.size, put.size);
    assert_eq!(object.blob.md5, put.md5);
    assert_eq!(object.blob.media_type, put.media_type);
}

pub(crate) async fn an_object_may_keep_an_earlier_time(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let mut put = world.public("a", Content(1));
    (put.modified_at, put.now) = (Some(at(3)), at(7));
    world.put(put.clone()).await;
    let found = catalog.find_object(put.bucket, &put.key).await.unwrap();
    assert_eq!(found.unwrap().modified_at, at(3));
}

pub(crate) async fn keys_differ_byte_by_byte(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let long = "x".repeat(1024);
    let keys = [
        "a", "A", "a ", " a", "a\0", "a/", "/a", "\u{e4}", "a\u{308}", "%61", "_", &long,
    ];
    for (number, key) in (1..).zip(keys) {
        world.store(key, Content(number)).await;
    }
    for (number, key) in (1..).zip(keys) {
        assert_eq!(
            world.content(key).await,
            Some(Content(number).hash()),
            "{key:?}"
        );
    }
    assert_eq!(world.content("b").await, None);
}

pub(crate) async fn removal_answers_for_every_key(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let keys: Vec<String> = (0..1000).map(|n| format!("k{n}")).collect();
    for key in keys.iter().step_by(2) {
        world.store(key, Content(1)).await;
    }
    let mut asked: Vec<_> = keys
        .iter()
        .map(|key| (object_key(key), Conditions::default()))
        .collect();
    asked.push((object_key("k0"), Conditions::default()));
    let answers = catalog.remove_objects(world.bucket.id, asked, at(5)).await;
    let expected: Vec<_> = (0..=1000).map(|n| Some(n % 2 == 0 && n < 1000)).collect();
    assert_eq!(answers.unwrap(), expected);
    let usage = catalog.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!(usage, Usage::default());
}

pub(crate) async fn removal_respects_conditions(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for key in ["a", "b", "c"] {
        world.store(key, Content(1)).await;
    }
    let tag = |text: &str| Conditions {
        if_match: Some(ETagCondition::OneOf(vec![text.to_owned()])),
        ..Conditions::default()
    };
    let right = ETag::single(Content(1).md5()).to_string();
    let any = Conditions {
        if_match: Some(ETagCondition::Any),
        ..Conditions::default()
    };
    let asked = vec![
        (object_key("a"), tag("other")),
        (object_key("b"), tag(&right)),
        (object_key("c"), any.clone()),
        (object_key("d"), any),
    ];
    let answers = catalog.remove_objects(world.bucket.id, asked, at(5)).await;
    assert_eq!(
        answers.unwrap(),
        [None, Some(true), Some(true), Some(false)]
    );
    assert!(world.content("a").await.is_some());
    let usage = catalog.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!(usage.objects, 1);
}

pub(crate) async fn acl_and_tags_change_without_the_content(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(1)).await;
    let (id, key) = (world.bucket.id, object_key("a"));
    let before = catalog.find_object(id, &key).await.unwrap().unwrap();
    let tags: BTreeMap<_, _> = [("k".to_owned(), "v".to_owned())].into();
    let change = ObjectChange {
        acl: Some(Acl::PublicReadWrite),
        tags: Some(tags.clone()),
    };
    let blob = before.blob.id;
    assert!(catalog.change_object(id, &key, blob, change).await.unwrap());
    let after = catalog.find_object(id, &key).await.unwrap().unwrap();
    let mut expected = before.clone();
    expected.acl = Acl::PublicReadWrite;
    expected.attributes.tags = tags;
    assert_eq!(after, expected);

    world.store("a", Content(2)).await;
    let change = ObjectChange {
        tags: Some([].into()),
        ..ObjectChange::default()
    };
    let late = catalog.change_object(id, &key, blob, change.clone()).await;
    assert!(!late.unwrap());
    let absent = object_key("b");
    let changed = catalog.change_object(id, &absent, blob, change).await;
    assert!(!changed.unwrap());
}

pub(crate) async fn a_change_that_would_publish_is_refused(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.put(world.private("a", Content(1))).await;
    let (id, key) = (world.bucket.id, object_key("a"));
    let before = catalog.find_object(id, &key).await.unwrap().unwrap();
    let change = ObjectChange {
        acl: Some(Acl::PublicRead),
        tags: Some([].into()),
    };
    let refused = catalog
        .change_object(id, &key, before.blob.id, change)
        .await;
    assert!(
        matches!(refused, Err(CatalogError::Internal { .. })),
        "{refused:?}"
    );
    assert_eq!(catalog.find_object(id, &key).await.unwrap(), Some(before));
}
