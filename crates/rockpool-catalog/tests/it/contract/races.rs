//! Many at once.
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use rockpool_catalog::{
    Catalog, MemberLimits, NewBucket, PutObject, PutOutcome, PutPart, RemoveBucket,
};
use rockpool_types::{Acl, BlobHash, BucketName, Conditions, MemberName};
use tokio::task::JoinSet;

use super::uploads::{self, part, upload_id};
use crate::world::{AMPLE, Content, World, at, gone, object_key};

pub(crate) async fn many_uploads_of_one_content_make_one_blob(catalog: Catalog) {
    let mut tasks = JoinSet::new();
    let worlds = [
        World::new(&catalog, "alice").await,
        World::new(&catalog, "bob").await,
    ];
    for n in 0..100 {
        let world = worlds[n % 2].clone();
        tasks.spawn(async move {
            let key = n.to_string();
            world.store(&key, Content(9)).await;
            let found = world
                .catalog
                .find_object(world.bucket.id, &object_key(&key))
                .await;
            found.unwrap().unwrap().blob.id
        });
    }
    let ids: HashSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 10));
}

/// A blob store in thought: the names of the bytes that it has.
type Store = Arc<Mutex<HashSet<BlobHash>>>;

/// Uploads as a node does, until the key is mapped.
async fn upload(world: &World, store: &Store, put: &PutObject) {
    let mut claim = None;
    loop {
        match world.catalog.put_object(put.clone(), claim).await.unwrap() {
            PutOutcome::Mapped { .. } => return,
            PutOutcome::Store(id) => {
                tokio::task::yield_now().await;
                store.lock().unwrap().insert(put.hash);
                claim = Some(id);
            }
            PutOutcome::Wait => {
                claim = None;
                tokio::task::yield_now().await;
            }
            other => panic!("{other:?}"),
        }
    }
}

async fn collect(catalog: Catalog, store: Store, owner: i64) {
    for _ in 0..300 {
        let zero = Duration::ZERO;
        let lease = Duration::from_secs(1);
        let claims = catalog.claim_deletions(owner, at(1), zero, lease, zero, 3);
        for claim in claims.await.unwrap() {
            tokio::task::yield_now().await;
            assert!(catalog.holds_deletion(&claim, at(1)).await.unwrap());
            store.lock().unwrap().remove(&claim.blob.hash);
            tokio::task::yield_now().await;
            assert!(catalog.finish_deletion(&claim, &gone()).await.unwrap());
        }
    }
}

pub(crate) async fn a_mapped_key_always_has_its_bytes(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let store = Store::default();
    let mut tasks = JoinSet::new();
    for writer in 0..6_u64 {
        let (world, store) = (world.clone(), store.clone());
        tasks.spawn(async move {
            for round in 0..60 {
                let key = writer.to_string();
                let put = world.public(&key, Content((round + writer) % 3));
                upload(&world, &store, &put).await;
                // Only this task writes the key: while it is mapped, nobody may delete its bytes.
                for _ in 0..3 {
                    assert!(store.lock().unwrap().contains(&put.hash));
                    tokio::task::yield_now().await;
                }
                if round % 2 == 0 {
                    assert!(world.remove(&key, at(1)).await);
                }
            }
        });
    }
    for owner in 1..3 {
        tasks.spawn(collect(catalog.clone(), store.clone(), owner));
    }
    tasks.join_all().await;
    for writer in 0..6 {
        if let Some(hash) = world.content(&writer.to_string()).await {
            assert!(store.lock().unwrap().contains(&hash));
        }
    }
}

/// What many do at once to the same keys, whatever each finds, the counts tell in the end.
pub(crate) async fn counts_stay_exact_when_all_write_the_same_keys(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let mut tasks = JoinSet::new();
    for task in 0..4_u64 {
        let world = world.clone();
        tasks.spawn(async move {
            for round in 0..10 {
                // Overwrites that exchange blobs, in both directions.
                let content = Content((task + round) % 4);
                world.store(&(round % 3).to_string(), content).await;
                if round % 4 == task % 4 {
                    let mut keys: Vec<_> = (0..3_u8)
                        .map(|n| (object_key(&n.to_string()), Conditions::default()))
                        .collect();
                    if task % 2 == 0 {
                        keys.reverse();
                    }
                    let bucket = world.bucket.id;
                    let removed = world.catalog.remove_objects(bucket, keys, at(1)).await;
                    assert_eq!(removed.unwrap().len(), 3);
                }
            }
        });
    }
    tasks.join_all().await;
    let (mut objects, mut bytes) = (0, 0);
    for key in 0..3_u8 {
        let key = object_key(&key.to_string());
        if let Some(object) = catalog.find_object(world.bucket.id, &key).await.unwrap() {
            objects += 1;
            bytes += object.blob.size;
        }
    }
    let usage = catalog.usage_of_bucket(world.bucket.id).await.unwrap();
    assert_eq!((usage.objects, usage.object_bytes), (objects, bytes));
    assert_eq!(catalog.usage_of_store().await.unwrap(), (4, 1 + 2 + 3 + 4));
}

pub(crate) async fn limits_are_exact_when_all_come_at_once(catalog: Catalog) {
    let limits = MemberLimits {
        max_buckets: 3,
        max_objects: Some(7),
        max_bytes: None,
    };
    let world = World::with_limits(&catalog, "alice", limits).await;
    let mut puts = JoinSet::new();
    let mut buckets = JoinSet::new();
    for n in 0..20_u64 {
        let (put_world, bucket_world) = (world.clone(), world.clone());
        puts.spawn(async move {
            put_world
                .put(put_world.public(&n.to_string(), Content(n)))
                .await
        });
        buckets.spawn(async move {
            let name = BucketName::new(format!("bucket-{n}")).unwrap();
            let (catalog, member) = (&bucket_world.catalog, bucket_world.member.id);
            let added = catalog
                .insert_bucket(member, &name, Acl::Private, at(1))
                .await;
            matches!(added.unwrap(), NewBucket::Added(_))
        });
    }
    let outcomes = puts.join_all().await;
    let mapped = |outcome: &&PutOutcome| matches!(outcome, PutOutcome::Mapped { .. });
    assert_eq!(outcomes.iter().filter(mapped).count(), 7);
    assert_eq!(
        buckets
            .join_all()
            .await
            .into_iter()
            .filter(|added| *added)
            .count(),
        2
    );
    let usage = catalog.usage_of_member(world.member.id).await.unwrap();
    assert_eq!(usage.objects, 7);
}

/// Of two that want the same name, one gets it.
pub(crate) async fn a_name_is_given_once(catalog: Catalog) {
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let catalog = catalog.clone();
        tasks.spawn(async move {
            let name = MemberName::new("alice").unwrap();
            catalog
                .insert_member(&name, AMPLE, at(1))
                .await
                .unwrap()
                .is_some()
        });
    }
    let added = tasks.join_all().await;
    assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
}

/// A bucket goes, or what is put into it stays; never both.
pub(crate) async fn nothing_is_put_into_a_bucket_that_goes(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for round in 0..12_u64 {
        let name = BucketName::new(format!("bucket-{round}")).unwrap();
        let member = world.member.id;
        let added = catalog
            .insert_bucket(member, &name, Acl::PublicRead, at(1))
            .await;
        let NewBucket::Added(bucket) = added.unwrap() else {
            panic!("the bucket was not added");
        };
        let world = World {
            bucket: bucket.clone(),
            ..world.clone()
        };
        let put = world.public("key", Content(round));
        let put = tokio::spawn({
            let world = world.clone();
            async move { world.put(put).await }
        });
        let removed = catalog.remove_bucket(bucket.id, at(1)).await.unwrap();
        let put = put.await.unwrap();
        let found = catalog
            .find_object(bucket.id, &object_key("key"))
            .await
            .unwrap();
        match removed {
            RemoveBucket::Removed => assert_eq!((put, found), (PutOutcome::BucketGone, None)),
            _ => assert!(found.is_some() && matches!(put, PutOutcome::Mapped { .. })),
        }
    }
    let usage = catalog.usage_of_member(world.member.id).await.unwrap();
    let kept = catalog
        .list_buckets(Some(world.member.id))
        .await
        .unwrap()
        .len()
        - 1;
    assert_eq!(usage.objects, kept as u64);
}

/// Whoever ends an upload learns of every part that was kept.
pub(crate) async fn no_part_outlives_its_upload(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for round in 0..12 {
        let id = upload_id(round);
        let upload = uploads::upload(&world, &id, "key", 0);
        assert!(catalog.insert_upload(upload).await.unwrap());
        let mut parts = JoinSet::new();
        for number in 1..6 {
            let (catalog, id) = (catalog.clone(), id.clone());
            parts.spawn(async move {
                let staged = format!("staging/{round}/{number}");
                let part = part(number, Some(&staged));
                let kept = catalog.put_part(&id, part).await.unwrap();
                matches!(kept, PutPart::Kept { .. }).then_some(staged)
            });
        }
        let removed = catalog.remove_upload(&id).await.unwrap().unwrap();
        let kept: HashSet<_> = parts.join_all().await.into_iter().flatten().collect();
        assert_eq!(removed.into_iter().collect::<HashSet<_>>(), kept);
        let known = catalog
            .known_staged(kept.into_iter().collect())
            .await
            .unwrap();
        assert!(known.iter().all(|known| !known));
    }
}
