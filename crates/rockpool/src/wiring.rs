//! The one place where a pool and its faces are put together; `links` is the shield's part of it, `landing` what may lie
//! before a provider.

mod landing;
mod links;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use rockpool_blobs::{
    AwayStore, BlobStore, DiskStore, Durability, Landing, S3Settings as S3StoreSettings, S3Store,
    Spool, StoreKey,
};
use rockpool_catalog::{Catalog, MAIN_STORE, StoreRole, StoreRow};
use rockpool_pool::{Backups, Pool, PoolParts, PoolSettings, ReplicaParts, ScrubOptions};
use rockpool_s3::S3Settings;
use rockpool_types::{ByteSize, Clock};
use rockpool_web::{BlobPathForm, PublicUrl, WebSettings};

pub(crate) use links::{hosts, open_desk, open_links};

use crate::{
    addresses::Addresses,
    config::{Config, HttpUrl, Settings, Span, StagingKind, StoreKind, StoreSettings, UrlForm},
    data_dir,
};

/// How long `/readyz` of the S3 listener waits for the catalog and the store.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// What becomes of what crashed processes left in the spool and in directories of blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// It is removed.
    Remove,
    /// It stays, for looking at it.
    Leave,
}

/// Who opens a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opener {
    /// The node.
    Node,
    /// A command, beside whatever nodes run.
    Command,
}

/// Opens the pool that the configuration describes, for a command beside whatever nodes run.
///
/// # Errors
/// In words that say what cannot be opened and what to do.
pub(crate) async fn open_pool(config: &Config, leftovers: Leftovers) -> Result<Pool> {
    let opened = open_pool_as(config, leftovers, Opener::Command).await?;
    Ok(opened.0)
}

/// As [`open_pool`], for a node, with the landing that the node has to empty.
///
/// # Errors
/// As [`open_pool`].
pub(crate) async fn open_pool_of_node(config: &Config) -> Result<(Pool, Option<Landing>)> {
    open_pool_as(config, Leftovers::Remove, Opener::Node).await
}

async fn open_pool_as(
    config: &Config,
    leftovers: Leftovers,
    opener: Opener,
) -> Result<(Pool, Option<Landing>)> {
    let paths = &config.paths;
    let max_connections = config.settings.catalog.max_connections;
    let catalog = Catalog::open(&paths.catalog, max_connections).await?;
    let first_members = catalog.list_members(None, 1).await?;
    let sealing_key = data_dir::sealing_key(&paths.sealing_key, first_members.is_empty())?;
    let config = config.clone();
    let enlisted = catalog.list_stores().await?;
    let open = move || open_stores(&config, &enlisted, leftovers, opener);
    let stores = tokio::task::spawn_blocking(open).await??;
    let pool = Pool::new(PoolParts {
        catalog,
        blobs: stores.blobs,
        replicas: stores.replicas,
        staging: stores.staging,
        spool: stores.spool,
        sealing_key,
        clock: Clock::system(),
        settings: stores.settings,
    });
    for member in first_members {
        if !pool.unseals_keys_of(&member).await? {
            bail!(
                "the sealing key {} is not the one that sealed this pool's access keys; put the right one there: another \
                 node's, or your backup's",
                paths.sealing_key.display()
            );
        }
    }
    Ok((pool, stores.landing))
}

/// What a pool is put together from.
struct Stores {
    blobs: Arc<dyn BlobStore>,
    landing: Option<Landing>,
    replicas: Vec<ReplicaParts>,
    staging: Arc<dyn BlobStore>,
    spool: Spool,
    settings: PoolSettings,
}

/// Opens what lies on disk, or prepares for what does not. Where replicas are enlisted, a store that cannot be opened
/// keeps no node from starting: the others have its blobs. Blocking.
fn open_stores(
    config: &Config,
    enlisted: &[StoreRow],
    leftovers: Leftovers,
    opener: Opener,
) -> Result<Stores> {
    let (settings, paths) = (&config.settings, &config.paths);
    let spool = match leftovers {
        Leftovers::Remove => Spool::open(&paths.spool),
        Leftovers::Leave => Spool::open_leaving(&paths.spool),
    };
    let spool = spool.with_context(|| {
        format!(
            "the spool {} (setting spool.directory) cannot be used",
            paths.spool.display()
        )
    })?;
    for row in enlisted {
        let name = row.name.as_str();
        if name != MAIN_STORE && !settings.replicas.contains_key(name) {
            tracing::error!(
                store.name = name,
                "The catalog knows a store that the configuration lacks; give every node the same sections `replicas`"
            );
        }
    }
    let open = |name: &str, store: &StoreSettings, directory: &Path| {
        let opened = open_store(settings, name, store, directory, leftovers, &spool);
        match opened {
            Err(error) if name != "store" || !enlisted.is_empty() => {
                tracing::error!(
                    store.name = name,
                    error.cause = format!("{error:#}"),
                    "A store cannot be opened; this node goes on without it until it is restarted"
                );
                Ok(Arc::new(AwayStore::new(format!("{error:#}"))) as Arc<dyn BlobStore>)
            }
            opened => opened,
        }
    };
    let blobs = open("store", &settings.store, &paths.store)?;
    let landing = landing::before(&blobs, config, opener)?;
    let blobs = match &landing {
        Some(landing) => Arc::new(landing.clone()) as Arc<dyn BlobStore>,
        None => blobs,
    };
    let mut replicas = Vec::new();
    for (name, replica) in &settings.replicas {
        let path = format!("replicas.{name}");
        replicas.push(ReplicaParts {
            max_parallel: replica.max_parallel,
            bytes_per_second: replica.max_rate.map(ByteSize::as_u64),
            grace: replica.delete_grace.get(),
            ..ReplicaParts::new(name, open(&path, &replica.store, &paths.replicas[name])?)
        });
    }
    let staging = match settings.staging.kind {
        StagingKind::Disk => open_disk(&paths.staging, "staging.directory", leftovers)?,
        // Where blobs are put as long as this node runs, or were put when it started.
        StagingKind::Store => {
            let primary = enlisted.iter().find(|row| row.role == StoreRole::Primary);
            let promoted = primary.and_then(|row| replicas.iter().find(|r| r.name == row.name));
            promoted.map_or_else(|| blobs.clone(), |replica| replica.store.clone())
        }
    };
    Ok(Stores {
        blobs,
        landing,
        replicas,
        staging,
        spool,
        settings: pool_settings(settings),
    })
}

/// Opens one store, which the configuration has under `name`. Blocking.
fn open_store(
    settings: &Settings,
    name: &str,
    store: &StoreSettings,
    directory: &Path,
    leftovers: Leftovers,
    spool: &Spool,
) -> Result<Arc<dyn BlobStore>> {
    match store.kind {
        StoreKind::Disk => open_disk(directory, &format!("{name}.directory"), leftovers),
        StoreKind::S3 => {
            let bucket = open_bucket(settings, name, store, spool.clone())?;
            Ok(Arc::new(bucket))
        }
    }
}

/// Opens the backups of a pool whose catalog may be lost; `scratch` is where they are unpacked, if not in the spool. Blocking.
///
/// # Errors
/// In words that say what cannot be opened.
pub(crate) fn open_backups(config: &Config, scratch: Option<&Path>) -> Result<Backups> {
    let directory = scratch.unwrap_or(&config.paths.spool);
    let spool = Spool::open_leaving(directory)
        .with_context(|| format!("the directory {} cannot be used", directory.display()))?;
    let (settings, paths) = (&config.settings, &config.paths);
    let left = Leftovers::Leave;
    let blobs = open_store(
        settings,
        "store",
        &settings.store,
        &paths.store,
        left,
        &spool,
    )?;
    Ok(Backups::new(blobs, spool))
}

fn open_disk(directory: &Path, setting: &str, leftovers: Leftovers) -> Result<Arc<dyn BlobStore>> {
    let store = match leftovers {
        Leftovers::Remove => DiskStore::open(directory, Durability::Full),
        Leftovers::Leave => DiskStore::open_leaving(directory, Durability::Full),
    };
    let store = store.with_context(|| {
        format!(
            "the directory {} (setting {setting}) cannot be used",
            directory.display()
        )
    })?;
    Ok(Arc::new(store))
}

/// A client for the bucket; connects to nothing yet.
fn open_bucket(
    settings: &Settings,
    name: &str,
    store: &StoreSettings,
    spool: Spool,
) -> Result<S3Store> {
    let bucket = store.s3.as_ref();
    let bucket =
        bucket.with_context(|| format!("{name}.kind is `s3` without a section {name}.s3"))?;
    let given = |what| format!("{name}.s3.{what} must be given");
    let endpoint = bucket
        .endpoint
        .as_ref()
        .with_context(|| given("endpoint"))?;
    let secret = bucket.secret_access_key.clone();
    let folder = bucket.folder.clone().map(StoreKey::new).transpose()?;
    Ok(S3Store::new(
        S3StoreSettings {
            path_style: bucket.path_style,
            prefix: folder,
            public_prefix: bucket.public_acl.then(|| "blobs/".to_owned()),
            stall_timeout: settings.limits.stall_timeout.get(),
            call_timeout: bucket.call_timeout.get(),
            max_connections: bucket.max_connections,
            max_calls_per_second: bucket.max_calls_per_second,
            ..S3StoreSettings::new(
                endpoint.as_str().parse()?,
                &bucket.bucket,
                &bucket.region,
                &bucket.access_key_id,
                secret.with_context(|| given("secret_access_key"))?,
            )
        },
        spool,
    )?)
}

fn pool_settings(settings: &Settings) -> PoolSettings {
    let (limits, collect, spool) = (&settings.limits, &settings.collect, &settings.spool);
    PoolSettings {
        read_only: settings.read_only,
        grace: collect.grace.get(),
        store_lease: collect.store_lease.get(),
        delete_lease: collect.delete_lease.get(),
        longest_delete: collect.longest_delete.get(),
        upload_lifetime: collect.upload_lifetime.get(),
        max_object_bytes: limits.max_object.as_u64(),
        max_put_bytes: limits.max_put.as_u64(),
        memory_body_bytes: bounded(spool.memory_body.as_u64()),
        inline_part_bytes: bounded(spool.inline_part.as_u64()),
        wait_for_upload: settings.public.wait_for_upload.get(),
        ..PoolSettings::default()
    }
}

/// A checked setting of a few MiB as a size in memory.
fn bounded(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How the S3 face behaves.
pub(crate) fn s3_settings(settings: &Settings) -> S3Settings {
    let homepage = settings.homepage.as_ref().map(HttpUrl::as_str);
    S3Settings {
        domains: settings.public.s3_domains.clone(),
        region: settings.region.clone(),
        stall_timeout: settings.limits.stall_timeout.get(),
        max_concurrent_requests: settings.limits.max_requests,
        homepage: homepage.map(str::to_owned),
        ..S3Settings::default()
    }
}

/// How the redirector and the blob server behave at a node that listens on `addresses`.
///
/// # Errors
/// When a URL does not fit, or redirects would lead nowhere.
pub(crate) fn web_settings(settings: &Settings, addresses: &Addresses) -> Result<WebSettings> {
    let public = &settings.public;
    let blob_base = match (&public.blob_url, &addresses.blobs) {
        (Some(url), _) => public_url(url.as_str())?,
        (None, Some(url)) => public_url(url)?,
        (None, None) => bail!(
            "the blob server is off, so redirects would lead nowhere; set public.blob_url to where blobs are read, or give listen.blobs an address"
        ),
    };
    let homepage = settings.homepage.as_ref().map(HttpUrl::as_str);
    Ok(WebSettings {
        homepage: homepage.map(public_url).transpose()?,
        blob_path_form: match public.blob_url_form {
            UrlForm::Hex => BlobPathForm::Hex,
            UrlForm::Base64 => BlobPathForm::Base64,
        },
        name_max_age: public.name_max_age.get(),
        name_cdn_max_age: public.name_cdn_max_age.map(Span::get),
        stale_while_revalidate: public.stale_while_revalidate.get(),
        stale_if_error: public.stale_if_error.get(),
        not_found_max_age: public.not_found_max_age.get(),
        max_requests: Some(settings.limits.max_requests),
        ..WebSettings::new(blob_base)
    })
}

fn public_url(url: &str) -> Result<PublicUrl> {
    url.parse().map_err(|error| anyhow!("{error}"))
}

/// How nodes scrub. `None`: they do not.
pub(crate) fn scrub_options(settings: &Settings) -> Option<ScrubOptions> {
    Some(ScrubOptions {
        period: settings.scrub.period.on()?.get(),
        bytes_per_second: settings.scrub.max_rate.on().map(ByteSize::as_u64),
    })
}

/// The names of the stores that are scrubbed.
pub(crate) fn scrubbed_stores(settings: &Settings) -> Vec<String> {
    let replicas = settings.replicas.iter();
    let replicas = replicas.map(|(name, replica)| (name.as_str(), &replica.store));
    let all = std::iter::once((MAIN_STORE, &settings.store)).chain(replicas);
    let scrubbed = all.filter(|(_, store)| settings.scrub.buckets || store.kind == StoreKind::Disk);
    scrubbed.map(|(name, _)| name.to_owned()).collect()
}
