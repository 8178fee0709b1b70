//! Crashes and races: real nodes over one pool, killed, stopped for longer than their leases, robbed of power, with a
//! provider or a database that misbehaves, blobs that land before they move, and replicas, while clients write, overwrite,
//! copy, remove and read the same few keys and contents; all that was acknowledged is checked against a model of what is
//! possible. docs/reliability.md tells more.
//!
//! `cargo test -p rockpool --test fire -- --seconds 3600 --seed 7 --only power`; 120 seconds, a seed by chance and all
//! kinds of rounds without. Each kind has a round at least, and a round that has begun is ended. A seed is printed with
//! every round, and repeats what clients and nemesis do, though not when the machine lets them.
#![expect(
    clippy::disallowed_methods,
    reason = "it reads and writes files that the program does, and looks at its own arguments"
)]

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use figures::Figures;
use kind::Kind;

mod clients;
mod database;
mod figures;
mod history;
mod kind;
mod nodes;
mod power;
mod provider;
mod replicas;
mod round;
mod wire;

/// How long clients run in a round; looking at the rest takes about as long.
const ROUND: Duration = Duration::from_secs(15);

struct Arguments {
    time: Duration,
    seed: u64,
    kinds: Vec<Kind>,
    /// What the nodes run: another build than this test's own, to see it fail.
    program: PathBuf,
    /// Another test was asked for by name.
    skip: bool,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fire: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments> {
    let mut parsed = Arguments {
        time: Duration::from_secs(120),
        seed: u64::from(getrandom::u32().context("no randomness")?),
        kinds: Kind::ALL.to_vec(),
        program: env!("CARGO_BIN_EXE_rockpool").into(),
        skip: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || {
            given
                .next()
                .with_context(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--seconds" => parsed.time = Duration::from_secs(value()?.parse()?),
            "--seed" => parsed.seed = value()?.parse()?,
            "--program" => parsed.program = value()?.into(),
            "--only" => {
                let name = value()?;
                parsed
                    .kinds
                    .retain(|kind| format!("{kind:?}").eq_ignore_ascii_case(&name));
                if parsed.kinds.is_empty() {
                    bail!("`{name}` is none of {:?}", Kind::ALL);
                }
            }
            // As `cargo test` passes them on to all test programs.
            filter if !filter.starts_with('-') => parsed.skip |= !"fire".contains(filter),
            _ => {}
        }
    }
    Ok(parsed)
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.skip {
        return Ok(ExitCode::SUCCESS);
    }
    let began = Instant::now();
    let mut total = Figures::default();
    for (number, kind) in (0..).zip(arguments.kinds.iter().cycle()) {
        if number >= arguments.kinds.len() as u64 && began.elapsed() > arguments.time {
            break;
        }
        let seed = arguments.seed.wrapping_add(number);
        println!("fire: round {number}, {kind:?}, --only {kind:?} --seed {seed}");
        let directory = tempfile::Builder::new()
            .prefix("rockpool-fire-")
            .tempdir()?;
        let answer = round::run(&arguments.program, *kind, seed, ROUND, directory.path());
        let failed = !matches!(&answer, Ok(figures) if figures.violations.is_empty());
        let kept = failed.then(|| directory.keep());
        let figures =
            answer.with_context(|| format!("what is left of the round is in {kept:?}"))?;
        println!("fire: {figures}");
        for violation in &figures.violations {
            println!("fire: VIOLATION: {violation}");
        }
        total.add(figures);
        if let Some(kept) = kept {
            println!("fire: what is left of the round is in {}", kept.display());
            break;
        }
    }
    println!("fire: in all, {} s: {total}", began.elapsed().as_secs());
    Ok(match total.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
