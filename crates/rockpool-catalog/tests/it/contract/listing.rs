//! Listings against a model: sorted keys, rolled up one by one.
use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use rockpool_catalog::{BucketId, Catalog, ListObjects, ListUploads};
use rockpool_types::Acl;
use tokio::runtime::Handle;

use super::uploads::{upload, upload_id};
use crate::world::{Content, World, at};

/// Pieces that keys, prefixes and delimiters are made of, so that they meet each other in odd ways.
const PIECES: [&str; 12] = [
    "a",
    "b",
    "/",
    "/",
    "//",
    "é",
    "e\u{301}",
    "→",
    "\u{10FFFF}",
    "\0",
    "%",
    "a/",
];

fn text(pieces: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PIECES[..]), pieces).prop_map(|pieces| pieces.concat())
}

#[derive(Clone, Debug)]
struct Question {
    prefix: String,
    delimiter: Option<String>,
    after: Option<String>,
    limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let delimiter = select(vec![
        None,
        Some("/"),
        Some("/"),
        Some("//"),
        Some("→"),
        Some("a"),
        Some("\u{10FFFF}"),
        Some(""),
    ]);
    let after = prop::option::of(text(0..5));
    (text(0..3), delimiter, after, 0..7_usize).prop_map(|(prefix, delimiter, after, limit)| {
        Question {
            prefix,
            delimiter: delimiter.map(str::to_owned),
            after,
            limit,
        }
    })
}

/// What stands for a key in the listing: itself, or a common prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    CommonPrefix(String),
    Key(String),
}

impl Entry {
    fn text(&self) -> &str {
        match self {
            Self::CommonPrefix(text) | Self::Key(text) => text,
        }
    }
}

fn entry(key: &str, question: &Question) -> Option<Entry> {
    let rest = key.strip_prefix(&question.prefix)?;
    let delimiter = question.delimiter.as_deref().filter(|d| !d.is_empty());
    Some(
        match delimiter.and_then(|d| rest.split_once(d).map(|(head, _)| (head, d))) {
            Some((head, d)) => Entry::CommonPrefix(format!("{}{head}{d}", question.prefix)),
            None => Entry::Key(key.to_owned()),
        },
    )
}

/// Runs `check` on random cases, from a thread that may block.
async fn check_all<S>(strategy: S, mut check: impl FnMut(&Handle, S::Value) + Send + 'static)
where
    S: Strategy + Send + 'static,
{
    let handle = Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        let config = ProptestConfig {
            cases: 60,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..ProptestConfig::default()
        };
        let check = std::cell::RefCell::new(&mut check);
        TestRunner::new(config)
            .run(&strategy, |case| {
                (check.borrow_mut())(&handle, case);
                Ok(())
            })
            .map_err(|e| e.to_string())
    });
    checked.await.unwrap().unwrap();
}

async fn new_world(catalog: &Catalog, cases: &mut u32) -> World {
    *cases += 1;
    World::new(catalog, &format!("member{cases}")).await
}

pub(crate) async fn pages_of_objects_follow_the_model(catalog: Catalog) {
    let keys = prop::collection::btree_set(text(1..6), 0..40);
    let questions = prop::collection::vec(question(), 1..12);
    let mut cases = 0;
    check_all((keys, questions), move |handle, (keys, questions)| {
        handle.block_on(async {
            let world = new_world(&catalog, &mut cases).await;
            let neighbour = new_world(&catalog, &mut cases).await;
            for key in &keys {
                world.store(key, Content(key.len() as u64)).await;
            }
            neighbour.store("a/neighbour", Content(1)).await;
            for question in questions {
                check_page(&catalog, world.bucket.id, &keys, &question).await;
                check_walk(&catalog, world.bucket.id, &keys, question).await;
            }
        });
    })
    .await;
}

async fn list(
    catalog: &Catalog,
    bucket: BucketId,
    question: &Question,
) -> (Vec<Entry>, Option<String>) {
    let query = ListObjects {
        bucket,
        prefix: question.prefix.clone(),
        delimiter: question.delimiter.clone(),
        after: question.after.clone(),
        limit: question.limit,
    };
    let page = catalog.list_objects(query).await.unwrap();
    let keys: Vec<String> = page.objects.iter().map(|o| o.key.to_string()).collect();
    assert!(keys.is_sorted() && page.common_prefixes.is_sorted());
    let keys = keys.into_iter().map(Entry::Key);
    let prefixes = page.common_prefixes.into_iter().map(Entry::CommonPrefix);
    let mut entries: Vec<Entry> = keys.chain(prefixes).collect();
    entries.sort_by(|a, b| a.text().cmp(b.text()));
    (entries, page.next)
}

fn model(keys: &BTreeSet<String>, question: &Question) -> Vec<Entry> {
    let all: BTreeSet<Entry> = keys.iter().filter_map(|key| entry(key, question)).collect();
    let after = question.after.as_deref().unwrap_or("");
    let mut all: Vec<Entry> = all.into_iter().filter(|e| e.text() > after).collect();
    all.sort_by(|a, b| a.text().cmp(b.text()));
    all
}

async fn check_page(
    catalog: &Catalog,
    bucket: BucketId,
    keys: &BTreeSet<String>,
    question: &Question,
) {
    let mut expected = model(keys, question);
    let more = expected.len() > question.limit && question.limit > 0;
    expected.truncate(question.limit);
    let next = expected
        .last()
        .filter(|_| more)
        .map(|e| e.text().to_owned());
    let found = list(catalog, bucket, question).await;
    assert_eq!(found, (expected, next), "{question:?}");
}

/// Page after page shows everything once.
async fn check_walk(
    catalog: &Catalog,
    bucket: BucketId,
    keys: &BTreeSet<String>,
    mut question: Question,
) {
    question.limit = question.limit.max(1);
    let expected = model(keys, &question);
    let mut found = Vec::new();
    loop {
        let (page, next) = list(catalog, bucket, &question).await;
        found.extend(page);
        if next.is_none() {
            break;
        }
        question.after = next;
    }
    assert_eq!(found, expected, "{question:?}");
}

pub(crate) async fn pages_of_uploads_follow_the_model(catalog: Catalog) {
    let keys = prop::collection::vec(text(1..4), 0..25);
    let questions = prop::collection::vec((question(), prop::option::of(0..30_u32)), 1..12);
    let (mut cases, mut ids) = (0, 0);
    check_all((keys, questions), move |handle, (keys, questions)| {
        handle.block_on(async {
            let world = new_world(&catalog, &mut cases).await;
            let mut started: BTreeMap<(String, String), ()> = BTreeMap::new();
            let first = ids;
            for key in keys {
                // Ids come in another order than keys.
                let id = upload_id(ids ^ 0x15);
                ids += 0x20 - (ids & 1) * 0x1f;
                let upload = upload(&world, &id, &key, 1);
                assert!(catalog.insert_upload(upload).await.unwrap());
                started.insert((key, id.as_str().to_owned()), ());
            }
            let started: BTreeSet<_> = started.into_keys().collect();
            for (question, marker) in questions {
                let marker = marker.map(|n| upload_id(first + n).as_str().to_owned());
                check_uploads(&catalog, world.bucket.id, &started, &question, marker).await;
            }
        });
    })
    .await;
}

/// An entry of a listing of uploads: a key and an id, or a common prefix and nothing.
type UploadEntry = (String, String);

fn upload_model(
    started: &BTreeSet<UploadEntry>,
    question: &Question,
    marker: Option<&String>,
) -> Vec<UploadEntry> {
    let mut entries: Vec<UploadEntry> = started
        .iter()
        .filter_map(|(key, id)| {
            Some(match entry(key, question)? {
                Entry::CommonPrefix(prefix) => {
                    let shown = question
                        .after
                        .as_ref()
                        .is_some_and(|after| *after >= prefix);
                    (!shown).then_some((prefix, String::new()))?
                }
                Entry::Key(key) => {
                    let shown = match (&question.after, marker) {
                        (None, _) => false,
                        (Some(after), Some(marker)) if *after == key => id <= marker,
                        (Some(after), _) => *after >= key,
                    };
                    (!shown).then(|| (key, id.clone()))?
                }
            })
        })
        .collect();
    entries.sort();
    entries.dedup();
    entries
}

async fn check_uploads(
    catalog: &Catalog,
    bucket: BucketId,
    started: &BTreeSet<UploadEntry>,
    question: &Question,
    marker: Option<String>,
) {
    let mut expected = upload_model(started, question, marker.as_ref());
    let more = expected.len() > question.limit && question.limit > 0;
    expected.truncate(question.limit);
    let query = ListUploads {
        bucket,
        prefix: question.prefix.clone(),
        delimiter: question.delimiter.clone(),
        key_marker: question.after.clone(),
        upload_id_marker: marker,
        limit: question.limit,
    };
    let page = catalog.list_uploads(query.clone()).await.unwrap();
    let uploads = page.uploads.iter();
    let mut found: Vec<UploadEntry> = uploads
        .map(|u| (u.key.to_string(), u.id.as_str().to_owned()))
        .chain(
            page.common_prefixes
                .iter()
                .map(|p| (p.clone(), String::new())),
        )
        .collect();
    found.sort();
    let next = expected.last().filter(|_| more).cloned();
    assert_eq!((found, page.next), (expected, next), "{query:?}");
}

/// Folders with more objects than a batch has rows.
pub(crate) async fn folders_are_shown_once_and_jumped_over(catalog: Catalog) {
    let world = World::new(&catalog, "alice").await;
    for folder in 0..20 {
        let puts = (0..100).map(|n| {
            let mut put = world.public(&format!("{folder:03}/{n}"), Content(1));
            (put.acl, put.now) = (Acl::PublicRead, at(2));
            world.put(put)
        });
        futures_util::future::join_all(puts).await;
    }
    let question = Question {
        prefix: String::new(),
        delimiter: Some("/".to_owned()),
        after: Some("004/".to_owned()),
        limit: 10,
    };
    let (entries, next) = list(&catalog, world.bucket.id, &question).await;
    let expected: Vec<Entry> = (5..15)
        .map(|folder| Entry::CommonPrefix(format!("{folder:03}/")))
        .collect();
    assert_eq!((entries, next.as_deref()), (expected, Some("014/")));
    let flat = Question {
        delimiter: None,
        after: None,
        limit: 1500,
        ..question
    };
    let (entries, next) = list(&catalog, world.bucket.id, &flat).await;
    assert_eq!((entries.len(), next.as_deref()), (1500, Some("014/99")));
}
