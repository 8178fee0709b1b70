//! Benchmarks of the real program over its real listeners, each beside a reference that is measured in the same run.
//!
//! - `put`: durable single uploads; beside hashing the same bytes and writing each to one fsynced file
//! - `get`: reads of blobs; beside nginx serving the same files
//! - `redirect`: look-ups at the pool host; beside nginx's `return 301`
//! - `links`: hits of the link shield's cache; beside nginx serving the same bytes
//! - `memory`: the peak memory of the node under many large uploads at once
//! - `catalog`: look-ups, writes and bytes an object of the catalog alone, on each engine, at growing sizes; only when it
//!   is named, as ten million objects take minutes
//!
//! It starts `rockpool` (built beside it) and nginx on loopback, bounded in count and time, and stops both.

mod catalog;
mod load;
mod mix;
mod nginx;
mod node;
mod process;
mod report;
mod runs;
mod shield;

use anyhow::{Result, bail};
use catalog::EngineName;
use clap::Parser;

/// Measures a pool on this machine. Numbers of different runs do not compare; the ratios of one run do.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure: put, get, redirect, links, memory, catalog. All but the last when none is named.
    runs: Vec<String>,
    /// How many objects the put and get runs use.
    #[arg(long, default_value_t = 3_000)]
    objects: usize,
    /// How many requests the redirect and links runs send.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// How many connections send requests at once.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How many uploads the memory run sends at once.
    #[arg(long, default_value_t = 256)]
    uploads: usize,
    /// The size of each of those, in MB.
    #[arg(long, default_value_t = 40)]
    upload_mb: usize,
    /// The engines of the catalog run.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "sqlite,mariadb,postgres"
    )]
    engines: Vec<EngineName>,
    /// The sizes of the catalog run, in objects, ascending.
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000,10000000")]
    sizes: Vec<u64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = ["put", "get", "redirect", "links", "memory", "catalog"];
    if let Some(unknown) = arguments
        .runs
        .iter()
        .find(|run| !all.contains(&run.as_str()))
    {
        bail!("there is no run `{unknown}`; there are {}", all.join(", "));
    }
    if arguments.runs.iter().any(|run| run == "catalog") {
        catalog::run(&arguments.engines, &arguments.sizes).await?;
        if arguments.runs.len() == 1 {
            return Ok(());
        }
    }
    let wanted =
        |run: &str| arguments.runs.is_empty() || arguments.runs.iter().any(|named| named == run);
    let mut node = node::Node::start().await?;
    if wanted("put") || wanted("get") {
        let objects = mix::objects(arguments.objects);
        println!("{}", mix::describe(&objects));
        runs::put(&node, &objects, arguments.connections).await?;
        if wanted("get") {
            runs::get(&node, &objects, arguments.connections).await?;
        }
    }
    if wanted("redirect") {
        runs::redirect(&node, arguments.requests, arguments.connections).await?;
    }
    if wanted("links") {
        runs::links(arguments.requests, arguments.connections).await?;
    }
    if wanted("memory") {
        node.stop();
        node = node::Node::start().await?;
        runs::memory(&node, arguments.uploads, arguments.upload_mb).await?;
    }
    node.stop();
    Ok(())
}
