//! `rockpool object`: looking at objects.
use std::str::FromStr;

use anyhow::Result;
use clap::Subcommand;
use rockpool_pool::{Entry, ListObjects, Object, Pool};
use rockpool_types::{BucketName, ObjectKey};
use serde::Serialize;

use crate::{
    output::{Format, fields, table},
    pool_error::explain,
    views::{ObjectView, bytes},
};

/// How many objects one page of the catalog gives.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum ObjectCommand {
    /// List objects
    Ls {
        /// A bucket, and a prefix of keys after a `/`
        #[arg(value_name = "BUCKET[/PREFIX]")]
        place: Place,
        /// Show every key below the prefix, not only up to the next `/`
        #[arg(short, long)]
        recursive: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Show an object
    Stat {
        /// A bucket and a key
        #[arg(value_name = "BUCKET/KEY")]
        place: Place,
        #[command(flatten)]
        format: Format,
    },
}

/// A bucket, and what stands behind its slash.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    bucket: BucketName,
    rest: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (bucket, rest) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self {
            bucket: bucket
                .parse()
                .map_err(|error: rockpool_types::Invalid| error.to_string())?,
            rest: rest.to_owned(),
        })
    }
}

#[derive(Debug, Default, Serialize)]
struct ListView {
    objects: Vec<ObjectView>,
    common_prefixes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StatView {
    #[serde(flatten)]
    object: ObjectView,
    bucket: String,
    blob_size: u64,
    blob_media_type: String,
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    user_metadata: std::collections::BTreeMap<String, String>,
    tags: std::collections::BTreeMap<String, String>,
}

/// Runs one of them.
///
/// # Errors
/// When there is no such bucket or object, or standard output is gone.
pub(crate) async fn run(pool: &Pool, command: ObjectCommand) -> Result<()> {
    match command {
        ObjectCommand::Ls {
            place,
            recursive,
            format,
        } => list(pool, place, recursive, format).await,
        ObjectCommand::Stat { place, format } => {
            let entry = enter(pool, &place).await?;
            let about = format!("object {}/{}", place.bucket, place.rest);
            let key = ObjectKey::new(place.rest)?;
            let object = pool
                .find_object(&entry, &key)
                .await
                .map_err(|error| explain(error, &about))?;
            format.print(&StatView::new(&place.bucket, object), stat_words)
        }
    }
}

async fn enter(pool: &Pool, place: &Place) -> Result<Entry> {
    pool.enter_as_operator(&place.bucket)
        .await
        .map_err(|error| explain(error, &format!("bucket {}", place.bucket)))
}

async fn list(pool: &Pool, place: Place, recursive: bool, format: Format) -> Result<()> {
    let entry = enter(pool, &place).await?;
    let mut view = ListView::default();
    let mut after = None;
    loop {
        let query = ListObjects {
            bucket: entry.bucket().id,
            prefix: place.rest.clone(),
            delimiter: (!recursive).then(|| "/".to_owned()),
            after,
            limit: PAGE,
        };
        let page = pool
            .list_objects(&entry, query)
            .await
            .map_err(|error| explain(error, &format!("bucket {}", place.bucket)))?;
        view.objects
            .extend(page.objects.iter().map(ObjectView::new));
        view.common_prefixes.extend(page.common_prefixes);
        after = page.next;
        if after.is_none() {
            return format.print(&view, list_words);
        }
    }
}

fn list_words(view: &ListView) -> String {
    let prefixes = view.common_prefixes.iter().map(|prefix| {
        let blank = String::new;
        [blank(), blank(), blank(), printable(prefix)]
    });
    let objects = view.objects.iter().map(|object| {
        [
            object.modified_at.clone(),
            bytes(object.size),
            object.acl.to_owned(),
            printable(&object.key),
        ]
    });
    table(
        ["MODIFIED", "SIZE", "ACL", "KEY"],
        prefixes.chain(objects),
        "No objects.",
    )
}

/// A key on a terminal: control characters escaped.
fn printable(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

impl StatView {
    fn new(bucket: &BucketName, object: Object) -> Self {
        Self {
            object: ObjectView::new(&object),
            bucket: bucket.to_string(),
            blob_size: object.blob.size,
            blob_media_type: object.blob.media_type,
            cache_control: object.attributes.cache_control,
            content_disposition: object.attributes.content_disposition,
            content_encoding: object.attributes.content_encoding,
            content_language: object.attributes.content_language,
            user_metadata: object.attributes.user_metadata,
            tags: object.attributes.tags,
        }
    }
}

fn stat_words(view: &StatView) -> String {
    let object = &view.object;
    let mut rows = vec![
        ("bucket", view.bucket.clone()),
        ("key", printable(&object.key)),
        (
            "size",
            format!("{} ({} bytes)", bytes(object.size), object.size),
        ),
        ("modified", object.modified_at.clone()),
        ("etag", object.etag.clone()),
        ("acl", object.acl.to_owned()),
        ("blob", object.blob.clone()),
        ("blob's media type", view.blob_media_type.clone()),
    ];
    let optional = [
        ("content type", &object.content_type),
        ("cache control", &view.cache_control),
        ("content disposition", &view.content_disposition),
        ("content encoding", &view.content_encoding),
        ("content language", &view.content_language),
    ];
    rows.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| value.clone().map(|value| (name, value))),
    );
    rows.extend(
        view.user_metadata
            .iter()
            .map(|(name, value)| ("metadata", format!("{name}: {value}"))),
    );
    rows.extend(
        view.tags
            .iter()
            .map(|(name, value)| ("tag", format!("{name}: {value}"))),
    );
    fields(&rows)
}
