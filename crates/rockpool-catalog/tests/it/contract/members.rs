//! Members, their keys and buckets.
use rockpool_catalog::{
    AccessKey, BucketChange, Catalog, MemberChange, MemberLimits, MemberState, NewBucket,
    RemoveBucket,
};
use rockpool_types::{AccessKeyId, Acl, BucketName, DeliveryMode, HostName, MemberName};

use crate::world::{AMPLE, Content, World, at};

fn name(text: &str) -> MemberName {
    MemberName::new(text).unwrap()
}

fn bucket_name(text: &str) -> BucketName {
    BucketName::new(text).unwrap()
}

fn key(world: &World, id: &str) -> AccessKey {
    AccessKey {
        id: AccessKeyId::new(id).unwrap(),
        member: world.member.id,
        sealed_secret: vec![0, 255, 7],
        read_only: true,
        bucket: None,
        label: "laptop".into(),
        created_at: at(5),
        revoked_at: None,
    }
}

pub(crate) async fn a_member_comes_with_a_bucket_of_its_name(catalog: Catalog) {
    let limits = MemberLimits {
        max_buckets: 2,
        max_bytes: Some(10),
        max_objects: None,
    };
    let member = catalog
        .insert_member(&name("alice"), limits, at(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((member.limits, member.created_at), (limits, at(3)));
    assert_eq!(member.state, MemberState::Active);
    assert_eq!(
        catalog.find_member(&name("alice")).await.unwrap(),
        Some(member.clone())
    );
    let bucket = catalog
        .find_bucket(&bucket_name("alice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bucket.member, member.id);
    assert_eq!(bucket.default_acl, Acl::PublicRead);

    let again = catalog.insert_member(&name("alice"), limits, at(3)).await;
    assert_eq!(again.unwrap(), None);
    let taken = catalog
        .insert_bucket(member.id, &bucket_name("bob"), Acl::Private, at(4))
        .await;
    assert!(matches!(taken.unwrap(), NewBucket::Added(_)));
    let shadowed = catalog.insert_member(&name("bob"), limits, at(4)).await;
    assert_eq!(shadowed.unwrap(), None);
    assert_eq!(catalog.find_member(&name("bob")).await.unwrap(), None);
    assert_eq!(catalog.find_member(&name("Alice")).await.unwrap(), None);
}

pub(crate) async fn members_are_listed_by_name_in_pages(catalog: Catalog) {
    for text in ["b", "a", "C", "aa"] {
        World::new(&catalog, text).await;
    }
    let names = async |after: Option<&str>, limit| {
        let after = after.map(name);
        let page = catalog.list_members(after.as_ref(), limit).await.unwrap();
        page.iter().map(|m| m.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(None, 3).await, ["C", "a", "aa"]);
    assert_eq!(names(Some("aa"), 3).await, ["b"]);
}

pub(crate) async fn a_member_changes(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let limits = MemberLimits {
        max_buckets: 1,
        max_bytes: None,
        max_objects: Some(4),
    };
    let change = MemberChange {
        state: Some(MemberState::Suspended),
        limits: Some(limits),
    };
    let changed = catalog
        .change_member(world.member.id, change)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (changed.state, changed.limits),
        (MemberState::Suspended, limits)
    );
    let change = MemberChange {
        state: Some(MemberState::Active),
        limits: None,
    };
    let changed = catalog
        .change_member(world.member.id, change)
        .await
        .unwrap();
    let found = catalog.find_member(&world.member.name).await.unwrap();
    assert_eq!(changed, found);
    assert_eq!(found.unwrap().limits, limits);
    assert!(catalog.remove_member(world.member.id).await.unwrap());
    let gone = catalog
        .change_member(world.member.id, MemberChange::default())
        .await;
    assert_eq!(gone.unwrap(), None);
}

pub(crate) async fn a_member_goes_when_its_buckets_are_empty(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    assert!(catalog.insert_access_key(key(&world, "AK1")).await.unwrap());
    world.store("a", Content(1)).await;
    assert!(!catalog.remove_member(world.member.id).await.unwrap());
    assert!(
        catalog
            .find_member(&world.member.name)
            .await
            .unwrap()
            .is_some()
    );
    assert!(world.remove("a", at(2)).await);
    assert!(catalog.remove_member(world.member.id).await.unwrap());
    assert!(!catalog.remove_member(world.member.id).await.unwrap());
    let id = AccessKeyId::new("AK1").unwrap();
    assert_eq!(catalog.find_credential(&id).await.unwrap(), None);
    assert_eq!(catalog.find_bucket(&world.bucket.name).await.unwrap(), None);

    let successor = World::new(&catalog, "alice").await;
    assert_ne!(successor.member.id, world.member.id);
    assert_ne!(successor.bucket.id, world.bucket.id);
}

pub(crate) async fn keys_are_added_found_and_revoked(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    let first = key(&alice, "AK1");
    let second = AccessKey {
        bucket: Some(alice.bucket.id),
        created_at: at(4),
        ..key(&alice, "AK2")
    };
    assert!(catalog.insert_access_key(first.clone()).await.unwrap());
    assert!(catalog.insert_access_key(second.clone()).await.unwrap());
    assert!(!catalog.insert_access_key(key(&bob, "AK1")).await.unwrap());
    let listed = catalog.list_access_keys(alice.member.id).await.unwrap();
    assert_eq!(listed, [second, first.clone()]);
    assert_eq!(catalog.list_access_keys(bob.member.id).await.unwrap(), []);

    let found = catalog.find_credential(&first.id).await.unwrap().unwrap();
    assert_eq!((&found.key, &found.member), (&first, &alice.member));
    assert!(catalog.revoke_access_key(&first.id, at(9)).await.unwrap());
    assert!(!catalog.revoke_access_key(&first.id, at(10)).await.unwrap());
    let found = catalog.find_credential(&first.id).await.unwrap().unwrap();
    assert_eq!(found.key.revoked_at, Some(at(9)));

    let absent = AccessKeyId::new("ak1").unwrap();
    assert!(!catalog.revoke_access_key(&absent, at(9)).await.unwrap());
    assert_eq!(catalog.find_credential(&absent).await.unwrap(), None);
    assert!(catalog.remove_member(bob.member.id).await.unwrap());
    assert!(!catalog.insert_access_key(key(&bob, "AK3")).await.unwrap());
}

pub(crate) async fn buckets_are_unique_and_limited(catalog: Catalog) {
    let limits = MemberLimits {
        max_buckets: 2,
        ..AMPLE
    };
    let alice = World::with_limits(&catalog, "alice", limits).await;
    let bob = World::new(&catalog, "bob").await;
    let insert = async |world: &World, text| {
        let outcome = catalog
            .insert_bucket(world.member.id, &bucket_name(text), Acl::Private, at(1))
            .await;
        outcome.unwrap()
    };
    let NewBucket::Added(second) = insert(&alice, "second").await else {
        panic!("it was not added");
    };
    assert_eq!(second.default_acl, Acl::Private);
    assert_eq!(
        insert(&alice, "second").await,
        NewBucket::Yours(second.clone())
    );
    assert_eq!(insert(&bob, "second").await, NewBucket::Taken);
    assert_eq!(insert(&alice, "third").await, NewBucket::LimitReached);
    let mine = catalog.list_buckets(Some(alice.member.id)).await.unwrap();
    assert_eq!(mine, [alice.bucket.clone(), second.clone()]);
    let all = catalog.list_buckets(None).await.unwrap();
    assert_eq!(all, [alice.bucket.clone(), bob.bucket.clone(), second]);
    assert!(catalog.remove_member(bob.member.id).await.unwrap());
    assert_eq!(insert(&bob, "new").await, NewBucket::MemberGone);
}

pub(crate) async fn a_host_name_belongs_to_one_bucket(catalog: Catalog) {
    let alice = World::new(&catalog, "alice").await;
    let bob = World::new(&catalog, "bob").await;
    let host = |text: &str| HostName::new(text).unwrap();
    let with = |hosts: &[&str]| BucketChange {
        hosts: Some(hosts.iter().map(|text| host(text)).collect()),
        ..BucketChange::default()
    };
    let changed = catalog
        .change_bucket(
            alice.bucket.id,
            with(&["b.example", "a.example", "b.example"]),
        )
        .await;
    let changed = changed.unwrap().unwrap().unwrap();
    assert_eq!(changed.hosts, [host("a.example"), host("b.example")]);
    assert_eq!(
        catalog.find_bucket(&changed.name).await.unwrap().unwrap(),
        changed
    );
    let by_host = catalog
        .find_bucket_by_host(&host("b.example"))
        .await
        .unwrap();
    assert_eq!(by_host.unwrap(), changed);
    assert_eq!(catalog.list_buckets(None).await.unwrap()[0], changed);

    let clash = BucketChange {
        delivery: Some(DeliveryMode::Direct),
        ..with(&["c.example", "a.example"])
    };
    let refused = catalog.change_bucket(bob.bucket.id, clash).await.unwrap();
    assert_eq!(refused, Some(Err(host("a.example"))));
    assert_eq!(
        catalog
            .find_bucket(&bob.bucket.name)
            .await
            .unwrap()
            .unwrap(),
        bob.bucket
    );

    let change = BucketChange {
        default_acl: Some(Acl::Private),
        delivery: Some(DeliveryMode::SameHost),
        hosts: Some(vec![host("b.example")]),
    };
    let changed = catalog
        .change_bucket(alice.bucket.id, change)
        .await
        .unwrap();
    let changed = changed.unwrap().unwrap();
    assert_eq!(changed.delivery, DeliveryMode::SameHost);
    assert_eq!(
        catalog.find_bucket(&changed.name).await.unwrap().unwrap(),
        changed
    );
    assert_eq!(
        catalog
            .find_bucket_by_host(&host("a.example"))
            .await
            .unwrap(),
        None
    );
    let taken_up = catalog
        .change_bucket(bob.bucket.id, with(&["a.example"]))
        .await;
    assert!(taken_up.unwrap().unwrap().is_ok());
}

pub(crate) async fn a_bucket_goes_when_it_is_empty(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let id = world.bucket.id;
    let only = AccessKey {
        bucket: Some(id),
        ..key(&world, "AK1")
    };
    assert!(catalog.insert_access_key(only.clone()).await.unwrap());
    world.store("a", Content(1)).await;
    assert_eq!(
        catalog.remove_bucket(id, at(2)).await.unwrap(),
        RemoveBucket::NotEmpty
    );
    assert!(world.remove("a", at(2)).await);
    assert_eq!(
        catalog.remove_bucket(id, at(3)).await.unwrap(),
        RemoveBucket::Removed
    );
    assert_eq!(
        catalog.remove_bucket(id, at(4)).await.unwrap(),
        RemoveBucket::Absent
    );
    assert_eq!(catalog.find_bucket(&world.bucket.name).await.unwrap(), None);
    let found = catalog.find_credential(&only.id).await.unwrap().unwrap();
    assert_eq!(found.key.revoked_at, Some(at(3)));
    let change = catalog.change_bucket(id, BucketChange::default()).await;
    assert_eq!(change.unwrap(), None);
}
