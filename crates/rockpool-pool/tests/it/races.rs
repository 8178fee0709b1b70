//! Writers, removers and collectors at the same few contents and keys.
use std::time::Duration;

use rockpool_pool::{Entry, PoolError};
use rockpool_testkit::{Dice, TestPool, TestPoolOptions};
use rockpool_types::{Acl, ObjectKey};

const KEYS: u64 = 6;
const CONTENTS: u64 = 3;

fn content(number: u64) -> Vec<u8> {
    // One content in memory, two through the spool.
    vec![b'a' + number as u8; 20 + 150_000 * number as usize]
}

async fn act(world: &TestPool, entry: &Entry, dice: &mut Dice) {
    let key = format!("key/{}", dice.roll(KEYS));
    let acl = if dice.roll(3) == 0 {
        Acl::Private
    } else {
        Acl::PublicRead
    };
    match dice.roll(6) {
        0..=2 => match world
            .put(entry, &key, acl, content(dice.roll(CONTENTS)))
            .await
        {
            // Said when the same content is being deleted for longer than a client waits.
            Ok(_) | Err(PoolError::Unavailable(_)) => {}
            Err(error) => panic!("a put failed: {error}"),
        },
        3 => {
            world.remove(entry, &key).await;
        }
        4 => match world
            .pool
            .set_acl(entry, &ObjectKey::new(key).unwrap(), acl)
            .await
        {
            Ok(()) | Err(PoolError::NoSuchKey | PoolError::Unavailable(_)) => {}
            Err(error) => panic!("a change of ACL failed: {error}"),
        },
        _ => match world.read(entry, &key).await {
            Ok(bytes) => assert!(
                (0..CONTENTS).any(|number| bytes == content(number)),
                "a mixture was read"
            ),
            Err(PoolError::NoSuchKey) => {}
            Err(error) => panic!("a mapped key could not be read: {error}"),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_runs_beside_it_a_mapped_key_has_its_bytes() {
    let mut options = TestPoolOptions::default();
    // A reader that found an object reads its blob for a while yet: that is what the grace period is for.
    options.settings.grace = Duration::from_millis(200);
    let world = TestPool::start(options).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let entries = [
        world.entry(&ada, "ada").await,
        world.entry(&bob, "bob").await,
    ];
    let clients = (0..8u64).map(|client| {
        let (world, entry) = (&world, &entries[client as usize % 2]);
        async move {
            let mut dice = Dice::new(client, 0);
            for _ in 0..60 {
                act(world, entry, &mut dice).await;
            }
        }
    });
    let collector = async {
        for _ in 0..100 {
            world.clock.advance(Duration::from_millis(50));
            world.pool.collect().await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(futures_util::future::join_all(clients), collector, async {
        world.pool.collect().await.unwrap()
    });
    world.collect_everything().await;
    world.insist_on_promises(&[&entries[0], &entries[1]]).await;
    for entry in &entries {
        let usage = world.pool.usage_of_bucket(entry.bucket()).await.unwrap();
        let query = rockpool_pool::ListObjects {
            bucket: entry.bucket().id,
            prefix: String::new(),
            delimiter: None,
            after: None,
            limit: 100,
        };
        let objects = world.pool.list_objects(entry, query).await.unwrap().objects;
        let bytes: u64 = objects.iter().map(|object| object.blob.size).sum();
        assert_eq!(
            (usage.objects, usage.object_bytes),
            (objects.len() as u64, bytes)
        );
    }
}
