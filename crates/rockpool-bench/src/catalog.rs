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
const TASKS: u64 = 16;

/// How many rounds each load runs, and how long a round takes. Two catalogs take turns, so that what else the machine
/// does bears on both.
const ROUNDS: u64 = 5;
const ROUND: Duration = Duration::from_secs(1);

/// A catalog with this many objects.
struct Filled {
    engine: Engine,
    catalog: Catalog,
    rows: Rows,
    objects: u64,
    /// Objects that loads have added.
    written: u64,
}

/// The loads of one catalog.
#[derive(Default)]
struct Loads {
    find: Load,
    list: Load,
    write: Load,
}

/// The figures of one size, and those of the first size, measured in turns with them.
struct Figures {
    objects: u64,
    bytes_an_object: f64,
    loads: Loads,
    first: Loads,
}

/// Fills a fresh catalog of each engine step by step to the sizes given (objects, ascending), and measures at each beside
/// another catalog that stays at the first.
pub(crate) async fn run(engines: &[EngineName], sizes: &[u64]) -> Result<()> {
    let first = *sizes.first().context("no size is given")?;
    ensure!(
        sizes.is_sorted() && first >= rows::BUCKETS,
        "sizes must ascend, from {} at least",
        rows::BUCKETS
    );
    for name in engines {
        let mut reference = Filled::new(*name).await?;
        reference.fill(first)?;
        let mut growing = Filled::new(*name).await?;
        let mut figures = Vec::new();
        for size in sizes {
            let begin = Instant::now();
            growing.fill(*size)?;
            let seconds = begin.elapsed().as_secs_f64();
            eprintln!("{name}: {size} objects after {seconds:.0} s");
            figures.push(measure(&mut growing, &mut reference).await?);
        }
        print(*name, &figures);
    }
    Ok(())
}

impl Filled {
    async fn new(name: EngineName) -> Result<Self> {
        let engine = Engine::start(name)?;
        let catalog = engine.open().await?;
        let rows = Rows::prepare(&catalog).await?;
        Ok(Self {
            engine,
            catalog,
            rows,
            objects: 0,
            written: 0,
        })
    }

    fn fill(&mut self, objects: u64) -> Result<()> {
        self.engine.fill(&self.rows, self.objects..objects)?;
        self.objects = objects;
        Ok(())
    }

    /// One round of each load.
    async fn round(&mut self, round: u64, loads: &mut Loads) -> Result<()> {
        let size = self.objects;
        let find = self.load(round, move |catalog, rows, number| async move {
            let (bucket, key) = rows.object(number % size)?;
            let found = catalog.find_object(bucket, &key).await?;
            ensure!(found.is_some(), "{key} is not there");
            Ok(())
        });
        loads.find.add(find.await?);
        let list = self.load(round, move |catalog, rows, number| async move {
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
        });
        loads.list.add(list.await?);
        let write = self.load(round, move |catalog, rows, number| async move {
            let put = known_content(&rows, number, size)?;
            let outcome = catalog.put_object(put, None).await?;
            let mapped = outcome == PutOutcome::Mapped { known: true };
            ensure!(mapped, "a put of known content answered {outcome:?}");
            Ok(())
        });
        let write = write.await?;
        self.written += write.latencies.len() as u64;
        loads.write.add(write);
        Ok(())
    }

    /// Runs `work` on random numbers from many tasks for a [`ROUND`].
    async fn load<F, W>(&self, round: u64, work: F) -> Result<Load>
    where
        F: Fn(Catalog, Rows, u64) -> W + Copy + Send + 'static,
        W: Future<Output = Result<()>> + Send,
    {
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for task in 1..=TASKS {
            let (catalog, rows) = (self.catalog.clone(), self.rows.clone());
            // No load adds an object twice.
            let mut numbers = Numbers::new((self.written + round) * TASKS + task);
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                while begin.elapsed() < ROUND {
                    let number = numbers.next();
                    let since = Instant::now();
                    work(catalog.clone(), rows.clone(), number).await?;
                    latencies.push(since.elapsed());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut load = Load::default();
        while let Some(done) = tasks.join_next().await {
            load.latencies
                .append(&mut done.context("a task of the load")??);
        }
        load.elapsed = begin.elapsed();
        Ok(load)
    }
}

async fn measure(growing: &mut Filled, reference: &mut Filled) -> Result<Figures> {
    let (objects, written) = (growing.objects, growing.written);
    let bytes_an_object = growing.engine.bytes()? as f64 / (objects + written) as f64;
    let (mut loads, mut first) = (Loads::default(), Loads::default());
    for round in 1..=ROUNDS {
        growing.round(round, &mut loads).await?;
        reference.round(round, &mut first).await?;
    }
    Ok(Figures {
        objects,
        bytes_an_object,
        loads,
        first,
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
        moves_from: None,
        now: Timestamp::from_millis(rows::BEGAN_MS),
        lease: Duration::from_secs(3600),
        stored_in: None,
        stored_from: Timestamp::from_millis(rows::BEGAN_MS),
    })
}

fn print(engine: EngineName, figures: &[Figures]) {
    println!(
        "\ncatalog on {engine}: {TASKS} tasks at once; cost is the median, beside that of a catalog of the first size, \
         measured in turns with it"
    );
    println!(
        "{:>10} {:>9} {:>9} {:>7} {:>5} {:>9} {:>7} {:>5} {:>9} {:>7} {:>5}",
        "objects",
        "bytes/obj",
        "finds/s",
        "p50 us",
        "cost",
        "writes/s",
        "p50 us",
        "cost",
        "lists/s",
        "p50 us",
        "cost"
    );
    for line in figures {
        print!("{:>10} {:>9.1}", line.objects, line.bytes_an_object);
        for (load, first) in [
            (&line.loads.find, &line.first.find),
            (&line.loads.write, &line.first.write),
            (&line.loads.list, &line.first.list),
        ] {
            let rate = load.latencies.len() as f64 / load.elapsed.as_secs_f64();
            let median = |load: &Load| load.percentile(0.5).as_secs_f64() * 1e6;
            let cost = median(load) / median(first);
            print!(" {rate:>9.0} {:>7.0} {cost:>5.2}", median(load));
        }
        println!();
    }
}
