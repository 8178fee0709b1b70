//! rockpool: one communal media pool for many Fediverse servers. This crate is the program: command line,
//! configuration, wiring, listeners, shutdown and logs. What a pool does is in the crates below it.
//!
//! - `cli`, `commands`: the command line, a file for each noun
//! - `config`: settings, from flags and a file
//! - `wiring`: the one place where a pool and its faces are put together; `data_dir`: what lies where
//! - `node`: what serves, from its start to its end; `listener`, `idle`, `stall`: sockets, connections and their bounds
//! - `collector`, `describer`, `keeper`, `replicator`, `scrubber`, `telemetry`, `welcome`, `addresses`: what runs and is told beside them
//! - `output`, `views`, `pool_error`, `progress`: what commands print

mod addresses;
mod cli;
mod collector;
mod commands;
mod config;
mod data_dir;
mod describer;
mod idle;
mod keeper;
mod listener;
mod node;
mod output;
mod pool_error;
mod poolmgr_config;
mod progress;
mod replicator;
mod scribe;
mod scrubber;
mod stall;
mod telemetry;
mod views;
mod welcome;
mod wiring;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use rockpool_pool::Pool;

use crate::{
    cli::{Cli, Command},
    config::{Config, ConfigError, LogFormat, Overrides, load},
    wiring::Leftovers,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 0: done; 1: not done; 2: the command line or the configuration does not hold; 3 and 4: what `check` found.
fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone too, the exit code has to say it all.
            let _ = writeln!(io::stderr(), "rockpool: {error:#}");
            match error.downcast_ref::<ConfigError>() {
                Some(_) => ExitCode::from(2),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    let overrides = cli.global.overrides();
    match cli.command {
        Command::Serve(args) => return commands::serve::run(overrides, args),
        Command::Links(args) => return commands::links::run(overrides, args),
        Command::Init => commands::init::run(&overrides)?,
        Command::Adopt(args) => commands::adopt::run(&overrides, &args)?,
        Command::Config(command) => commands::config::run(&overrides, &command)?,
        Command::Completions { shell } => commands::shell::completions(shell)?,
        Command::Man { directory } => commands::shell::man(directory.as_deref())?,
        Command::Landing(args) => {
            with_config(&overrides, async |config| {
                commands::landing::run(config, &args)
            })?;
        }
        Command::Catalog(command) => with_config(&overrides, async |config| {
            commands::catalog::run(config, command).await
        })?,
        Command::Member(command) => with_pool(&overrides, async |pool, config| {
            commands::member::run(pool, config, command).await
        })?,
        Command::Bucket(command) => with_pool(&overrides, async |pool, _| {
            commands::bucket::run(pool, command).await
        })?,
        Command::Object(command) => with_pool(&overrides, async |pool, _| {
            commands::object::run(pool, command).await
        })?,
        Command::Replica(command) => with_pool(&overrides, async |pool, _| {
            commands::replica::run(pool, command).await
        })?,
        Command::Scrub(args) => with_pool(&overrides, async |pool, _| {
            commands::scrub::run(pool, &args).await
        })?,
        Command::Gc(args) => {
            with_pool(&overrides, async |pool, _| {
                commands::gc::run(pool, &args).await
            })?;
        }
        Command::Backup(args) => {
            with_pool(&overrides, async |pool, config| {
                commands::backup::run(pool, config, &args).await
            })?;
        }
        Command::Restore(args) => {
            let config = load(&overrides)?;
            data_dir::make(&config.paths)?;
            return run_alone(config, async |config| {
                commands::restore::run(config, &args).await
            });
        }
        Command::Check(args) => {
            return with_opened(&overrides, Leftovers::Leave, async |pool, config| {
                commands::check::run(pool, config, &args).await
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the pool, beside whatever nodes run, for one command.
fn with_pool(
    overrides: &Overrides,
    command: impl AsyncFnOnce(&Pool, &Config) -> Result<()>,
) -> Result<()> {
    with_opened(overrides, Leftovers::Remove, command)
}

/// As [`with_pool`], with a say in what becomes of leftovers.
fn with_opened<T>(
    overrides: &Overrides,
    leftovers: Leftovers,
    command: impl AsyncFnOnce(&Pool, &Config) -> Result<T>,
) -> Result<T> {
    with_config(overrides, async |config| {
        let pool = wiring::open_pool(config, leftovers).await?;
        command(&pool, config).await
    })
}

/// Loads the configuration of a pool that is there, for one command.
fn with_config<T>(
    overrides: &Overrides,
    command: impl AsyncFnOnce(&Config) -> Result<T>,
) -> Result<T> {
    let config = load(overrides)?;
    data_dir::require_pool(&config.paths)?;
    run_alone(config, command)
}

/// Runs one command, beside whatever nodes run.
fn run_alone<T>(config: Config, command: impl AsyncFnOnce(&Config) -> Result<T>) -> Result<T> {
    telemetry::begin(LogFormat::Text, "warn")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(command(&config))
}

/// Whether whoever read standard output has heard enough (`rockpool object ls | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
