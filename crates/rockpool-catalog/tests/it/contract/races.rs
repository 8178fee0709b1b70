//! Many at once.
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use rockpool_catalog::{Catalog, PutObject, PutOutcome};
use rockpool_types::BlobHash;
use tokio::task::JoinSet;

use crate::world::{Content, World, at, object_key};

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
            assert!(catalog.finish_deletion(&claim).await.unwrap());
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
