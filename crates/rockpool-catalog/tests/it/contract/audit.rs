//! What a check reads, what it counts and what a repair changes.
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rockpool_catalog::{
    BlobRow, BlobState, Catalog, MappingRow, PutOutcome, Recount, Scope, Suspects, UnknownBytes,
};
use rockpool_types::{BlobHash, Conditions};
use tokio::task::JoinSet;

use super::uploads::{part, upload, upload_id};
use crate::world::{Content, LEASE, World, at, gone, object_key};

async fn rows(catalog: &Catalog, scope: Scope) -> Vec<BlobRow> {
    let mut rows: Vec<BlobRow> = Vec::new();
    loop {
        let after = rows.last().map(|row| (row.hash, row.id));
        let page = catalog.list_blob_rows(scope, after, 7).await.unwrap();
        if page.is_empty() {
            return rows;
        }
        assert!(page.len() <= 7);
        rows.extend(page);
    }
}

pub(crate) async fn blob_rows_come_in_the_order_of_their_digests(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for n in 0..50 {
        world.store(&format!("{n}"), Content(n)).await;
    }
    world.put(world.private("hidden", Content(3))).await;
    world.reserve(&world.public("reserved", Content(99))).await;
    let found = rows(&catalog, Scope::Public).await;
    let hashes: Vec<BlobHash> = found.iter().map(|row| row.hash).collect();
    let mut wanted: Vec<BlobHash> = (0..50).chain([99]).map(|n| Content(n).hash()).collect();
    wanted.sort_unstable_by_key(|hash| *hash.as_bytes());
    assert_eq!(hashes, wanted);
    let reserved = found.iter().find(|row| row.hash == Content(99).hash());
    let reserved = reserved.unwrap();
    assert_eq!(
        (reserved.state, reserved.references),
        (BlobState::Storing, 0)
    );
    assert_eq!(reserved.since, Some(at(1).plus(LEASE)));
    let private = Scope::Private(world.member.id);
    assert_eq!(
        catalog.list_scopes(None, 9).await.unwrap(),
        [Scope::Public, private]
    );
    assert_eq!(
        catalog.list_scopes(Some(Scope::Public), 9).await.unwrap(),
        [private]
    );
    let hidden = rows(&catalog, private).await;
    assert_eq!((hidden.len(), hidden[0].references), (1, 1));
    assert_eq!(
        catalog.find_blob_rows(vec![hidden[0].id]).await.unwrap(),
        hidden
    );
    let same = catalog.find_rows_of_hash(private, Content(3).hash());
    assert_eq!(same.await.unwrap(), hidden);
}

pub(crate) async fn mappings_are_walked_over_all_buckets(catalog: Catalog) {
    let worlds = [
        World::new(&catalog, "alice").await,
        World::new(&catalog, "bob").await,
    ];
    for world in &worlds {
        for n in 0..9 {
            world.store(&format!("{n}"), Content(n)).await;
        }
    }
    let mut found: Vec<MappingRow> = Vec::new();
    loop {
        let after = found.last().map(|row| (row.bucket, row.key.clone()));
        let page = catalog.list_mappings(after, 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let names: Vec<_> = found
        .iter()
        .map(|row| (row.bucket, row.key.as_str()))
        .collect();
    let wanted = worlds
        .iter()
        .flat_map(|world| (0..9).map(|n| (world.bucket.id, n.to_string())));
    let wanted: Vec<_> = wanted.collect();
    assert!(
        names
            .iter()
            .copied()
            .eq(wanted.iter().map(|(bucket, key)| (*bucket, key.as_str())))
    );
    for row in &found {
        let (scope, state, _) = row.found.unwrap();
        assert_eq!((scope, state), (Scope::Public, BlobState::Live));
    }
    assert_eq!(found[9].member, Some(worlds[1].member.id));
    let references = catalog.list_references(None, 100).await.unwrap();
    assert_eq!(references.len(), 9);
    assert!(references.iter().all(|(_, references)| *references == 2));
    let last = Some(references[4].0);
    assert_eq!(
        catalog.list_references(last, 100).await.unwrap(),
        references[5..]
    );
}

pub(crate) async fn parts_and_uploads_are_walked_in_the_order_of_their_keys(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let ids = [upload_id(1), upload_id(2), upload_id(3)];
    for (id, staged) in ids.iter().zip(["staging/c", "staging/a", "staging/b"]) {
        let started = upload(&world, id, "key", 5);
        assert!(catalog.insert_upload(started).await.unwrap());
        catalog.put_part(id, part(1, None)).await.unwrap();
        catalog.put_part(id, part(2, Some(staged))).await.unwrap();
    }
    let first = catalog.list_staged_parts(None, 2).await.unwrap();
    let keys: Vec<_> = first.iter().map(|part| part.key.as_str()).collect();
    assert_eq!(
        keys,
        ["staging/a", "staging/b"],
        "those in the catalog are not staged"
    );
    assert_eq!((&first[0].upload, first[0].number), (&ids[1], 2));
    assert_eq!(first[0].hash, Content(2).hash());
    let rest = catalog.list_staged_parts(Some("staging/b".to_owned()), 9);
    assert_eq!(rest.await.unwrap()[0].key, "staging/c");
    let known = catalog.find_staged_parts(vec!["staging/a".to_owned(), "staging/x".to_owned()]);
    assert_eq!(known.await.unwrap(), first[..1]);

    let uploads = catalog.list_upload_rows(None, 2).await.unwrap();
    assert_eq!((&uploads[0].id, &uploads[1].id), (&ids[0], &ids[1]));
    assert!(uploads[0].has_bucket);
    assert_eq!(uploads[0].created_at, at(5));
    let rest = catalog.list_upload_rows(Some(ids[1].clone()), 2).await;
    assert_eq!(rest.unwrap()[0].id, ids[2]);
    let stray = catalog.list_uploads_of_stray_parts(None, 9).await.unwrap();
    assert_eq!(stray, []);
    let removed = catalog.remove_stray_parts(ids[0].clone()).await.unwrap();
    assert_eq!(removed, 0, "its upload is there");
}

/// Writers keep counts in step; a count that saw one table before a write and another behind it would differ.
pub(crate) async fn a_recount_is_of_one_moment(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for n in 0..40 {
        world.store(&n.to_string(), Content(n)).await;
    }
    let (done, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut writers = JoinSet::new();
    for writer in 0..3 {
        let (world, done, written) = (world.clone(), done.clone(), written.clone());
        writers.spawn(async move {
            let mut round = 0;
            while !done.load(Ordering::Relaxed) {
                round += 1;
                let key = format!("{}", (round * 7 + writer) % 40);
                world.store(&key, Content(round % 40)).await;
                let key = format!("{}", (round * 3 + writer) % 40);
                let key = vec![(object_key(&key), Conditions::default())];
                let removed = world.catalog.remove_objects(world.bucket.id, key, at(2));
                removed.await.unwrap();
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let blobs = catalog.list_references(None, 100).await.unwrap();
    let suspects = Suspects {
        blobs: blobs.into_iter().map(|(id, _)| id).collect(),
        buckets: vec![world.bucket.id],
        store: true,
    };
    let mut counts = 0;
    while counts < 25 || written.load(Ordering::Relaxed) < 25 {
        counts += 1;
        let count = catalog.recount(suspects.clone()).await.unwrap();
        insist_that_it_adds_up(&count);
    }
    done.store(true, Ordering::Relaxed);
    writers.join_all().await;
}

fn insist_that_it_adds_up(count: &Recount) {
    let store = count.store.unwrap();
    assert_eq!(store.counted, store.recorded);
    assert!(!count.buckets.is_empty() && !count.blobs.is_empty());
    for bucket in &count.buckets {
        assert_eq!(bucket.counted, bucket.recorded);
    }
    for blob in &count.blobs {
        assert_eq!(blob.counted, blob.row.references, "{:?}", blob.row);
    }
}

pub(crate) async fn a_recount_tells_what_is_wrong_and_a_correction_rights_it(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for (key, n) in [("a", 1), ("b", 1), ("c", 2)] {
        world.store(key, Content(n)).await;
    }
    let rows = rows(&catalog, Scope::Public).await;
    let suspects = Suspects {
        blobs: rows.iter().map(|row| row.id).collect(),
        buckets: vec![world.bucket.id],
        store: true,
    };
    let right = catalog.recount(suspects.clone()).await.unwrap();
    insist_that_it_adds_up(&right);
    assert_eq!(right.blobs.len(), 2);
    assert_eq!(right.buckets[0].counted, (3, 7));
    assert_eq!(right.store.unwrap().counted, (2, 5));

    let shared = rows.iter().find(|row| row.references == 2).unwrap();
    assert!(
        catalog
            .correct_references(shared.id, 5, at(2))
            .await
            .unwrap()
    );
    assert!(
        !catalog
            .correct_references(shared.id, -8, at(2))
            .await
            .unwrap()
    );
    catalog
        .correct_bucket_usage(world.bucket.id, 4, -3)
        .await
        .unwrap();
    catalog.correct_store_usage(1, 10).await.unwrap();
    let wrong = catalog.recount(suspects.clone()).await.unwrap();
    let count = wrong
        .blobs
        .iter()
        .find(|count| count.row.id == shared.id)
        .unwrap();
    assert_eq!((count.row.references, count.counted), (7, 2));
    assert_eq!(wrong.buckets[0].recorded, (7, 4));
    assert_eq!(wrong.buckets[0].counted, (3, 7));
    let store = wrong.store.unwrap();
    assert_eq!((store.counted, store.recorded), ((2, 5), (3, 15)));
    assert_eq!(catalog.recorded_usage_of_store().await.unwrap(), (3, 15));
    let recorded = catalog.list_recorded_usage().await.unwrap();
    assert_eq!(recorded[&world.bucket.id], (7, 4));

    // By differences, whatever is written in between.
    world.remove("a", at(3)).await;
    assert!(
        catalog
            .correct_references(shared.id, -5, at(4))
            .await
            .unwrap()
    );
    catalog
        .correct_bucket_usage(world.bucket.id, -4, 3)
        .await
        .unwrap();
    catalog.correct_store_usage(-1, 0).await.unwrap();
    catalog.correct_store_usage(0, -10).await.unwrap();
    insist_that_it_adds_up(&catalog.recount(suspects).await.unwrap());
}

pub(crate) async fn a_count_below_zero_is_taken_for_none(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    catalog.correct_store_usage(-1, -10).await.unwrap();
    let bucket = world.bucket.id;
    catalog.correct_bucket_usage(bucket, -1, -10).await.unwrap();
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
    let usage = catalog.usage_of_bucket(bucket).await.unwrap();
    assert_eq!((usage.objects, usage.object_bytes), (0, 0));
    let recorded = catalog.recorded_usage_of_store().await.unwrap();
    assert_eq!(recorded, (-1, -10), "a check still sees it");
    world.store("a", Content(1)).await;
}

pub(crate) async fn unknown_bytes_are_claimed_once_and_uploads_wait(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    let bytes = |n: u64| UnknownBytes {
        scope: Scope::Public,
        hash: Content(n).hash(),
        size: Content(n).size(),
    };
    world.store("a", Content(1)).await;
    let until = at(60);
    assert_eq!(
        catalog.claim_unknown(bytes(1), 7, until).await.unwrap(),
        None
    );
    let claim = catalog
        .claim_unknown(bytes(2), 7, until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        catalog.claim_unknown(bytes(2), 8, until).await.unwrap(),
        None
    );
    assert!(catalog.holds_deletion(&claim, at(1)).await.unwrap());
    assert_eq!(
        world.put(world.public("b", Content(2))).await,
        PutOutcome::Wait
    );
    assert!(catalog.finish_deletion(&claim, &gone()).await.unwrap());
    world.store("b", Content(2)).await;
}

pub(crate) async fn lost_objects_and_blobs_go_and_the_content_may_come_again(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    world.store("a", Content(1)).await;
    world.store("b", Content(1)).await;
    let blob = rows(&catalog, Scope::Public).await[0].clone();
    let bucket = world.bucket.id;
    let other = rockpool_catalog::BlobId::from_i64(blob.id.as_i64() + 1);
    let remove =
        |key: &'static str, blob| catalog.remove_lost_object(bucket, object_key(key), blob, at(2));
    assert!(!remove("a", other).await.unwrap(), "it points elsewhere");
    assert!(remove("a", blob.id).await.unwrap());
    assert!(
        !catalog.remove_lost_blob(blob.id, at(2)).await.unwrap(),
        "b needs it"
    );
    assert!(remove("b", blob.id).await.unwrap());
    assert!(catalog.remove_lost_blob(blob.id, at(2)).await.unwrap());
    assert_eq!(catalog.usage_of_store().await.unwrap(), (0, 0));
    assert_eq!(catalog.usage_of_bucket(bucket).await.unwrap().objects, 0);
    // It may not be mapped without being stored.
    assert_eq!(
        world.put(world.public("c", Content(1))).await,
        PutOutcome::Wait
    );
    let claims = catalog
        .claim_deletions(7, at(3), LEASE, LEASE, LEASE, 9)
        .await
        .unwrap();
    let claimed: HashSet<_> = claims.iter().map(|claim| claim.blob.id).collect();
    assert_eq!(claimed, HashSet::from([blob.id]));
    assert!(catalog.finish_deletion(&claims[0], &gone()).await.unwrap());
    world.store("c", Content(1)).await;
}
