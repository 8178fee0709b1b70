//! `rockpool member key`: a member's access keys.
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use rockpool_pool::{IssuedKey, NewKey, Pool};
use rockpool_types::{AccessKeyId, BucketName, MemberName};
use serde::Serialize;

use crate::{
    config::read_secret_file,
    output::{self, Format, fields, table},
    pool_error::explain,
    views::KeyView,
};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Add an access key; the ones before go on working until they are revoked
    Add {
        /// The member
        member: MemberName,
        /// A key that may only read
        #[arg(long)]
        read_only: bool,
        /// A key for this bucket alone
        #[arg(long, value_name = "NAME")]
        bucket: Option<BucketName>,
        #[command(flatten)]
        key: KeyOptions,
        #[command(flatten)]
        format: Format,
    },
    /// List a member's access keys, revoked ones too
    List {
        /// The member
        member: MemberName,
        #[command(flatten)]
        format: Format,
    },
    /// Revoke an access key for ever
    Revoke {
        /// The member
        member: MemberName,
        /// The key
        access_key_id: AccessKeyId,
    },
}

/// What may be said of a key that is to be made.
#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// A label for the key, such as the machine that uses it
    #[arg(long, default_value = "", hide_default_value = true)]
    label: String,
    /// Bring an access key id along, instead of having one made
    #[arg(long, value_name = "ID", requires = "secret_file")]
    access_key_id: Option<AccessKeyId>,
    /// The file whose first line is the secret that belongs to it; `-` reads standard input
    #[arg(long, value_name = "FILE", requires = "access_key_id")]
    secret_file: Option<PathBuf>,
}

impl KeyOptions {
    /// The key that they ask for, for all of its member's buckets.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub(crate) fn into_new_key(self) -> Result<NewKey> {
        let given = match (self.access_key_id, self.secret_file) {
            (Some(id), Some(file)) => Some((
                id,
                read_secret_file(&file).map_err(|error| anyhow!("--secret-file: {error}"))?,
            )),
            _ => None,
        };
        Ok(NewKey {
            label: self.label,
            given,
            ..NewKey::default()
        })
    }
}

/// A key that was made: the only time that its secret is shown.
#[derive(Debug, Serialize)]
pub(crate) struct IssuedView {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl IssuedView {
    pub(crate) fn new(key: &IssuedKey) -> Self {
        Self {
            access_key_id: key.id.to_string(),
            secret_access_key: key.secret.reveal().to_owned(),
        }
    }
}

/// Runs one of them.
///
/// # Errors
/// When the pool refuses, or standard output is gone.
pub(crate) async fn run(pool: &Pool, command: KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Add {
            member,
            read_only,
            bucket,
            key,
            format,
        } => {
            let key = NewKey {
                read_only,
                bucket,
                ..key.into_new_key()?
            };
            let key = pool
                .add_key(&member, key)
                .await
                .map_err(|error| explain(error, &format!("a key of member {member}")))?;
            format.print(&IssuedView::new(&key), |key| {
                format!(
                    "Added an access key of member {member}. Its secret is shown this once.\n\n{}",
                    fields(&[
                        ("access key id", key.access_key_id.clone()),
                        ("secret access key", key.secret_access_key.clone()),
                    ])
                )
            })
        }
        KeyCommand::List { member, format } => format
            .print(&list_key_views(pool, &member).await?, |keys| {
                key_table(keys)
            }),
        KeyCommand::Revoke {
            member,
            access_key_id,
        } => {
            pool.revoke_key(&member, &access_key_id)
                .await
                .map_err(|error| explain(error, &format!("key {access_key_id} of {member}")))?;
            output::print(&format!(
                "Revoked {access_key_id}. Running nodes refuse it within two seconds.\n"
            ))
        }
    }
}

/// A member's keys as they are shown.
///
/// # Errors
/// When there is no such member, or the catalog is away.
pub(crate) async fn list_key_views(pool: &Pool, member: &MemberName) -> Result<Vec<KeyView>> {
    let failed = |error| explain(error, &format!("member {member}"));
    let keys = pool.list_keys(member).await.map_err(failed)?;
    let buckets = pool.list_buckets(Some(member)).await.map_err(failed)?;
    let name_of = |id| match buckets.iter().find(|bucket| bucket.id == id) {
        Some(bucket) => bucket.name.to_string(),
        None => "(removed)".to_owned(),
    };
    Ok(keys
        .iter()
        .map(|key| KeyView::new(key, key.bucket.map(name_of)))
        .collect())
}

/// Keys for people.
pub(crate) fn key_table(keys: &[KeyView]) -> String {
    table(
        ["ACCESS KEY ID", "MAY", "LABEL", "SINCE", "REVOKED"],
        keys.iter().map(|key| {
            [
                key.access_key_id.clone(),
                key.rights(),
                key.label.clone(),
                key.created_at.clone(),
                key.revoked_at.clone().unwrap_or_default(),
            ]
        }),
        "No access keys.",
    )
}
