//! `rockpool replica`: further stores that every blob is copied to.
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use rockpool_pool::{
    AddReplica, CheckEvent, CheckOptions, Pool, PromoteReplica, Repair, StoreStatus,
};
use rockpool_types::ByteSize;

use crate::{
    output::{Format, print, table},
    pool_error::explain,
    progress::{self, Counted},
    views::bytes,
};

/// So much of what is wrong at a replica is told and put right at once.
const MOST_FOUND: usize = 100_000;

/// How often the progress of a copy is looked at.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(crate) enum ReplicaCommand {
    /// Make the store of the section [replicas.NAME] a replica: nodes copy every blob there, old and new
    Add(Named),
    /// Show the pool's stores and what is still to be copied to each
    Status {
        #[command(flatten)]
        format: Format,
    },
    /// Copy here and now what is still to be copied to a replica, beside what nodes do
    Sync(Named),
    /// Look whether a replica has every blob, and have what is missing or damaged copied again
    Verify(VerifyArgs),
    /// Make a replica the primary store, and the primary a replica
    Promote(LossyArgs),
    /// Forget a replica; the bytes that it has stay where they are
    Remove(LossyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The name that the configuration gives it
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    store: Named,
    /// Read and hash every copy
    #[arg(long)]
    deep: bool,
    /// The most bytes a second to read, such as `20MB` [default: no limit]
    #[arg(long, value_name = "SIZE")]
    rate: Option<ByteSize>,
}

#[derive(Debug, Args)]
pub(crate) struct LossyArgs {
    #[command(flatten)]
    store: Named,
    /// Also where this loses blobs that have not been copied yet
    #[arg(long)]
    lossy: bool,
}

/// Carries out a command.
///
/// # Errors
/// When there is no such replica, it cannot be reached, or standard output is gone.
pub(crate) async fn run(pool: &Pool, command: ReplicaCommand) -> Result<()> {
    match command {
        ReplicaCommand::Add(store) => add(pool, &store.name).await,
        ReplicaCommand::Status { format } => {
            let stores = status(pool).await?;
            format.print(&stores, |stores| words(stores))
        }
        ReplicaCommand::Sync(store) => sync(pool, &store.name).await,
        ReplicaCommand::Verify(args) => verify(pool, &args).await,
        ReplicaCommand::Promote(args) => promote(pool, &args).await,
        ReplicaCommand::Remove(args) => remove(pool, &args).await,
    }
}

async fn add(pool: &Pool, name: &str) -> Result<()> {
    let added = pool.add_replica(name).await;
    match added.map_err(|error| explain(error, &format!("replica {name}")))? {
        AddReplica::Added => print(&format!(
            "{name} is a replica now. Nodes copy all blobs there; `rockpool replica status` shows how far they are, and \
             `rockpool replica sync {name}` helps them.\n"
        )),
        AddReplica::Known => bail!("{name} is one of the pool's stores already"),
        AddReplica::NotConfigured => bail!(
            "the configuration has no section [replicas.{name}]; add it at every node, restart them, and try again"
        ),
    }
}

async fn status(pool: &Pool) -> Result<Vec<StoreStatus>> {
    let stores = pool.store_status().await;
    stores.map_err(|error| explain(error, "replicas"))
}

fn words(stores: &[StoreStatus]) -> String {
    let rows = stores.iter().map(|store| {
        let role = match (store.primary, store.configured) {
            (_, false) => "not configured!",
            (true, true) => "primary",
            (false, true) => "replica",
        };
        let oldest = store.oldest_seconds.map(Duration::from_secs);
        [
            store.name.clone(),
            role.to_owned(),
            store.unqueued.to_string(),
            format!("{} ({})", store.copies, bytes(store.copy_bytes)),
            store.failing.to_string(),
            oldest.map_or_else(
                || "-".to_owned(),
                |age| crate::config::Span::from(age).to_string(),
            ),
            store.removals.to_string(),
        ]
    });
    table(
        [
            "NAME",
            "ROLE",
            "OLDER BLOBS",
            "TO COPY",
            "FAILED",
            "WAITING SINCE",
            "TO REMOVE",
        ],
        rows,
        "There are no replicas. `rockpool replica add NAME` makes the store of a section [replicas.NAME] one.",
    )
}

/// The status of one store.
async fn find(pool: &Pool, name: &str) -> Result<StoreStatus> {
    let mut stores = status(pool).await?.into_iter();
    match stores.find(|store| store.name == name) {
        Some(store) => Ok(store),
        None => bail!("there is no replica {name}; `rockpool replica status` shows all stores"),
    }
}

async fn sync(pool: &Pool, name: &str) -> Result<()> {
    let failed = |error| explain(error, &format!("replica {name}"));
    let store = find(pool, name).await?;
    if !store.configured {
        bail!("the configuration has no section [replicas.{name}]");
    }
    pool.hasten_replication().await.map_err(failed)?;
    let total = store.unqueued + store.copies;
    let bar = progress::bar(total, Counted::Blobs);
    bar.set_message(format!("copying to {name}"));
    loop {
        let report = {
            let mut pass = std::pin::pin!(pool.replicate());
            loop {
                tokio::select! {
                    report = &mut pass => break report.map_err(failed)?,
                    () = tokio::time::sleep(LOOK) => {
                        let store = find(pool, name).await?;
                        let left = store.unqueued + store.copies;
                        bar.set_length(total.max(left));
                        bar.set_position(total.max(left) - left);
                    }
                }
            }
        };
        let store = find(pool, name).await?;
        if store.is_whole() {
            bar.finish_and_clear();
            return print(&format!("{name} has every blob of the pool.\n"));
        }
        if report.copied + report.found == 0 && store.failing > 0 {
            bar.finish_and_clear();
            bail!(
                "{} blobs could not be copied to {name}; the lines above say why, and nodes try again",
                store.failing
            );
        }
        // Older blobs wait a moment for uploads that were under way; others work on the rest.
        tokio::time::sleep(LOOK).await;
    }
}

async fn verify(pool: &Pool, args: &VerifyArgs) -> Result<()> {
    let name = &args.store.name;
    let failed = |error| explain(error, &format!("replica {name}"));
    let options = CheckOptions {
        deep: args.deep,
        bytes_per_second: args.rate.map(ByteSize::as_u64),
        ..CheckOptions::default()
    };
    let (blobs, _) = pool.usage_of_store().await.map_err(failed)?;
    let bar = progress::bar(blobs, Counted::Blobs);
    bar.set_message(format!("verifying {name}"));
    let mut found = Vec::new();
    let mut watch = |event: CheckEvent<'_>| {
        match event {
            CheckEvent::Found(finding) if found.len() < MOST_FOUND => found.push(finding),
            CheckEvent::Reached(position) => bar.set_position(position.totals.copies),
            CheckEvent::Found(_) | CheckEvent::Read(_) => {}
        }
        Ok(())
    };
    let totals = pool.verify_replica(name, &options, &mut watch).await;
    bar.finish_and_clear();
    let Some(totals) = totals.map_err(failed)? else {
        bail!("there is no replica {name}; `rockpool replica status` shows all stores");
    };
    let mut queued = 0;
    for finding in &found {
        print(&format!(
            "{}  {finding}
",
            finding.code().as_str()
        ))?;
        if !pool.settings().read_only {
            let repair = pool.repair(finding, Repair::Restore);
            queued += u64::from(repair.await.map_err(failed)?);
        }
    }
    let copies = totals.copies;
    if found.is_empty() {
        return print(&format!(
            "{copies} copies were looked at; {name} has every blob that was copied there.
"
        ));
    }
    bail!(
        "{} things are wrong at {name}, which has {copies} copies; {queued} blobs are queued to be copied again",
        totals.notes + totals.warnings + totals.errors
    )
}

async fn promote(pool: &Pool, args: &LossyArgs) -> Result<()> {
    let name = &args.store.name;
    let promoted = pool.promote_replica(name, args.lossy).await;
    match promoted.map_err(|error| explain(error, &format!("replica {name}")))? {
        PromoteReplica::Promoted => print(&format!(
            "{name} is the primary store now, and the one before it a replica. Nodes know it in a moment; where parts of \
             uploads lie in the store (`staging.kind`), restart them.\n"
        )),
        PromoteReplica::Unknown => {
            bail!("there is no replica {name}; `rockpool replica status` shows all stores")
        }
        PromoteReplica::NotConfigured => bail!(
            "the configuration has no section [replicas.{name}]; add it at every node and restart them first"
        ),
        PromoteReplica::Lacks(blobs) => bail!(
            "{name} may lack up to {blobs} blobs; run `rockpool replica sync {name}` first. If the primary is lost, --lossy \
             promotes {name} all the same"
        ),
    }
}

async fn remove(pool: &Pool, args: &LossyArgs) -> Result<()> {
    let name = &args.store.name;
    let store = find(pool, name).await?;
    if store.primary {
        bail!("{name} is the primary store; promote another first");
    }
    let mut stores = status(pool).await?.into_iter();
    let lacking = stores.find(|other| other.primary && !other.is_whole());
    if let (Some(primary), false) = (lacking, args.lossy) {
        bail!(
            "the primary store, {}, still lacks blobs that {name} may be the only one to have; wait, or run `rockpool replica \
             sync {}`. --lossy forgets {name} all the same",
            primary.name,
            primary.name
        );
    }
    let removed = pool.remove_replica(name).await;
    if !removed.map_err(|error| explain(error, &format!("replica {name}")))? {
        bail!("there is no replica {name}");
    }
    print(&format!(
        "{name} is forgotten. What it has stays there: delete it yourself, and then its section of the configuration.\n"
    ))
}
