//! Stores beside the first, and the queue of what is to be done at each.
use std::time::Duration;

use rockpool_catalog::{
    Catalog, CopyAction, CopyClaim, CopyTerms, DeletedBlob, DeletionClaim, Filled, PutObject,
    PutOutcome, Scope, StoreId, StoreRole,
};
use rockpool_types::Timestamp;

use crate::world::{Content, World, at, gone};

const LEASE: Duration = Duration::from_secs(20);
const LONGEST_DELETE: Duration = Duration::from_secs(50);
const GRACE: Duration = Duration::from_secs(100);

/// A pool with a replica, and the two stores' rows.
async fn replicated(catalog: &Catalog) -> (World, StoreId, StoreId) {
    let world = World::new(catalog, "alice").await;
    assert!(catalog.insert_replica("far", at(0)).await.unwrap());
    let ids = ids(catalog).await;
    while catalog.fill_store(ids.1, at(100), 100).await.unwrap() != Filled::Whole {}
    (world, ids.0, ids.1)
}

async fn ids(catalog: &Catalog) -> (StoreId, StoreId) {
    let stores = catalog.list_stores().await.unwrap();
    (stores[0].id, stores[1].id)
}

async fn claim(
    catalog: &Catalog,
    store: StoreId,
    action: CopyAction,
    now: Timestamp,
) -> Vec<CopyClaim> {
    let terms = CopyTerms {
        owner: 7,
        now,
        lease: LEASE,
        longest_delete: LONGEST_DELETE,
    };
    let claims = catalog.claim_copies(store, action, terms, 100).await;
    claims.unwrap()
}

/// What is queued for a store: copies and removals.
async fn queued(catalog: &Catalog, store: StoreId) -> (u64, u64) {
    let queue = catalog.copy_queue(store).await.unwrap();
    (queue.copies, queue.removals)
}

async fn deletions(catalog: &Catalog, now: Timestamp) -> Vec<DeletionClaim> {
    let claims = catalog.claim_deletions(1, now, Duration::ZERO, LEASE, LONGEST_DELETE, 9);
    claims.await.unwrap()
}

/// Removes an object and its blob, whose bytes went from `from`.
async fn collect(world: &World, key: &str, from: StoreId, now: Timestamp) {
    assert!(world.remove(key, now).await);
    let claims = deletions(&world.catalog, now).await;
    let deleted = DeletedBlob {
        removed_from: Some(from),
        now,
        graces: Vec::new(),
        grace: GRACE,
    };
    let finished = world.catalog.finish_deletion(&claims[0], &deleted).await;
    assert!(finished.unwrap());
}

pub(crate) async fn a_replica_comes_and_goes(catalog: Catalog) {
    let names = async || -> Vec<(String, StoreRole)> {
        let stores = catalog.list_stores().await.unwrap();
        stores.into_iter().map(|s| (s.name, s.role)).collect()
    };
    let (main, far) = ("main".to_owned(), "far".to_owned());
    assert_eq!(names().await, []);
    assert!(!catalog.insert_replica("main", at(1)).await.unwrap());
    assert!(catalog.insert_replica("far", at(1)).await.unwrap());
    assert!(!catalog.insert_replica("far", at(2)).await.unwrap());
    let both = [
        (main.clone(), StoreRole::Primary),
        (far.clone(), StoreRole::Replica),
    ];
    assert_eq!(names().await, both);
    assert!(!catalog.remove_replica("main").await.unwrap());
    assert!(!catalog.promote_replica("main").await.unwrap());
    assert!(!catalog.promote_replica("none").await.unwrap());
    assert!(catalog.promote_replica("far").await.unwrap());
    let turned = [
        (main, StoreRole::Replica),
        (far.clone(), StoreRole::Primary),
    ];
    assert_eq!(names().await, turned);
    assert!(!catalog.rename_store("main", "far").await.unwrap());
    assert!(catalog.rename_store("main", "old").await.unwrap());
    assert!(catalog.remove_replica("old").await.unwrap());
    assert_eq!(names().await, [(far, StoreRole::Primary)]);
    assert!(catalog.rename_store("far", "main").await.unwrap());
    assert!(catalog.insert_replica("near", at(3)).await.unwrap());
    assert!(catalog.remove_replica("near").await.unwrap());
    assert_eq!(names().await, [], "the primary is the store that it was");
}

pub(crate) async fn every_new_blob_is_queued_once(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("before", Content(1)).await;
    assert!(catalog.insert_replica("far", at(0)).await.unwrap());
    let (main, far) = ids(&catalog).await;
    world.store("a", Content(2)).await;
    world.store("again", Content(2)).await;
    world.put(world.private("b", Content(2))).await;
    assert_eq!(queued(&catalog, far).await, (2, 0));
    assert_eq!(queued(&catalog, main).await, (0, 0));

    // What was there before it comes by and by, and what is only reserved too: its put may not know the replica.
    world.reserve(&world.public("c", Content(3))).await;
    let mut rounds = 0;
    while catalog.fill_store(far, at(100), 2).await.unwrap() != Filled::Whole {
        rounds += 1;
        assert_eq!(catalog.list_stores().await.unwrap().len(), 2);
    }
    assert_eq!(rounds, 2);
    assert_eq!(queued(&catalog, far).await, (4, 0));
    assert_eq!(catalog.list_stores().await.unwrap()[1].filled_to, None);

    assert!(catalog.has_copies_due(far, at(101)).await.unwrap());
    let claims = claim(&catalog, far, CopyAction::Copy, at(101)).await;
    assert_eq!(claims.len(), 4);
    for claim in &claims {
        assert!(catalog.finish_copy(claim).await.unwrap());
        assert!(!catalog.finish_copy(claim).await.unwrap());
    }
    assert_eq!(queued(&catalog, far).await, (0, 0));
    assert!(!catalog.has_copies_due(far, at(999)).await.unwrap());
}

pub(crate) async fn a_copy_is_leased_and_tried_again(catalog: Catalog) {
    let (world, _, far) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    let first = claim(&catalog, far, CopyAction::Copy, at(10)).await;
    assert_eq!((first.len(), first[0].attempts), (1, 0));
    assert_eq!(first[0].hash, Content(2).hash());
    assert_eq!(claim(&catalog, far, CopyAction::Copy, at(29)).await, []);
    assert!(catalog.extend_copy(&first[0], at(40)).await.unwrap());
    assert!(catalog.extend_copy(&first[0], at(40)).await.unwrap());
    assert_eq!(claim(&catalog, far, CopyAction::Copy, at(39)).await, []);

    assert!(catalog.release_copy(&first[0], true, at(60)).await.unwrap());
    assert!(!catalog.extend_copy(&first[0], at(99)).await.unwrap());
    assert_eq!(claim(&catalog, far, CopyAction::Copy, at(59)).await, []);
    let queue = catalog.copy_queue(far).await.unwrap();
    assert_eq!((queue.copies, queue.failing), (1, 1));
    assert_eq!((queue.copy_bytes, queue.oldest), (3, Some(at(1))));
    catalog.hasten_copies(far, at(50)).await.unwrap();
    let second = claim(&catalog, far, CopyAction::Copy, at(50)).await;
    assert_eq!(second[0].attempts, 1);

    // Whoever holds it died: another takes it over.
    let third = claim(&catalog, far, CopyAction::Copy, at(70)).await;
    assert_eq!(third.len(), 1);
    let stranger = CopyClaim {
        owner: 8,
        ..third[0].clone()
    };
    assert!(!catalog.finish_copy(&stranger).await.unwrap());
    assert!(catalog.finish_copy(&third[0]).await.unwrap());
}

pub(crate) async fn copies_go_after_their_grace_and_come_back_with_the_content(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    collect(&world, "a", main, at(10)).await;
    assert_eq!(
        queued(&catalog, far).await,
        (0, 1),
        "the copy is called off"
    );
    assert_eq!(queued(&catalog, main).await, (0, 0));
    assert_eq!(claim(&catalog, far, CopyAction::Remove, at(109)).await, []);

    world.store("a", Content(2)).await;
    assert_eq!(queued(&catalog, far).await, (1, 0));
    let claims = claim(&catalog, far, CopyAction::Copy, at(10)).await;
    assert_eq!(
        claims.len(),
        1,
        "nothing was begun, so nothing is waited for"
    );
    collect(&world, "a", main, at(20)).await;
    assert!(
        !catalog.finish_copy(&claims[0]).await.unwrap(),
        "it goes again"
    );

    let removals = claim(&catalog, far, CopyAction::Remove, at(120)).await;
    assert_eq!(removals.len(), 1);
    let held = async |now| catalog.holds_removal(&removals[0], now).await.unwrap();
    assert!(held(at(139)).await);
    assert!(!held(at(140)).await, "the lease is over");
    assert_eq!(claim(&catalog, far, CopyAction::Remove, at(189)).await, []);
    assert!(catalog.finish_copy(&removals[0]).await.unwrap());
    assert_eq!(queued(&catalog, far).await, (0, 0));
}

pub(crate) async fn a_removal_that_was_begun_is_waited_out(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    collect(&world, "a", main, at(10)).await;
    let removals = claim(&catalog, far, CopyAction::Remove, at(110)).await;
    assert_eq!(removals.len(), 1);
    let settled = at(110).plus(LEASE + LONGEST_DELETE);
    let before = settled.minus(Duration::from_millis(1));

    // The content comes back meanwhile.
    let put = PutObject {
        now: at(111),
        ..world.public("a", Content(2))
    };
    let reserved = world.reserve(&put).await;
    assert!(
        !catalog.holds_removal(&removals[0], at(111)).await.unwrap(),
        "there is such a blob"
    );
    let live = catalog.put_object(put, Some(reserved)).await.unwrap();
    assert_eq!(live, PutOutcome::Mapped { known: false });
    assert!(!catalog.finish_copy(&removals[0]).await.unwrap());
    assert_eq!(claim(&catalog, far, CopyAction::Copy, before).await, []);
    assert_eq!(
        claim(&catalog, far, CopyAction::Copy, settled).await.len(),
        1
    );
}

pub(crate) async fn bytes_that_a_removal_may_have_met_are_put_again(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    collect(&world, "a", main, at(10)).await;
    let removals = claim(&catalog, far, CopyAction::Remove, at(110)).await;
    assert_eq!(removals.len(), 1);
    let settled = at(110).plus(LEASE + LONGEST_DELETE);
    assert!(catalog.promote_replica("far").await.unwrap());

    let put = |from| put_to(&world, far, from);
    let reserved = world.reserve(&put(at(120))).await;
    let answer = async |from| catalog.put_object(put(from), Some(reserved)).await.unwrap();
    assert_eq!(answer(at(120)).await, PutOutcome::Wait);
    assert_eq!(answer(settled).await, PutOutcome::Mapped { known: false });
    assert_eq!(queued(&catalog, far).await, (0, 0));
    assert_eq!(queued(&catalog, main).await, (1, 0));
}

/// A put of the second content whose bytes are put to `store` from a time on.
fn put_to(world: &World, store: StoreId, from: Timestamp) -> PutObject {
    PutObject {
        now: from,
        stored_in: Some(store),
        stored_from: from,
        ..world.public("a", Content(2))
    }
}

pub(crate) async fn bytes_that_are_being_put_back_go_with_their_blob(catalog: Catalog) {
    let (world, main, _) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    let queue = catalog.queue_copy(main, Scope::Public, Content(2).hash(), true, at(9));
    assert!(queue.await.unwrap());
    let claims = claim(&catalog, main, CopyAction::Copy, at(10)).await;
    let settled = at(10).plus(LEASE + LONGEST_DELETE);
    let before = settled.minus(Duration::from_millis(1));
    // What is there is damaged, and removed before the right bytes are put.
    assert!(catalog.replace_copy(&claims[0], settled).await.unwrap());
    assert!(catalog.extend_copy(&claims[0], at(20)).await.unwrap());
    assert_eq!(claim(&catalog, main, CopyAction::Copy, before).await, []);

    collect(&world, "a", main, at(15)).await;
    assert!(!catalog.finish_copy(&claims[0]).await.unwrap());
    assert_eq!(queued(&catalog, main).await, (0, 1), "what was put late");
    assert_eq!(claim(&catalog, main, CopyAction::Remove, before).await, []);

    // The content comes back before the removal is over for certain.
    let put = |from| put_to(&world, main, from);
    let reserved = world.reserve(&put(at(16))).await;
    let answer = async |from| catalog.put_object(put(from), Some(reserved)).await.unwrap();
    assert_eq!(answer(at(16)).await, PutOutcome::Wait);
    assert_eq!(answer(settled).await, PutOutcome::Mapped { known: false });
    assert_eq!(queued(&catalog, main).await, (0, 0));
}

pub(crate) async fn bytes_at_a_store_that_was_taken_away_are_put_again(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    let put = |store| put_to(&world, store, at(10));
    let reserved = world.reserve(&put(main)).await;
    assert!(catalog.promote_replica("far").await.unwrap());
    assert!(catalog.remove_replica("main").await.unwrap());
    let answer = async |put, claim| catalog.put_object(put, claim).await.unwrap();
    assert_eq!(answer(put(main), Some(reserved)).await, PutOutcome::Wait);
    let again = PutOutcome::Store(reserved);
    assert_eq!(answer(put(far), None).await, again);
    let live = PutOutcome::Mapped { known: false };
    assert_eq!(answer(put(far), Some(reserved)).await, live);
}

pub(crate) async fn after_a_promotion_blobs_are_queued_for_wherever_they_are_not(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    let put = world.public("a", Content(2));
    let reserved = world.reserve(&put).await;
    assert!(catalog.promote_replica("far").await.unwrap());
    // This node put the bytes where it believed the primary to be.
    let live = catalog.put_object(put, Some(reserved)).await.unwrap();
    assert_eq!(live, PutOutcome::Mapped { known: false });
    assert_eq!(queued(&catalog, main).await, (0, 0));
    assert_eq!(queued(&catalog, far).await, (1, 0));

    // This one deleted them there.
    collect(&world, "a", main, at(10)).await;
    assert_eq!(queued(&catalog, far).await, (0, 1), "also at the primary");
    // And of this one it is not known where.
    world.store("b", Content(3)).await;
    assert!(world.remove("b", at(10)).await);
    let claims = deletions(&catalog, at(10)).await;
    assert!(catalog.finish_deletion(&claims[0], &gone()).await.unwrap());
    assert_eq!(queued(&catalog, main).await, (0, 1));
    assert_eq!(queued(&catalog, far).await, (0, 2));

    // What was the primary may have been lost: all is looked for there.
    world.store("c", Content(4)).await;
    let filled = catalog.fill_store(main, at(100), 100).await.unwrap();
    assert_eq!(filled, Filled::Whole);
    assert_eq!(queued(&catalog, main).await, (1, 1));
    assert_eq!(queued(&catalog, far).await, (1, 2));
}

pub(crate) async fn a_lost_copy_is_queued_while_its_blob_lives(catalog: Catalog) {
    let (world, main, far) = replicated(&catalog).await;
    world.store("a", Content(2)).await;
    let hash = Content(2).hash();
    let claims = claim(&catalog, far, CopyAction::Copy, at(10)).await;
    assert!(catalog.finish_copy(&claims[0]).await.unwrap());
    let queue = async |renew| {
        let queued = catalog.queue_copy(main, Scope::Public, hash, renew, at(11));
        queued.await.unwrap()
    };
    assert!(queue(false).await);
    assert!(queue(true).await);
    let blobs = vec![
        (Scope::Public, hash),
        (Scope::Private(world.member.id), hash),
    ];
    let known = catalog.queued_copies(main, blobs.clone()).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), blobs[..1]);
    assert!(catalog.queued_copies(far, blobs).await.unwrap().is_empty());
    let claims = claim(&catalog, main, CopyAction::Copy, at(12)).await;
    assert!(claims[0].renew);
    assert!(catalog.finish_copy(&claims[0]).await.unwrap());

    collect(&world, "a", main, at(20)).await;
    assert!(!queue(false).await, "it is gone");
    assert_eq!(queued(&catalog, main).await, (0, 0));
    assert!(catalog.remove_replica("far").await.unwrap());
    assert_eq!(
        queued(&catalog, far).await,
        (0, 0),
        "its queue goes with it"
    );
}
