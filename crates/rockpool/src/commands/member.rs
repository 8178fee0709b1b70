//! `rockpool member`: members and their limits.
use anyhow::{Result, anyhow};
use clap::Subcommand;
use rockpool_pool::{Member, MemberChange, MemberState, Pool};
use rockpool_types::MemberName;
use serde::Serialize;

use super::member_key::{IssuedView, KeyCommand, KeyOptions, list_key_views};
use super::member_limits::{DEFAULT_LIMITS, LimitOptions};
use crate::{
    addresses::Addresses,
    config::Config,
    output::{self, Format, fields, table},
    pool_error::explain,
    views::{BucketView, KeyView, MemberView, bytes, limit},
};

#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add a member with a bucket of its name and an access key
    Add {
        /// Its name, which its first bucket bears too
        name: MemberName,
        #[command(flatten)]
        limits: LimitOptions,
        #[command(flatten)]
        key: KeyOptions,
        #[command(flatten)]
        format: Format,
    },
    /// List all members
    List(Format),
    /// Show a member, its buckets and its keys
    Show {
        /// Its name
        name: MemberName,
        #[command(flatten)]
        format: Format,
    },
    /// Refuse a member's keys; what is public stays readable
    Suspend {
        /// Its name
        name: MemberName,
        #[command(flatten)]
        format: Format,
    },
    /// Accept a suspended member's keys again
    Resume {
        /// Its name
        name: MemberName,
        #[command(flatten)]
        format: Format,
    },
    /// Change a member's limits
    Set {
        /// Its name
        name: MemberName,
        #[command(flatten)]
        limits: LimitOptions,
        #[command(flatten)]
        format: Format,
    },
    /// Remove a member, its keys and its buckets
    Remove {
        /// Its name
        name: MemberName,
        /// Remove all its objects too; this cannot be undone
        #[arg(long)]
        with_objects: bool,
    },
    /// A member's access keys
    #[command(subcommand)]
    Key(KeyCommand),
}

/// A new member and its key: the only time that the secret is shown.
#[derive(Debug, Serialize)]
struct AddedView {
    name: String,
    bucket: String,
    #[serde(flatten)]
    key: IssuedView,
    region: String,
    endpoint: Option<String>,
    public_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownView {
    #[serde(flatten)]
    member: MemberView,
    buckets: Vec<BucketView>,
    keys: Vec<KeyView>,
}

/// Runs one of them.
///
/// # Errors
/// When the pool refuses, or standard output is gone.
pub(crate) async fn run(pool: &Pool, config: &Config, command: MemberCommand) -> Result<()> {
    match command {
        MemberCommand::Add {
            name,
            limits,
            key,
            format,
        } => add(pool, config, &name, &limits, key, format).await,
        MemberCommand::List(format) => list(pool, format).await,
        MemberCommand::Show { name, format } => show(pool, &name, format).await,
        MemberCommand::Suspend { name, format } => {
            set_state(pool, &name, MemberState::Suspended, format).await
        }
        MemberCommand::Resume { name, format } => {
            set_state(pool, &name, MemberState::Active, format).await
        }
        MemberCommand::Set {
            name,
            limits,
            format,
        } => set_limits(pool, &name, &limits, format).await,
        MemberCommand::Remove { name, with_objects } => {
            pool.remove_member(&name, with_objects)
                .await
                .map_err(|error| explain(error, &format!("member {name}")))?;
            output::print(&format!(
                "Removed member {name}. The bytes of content that no other member has go after the grace period.\n"
            ))
        }
        MemberCommand::Key(command) => super::member_key::run(pool, command).await,
    }
}

async fn add(
    pool: &Pool,
    config: &Config,
    name: &MemberName,
    limits: &LimitOptions,
    key: KeyOptions,
    format: Format,
) -> Result<()> {
    let limits = limits.apply(DEFAULT_LIMITS);
    let (member, key) = pool
        .add_member(name, limits, key.into_new_key()?)
        .await
        .map_err(|error| explain(error, &format!("member {name}")))?;
    let addresses = Addresses::of_members(config);
    let facts = AddedView {
        name: member.name.to_string(),
        bucket: member.name.to_string(),
        key: IssuedView::new(&key),
        region: config.settings.region.clone(),
        endpoint: addresses.s3,
        public_url: addresses.pool.map(|pool| format!("{pool}/{name}")),
    };
    format.print(&facts, added_words)
}

fn added_words(facts: &AddedView) -> String {
    let unknown = || "(the listener is off)".to_owned();
    let endpoint = facts.endpoint.clone().unwrap_or_else(unknown);
    let public = facts.public_url.clone().unwrap_or_else(unknown);
    let (bucket, key) = (&facts.bucket, &facts.key);
    let shown = fields(&[
        ("endpoint", endpoint.clone()),
        ("region", facts.region.clone()),
        ("bucket", bucket.clone()),
        ("access key id", key.access_key_id.clone()),
        ("secret access key", key.secret_access_key.clone()),
        ("public at", format!("{public}/KEY")),
    ]);
    let (protocol, alias) = public.split_once("://").unwrap_or(("http", &public));
    let host = alias.split('/').next().unwrap_or(alias);
    format!(
        "Added member {name}. Its secret is shown this once.\n\n{shown}\n\
         Try it:\n\n  \
         export AWS_ACCESS_KEY_ID='{id}' AWS_SECRET_ACCESS_KEY='{secret}' AWS_DEFAULT_REGION='{region}'\n  \
         aws --endpoint-url {endpoint} s3 cp picture.jpg s3://{bucket}/picture.jpg\n  \
         curl -L {public}/picture.jpg -o copy.jpg\n\n\
         Or without the AWS CLI:\n\n  \
         curl -T picture.jpg -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" --aws-sigv4 'aws:amz:{region}:s3' {endpoint}/{bucket}/picture.jpg\n\n\
         Mastodon's .env.production:\n\n  \
         S3_ENABLED=true\n  S3_ENDPOINT={endpoint}\n  S3_REGION={region}\n  S3_BUCKET={bucket}\n  \
         S3_PROTOCOL={protocol}\n  S3_HOSTNAME={host}\n  S3_ALIAS_HOST={alias}\n  \
         AWS_ACCESS_KEY_ID={id}\n  AWS_SECRET_ACCESS_KEY={secret}\n",
        name = facts.name,
        id = key.access_key_id,
        secret = key.secret_access_key,
        region = facts.region,
    )
}

async fn list(pool: &Pool, format: Format) -> Result<()> {
    let mut views = Vec::new();
    for member in all_members(pool).await? {
        views.push(view(pool, &member).await?);
    }
    format.print(&views, |views| {
        table(
            ["NAME", "STATE", "OBJECTS", "BYTES", "MAX BYTES", "SINCE"],
            views.iter().map(|member| {
                [
                    member.name.clone(),
                    member.state.to_owned(),
                    member.usage.objects.to_string(),
                    bytes(member.usage.object_bytes),
                    limit(member.limits.max_bytes.map(bytes)),
                    member.created_at.clone(),
                ]
            }),
            "No members yet. Add the first with `rockpool member add NAME`.",
        )
    })
}

async fn show(pool: &Pool, name: &MemberName, format: Format) -> Result<()> {
    let failed = |error| explain(error, &format!("member {name}"));
    let member = pool.find_member(name).await.map_err(failed)?;
    let mut buckets = Vec::new();
    for bucket in pool.list_buckets(Some(name)).await.map_err(failed)? {
        let usage = pool.usage_of_bucket(&bucket).await.map_err(failed)?;
        buckets.push(BucketView::new(&bucket, name.to_string(), usage));
    }
    let facts = ShownView {
        member: view(pool, &member).await?,
        buckets,
        keys: list_key_views(pool, name).await?,
    };
    format.print(&facts, shown_words)
}

fn shown_words(facts: &ShownView) -> String {
    let member = &facts.member;
    let objects = limit(member.limits.max_objects.map(|count| count.to_string()));
    let mut text = format!("Member {}\n\n", member.name);
    text.push_str(&fields(&[
        ("state", member.state.to_owned()),
        ("since", member.created_at.clone()),
        (
            "objects",
            format!("{} (limit: {objects})", member.usage.objects),
        ),
        (
            "bytes",
            format!(
                "{} (limit: {})",
                bytes(member.usage.object_bytes),
                limit(member.limits.max_bytes.map(bytes))
            ),
        ),
        (
            "buckets",
            format!(
                "{} (limit: {})",
                facts.buckets.len(),
                member.limits.max_buckets
            ),
        ),
    ]));
    text.push('\n');
    text.push_str(&super::bucket::bucket_table(&facts.buckets));
    text.push('\n');
    text.push_str(&super::member_key::key_table(&facts.keys));
    text
}

async fn set_state(
    pool: &Pool,
    name: &MemberName,
    state: MemberState,
    format: Format,
) -> Result<()> {
    let change = MemberChange {
        state: Some(state),
        ..MemberChange::default()
    };
    change_member(pool, name, change, format).await
}

async fn set_limits(
    pool: &Pool,
    name: &MemberName,
    limits: &LimitOptions,
    format: Format,
) -> Result<()> {
    if limits.is_empty() {
        return Err(anyhow!(
            "nothing to change; give --max-bytes, --max-objects or --max-buckets"
        ));
    }
    let member = pool
        .find_member(name)
        .await
        .map_err(|error| explain(error, &format!("member {name}")))?;
    let change = MemberChange {
        limits: Some(limits.apply(member.limits)),
        ..MemberChange::default()
    };
    change_member(pool, name, change, format).await
}

async fn change_member(
    pool: &Pool,
    name: &MemberName,
    change: MemberChange,
    format: Format,
) -> Result<()> {
    let member = pool
        .change_member(name, change)
        .await
        .map_err(|error| explain(error, &format!("member {name}")))?;
    format.print(&view(pool, &member).await?, |member| {
        format!(
            "Member {} is {}; limits: bytes {}, objects {}, buckets {}. Running nodes know within two seconds.\n",
            member.name,
            member.state,
            limit(member.limits.max_bytes.map(bytes)),
            limit(member.limits.max_objects.map(|count| count.to_string())),
            member.limits.max_buckets,
        )
    })
}

async fn view(pool: &Pool, member: &Member) -> Result<MemberView> {
    let usage = pool
        .usage_of_member(&member.name)
        .await
        .map_err(|error| explain(error, &format!("member {}", member.name)))?;
    Ok(MemberView::new(member, usage))
}

/// All members by name, however many pages they fill.
pub(crate) async fn all_members(pool: &Pool) -> Result<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    loop {
        let page = pool
            .list_members(members.last().map(|member| &member.name))
            .await
            .map_err(|error| explain(error, "the members"))?;
        if page.is_empty() {
            return Ok(members);
        }
        members.extend(page);
    }
}
