//! The command line.
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    commands::{
        adopt::AdoptArgs, backup::BackupArgs, bucket::BucketCommand, catalog::CatalogCommand,
        check::CheckArgs, config::ConfigCommand, gc::GcArgs, landing::LandingArgs,
        links::LinksArgs, member::MemberCommand, object::ObjectCommand, replica::ReplicaCommand,
        restore::RestoreArgs, scrub::ScrubArgs, serve::ServeArgs,
    },
    config::Overrides,
};

/// One communal media pool for many Fediverse servers: S3 in, one copy kept, redirects out.
#[derive(Debug, Parser)]
#[command(name = "rockpool", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Over what every command takes.
const HEADING: &str = "Which pool";

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// The data directory [default: rockpool-data]
    #[arg(long, global = true, value_name = "DIR", help_heading = HEADING)]
    data: Option<PathBuf>,

    /// The configuration file [default: rockpool.toml in the data directory, if any]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    config: Option<PathBuf>,
}

impl GlobalArgs {
    /// What they say over the configuration file.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            data: self.data.clone(),
            config: self.config.clone(),
            ..Overrides::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node of the pool
    Serve(ServeArgs),
    /// Write a commented configuration file with every setting
    Init,
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Members, their limits and access keys
    #[command(subcommand)]
    Member(MemberCommand),
    /// Buckets
    #[command(subcommand)]
    Bucket(BucketCommand),
    /// Look at objects
    #[command(subcommand)]
    Object(ObjectCommand),
    /// Further stores that every blob is copied to
    #[command(subcommand)]
    Replica(ReplicaCommand),
    /// Show how far nodes have come with reading everything again
    Scrub(ScrubArgs),
    /// Back the catalog up, while nodes run: into the store, beside the blobs, or into a file
    Backup(BackupArgs),
    /// Bring a lost catalog back from a backup, into an empty database; no node may run meanwhile
    Restore(RestoreArgs),
    /// Move the catalog to another database
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Collect blobs that nothing points to any more, abandoned uploads and leftovers
    Gc(GcArgs),
    /// Look whether all is well with catalog, store and counts; with --repair, put it right
    Check(CheckArgs),
    /// Show what waits in the landing to be moved to the provider
    Landing(LandingArgs),
    /// Run the link shield alone, without a pool; or look at its copies
    Links(LinksArgs),
    /// Take over a pool of poolmgr's: its members, names and blobs, without copying a blob
    Adopt(AdoptArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command into a directory
    Man {
        /// Where to write the pages
        directory: Option<PathBuf>,
    },
}
