//! Putting objects: sharing, checks and their order, claims.
use rockpool_catalog::{
    BlobId, Catalog, CatalogError, CollectReason, MemberLimits, PutObject, PutOutcome, Scope, Usage,
};
use rockpool_types::{Acl, Conditions, ETag, ETagCondition, ObjectAttributes};
use std::time::Duration;

use super::uploads::{part, upload, upload_id};
use crate::world::{AMPLE, Content, LEASE, World, at, object_key};

pub(crate) async fn equal_content_is_one_blob(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    alice.store("a", Content(7)).await;
    let known = bob.put(bob.public("b", Content(7))).await;
    assert_eq!(known, PutOutcome::Mapped { known: true });
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 8));
    let one = Usage {
        objects: 1,
        object_bytes: 8,
    };
    for member in [alice.member.id, bob.member.id] {
        assert_eq!(catalog.usage_of_member(member).await.unwrap(), one);
    }
}

pub(crate) async fn private_content_is_never_shared(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    let fresh = PutOutcome::Mapped { known: false };
    assert_eq!(alice.put(alice.private("a", Content(7))).await, fresh);
    assert_eq!(bob.put(bob.private("a", Content(7))).await, fresh);
    assert_eq!(bob.put(bob.public("b", Content(7))).await, fresh);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (3, 24));
    let again = alice.put(alice.private("b", Content(7))).await;
    assert_eq!(again, PutOutcome::Mapped { known: true });
    let public = catalog.find_blob(Scope::Public, &Content(7).hash()).await;
    let private = Scope::Private(alice.member.id);
    let private = catalog.find_blob(private, &Content(7).hash()).await;
    assert_ne!(public.unwrap().unwrap().id, private.unwrap().unwrap().id);
}

pub(crate) async fn a_scope_that_does_not_follow_from_the_acl_is_refused(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    let (public, private) = (Scope::Public, Scope::Private(bob.member.id));
    for (acl, scope) in [
        (Acl::PublicRead, Scope::Private(alice.member.id)),
        (Acl::Private, public),
        (Acl::Private, private),
    ] {
        let put = PutObject {
            acl,
            scope,
            ..alice.public("a", Content(1))
        };
        let refused = catalog.put_object(put, None).await;
        assert!(
            matches!(refused, Err(CatalogError::Internal { .. })),
            "{acl} {scope:?}"
        );
    }
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
}

pub(crate) async fn an_overwrite_counts_the_difference(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for content in [Content(10), Content(500), Content(500), Content(20)] {
        world.store("a", content).await;
        let usage = catalog.usage_of_member(world.member.id).await.unwrap();
        let expected = Usage {
            objects: 1,
            object_bytes: content.size(),
        };
        assert_eq!(usage, expected);
        assert_eq!(world.content("a").await, Some(content.hash()));
    }
    let total = Content(10).size() + Content(500).size() + Content(20).size();
    assert_eq!(catalog.usage_of_store().await.unwrap(), (3, total));
}

fn with(conditions: Conditions, put: PutObject) -> PutObject {
    PutObject { conditions, ..put }
}

fn if_match(tags: ETagCondition) -> Conditions {
    Conditions {
        if_match: Some(tags),
        ..Conditions::default()
    }
}

fn if_none_match(tags: ETagCondition) -> Conditions {
    Conditions {
        if_none_match: Some(tags),
        ..Conditions::default()
    }
}

pub(crate) async fn conditions_decide_before_anything_changes(catalog: Catalog) {
    use ETagCondition::{Any, OneOf};
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(1)).await;
    let mut multipart = world.public("m", Content(1));
    multipart.etag = ETag::multipart([3; 16], 4);
    world.put(multipart.clone()).await;
    let tag = |etag: ETag| OneOf(vec!["x".into(), etag.to_string()]);
    let right = tag(ETag::single(Content(1).md5()));
    let mapped = PutOutcome::Mapped { known: true };
    let failed = PutOutcome::ConditionFailed;
    for (key, conditions, expected) in [
        ("a", if_match(tag(ETag::single([0; 16]))), &failed),
        ("a", if_match(right.clone()), &mapped),
        ("a", if_match(Any), &mapped),
        ("a", if_none_match(Any), &failed),
        ("a", if_none_match(right.clone()), &failed),
        ("a", if_none_match(tag(ETag::single([0; 16]))), &mapped),
        ("m", if_match(right.clone()), &failed),
        ("m", if_match(tag(multipart.etag)), &mapped),
        ("n", if_match(Any), &PutOutcome::Absent),
        ("n", if_match(right), &PutOutcome::Absent),
        ("n", if_none_match(Any), &mapped),
    ] {
        let put = with(conditions.clone(), world.public(key, Content(1)));
        assert_eq!(&world.put(put).await, expected, "{key} {conditions:?}");
    }
    let fresh = with(if_none_match(Any), world.public("a", Content(2)));
    assert_eq!(catalog.put_object(fresh, None).await.unwrap(), failed);
    let known = catalog
        .known_hashes(Scope::Public, vec![Content(2).hash()])
        .await;
    assert_eq!(known.unwrap(), [false], "a refusal reserves nothing");
}

pub(crate) async fn limits_hold_over_all_buckets_of_a_member(catalog: Catalog) {
    let limits = MemberLimits {
        max_bytes: Some(100),
        max_objects: Some(3),
        ..AMPLE
    };
    let first = World::with_limits(&catalog, "alice", limits).await;
    let name = "second".parse().unwrap();
    catalog
        .insert_bucket(first.member.id, &name, Acl::PublicRead, at(0))
        .await
        .unwrap();
    let second = World {
        bucket: catalog.find_bucket(&name).await.unwrap().unwrap(),
        ..first.clone()
    };
    first.store("a", Content(59)).await;
    assert_eq!(
        second.put(second.public("a", Content(40))).await,
        PutOutcome::LimitReached
    );
    second.store("a", Content(39)).await;
    first.store("a", Content(59)).await;
    assert_eq!(
        first.put(first.public("a", Content(60))).await,
        PutOutcome::LimitReached
    );
    first.store("a", Content(9)).await;
    second.store("b", Content(0)).await;
    assert_eq!(
        second.put(second.public("c", Content(0))).await,
        PutOutcome::LimitReached
    );
    let expected = Usage {
        objects: 3,
        object_bytes: 51,
    };
    assert_eq!(
        catalog.usage_of_member(first.member.id).await.unwrap(),
        expected
    );
    let another = World::new(&catalog, "bob").await;
    another.store("a", Content(999)).await;
}

pub(crate) async fn a_member_beyond_its_limit_may_shrink(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(100)).await;
    world.store("b", Content(100)).await;
    let limits = MemberLimits {
        max_bytes: Some(10),
        max_objects: Some(1),
        ..AMPLE
    };
    let change = rockpool_catalog::MemberChange {
        limits: Some(limits),
        state: None,
    };
    catalog
        .change_member(world.member.id, change)
        .await
        .unwrap();
    assert_eq!(
        world.put(world.public("a", Content(101))).await,
        PutOutcome::LimitReached
    );
    world.store("a", Content(99)).await;
    assert_eq!(
        world.put(world.public("c", Content(0))).await,
        PutOutcome::LimitReached
    );
    assert!(world.remove("b", at(2)).await);
    assert_eq!(
        catalog
            .usage_of_member(world.member.id)
            .await
            .unwrap()
            .object_bytes,
        100
    );
}

pub(crate) async fn checks_come_in_order(catalog: Catalog) {
    let limits = MemberLimits {
        max_bytes: Some(1),
        ..AMPLE
    };
    let world = World::with_limits(&catalog, "alice", limits).await;
    let mut put = PutObject {
        completes: Some(upload_id(1)),
        ..with(if_match(ETagCondition::Any), world.public("a", Content(5)))
    };
    assert_eq!(world.put(put.clone()).await, PutOutcome::UploadGone);
    put.completes = None;
    assert_eq!(world.put(put.clone()).await, PutOutcome::Absent);
    put.conditions = Conditions::default();
    assert_eq!(world.put(put.clone()).await, PutOutcome::LimitReached);
    assert!(catalog.remove_member(world.member.id).await.unwrap());
    put.completes = Some(upload_id(1));
    assert_eq!(world.put(put).await, PutOutcome::BucketGone);
}

/// A refusal with a claim leaves the blob idle: found, counted, and claimed by the next collection.
pub(crate) async fn a_refused_claim_leaves_the_blob_to_the_collector(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let put = world.public("a", Content(5));
    let claim = world.reserve(&put).await;
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
    let refused = with(if_match(ETagCondition::Any), put.clone());
    let outcome = catalog.put_object(refused, Some(claim)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Absent);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 6));
    let idle = catalog
        .list_collectable(at(1), Duration::ZERO, None, 9)
        .await
        .unwrap();
    assert_eq!((idle.len(), idle[0].reason), (1, CollectReason::Idle));

    let other = world.public("b", Content(6));
    let claim = world.reserve(&other).await;
    let foreign = PutObject {
        conditions: if_match(ETagCondition::Any),
        ..put
    };
    catalog.put_object(foreign, Some(claim)).await.unwrap();
    let late = at(1).plus(LEASE);
    let storing = catalog
        .list_collectable(late, Duration::from_secs(9999), None, 9)
        .await
        .unwrap();
    assert_eq!(
        storing[0].reason,
        CollectReason::LeaseExpired,
        "another claim's blob is left alone"
    );
}

pub(crate) async fn a_second_uploader_joins_the_first(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let first = world.public("a", Content(5));
    let second = PutObject {
        now: at(30),
        ..world.public("b", Content(5))
    };
    let claim: BlobId = world.reserve(&first).await;
    assert_eq!(world.reserve(&second).await, claim);
    let late = catalog
        .list_collectable(at(1).plus(LEASE), Duration::ZERO, None, 9)
        .await;
    assert_eq!(late.unwrap(), [], "the second one's lease counts");
    let fresh = PutOutcome::Mapped { known: false };
    assert_eq!(
        catalog.put_object(second, Some(claim)).await.unwrap(),
        fresh
    );
    assert_eq!(catalog.put_object(first, Some(claim)).await.unwrap(), fresh);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 6));
}

pub(crate) async fn completing_removes_the_upload_in_the_same_step(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let id = upload_id(1);
    assert!(
        catalog
            .insert_upload(upload(&world, &id, "a", 1))
            .await
            .unwrap()
    );
    catalog
        .put_part(&id, part(1, Some("staged")))
        .await
        .unwrap();
    let put = PutObject {
        completes: Some(id.clone()),
        ..world.public("a", Content(5))
    };
    let claim = world.reserve(&put).await;
    assert!(
        catalog
            .find_upload(world.bucket.id, &id)
            .await
            .unwrap()
            .is_some()
    );
    let outcome = catalog.put_object(put.clone(), Some(claim)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Mapped { known: false });
    assert_eq!(
        catalog.find_upload(world.bucket.id, &id).await.unwrap(),
        None
    );
    assert_eq!(catalog.list_parts(&id, 0, 10).await.unwrap(), []);
    assert_eq!(world.put(put).await, PutOutcome::UploadGone);
}

pub(crate) async fn an_object_that_moves_keeps_what_it_carries(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(1)).await;
    let key = object_key("a");
    let find = async || catalog.find_object(world.bucket.id, &key).await.unwrap();
    let from = find().await.unwrap().blob.id;
    let moved = PutObject {
        moves_from: Some(from),
        now: at(9),
        ..world.private("a", Content(1))
    };
    let overwrite = PutObject {
        etag: ETag::multipart([3; 16], 4),
        attributes: ObjectAttributes {
            cache_control: Some("max-age=2".into()),
            ..ObjectAttributes::default()
        },
        now: at(5),
        ..world.public("a", Content(1))
    };
    world.put(overwrite).await;
    let before = find().await.unwrap();
    assert_eq!(
        world.put(moved.clone()).await,
        PutOutcome::Mapped { known: false }
    );
    let after = find().await.unwrap();
    assert_ne!(after.blob.id, from);
    assert_eq!(after.acl, Acl::Private);
    assert_eq!(
        (after.etag, after.attributes, after.modified_at),
        (before.etag, before.attributes, before.modified_at)
    );
    assert_eq!(world.put(moved.clone()).await, PutOutcome::ConditionFailed);
    world.remove("a", at(10)).await;
    assert_eq!(world.put(moved).await, PutOutcome::Absent);
}

pub(crate) async fn many_header_sets_come_back(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let attributes = |n: usize| ObjectAttributes {
        content_type: (n < 70).then(|| format!("image/x-{}", n % 7)),
        cache_control: (n > 40).then(|| "x".repeat(n * 10)),
        ..ObjectAttributes::default()
    };
    for n in 0..100 {
        let put = PutObject {
            attributes: attributes(n),
            ..world.public(&n.to_string(), Content(1))
        };
        world.put(put).await;
    }
    for n in 0..100 {
        let key = object_key(&n.to_string());
        let found = catalog.find_object(world.bucket.id, &key).await.unwrap();
        assert_eq!(found.unwrap().attributes, attributes(n));
    }
}
