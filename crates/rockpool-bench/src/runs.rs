//! The runs.
use std::{
    fs::File,
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::StatusCode;
use md5::Md5;
use sha2::{Digest, Sha512};

use crate::{
    load::{self, Call, Load},
    mix,
    nginx::Nginx,
    node::Node,
    process::Process,
    report::{Line, print},
    shield::{self, Shield, Site},
};

/// Runs a load and measures a process beside it.
async fn measured(
    name: &str,
    process: &Process,
    calls: Vec<Call>,
    connections: usize,
    expected: StatusCode,
) -> Result<(Line, Load)> {
    let before = process.cpu_us()?;
    let load = load::run(calls, connections, expected).await?;
    let cpu = process.cpu_us()? - before;
    Ok((
        Line::new(name, &load, Some(cpu), Some(process.peak_kib()?)),
        load,
    ))
}

/// Uploads of new and of known content, beside the bare cost of hashing and one fsynced file each.
pub(crate) async fn put(node: &Node, objects: &[Bytes], connections: usize) -> Result<()> {
    let calls = |prefix: &str| -> Vec<Call> {
        objects
            .iter()
            .enumerate()
            .map(|(i, bytes)| node.put(&format!("{prefix}/{i}"), bytes.clone()))
            .collect()
    };
    let process = node.process();
    let (new, _) = measured(
        "put, new content",
        &process,
        calls("new"),
        connections,
        StatusCode::OK,
    )
    .await?;
    let (known, _) = measured(
        "put, known content",
        &process,
        calls("known"),
        connections,
        StatusCode::OK,
    )
    .await?;
    let reference = hash_and_fsync(objects, connections)?;
    let reference = Line::new("hash and one fsynced file", &reference, None, None);
    print("put: durable uploads", &[new, known, reference]);
    Ok(())
}

/// Hashes each object (SHA-512 and MD5) and writes it to a file that is fsynced, on as many threads as there were connections.
#[expect(clippy::disallowed_methods, reason = "the reference is a bare file")]
fn hash_and_fsync(objects: &[Bytes], threads: usize) -> Result<Load> {
    let directory = tempfile::tempdir()?;
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    let one = || -> Result<Vec<_>> {
        let mut latencies = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(bytes) = objects.get(i) else {
                return Ok(latencies);
            };
            let begin = Instant::now();
            std::hint::black_box((Sha512::digest(bytes), Md5::digest(bytes)));
            let mut file = File::create(directory.path().join(i.to_string()))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            latencies.push(begin.elapsed());
        }
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect()
    });
    let elapsed = begin.elapsed();
    let mut latencies = Vec::new();
    for answer in answers {
        latencies.extend(answer.map_err(|_| anyhow::anyhow!("a thread panicked"))??);
    }
    latencies.sort_unstable();
    Ok(Load {
        elapsed,
        latencies,
        bytes_read: 0,
    })
}

/// Reads of whole blobs at the blob server, beside nginx over the very same files.
pub(crate) async fn get(node: &Node, objects: &[Bytes], connections: usize) -> Result<()> {
    let paths: Vec<String> = objects.iter().map(path_of).collect();
    let calls = |base: &url::Url| -> Result<Vec<Call>> {
        paths
            .iter()
            .cycle()
            .take(paths.len() * 5)
            .map(|path| Ok(Call::get(base.join(path)?)))
            .collect()
    };
    let nginx = Nginx::start(&node.store()).await?;
    // Once unmeasured, so that both read from the page cache.
    load::run(calls(&nginx.url)?, connections, StatusCode::OK).await?;
    let (own, own_load) = measured(
        "get at the blob server",
        &node.process(),
        calls(&node.blobs)?,
        connections,
        StatusCode::OK,
    )
    .await?;
    let (reference, nginx_load) = measured(
        "nginx, the same files",
        &nginx.process(),
        calls(&nginx.url)?,
        connections,
        StatusCode::OK,
    )
    .await?;
    ensure!(
        own_load.bytes_read == nginx_load.bytes_read,
        "the two did not send the same bytes"
    );
    print("get: whole blobs", &[own, reference]);
    Ok(())
}

fn path_of(bytes: &Bytes) -> String {
    let hex: String = Sha512::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("blobs/{}/{}/{hex}", &hex[..1], &hex[1..4])
}

/// Redirects from names to blobs, beside nginx's constant redirect.
pub(crate) async fn redirect(node: &Node, requests: usize, connections: usize) -> Result<()> {
    const NAMES: usize = 1_000;
    let puts = (0..NAMES)
        .map(|i| {
            node.put(
                &format!("media/{i}.png"),
                Bytes::from(format!("picture {i}")),
            )
        })
        .collect();
    load::run(puts, connections, StatusCode::OK).await?;
    let calls = |base: &url::Url, prefix: &str| -> Result<Vec<Call>> {
        (0..requests)
            .map(|i| {
                Ok(Call::get(
                    base.join(&format!("{prefix}/media/{}.png", i % NAMES))?,
                ))
            })
            .collect()
    };
    let nginx = Nginx::start(&node.store()).await?;
    let moved = StatusCode::MOVED_PERMANENTLY;
    let (own, _) = measured(
        "redirect at the pool host",
        &node.process(),
        calls(&node.redirector, "bench")?,
        connections,
        moved,
    )
    .await?;
    let (reference, _) = measured(
        "nginx, return 301",
        &nginx.process(),
        calls(&nginx.url, "redirect")?,
        connections,
        moved,
    )
    .await?;
    print("redirect: look-ups", &[own, reference]);
    Ok(())
}

/// Hits of the link shield's cache, beside nginx serving the very same bytes: medians of rounds in turn.
///
/// # Errors
/// When hits are not at half of nginx's speed, among others.
pub(crate) async fn links(requests: usize, connections: usize) -> Result<()> {
    const ROUNDS: usize = 5;
    let (page, picture) = shield::content();
    let site = Site::start(page, picture).await?;
    let shield = Shield::start().await?;
    let copies = tempfile::tempdir()?;
    let nginx = Nginx::start(copies.path()).await?;
    for path in ["/page", "/picture.png"] {
        let call = shield.preview(&site, path);
        let copy = load::fetch(&call).await?;
        write(&copies.path().join(&path[1..]), &copy)?;
        let reference = Call::get(nginx.url.join(&path[1..])?);
        let calls = |call: &Call| vec![call.clone(); requests / ROUNDS];
        let (mut own, mut other) = (Vec::new(), Vec::new());
        // The first round is not counted: after it both have it at hand.
        for round in 0..=ROUNDS {
            for (name, process, call, lines) in [
                ("shield", shield.process(), &call, &mut own),
                (
                    "nginx, the same bytes",
                    nginx.process(),
                    &reference,
                    &mut other,
                ),
            ] {
                let name = format!("{name}, {} bytes", copy.len());
                let (line, load) =
                    measured(&name, &process, calls(call), connections, StatusCode::OK).await?;
                let sent = copy.len() * load.latencies.len();
                ensure!(
                    load.bytes_read == sent,
                    "{name}: other bytes than the copy's"
                );
                if round > 0 {
                    lines.push(line);
                }
            }
        }
        let (own, other) = (median(own)?, median(other)?);
        let ratio = own.per_second / other.per_second;
        print(&format!("links: hits of {path}, medians"), &[own, other]);
        ensure!(ratio >= 0.5, "hits are at {ratio:.2} of nginx, not at half");
    }
    Ok(())
}

/// The line in the middle, by speed.
fn median(mut lines: Vec<Line>) -> Result<Line> {
    ensure!(!lines.is_empty(), "there is no round");
    lines.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    Ok(lines.swap_remove(lines.len() / 2))
}

#[expect(clippy::disallowed_methods, reason = "nginx serves files")]
fn write(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    Ok(std::fs::write(path, bytes)?)
}

/// The node's peak memory while many large uploads of different content run at once.
pub(crate) async fn memory(node: &Node, uploads: usize, upload_mb: usize) -> Result<()> {
    let size = upload_mb * 1_000_000;
    // Each upload begins at another byte of one buffer: other content, held once by this process.
    let buffer = mix::bytes(7, size + uploads);
    let before = node.process().peak_kib()?;
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..uploads {
        let call = node.put(&format!("large/{i}"), buffer.slice(i..i + size));
        tasks.spawn(async move {
            let mut sender = load::connect(&call.url).await?;
            load::send(&mut sender, &call).await
        });
    }
    while let Some(answer) = tasks.join_next().await {
        let (status, _) = answer??;
        ensure!(status == StatusCode::OK, "an upload answered {status}");
    }
    let seconds = begin.elapsed().as_secs_f64();
    let peak = node.process().peak_kib()?;
    println!("\nmemory: {uploads} uploads of {upload_mb} MB at once, each of other content");
    println!(
        "peak {:.1} MiB, {:.1} MiB at rest",
        peak as f64 / 1024.0,
        before as f64 / 1024.0
    );
    println!(
        "{:.0} MB/s for {seconds:.1} s",
        uploads as f64 * upload_mb as f64 / seconds
    );
    Ok(())
}
