//! The life of a blob: leases, grace periods, claims, quarantine.
use std::time::Duration;

use rockpool_catalog::{Catalog, CollectReason, DeletionClaim, PutObject, PutOutcome, Scope};
use rockpool_types::{BlobHash, Timestamp};

use crate::world::{Content, LEASE, World, at, gone};

const GRACE: Duration = Duration::from_secs(100);
const DELETION_LEASE: Duration = Duration::from_secs(20);
const LONGEST_DELETE: Duration = Duration::from_secs(50);

async fn claim(catalog: &Catalog, owner: i64, now: Timestamp, limit: u32) -> Vec<DeletionClaim> {
    let claims = catalog.claim_deletions(owner, now, GRACE, DELETION_LEASE, LONGEST_DELETE, limit);
    claims.await.unwrap()
}

async fn reasons(catalog: &Catalog, now: Timestamp) -> Vec<CollectReason> {
    let all = catalog.list_collectable(now, GRACE, None, 100).await;
    all.unwrap().into_iter().map(|c| c.reason).collect()
}

/// An object that was put at `at(1)` and removed at `at(10)`.
async fn idle_blob(catalog: &Catalog) -> (World, PutObject) {
    let world = World::new(catalog, "alice").await;
    world.store("a", Content(5)).await;
    assert!(world.remove("a", at(10)).await);
    let put = world.public("a", Content(5));
    (world, put)
}

pub(crate) async fn a_blob_is_found_while_its_bytes_are_in_the_store(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let find = async || {
        let found = catalog.find_blob(Scope::Public, &Content(5).hash()).await;
        found.unwrap()
    };
    let put = world.public("a", Content(5));
    let reserved = world.reserve(&put).await;
    assert_eq!(find().await, None);
    catalog
        .put_object(put.clone(), Some(reserved))
        .await
        .unwrap();
    let live = find().await.unwrap();
    assert_eq!((live.id, live.hash), (reserved, put.hash));
    assert!(world.remove("a", at(10)).await);
    assert_eq!(find().await, Some(live));
    claim(&catalog, 1, at(200), 9).await;
    assert_eq!(find().await, None);
}

pub(crate) async fn an_idle_blob_is_claimed_after_its_grace_period(catalog: Catalog) {
    let (_, put) = idle_blob(&catalog).await;
    assert_eq!(reasons(&catalog, at(109)).await, []);
    assert_eq!(claim(&catalog, 1, at(109), 9).await, []);
    assert_eq!(reasons(&catalog, at(110)).await, [CollectReason::Idle]);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (1, 6));

    let claims = claim(&catalog, 1, at(110), 9).await;
    assert_eq!(claims.len(), 1);
    let held = &claims[0];
    assert_eq!((held.blob.hash, held.blob.size), (put.hash, put.size));
    assert_eq!(held.lease_until, at(110).plus(DELETION_LEASE));
    assert!(!held.uncertain && !held.quarantine_over);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
    assert_eq!(claim(&catalog, 2, at(110), 9).await, []);

    assert!(catalog.holds_deletion(held, at(129)).await.unwrap());
    assert!(!catalog.holds_deletion(held, at(130)).await.unwrap());
    let stranger = DeletionClaim {
        owner: 2,
        ..held.clone()
    };
    assert!(!catalog.holds_deletion(&stranger, at(111)).await.unwrap());
    assert!(!catalog.finish_deletion(&stranger, &gone()).await.unwrap());
    assert!(catalog.finish_deletion(held, &gone()).await.unwrap());
    assert!(!catalog.finish_deletion(held, &gone()).await.unwrap());
    let known = catalog.known_hashes(Scope::Public, vec![put.hash]).await;
    assert_eq!(known.unwrap(), [false]);
}

pub(crate) async fn a_blob_that_is_referenced_again_is_not_claimed(catalog: Catalog) {
    let (world, put) = idle_blob(&catalog).await;
    let outcome = world
        .put(PutObject {
            now: at(105),
            ..put
        })
        .await;
    assert_eq!(outcome, PutOutcome::Mapped { known: true });
    assert_eq!(reasons(&catalog, at(9999)).await, []);
    assert_eq!(claim(&catalog, 1, at(9999), 9).await, []);
    assert!(world.remove("a", at(200)).await);
    assert_eq!(
        claim(&catalog, 1, at(299), 9).await,
        [],
        "the grace period begins anew"
    );
    assert_eq!(claim(&catalog, 1, at(300), 9).await.len(), 1);
}

pub(crate) async fn a_lease_that_ran_out_is_claimed(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.reserve(&world.public("a", Content(5))).await;
    let over = at(1).plus(LEASE);
    let before = over.minus(Duration::from_millis(1));
    assert_eq!(claim(&catalog, 1, before, 9).await, []);
    assert_eq!(reasons(&catalog, over).await, [CollectReason::LeaseExpired]);
    let claims = claim(&catalog, 1, over, 9).await;
    assert_eq!(claims[0].blob.reason, CollectReason::LeaseExpired);
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
    assert!(catalog.finish_deletion(&claims[0], &gone()).await.unwrap());
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
}

pub(crate) async fn an_upload_waits_for_a_deletion(catalog: Catalog) {
    let (world, put) = idle_blob(&catalog).await;
    let claims = claim(&catalog, 1, at(110), 9).await;
    let wait = catalog.put_object(put.clone(), None).await.unwrap();
    assert_eq!(wait, PutOutcome::Wait);
    let late = catalog
        .put_object(put.clone(), Some(claims[0].blob.id))
        .await;
    assert_eq!(late.unwrap(), PutOutcome::Wait);
    assert!(catalog.finish_deletion(&claims[0], &gone()).await.unwrap());
    assert_ne!(world.reserve(&put).await, claims[0].blob.id);
}

pub(crate) async fn an_abandoned_deletion_is_taken_over_late_and_as_uncertain(catalog: Catalog) {
    let (_, put) = idle_blob(&catalog).await;
    let first = claim(&catalog, 1, at(110), 9).await.remove(0);
    assert_eq!(reasons(&catalog, at(129)).await, []);
    assert_eq!(
        reasons(&catalog, at(130)).await,
        [CollectReason::DeletionAbandoned]
    );
    assert_eq!(claim(&catalog, 2, at(179), 9).await, []);
    let second = claim(&catalog, 2, at(180), 9).await.remove(0);
    assert_eq!(second.blob.reason, CollectReason::DeletionAbandoned);
    assert_eq!(second.blob.hash, put.hash);
    assert!(second.uncertain && !second.quarantine_over);
    assert!(!catalog.holds_deletion(&first, at(111)).await.unwrap());
    assert!(!catalog.finish_deletion(&first, &gone()).await.unwrap());
    assert!(
        !catalog
            .postpone_deletion(&first, true, at(999))
            .await
            .unwrap()
    );
    assert!(catalog.holds_deletion(&second, at(181)).await.unwrap());
}

pub(crate) async fn a_postponed_deletion_waits_out_its_quarantine(catalog: Catalog) {
    let (_, put) = idle_blob(&catalog).await;
    let first = claim(&catalog, 1, at(110), 9).await.remove(0);
    assert!(
        catalog
            .postpone_deletion(&first, true, at(500))
            .await
            .unwrap()
    );
    assert!(!catalog.holds_deletion(&first, at(111)).await.unwrap());
    assert!(!catalog.finish_deletion(&first, &gone()).await.unwrap());
    assert_eq!(
        catalog.put_object(put.clone(), None).await.unwrap(),
        PutOutcome::Wait
    );
    assert_eq!(claim(&catalog, 1, at(499), 9).await, []);
    let second = claim(&catalog, 1, at(500), 9).await.remove(0);
    assert!(second.quarantine_over);

    let third = claim(&catalog, 2, at(570), 9).await.remove(0);
    assert!(
        third.quarantine_over,
        "that the bytes are gone outlives the collector"
    );
    assert!(catalog.finish_deletion(&third, &gone()).await.unwrap());
    assert!(matches!(
        catalog.put_object(put, None).await.unwrap(),
        PutOutcome::Store(_)
    ));
}

pub(crate) async fn a_delete_of_unknown_outcome_is_repeated(catalog: Catalog) {
    idle_blob(&catalog).await;
    let first = claim(&catalog, 1, at(110), 9).await.remove(0);
    assert!(
        catalog
            .postpone_deletion(&first, false, at(200))
            .await
            .unwrap()
    );
    assert_eq!(claim(&catalog, 1, at(199), 9).await, []);
    let second = claim(&catalog, 1, at(200), 9).await.remove(0);
    assert!(second.uncertain && !second.quarantine_over);
    assert!(
        catalog
            .postpone_deletion(&second, true, at(300))
            .await
            .unwrap()
    );
    assert!(claim(&catalog, 1, at(300), 9).await[0].quarantine_over);
}

pub(crate) async fn a_late_uploader_finds_its_claim_gone(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let put = world.public("a", Content(5));
    let lost = world.reserve(&put).await;
    let taken = claim(&catalog, 1, at(100), 9).await.remove(0);
    assert!(catalog.finish_deletion(&taken, &gone()).await.unwrap());
    let outcome = catalog.put_object(put.clone(), Some(lost)).await.unwrap();
    let PutOutcome::Store(again) = outcome else {
        panic!("{outcome:?}");
    };
    assert_ne!(again, lost);
    assert_eq!(world.content("a").await, None);
    let joined = catalog.put_object(put.clone(), Some(lost)).await.unwrap();
    assert_eq!(
        joined,
        PutOutcome::Store(again),
        "a stale claim counts as none"
    );
    let outcome = catalog.put_object(put, Some(again)).await.unwrap();
    assert_eq!(outcome, PutOutcome::Mapped { known: false });
}

pub(crate) async fn claims_keep_to_their_limit(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for n in 0..7 {
        let put = world.public(&n.to_string(), Content(n));
        if n < 3 {
            world.reserve(&put).await;
        } else {
            world.put(put).await;
            assert!(world.remove(&n.to_string(), at(2)).await);
        }
    }
    let page = catalog
        .list_collectable(at(500), GRACE, None, 4)
        .await
        .unwrap();
    assert!(page.is_sorted_by_key(|c| c.id));
    let last = page.last().map(|c| c.id);
    let rest = catalog
        .list_collectable(at(500), GRACE, last, 9)
        .await
        .unwrap();
    assert_eq!((page.len(), rest.len()), (4, 3));
    let mut ids = Vec::new();
    for expected in [4, 3, 0] {
        let claims = claim(&catalog, 1, at(500), 4).await;
        assert_eq!(claims.len(), expected);
        ids.extend(claims.iter().map(|c| c.blob.id));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

/// Whatever part of a digest an index holds, blobs that share it are told apart.
pub(crate) async fn blobs_whose_hashes_begin_alike_are_told_apart(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let mut bytes = *Content(1).hash().as_bytes();
    let alike: Vec<PutObject> = (0..4)
        .map(|n| {
            bytes[63] = n;
            PutObject {
                hash: BlobHash::from_bytes(bytes),
                ..world.public(&n.to_string(), Content(1))
            }
        })
        .collect();
    for put in &alike {
        let outcome = world.put(put.clone()).await;
        assert_eq!(outcome, PutOutcome::Mapped { known: false });
    }
    for put in &alike {
        assert_eq!(world.content(put.key.as_str()).await, Some(put.hash));
        let found = catalog.find_blob(Scope::Public, &put.hash).await;
        assert_eq!(found.unwrap().unwrap().hash, put.hash);
    }
    let hashes = vec![alike[2].hash, Content(1).hash()];
    let known = catalog.known_hashes(Scope::Public, hashes).await;
    assert_eq!(known.unwrap(), [true, false]);
}

pub(crate) async fn hashes_are_accounted_for(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for n in (0..600).step_by(3) {
        world.reserve(&world.public("a", Content(n))).await;
    }
    world.put(world.private("b", Content(1))).await;
    let hashes: Vec<_> = (0..600).map(|n| Content(n).hash()).collect();
    let known = catalog.known_hashes(Scope::Public, hashes.clone()).await;
    let expected: Vec<bool> = (0..600).map(|n| n % 3 == 0).collect();
    assert_eq!(known.unwrap(), expected);
    let private = Scope::Private(world.member.id);
    let known = catalog.known_hashes(private, hashes).await.unwrap();
    assert_eq!(known.iter().filter(|known| **known).count(), 1);
    let none = catalog.known_hashes(private, vec![]).await;
    assert!(none.unwrap().is_empty());
}
