//! The catalog alone, filled to sizes that no upload run reaches: look-ups and writes a second, and bytes an object, on
//! each engine.
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rockpool_catalog::{Catalog, ListObjects, PutObject, PutOutcome, Scope};
use rockpool_types::{Acl, Conditions, ETag, ObjectAttributes, ObjectKey, Timestamp};
use tokio::task::JoinSet;

use crate::{load::Load, mix::Numbers};

mod engine;
mod rows;

pub(crate) use engine::EngineName;

use engine::Engine;
use rows::{Content, Rows};

/// Tasks that look up or write at once.
const TASKS: usize = 16;

/// How long each load runs.
const LOAD_TIME: Duration = Duration::from_secs(5);

/// The figures of one engine at one size.
struct Figures {
    objects: u64,
    bytes_an_object: f64,
    find: Load,
    write: Load,
    list: Load,
}

/// Fills a fresh catalog of each engine step by step to the sizes given (objects, ascending), and measures at each.
pub(crate) async fn run(engines: &[EngineName], sizes: &[u64]) -> Result<()> {
    ensure!(
        sizes.is_sorted() && sizes.first().is_some_and(|first| *first >= rows::BUCKETS),
        "sizes must ascend, from {} at least",
        rows::BUCKETS
    );
    for name in engines {
        let engine = Engine::start(*name)?;
        let catalog = engine.open().await?;
        let rows = Rows::prepare(&catalog).await?;
        let mut figures = Vec::new();
        let mut filled = 0;
        for size in sizes {
            let begin = Instant::now();
            engine.fill(&rows, filled..*size)?;
            eprintln!(
                "{name}: {size} objects after {:.0} s",
                begin.elapsed().as_secs_f64()
            );
            filled = *size;
            figures.push(measure(&engine, &catalog, &rows, filled).await?);
        }
        print(*name, &figures);
    }
    Ok(())
}

async fn measure(engine: &Engine, catalog: &Catalog, rows: &Rows, size: u64) -> Result<Figures> {
    // Sizes first: the writes of the load are not in the count of objects.
    let bytes_an_object = engine.bytes()? as f64 / size as f64;
    let find = load(catalog, rows, move |catalog, rows, number| async move {
        let (bucket, key) = rows.object(number % size)?;
        let found = catalog.find_object(bucket, &key).await?;
        ensure!(found.is_some(), "{key} is not there");
        Ok(())
    })
    .await?;
    let list = load(catalog, rows, move |catalog, rows, number| async move {
        let (bucket, key) = rows.object(number % size)?;
        let query = ListObjects {
            bucket,
            prefix: String::new(),
            delimiter: None,
            after: Some(key.as_str().to_owned()),
            limit: 1_000,
        };
        catalog.list_objects(query).await?;
        Ok(())
    })
    .await?;
    let write = load(catalog, rows, move |catalog, rows, number| async move {
        let put = known_content(&rows, number, size)?;
        let outcome = catalog.put_object(put, None).await?;
        let mapped = outcome == PutOutcome::Mapped { known: true };
        ensure!(mapped, "a put of known content answered {outcome:?}");
        Ok(())
    })
    .await?;
    Ok(Figures {
        objects: size,
        bytes_an_object,
        find,
        write,
        list,
    })
}

/// A new key with content that another object has: what most uploads to a large pool are.
fn known_content(rows: &Rows, number: u64, size: u64) -> Result<PutObject> {
    let content = Content::of_blob(rows::blob_of(number % size));
    let key = ObjectKey::new(format!("new/{number:016x}.png"))?;
    Ok(PutObject {
        bucket: rows.bucket(number),
        key,
        scope: Scope::Public,
        hash: content.hash,
        size: content.size,
        md5: content.md5,
        media_type: rows::MEDIA_TYPE.to_owned(),
        etag: ETag::single(content.md5),
        acl: Acl::PublicRead,
        attributes: ObjectAttributes::default(),
        conditions: Conditions::default(),
        completes: None,
        modified_at: None,
        now: Timestamp::from_millis(rows::BEGAN_MS),
        lease: Duration::from_secs(3600),
    })
}

/// Runs `work` on random numbers from many tasks for [`LOAD_TIME`].
async fn load<F, W>(catalog: &Catalog, rows: &Rows, work: F) -> Result<Load>
where
    F: Fn(Catalog, Rows, u64) -> W + Copy + Send + 'static,
    W: Future<Output = Result<()>> + Send,
{
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for seed in 1..=TASKS {
        let (catalog, rows) = (catalog.clone(), rows.clone());
        tasks.spawn(async move {
            let mut numbers = Numbers::new(seed as u64);
            let mut latencies = Vec::new();
            while begin.elapsed() < LOAD_TIME {
                let number = numbers.next();
                let since = Instant::now();
                work(catalog.clone(), rows.clone(), number).await?;
                latencies.push(since.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.append(&mut done.context("a task of the load")??);
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Ok(Load {
        elapsed,
        latencies,
        bytes_read: 0,
    })
}

fn print(engine: EngineName, figures: &[Figures]) {
    println!(
        "\ncatalog on {engine}: {TASKS} tasks at once; cost is the median, beside that of the first line"
    );
    println!(
        "{:>10} {:>9} {:>10} {:>9} {:>6} {:>10} {:>9} {:>6} {:>11}",
        "objects",
        "bytes/obj",
        "finds/s",
        "p50 us",
        "cost",
        "writes/s",
        "p50 us",
        "cost",
        "lists p50 us"
    );
    let us = |load: &Load| load.percentile(0.5).as_secs_f64() * 1e6;
    let rate = |load: &Load| load.latencies.len() as f64 / load.elapsed.as_secs_f64();
    let Some(first) = figures.first() else {
        return;
    };
    for line in figures {
        println!(
            "{:>10} {:>9.1} {:>10.0} {:>9.0} {:>6.2} {:>10.0} {:>9.0} {:>6.2} {:>11.0}",
            line.objects,
            line.bytes_an_object,
            rate(&line.find),
            us(&line.find),
            us(&line.find) / us(&first.find),
            rate(&line.write),
            us(&line.write),
            us(&line.write) / us(&first.write),
            us(&line.list),
        );
    }
}
