//! `rockpool bucket`: buckets, their host names and delivery.
use std::collections::HashMap;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use rockpool_pool::{AddBucket, Bucket, BucketChange, Pool};
use rockpool_types::{Acl, BucketName, DeliveryMode, HostName, MemberName};

use super::member::all_members;
use crate::{
    output::{self, Format, table},
    pool_error::explain,
    views::{BucketView, bytes},
};

#[derive(Debug, Subcommand)]
pub(crate) enum BucketCommand {
    /// List buckets
    List {
        /// Only this member's
        #[arg(long, value_name = "NAME")]
        member: Option<MemberName>,
        #[command(flatten)]
        format: Format,
    },
    /// Create a bucket for a member
    Create {
        /// Its name, unique in the pool
        name: BucketName,
        /// Whose it is
        #[arg(long, value_name = "NAME")]
        member: MemberName,
        /// The ACL of objects that come without one [default: public-read]
        #[arg(long)]
        acl: Option<Acl>,
        #[command(flatten)]
        format: Format,
    },
    /// Change a bucket
    Set {
        /// Its name
        name: BucketName,
        /// The ACL of objects that come without one
        #[arg(long)]
        acl: Option<Acl>,
        /// What a public read answers: redirect, same-host or direct
        #[arg(long, value_name = "MODE")]
        delivery: Option<DeliveryMode>,
        /// A host name of its own; give all of them, as they replace those before
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<HostName>,
        /// Take all its host names away
        #[arg(long, conflicts_with = "hosts")]
        no_hosts: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Remove an empty bucket
    Remove {
        /// Its name
        name: BucketName,
    },
}

/// Runs one of them.
///
/// # Errors
/// When the pool refuses, or standard output is gone.
pub(crate) async fn run(pool: &Pool, command: BucketCommand) -> Result<()> {
    match command {
        BucketCommand::List { member, format } => list(pool, member.as_ref(), format).await,
        BucketCommand::Create {
            name,
            member,
            acl,
            format,
        } => {
            let about = format!("bucket {name} of member {member}");
            let bucket = AddBucket {
                name,
                default_acl: acl,
            };
            let bucket = pool
                .add_bucket(&member, bucket)
                .await
                .map_err(|error| explain(error, &about))?;
            print_changed(pool, &bucket, "Created", format).await
        }
        BucketCommand::Set {
            name,
            acl,
            delivery,
            hosts,
            no_hosts,
            format,
        } => {
            let change = BucketChange {
                default_acl: acl,
                delivery,
                hosts: (no_hosts || !hosts.is_empty()).then_some(hosts),
            };
            set(pool, &name, change, format).await
        }
        BucketCommand::Remove { name } => {
            pool.remove_bucket(&name)
                .await
                .map_err(|error| explain(error, &format!("bucket {name}")))?;
            output::print(&format!("Removed bucket {name}.\n"))
        }
    }
}

async fn list(pool: &Pool, member: Option<&MemberName>, format: Format) -> Result<()> {
    let buckets = pool.list_buckets(member).await.map_err(|error| {
        explain(
            error,
            &member.map_or("the buckets".to_owned(), |name| format!("member {name}")),
        )
    })?;
    let owners = owner_names(pool).await?;
    let mut views = Vec::new();
    for bucket in &buckets {
        views.push(view(pool, &owners, bucket).await?);
    }
    format.print(&views, |views| bucket_table(views))
}

async fn set(pool: &Pool, name: &BucketName, change: BucketChange, format: Format) -> Result<()> {
    if change.default_acl.is_none() && change.delivery.is_none() && change.hosts.is_none() {
        return Err(anyhow!(
            "nothing to change; give --acl, --delivery, --host or --no-hosts"
        ));
    }
    let bucket = pool
        .change_bucket(name, change)
        .await
        .map_err(|error| explain(error, &format!("bucket {name}")))?;
    print_changed(pool, &bucket, "Changed", format).await
}

async fn print_changed(pool: &Pool, bucket: &Bucket, did: &str, format: Format) -> Result<()> {
    let view = view(pool, &owner_names(pool).await?, bucket).await?;
    format.print(&view, |view| {
        format!(
            "{did} bucket {}. Running nodes know within two seconds.\n\n{}",
            view.name,
            bucket_table(std::slice::from_ref(view))
        )
    })
}

async fn owner_names(pool: &Pool) -> Result<HashMap<i64, String>> {
    let members = all_members(pool).await?;
    Ok(members
        .into_iter()
        .map(|member| (member.id.as_i64(), member.name.to_string()))
        .collect())
}

async fn view(pool: &Pool, owners: &HashMap<i64, String>, bucket: &Bucket) -> Result<BucketView> {
    let usage = pool
        .usage_of_bucket(bucket)
        .await
        .map_err(|error| explain(error, &format!("bucket {}", bucket.name)))?;
    let owner = owners.get(&bucket.member.as_i64());
    Ok(BucketView::new(
        bucket,
        owner.cloned().unwrap_or_default(),
        usage,
    ))
}

/// Buckets for people.
pub(crate) fn bucket_table(buckets: &[BucketView]) -> String {
    table(
        [
            "BUCKET", "MEMBER", "OBJECTS", "BYTES", "ACL", "DELIVERY", "HOSTS",
        ],
        buckets.iter().map(|bucket| {
            [
                bucket.name.clone(),
                bucket.member.clone(),
                bucket.usage.objects.to_string(),
                bytes(bucket.usage.object_bytes),
                bucket.default_acl.to_owned(),
                bucket.delivery.to_owned(),
                bucket.hosts.join(", "),
            ]
        }),
        "No buckets.",
    )
}
