//! `rockpool adopt`: taking over a pool of poolmgr's.
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use rockpool_catalog::CatalogAddress;
use rockpool_pool::{AdoptionPlan, AdoptionReport, Pool, Poolmgr};
use serde::Serialize;

use crate::{
    commands::member_limits::{DEFAULT_LIMITS, LimitOptions},
    config::{Config, LogFormat, Overrides, load},
    data_dir,
    output::{Format, fields, table},
    pool_error::explain,
    poolmgr_config::{self, Backend, PoolmgrConfig},
    telemetry,
    views::bytes,
    wiring::{self, Leftovers},
};

mod progress;

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// poolmgr's configuration file, config.jkson: its users, their secrets, and where its database is
    #[arg(long, value_name = "FILE", required_unless_present = "from")]
    poolmgr: Option<PathBuf>,
    /// poolmgr's database, when it is not where the file says: `mysql://USER:PASSWORD@HOST/DATABASE`
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Say what there is and what would be done, and change nothing
    #[arg(long)]
    plan: bool,
    /// Leave out users that cannot be members here, with their names
    #[arg(long)]
    leave_out_unusable: bool,
    /// Go on though the blob store seems not to be poolmgr's
    #[arg(long)]
    without_blobs: bool,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    format: Format,
}

/// A plan, and what of poolmgr's settings belongs into ours.
#[derive(Debug, Serialize)]
struct PlanView {
    #[serde(flatten)]
    plan: AdoptionPlan,
    backend: Backend,
}

/// Plans or adopts.
///
/// # Errors
/// When poolmgr's file or database cannot be read, or the pool cannot be opened or written to.
pub(crate) fn run(overrides: &Overrides, args: &AdoptArgs) -> Result<()> {
    let config = load(overrides)?;
    telemetry::begin(LogFormat::Text, "warn")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(plan_or_adopt(&config, args))
}

async fn plan_or_adopt(config: &Config, args: &AdoptArgs) -> Result<()> {
    let file = args
        .poolmgr
        .as_deref()
        .map(PoolmgrConfig::read)
        .transpose()?;
    let url = match (&args.from, &file) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => file.database_url()?,
        (None, None) => bail!("where is poolmgr's database? Give --poolmgr or --from"),
    };
    let users = match &file {
        Some(file) => file.users()?,
        None => Vec::new(),
    };
    let poolmgr = Poolmgr::open(&url).await?;
    let plan = AdoptionPlan::survey(&poolmgr, &users)
        .await
        .map_err(|error| explain(error, "looking at poolmgr's database"))?;
    let mut view = PlanView {
        plan,
        backend: file.map(|file| file.backend).unwrap_or_default(),
    };
    if args.plan {
        // Opening a catalog makes its tables, perhaps beside poolmgr's: only one that is there already is looked at.
        if matches!(&config.paths.catalog, CatalogAddress::Sqlite(file) if file.exists()) {
            let pool = wiring::open_pool(config, Leftovers::Leave).await?;
            compare(&pool, &poolmgr, &mut view.plan).await?;
        }
        return args.format.print(&view, plan_words);
    }
    data_dir::make(&config.paths)?;
    let pool = wiring::open_pool(config, Leftovers::Remove).await?;
    compare(&pool, &poolmgr, &mut view.plan).await?;
    refuse(&view.plan, args)?;
    let mut progress = progress::Progress::new();
    let report = pool
        .adopt(
            &poolmgr,
            &view.plan,
            args.limits.apply(DEFAULT_LIMITS),
            |report| progress.show(report),
        )
        .await
        .map_err(|error| explain(error, "adopting; run the command again to go on"))?;
    progress.end();
    args.format.print(&report, report_words)
}

async fn compare(pool: &Pool, poolmgr: &Poolmgr, plan: &mut AdoptionPlan) -> Result<()> {
    pool.compare_plan(poolmgr, plan)
        .await
        .map_err(|error| explain(error, "comparing poolmgr's pool with this one"))
}

/// What an operator has to decide before anything is written.
fn refuse(plan: &AdoptionPlan, args: &AdoptArgs) -> Result<()> {
    if let Some(user) = plan.unusable.first()
        && !args.leave_out_unusable
    {
        bail!(
            "{} of poolmgr's users cannot be members here, such as `{}`: {}. `rockpool adopt --plan` shows all; \
             --leave-out-unusable leaves them out, with {} names",
            plan.unusable.len(),
            user.identity,
            user.why,
            plan.names_left_out()
        );
    }
    if let Some(compared) = &plan.compared
        && compared.sampled_blobs > 0
        && compared.sampled_blobs_in_store == 0
        && !args.without_blobs
    {
        bail!(
            "the blob store of this pool has none of {} blobs that poolmgr's names point to: set `store` in the \
             configuration to the bucket that poolmgr keeps its blobs in, or copy them first (--without-blobs goes on \
             nevertheless)",
            compared.sampled_blobs
        );
    }
    Ok(())
}

fn plan_words(view: &PlanView) -> String {
    let plan = &view.plan;
    let mut text = format!("poolmgr's pool at {} has:\n\n", plan.source);
    text += &fields(&[
        ("names", plan.names.to_string()),
        (
            "blobs",
            format!("{} ({})", plan.blobs, bytes(plan.blob_bytes)),
        ),
        (
            "blobs of unknown size",
            format!("{}; the store will be asked", plan.blobs_without_size),
        ),
        (
            "shortened names",
            format!("{}; they will answer for the whole name", plan.short_names),
        ),
        ("names compare by", plan.collation.clone()),
        (
            "uploads under way",
            format!("{}; they are left behind", plan.unfinished_uploads),
        ),
    ]);
    if plan.folds_case {
        text += &format!(
            "\nIts names compare without regard to case. Here they do not: {} names have capital letters, and each of \
             them answers only as it is spelled. Objects whose keys differed in nothing but case were one object at \
             poolmgr, the one that came last.\n",
            plan.names_with_capitals
        );
    }
    let yes_no = |truth| if truth { "yes" } else { "no" }.to_owned();
    let members = plan.members.iter().map(|member| {
        [
            member.name.to_string(),
            member.names.to_string(),
            yes_no(member.has_key),
            yes_no(member.exists),
            member.also_spelled.join(", "),
        ]
    });
    text += "\nIts users become members:\n\n";
    text += &table(
        ["MEMBER", "NAMES", "KEY", "EXISTS", "ALSO SPELLED"],
        members,
        "None.",
    );
    for user in &plan.unusable {
        text += &format!(
            "\n`{}` cannot be a member: {} ({} names)\n",
            user.identity, user.why, user.names
        );
    }
    if let Some(compared) = &plan.compared {
        text += &format!(
            "\nOf {} blobs all over its names, the blob store has {}. Earlier runs have dealt with {} names{}.\n",
            compared.sampled_blobs,
            compared.sampled_blobs_in_store,
            compared.done,
            if compared.finished {
                ", and came to their end"
            } else {
                ""
            }
        );
    }
    let settings = poolmgr_config::settings(&view.backend);
    if !settings.is_empty() {
        text += "\nThese settings of its are called here:\n\n";
        for (name, value) in settings {
            text += &format!("  {name} = {value}\n");
        }
    }
    text + "\nNothing was changed.\n"
}

fn report_words(report: &AdoptionReport) -> String {
    format!(
        "Adopted:\n\n{}\nThe members may write from now on. What the blobs are is found out by the nodes in the background.\n",
        fields(&[
            ("names", report.adopted.to_string()),
            ("names that were here already", report.kept.to_string()),
            ("names left out", report.left_out.to_string()),
            ("of those, blobs lost", report.lost.to_string()),
            ("new members", report.members.to_string()),
        ])
    )
}
