//! Random histories against a model that counts by hand.
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use rockpool_catalog::{Catalog, PutOutcome, Scope, Usage};
use rockpool_types::Conditions;

use crate::world::{Content, World, at, gone, object_key};

#[derive(Clone, Debug)]
enum Step {
    Put {
        world: usize,
        key: u8,
        content: u64,
        private: bool,
    },
    Copy {
        from: (usize, u8),
        to: (usize, u8),
    },
    Remove {
        world: usize,
        keys: Vec<u8>,
    },
    Collect {
        limit: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (world, key) = (0..3_usize, 0..12_u8);
    prop_oneof![
        6 => (world.clone(), key.clone(), 0..10_u64, any::<bool>())
            .prop_map(|(world, key, content, private)| Step::Put { world, key, content, private }),
        2 => ((world.clone(), key.clone()), (world.clone(), key.clone()))
            .prop_map(|(from, to)| Step::Copy { from, to }),
        3 => (world, prop::collection::vec(key, 1..5))
            .prop_map(|(world, keys)| Step::Remove { world, keys }),
        1 => (0..4_u32).prop_map(|limit| Step::Collect { limit }),
    ]
}

/// What ought to be: the content and scope of every key, and the blobs in the store.
#[derive(Default)]
struct Model {
    objects: BTreeMap<(usize, u8), (u64, bool)>,
    stored: BTreeSet<(Option<usize>, u64)>,
}

impl Model {
    /// A blob's name in the model: its scope's member, if private, and its content.
    fn blob(&(world, _): &(usize, u8), &(content, private): &(u64, bool)) -> (Option<usize>, u64) {
        (private.then_some(world), content)
    }

    fn referenced(&self) -> BTreeSet<(Option<usize>, u64)> {
        let objects = self.objects.iter();
        objects
            .map(|(place, object)| Self::blob(place, object))
            .collect()
    }
}

struct History {
    catalog: Catalog,
    worlds: Vec<World>,
    model: Model,
    seconds: i64,
}

impl History {
    async fn put(&mut self, place: (usize, u8), object: (u64, bool)) {
        let world = &self.worlds[place.0];
        let (key, content) = (place.1.to_string(), Content(object.0));
        let mut put = if object.1 {
            world.private(&key, content)
        } else {
            world.public(&key, content)
        };
        put.now = at(self.seconds);
        let blob = Model::blob(&place, &object);
        let known = self.model.stored.contains(&blob);
        assert_eq!(world.put(put).await, PutOutcome::Mapped { known });
        self.model.stored.insert(blob);
        self.model.objects.insert(place, object);
    }

    async fn remove(&mut self, world: usize, keys: &[u8]) {
        let asked = keys
            .iter()
            .map(|key| (object_key(&key.to_string()), Conditions::default()))
            .collect();
        let bucket = self.worlds[world].bucket.id;
        let answers = self
            .catalog
            .remove_objects(bucket, asked, at(self.seconds))
            .await;
        let expected: Vec<_> = keys
            .iter()
            .map(|key| Some(self.model.objects.remove(&(world, *key)).is_some()))
            .collect();
        assert_eq!(answers.unwrap(), expected);
    }

    /// Collects what nothing points to, without grace; a wrong reference count shows here.
    async fn collect(&mut self, limit: u32) {
        let referenced = self.model.referenced();
        let idle: BTreeSet<_> = self.model.stored.difference(&referenced).copied().collect();
        let (now, zero) = (at(self.seconds), Duration::ZERO);
        let claims = self
            .catalog
            .claim_deletions(1, now, zero, Duration::from_secs(1), zero, limit)
            .await
            .unwrap();
        assert_eq!(claims.len(), idle.len().min(limit as usize));
        for claim in claims {
            let content = (0..10)
                .find(|n| Content(*n).hash() == claim.blob.hash)
                .unwrap();
            let member = match claim.blob.scope {
                Scope::Public => None,
                Scope::Private(id) => self.worlds.iter().position(|w| w.member.id == id),
            };
            assert!(idle.contains(&(member, content)), "{claim:?}");
            assert!(self.model.stored.remove(&(member, content)));
            assert!(self.catalog.finish_deletion(&claim, &gone()).await.unwrap());
        }
    }

    async fn take(&mut self, step: &Step) {
        self.seconds += 10;
        match step {
            Step::Put {
                world,
                key,
                content,
                private,
            } => self.put((*world, *key), (*content, *private)).await,
            Step::Copy { from, to } => {
                if let Some(object) = self.model.objects.get(from).copied() {
                    self.put(*to, object).await;
                }
            }
            Step::Remove { world, keys } => self.remove(*world, keys).await,
            Step::Collect { limit } => self.collect(*limit).await,
        }
    }

    async fn check_counts(&self) {
        for (number, world) in self.worlds.iter().enumerate() {
            let mut expected = Usage::default();
            for (place, (content, _)) in &self.model.objects {
                if place.0 == number {
                    expected.objects += 1;
                    expected.object_bytes += Content(*content).size();
                }
            }
            let (bucket, member) = (world.bucket.id, world.member.id);
            assert_eq!(
                self.catalog.usage_of_bucket(bucket).await.unwrap(),
                expected
            );
            assert_eq!(
                self.catalog.usage_of_member(member).await.unwrap(),
                expected
            );
        }
        let bytes = self
            .model
            .stored
            .iter()
            .map(|(_, n)| Content(*n).size())
            .sum();
        let expected = (self.model.stored.len() as u64, bytes);
        assert_eq!(self.catalog.usage_of_store().await.unwrap(), expected);
    }

    async fn check_objects(&self) {
        for (number, world) in self.worlds.iter().enumerate() {
            for key in 0..12 {
                let expected = self.model.objects.get(&(number, key));
                let expected = expected.map(|(content, _)| Content(*content).hash());
                assert_eq!(world.content(&key.to_string()).await, expected);
            }
        }
    }
}

pub(crate) async fn counts_stay_exact_whatever_happens(catalog: Catalog) {
    let mut worlds = Vec::new();
    for name in ["alice", "bob", "carol"] {
        worlds.push(World::new(&catalog, name).await);
    }
    let mut history = History {
        catalog,
        worlds,
        model: Model::default(),
        seconds: 0,
    };
    let mut runner = TestRunner::new(Config::default());
    for number in 0..600 {
        let step = step().new_tree(&mut runner).unwrap().current();
        history.take(&step).await;
        history.check_counts().await;
        if number % 50 == 0 {
            history.check_objects().await;
        }
    }
    history.check_objects().await;
    for world in 0..3 {
        history.remove(world, &(0..12).collect::<Vec<_>>()).await;
    }
    history.collect(100).await;
    history.check_counts().await;
    assert_eq!(history.model.stored.len(), 0);
}
