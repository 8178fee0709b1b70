//! A backup that is brought to what manifests say is what the lost catalog was, whatever happened since.
use std::time::Duration;

use rockpool_catalog::{
    AccessKey, BlobId, BucketChange, BucketId, Catalog, ListObjects, ManifestLine, MemberChange,
    MemberState, NewBucket, ObjectChange, Replayed, Suspects,
};
use rockpool_types::{AccessKeyId, Acl, BucketName};

use crate::{
    copy::{Engine, furnish, interrupt_copy},
    snapshot::{counts_are_right, snapshot_of},
    world::{Content, World, at, gone, object_key},
};

/// Numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// All that members and readers see, as text; without the numbers of blobs, which another catalog gives anew.
async fn visible(catalog: &Catalog) -> Vec<String> {
    let mut all = Vec::new();
    for member in catalog.list_members(None, 100).await.unwrap() {
        let keys = catalog.list_access_keys(member.id).await.unwrap();
        let usage = catalog.usage_of_member(member.id).await.unwrap();
        all.push(format!("{member:?} {keys:?} {usage:?}"));
        for bucket in catalog.list_buckets(Some(member.id)).await.unwrap() {
            all.push(format!("{bucket:?}"));
            for mut object in objects(catalog, bucket.id).await {
                object.blob.id = BlobId::from_i64(0);
                all.push(format!("{object:?}"));
            }
        }
    }
    all
}

async fn objects(catalog: &Catalog, bucket: BucketId) -> Vec<rockpool_catalog::Object> {
    let query = ListObjects {
        bucket,
        prefix: String::new(),
        delimiter: None,
        after: None,
        limit: 100_000,
    };
    catalog.list_objects(query).await.unwrap().objects
}

/// Whether all counts add up.
async fn adds_up(catalog: &Catalog) {
    let buckets = catalog.list_buckets(None).await.unwrap();
    let mut blobs = Vec::new();
    for bucket in &buckets {
        let objects = objects(catalog, bucket.id).await;
        blobs.extend(objects.into_iter().map(|object| object.blob.id));
    }
    let suspects = Suspects {
        blobs,
        buckets: buckets.iter().map(|bucket| bucket.id).collect(),
        store: true,
    };
    counts_are_right(catalog, suspects).await;
}

/// Does something at random.
async fn act(catalog: &Catalog, worlds: &[World], chance: &mut Chance, step: u64) {
    let world = &worlds[chance.below(worlds.len() as u64) as usize];
    let key = match chance.below(3) {
        0 => format!("media/{:04}/ß.png", chance.below(1_050)),
        _ => format!("new/{}", chance.below(60)),
    };
    let content = Content(chance.below(2_000));
    match chance.below(8) {
        0..=3 => {
            let mut put = match chance.below(4) {
                0 => world.private(&key, content),
                _ => world.public(&key, content),
            };
            put.attributes.user_metadata = [("step".to_owned(), step.to_string())].into();
            put.now = at(step.cast_signed());
            world.put(put).await;
        }
        4..=6 => drop(world.remove(&key, at(step.cast_signed())).await),
        _ => {
            let key = object_key(&key);
            let found = catalog.find_object(world.bucket.id, &key).await;
            if let Some(object) = found.unwrap() {
                let change = ObjectChange {
                    tags: Some([("step".to_owned(), step.to_string())].into()),
                    ..ObjectChange::default()
                };
                let changed =
                    catalog.change_object(world.bucket.id, &object.key, object.blob.id, change);
                assert!(changed.await.unwrap());
            }
        }
    }
}

/// Members, buckets and keys come, change and go. Answers whoever can be written for then.
async fn change_accounts(catalog: &Catalog, alice: &World) -> Vec<World> {
    let carol = World::new(catalog, "carol").await;
    let dave = World::new(catalog, "dave").await;
    assert!(catalog.remove_member(dave.member.id).await.unwrap());
    let second = BucketName::new("alice-second").unwrap();
    let added = catalog.insert_bucket(alice.member.id, &second, Acl::Private, at(9));
    let NewBucket::Added(second) = added.await.unwrap() else {
        panic!("it was not added");
    };
    let second = World {
        bucket: second,
        ..alice.clone()
    };
    let key = AccessKeyId::new("RPKEY").unwrap();
    assert!(catalog.revoke_access_key(&key, at(9)).await.unwrap());
    let key = AccessKey {
        id: AccessKeyId::new("RPNEW").unwrap(),
        member: carol.member.id,
        sealed_secret: vec![1, 2, 3],
        read_only: false,
        bucket: None,
        label: String::new(),
        created_at: at(9),
        revoked_at: None,
    };
    assert!(catalog.insert_access_key(key).await.unwrap());
    let change = BucketChange {
        hosts: Some(vec!["files.carol.example".parse().unwrap()]),
        ..BucketChange::default()
    };
    catalog
        .change_bucket(carol.bucket.id, change)
        .await
        .unwrap();
    let change = MemberChange {
        state: Some(MemberState::Suspended),
        ..MemberChange::default()
    };
    catalog
        .change_member(alice.member.id, change)
        .await
        .unwrap();
    vec![alice.clone(), carol, second]
}

/// Bob goes with all that he has.
async fn bob_goes(catalog: &Catalog) {
    let name = rockpool_types::MemberName::new("bob").unwrap();
    let bob = catalog.find_member(&name).await.unwrap().unwrap();
    let bucket = catalog.find_bucket(&BucketName::from(&name)).await;
    let bob = World {
        catalog: catalog.clone(),
        member: bob,
        bucket: bucket.unwrap().unwrap(),
    };
    assert!(bob.remove("secret", at(20)).await);
    assert!(catalog.remove_member(bob.member.id).await.unwrap());
}

/// Writes some of what changed down; often enough twice, as two nodes may.
async fn write_down(catalog: &Catalog, lines: &mut Vec<ManifestLine>, chance: &mut Chance) {
    let limit = u32::try_from(1 + chance.below(60)).unwrap();
    let changes = catalog.read_changes(limit).await.unwrap();
    lines.extend(changes.lines.iter().cloned());
    if chance.below(4) > 0 {
        catalog.forget_changes(changes).await.unwrap();
    }
}

async fn replay(catalog: &Catalog, mut lines: Vec<ManifestLine>, chance: &mut Chance) -> u64 {
    // In no order.
    for place in (1..lines.len()).rev() {
        lines.swap(place, chance.below(place as u64 + 1) as usize);
    }
    let replay = catalog.begin_replay().await.unwrap();
    for chunk in lines.chunks(100) {
        let json: Vec<String> = chunk
            .iter()
            .map(|line| serde_json::to_string(line).unwrap())
            .collect();
        let chunk = json.iter().map(|line| serde_json::from_str(line).unwrap());
        replay.take(chunk.collect(), true).await.unwrap();
    }
    assert!(replay.replay_accounts(at(500)).await.unwrap());
    let (mut after, mut names) = (None, 0);
    loop {
        let page = replay.page(after.take(), 50).await.unwrap();
        let Some((bucket, key)) = page.last().and_then(ManifestLine::name) else {
            break;
        };
        after = Some((bucket, key.as_bytes().to_vec()));
        names += page.len() as u64;
        let outcomes = replay.replay(page, at(500), at(100_000)).await.unwrap();
        assert!(!outcomes.contains(&Replayed::NoBucket));
    }
    replay.finish().await.unwrap();
    names
}

async fn what_manifests_say_is_brought_back(engine: Engine) {
    let place = engine.place();
    let catalog = place.open().await.unwrap();
    let alice = furnish(&catalog).await;
    let replicated = catalog.insert_replica("far", at(0)).await.unwrap();
    assert!(replicated);
    let mut chance = Chance(20_261_126);
    let mut lines = Vec::new();
    // Some of what is in the backup was written down before it, and some is after it.
    for _ in 0..4 {
        write_down(&catalog, &mut lines, &mut chance).await;
    }
    let (_, backup, _directory) = snapshot_of(&catalog).await;
    let (_, second, _directory) = snapshot_of(&catalog).await;
    assert_ne!(
        deleting(&backup).await,
        0,
        "a blob was being deleted at that moment"
    );

    let pending = backup.read_changes(10_000).await.unwrap().rows();
    assert_ne!(pending, 0);

    // Now that blob is gone, and its content comes back.
    finish_deletions(&catalog).await;
    let worlds = change_accounts(&catalog, &alice).await;
    worlds[1].store("back", Content(5_000)).await;
    for step in 0..600 {
        act(&catalog, &worlds, &mut chance, step).await;
        if chance.below(10) == 0 {
            write_down(&catalog, &mut lines, &mut chance).await;
        }
        if step == 300 {
            bob_goes(&catalog).await;
        }
    }
    loop {
        let changes = catalog.read_changes(70).await.unwrap();
        if changes.rows() == 0 {
            break;
        }
        lines.extend(changes.lines.iter().cloned());
        catalog.forget_changes(changes).await.unwrap();
    }

    assert_ne!(visible(&backup).await, visible(&catalog).await);
    let names = replay(&backup, lines.clone(), &mut chance).await;
    assert!(names > 1_000);
    assert_eq!(visible(&backup).await, visible(&catalog).await);
    adds_up(&backup).await;
    let left = backup.read_changes(10_000).await.unwrap();
    assert_eq!(left.rows(), pending, "of the rest manifests tell already");
    // What is done again, in whatever order, is the same to the last row: so an interrupted restore goes on.
    let target = Engine::Sqlite.place();
    interrupt_copy(&backup, &target).await;
    replay(&second, lines.clone(), &mut chance).await;
    second
        .copy_to(&target.target().await, |_| {})
        .await
        .unwrap();
    replay(&backup, lines, &mut chance).await;
    assert_eq!(visible(&backup).await, visible(&second).await);
    let restored = target.open().await.unwrap();
    assert_eq!(visible(&restored).await, visible(&catalog).await);
    adds_up(&restored).await;
}

/// What was changed before the backup and never written down stays, though an earlier line says otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_not_taken_back_to_earlier_lines() {
    let place = Engine::Sqlite.place();
    let catalog = place.open().await.unwrap();
    let alice = World::new(&catalog, "alice").await;
    for key in ["overwritten", "removed", "later"] {
        alice.store(key, Content(1)).await;
    }
    let mut lines = catalog.read_changes(100).await.unwrap();
    catalog.forget_changes(lines.clone()).await.unwrap();
    alice.store("overwritten", Content(2)).await;
    alice.store("later", Content(2)).await;
    assert!(alice.remove("removed", at(2)).await);
    World::new(&catalog, "bob").await;
    let (_, backup, _directory) = snapshot_of(&catalog).await;
    let expected = visible(&backup).await;
    let mut chance = Chance(1);
    let replay_of = backup.begin_replay().await.unwrap();
    replay_of.take(lines.lines.clone(), true).await.unwrap();
    assert!(!replay_of.replay_accounts(at(3)).await.unwrap());
    assert_eq!(replay_of.page(None, 10).await.unwrap(), []);
    replay_of.finish().await.unwrap();
    assert_eq!(visible(&backup).await, expected);

    // Nor by an earlier manifest of which a later one, by its name, is missing; but where that is there, it counts.
    let (_, backup, _directory) = snapshot_of(&catalog).await;
    alice.store("twice", Content(4)).await;
    let first = catalog.read_changes(100).await.unwrap();
    alice.store("twice", Content(5)).await;
    let second = catalog.read_changes(100).await.unwrap();
    for (may_be_later, content) in [([false, false], None), ([true, false], Some(Content(5)))] {
        let replay_of = backup.begin_replay().await.unwrap();
        for (lines, may_be_later) in [&first, &second].into_iter().zip(may_be_later) {
            replay_of
                .take(lines.lines.clone(), may_be_later)
                .await
                .unwrap();
        }
        let page = replay_of.page(None, 10).await.unwrap();
        replay_of.replay(page, at(3), at(9)).await.unwrap();
        replay_of.finish().await.unwrap();
        let alice = World {
            catalog: backup.clone(),
            ..alice.clone()
        };
        assert_eq!(alice.content("twice").await, content.map(Content::hash));
    }

    // A line that came after the backup counts.
    let (_, backup, _directory) = snapshot_of(&catalog).await;
    alice.store("later", Content(3)).await;
    lines = catalog.read_changes(100).await.unwrap();
    replay(&backup, lines.lines, &mut chance).await;
    assert_eq!(visible(&backup).await, visible(&catalog).await);
}

async fn deleting(catalog: &Catalog) -> usize {
    let minute = Duration::from_secs(60);
    let all = catalog.list_collectable(at(3_000), minute, None, 100);
    let all = all.await.unwrap();
    let reason = rockpool_catalog::CollectReason::DeletionAbandoned;
    all.iter().filter(|blob| blob.reason == reason).count()
}

async fn finish_deletions(catalog: &Catalog) {
    let minute = Duration::from_secs(60);
    for owner in 1..3 {
        let now = at(1_000 * owner);
        let claims = catalog.claim_deletions(owner, now, minute, minute, minute, 100);
        for claim in claims.await.unwrap() {
            assert!(catalog.finish_deletion(&claim, &gone()).await.unwrap());
        }
    }
}

macro_rules! engines {
    ($($engine:ident: $test:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            what_manifests_say_is_brought_back(Engine::$engine).await;
        }
    )*};
}

engines! {
    Sqlite: what_manifests_say_of_sqlite_is_brought_back;
    MariaDb: what_manifests_say_of_mariadb_is_brought_back;
    PostgreSql: what_manifests_say_of_postgresql_is_brought_back;
}
