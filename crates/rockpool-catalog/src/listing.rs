//! Walking keys in byte order, jumping over common prefixes.
use crate::{
    BucketId, Catalog, CatalogError, Object, Upload,
    database::{Result, Tx},
    objects, uploads,
    walk::{BatchSize, Walk, beyond, successor},
};

/// A question for a page of objects.
#[derive(Clone, Debug)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: BucketId,
    /// Only keys that begin with this; may be empty.
    pub prefix: String,
    /// Keys that have this behind the prefix are rolled up to it, included; not empty.
    pub delimiter: Option<String>,
    /// Only keys and common prefixes after this, in byte order. A common prefix that equals it is not shown again,
    /// nor the keys that it stands for.
    pub after: Option<String>,
    /// The most entries, objects and common prefixes together.
    pub limit: usize,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Objects in byte order of their keys.
    pub objects: Vec<Object>,
    /// Common prefixes in byte order.
    pub common_prefixes: Vec<String>,
    /// The last key or common prefix shown, when there are more behind it: the next page's `after`.
    pub next: Option<String>,
}

/// A question for a page of uploads.
#[derive(Clone, Debug)]
pub struct ListUploads {
    /// The bucket.
    pub bucket: BucketId,
    /// Only keys that begin with this; may be empty.
    pub prefix: String,
    /// As for objects.
    pub delimiter: Option<String>,
    /// Only uploads of keys after this.
    pub key_marker: Option<String>,
    /// With `key_marker`: also uploads of that very key with ids after this.
    pub upload_id_marker: Option<String>,
    /// The most entries, uploads and common prefixes together.
    pub limit: usize,
}

/// A page of uploads, ordered by key, then upload id.
#[derive(Clone, Debug, Default)]
pub struct UploadListing {
    /// Uploads.
    pub uploads: Vec<Upload>,
    /// Common prefixes.
    pub common_prefixes: Vec<String>,
    /// The next page's markers when there are more: a key or common prefix, and an upload id (empty after a prefix).
    pub next: Option<(String, String)>,
}

impl Catalog {
    /// A page of objects. A limit of 0 answers an empty page with nothing behind it, as S3 does.
    pub async fn list_objects(&self, query: ListObjects) -> Result<Listing, CatalogError> {
        self.db
            .scan("listing objects", query, |tx, query| {
                Box::pin(list_objects(tx, query))
            })
            .await
    }

    /// A page of uploads. A limit of 0 is as for objects; an empty upload id marker is none.
    pub async fn list_uploads(&self, query: ListUploads) -> Result<UploadListing, CatalogError> {
        self.db
            .scan("listing uploads", query, |tx, query| {
                Box::pin(list_uploads(tx, query))
            })
            .await
    }
}

/// What of the page is filled.
struct Page<T> {
    limit: usize,
    shown: Vec<T>,
    common_prefixes: Vec<String>,
}

impl<T> Page<T> {
    const fn new(limit: usize) -> Self {
        Self {
            limit,
            shown: Vec::new(),
            common_prefixes: Vec::new(),
        }
    }

    const fn entries(&self) -> usize {
        self.shown.len() + self.common_prefixes.len()
    }

    const fn room(&self) -> usize {
        self.limit.saturating_sub(self.entries())
    }
}

async fn list_objects(tx: &mut Tx, query: &ListObjects) -> Result<Listing> {
    let walk = Walk::new(query.prefix.clone(), query.delimiter.clone());
    let mut page = Page::new(query.limit);
    let mut position = walk.start(query.after.as_deref());
    let more =
        query.limit > 0 && fill_objects(tx, query.bucket, &walk, &mut page, &mut position).await?;
    let last_key = page.shown.last().map(|object: &Object| object.key.as_str());
    let last = last_key.max(page.common_prefixes.last().map(String::as_str));
    Ok(Listing {
        next: last.filter(|_| more).map(str::to_owned),
        objects: page.shown,
        common_prefixes: page.common_prefixes,
    })
}

/// Fills the page from `position` on; answers whether there is more.
async fn fill_objects(
    tx: &mut Tx,
    bucket: BucketId,
    walk: &Walk,
    page: &mut Page<Object>,
    position: &mut Vec<u8>,
) -> Result<bool> {
    // Bounded before it is joined: MariaDB would else begin with the fewest media types, and sort what is left of a bucket.
    let bounded = "(SELECT * FROM objects WHERE bucket_id = ? AND object_key >= ? AND object_key < ? \
                    ORDER BY object_key LIMIT ?)";
    let sql = format!(
        "SELECT {} FROM {} ORDER BY o.object_key",
        objects::columns(),
        objects::joined(bounded)
    );
    let end = walk.end();
    let mut batch = BatchSize::new(walk);
    while *position < end {
        let wanted = batch.rows(page.room());
        let values = [
            bucket.into(),
            position.as_slice().into(),
            end.as_slice().into(),
            wanted.into(),
        ];
        let rows = tx.query(&sql, &values).await?;
        let (fetched, before) = (rows.len(), page.entries());
        for mut row in rows {
            let object = objects::read_object(&mut row)?;
            if object.key.as_bytes() < position.as_slice() {
                continue;
            }
            if page.room() == 0 {
                return Ok(true);
            }
            if let Some(common_prefix) = walk.common_prefix(object.key.as_str()) {
                *position = beyond(common_prefix);
                page.common_prefixes.push(common_prefix.to_owned());
            } else {
                *position = successor(object.key.as_str());
                page.shown.push(object);
            }
        }
        if fetched < wanted as usize {
            break;
        }
        batch.learn(fetched, page.entries() - before);
    }
    Ok(false)
}

/// Where a listing of uploads stands: at a key, behind this upload of it.
struct UploadPosition {
    key: Vec<u8>,
    after: String,
}

async fn list_uploads(tx: &mut Tx, query: &ListUploads) -> Result<UploadListing> {
    let walk = Walk::new(query.prefix.clone(), query.delimiter.clone());
    let mut page = Page::new(query.limit);
    let mut position = start_of_uploads(&walk, query);
    let more =
        query.limit > 0 && fill_uploads(tx, query.bucket, &walk, &mut page, &mut position).await?;
    let last_upload = page
        .shown
        .last()
        .map(|upload: &Upload| (upload.key.as_str(), upload.id.as_str()));
    let last_prefix = page.common_prefixes.last().map(|p| (p.as_str(), ""));
    let last = last_upload.max(last_prefix);
    Ok(UploadListing {
        next: last
            .filter(|_| more)
            .map(|(key, id)| (key.to_owned(), id.to_owned())),
        uploads: page.shown,
        common_prefixes: page.common_prefixes,
    })
}

fn start_of_uploads(walk: &Walk, query: &ListUploads) -> UploadPosition {
    let key_marker = query.key_marker.as_deref();
    let id_marker = query
        .upload_id_marker
        .as_deref()
        .filter(|id| !id.is_empty());
    let behind_key = walk.start(key_marker);
    match (key_marker, id_marker) {
        (Some(key), Some(id)) if behind_key == successor(key) => UploadPosition {
            key: key.as_bytes().to_vec(),
            after: id.to_owned(),
        },
        _ => UploadPosition {
            key: behind_key,
            after: String::new(),
        },
    }
}

/// Fills the page from `position` on; answers whether there is more.
async fn fill_uploads(
    tx: &mut Tx,
    bucket: BucketId,
    walk: &Walk,
    page: &mut Page<Upload>,
    position: &mut UploadPosition,
) -> Result<bool> {
    let sql = format!(
        "SELECT {} FROM uploads u WHERE u.bucket_id = ? AND u.object_key >= ? AND u.object_key < ? \
         AND NOT (u.object_key = ? AND u.id <= ?) ORDER BY u.object_key, u.id LIMIT ?",
        uploads::COLUMNS
    );
    let end = walk.end();
    let mut batch = BatchSize::new(walk);
    while position.key < end {
        let wanted = batch.rows(page.room());
        let values = [
            bucket.into(),
            position.key.as_slice().into(),
            end.as_slice().into(),
            position.key.as_slice().into(),
            position.after.as_str().into(),
            wanted.into(),
        ];
        let rows = tx.query(&sql, &values).await?;
        let (fetched, before) = (rows.len(), page.entries());
        for mut row in rows {
            let upload = uploads::read_upload(&mut row)?;
            if upload.key.as_bytes() < position.key.as_slice() {
                continue;
            }
            if page.room() == 0 {
                return Ok(true);
            }
            if let Some(common_prefix) = walk.common_prefix(upload.key.as_str()) {
                position.key = beyond(common_prefix);
                position.after.clear();
                page.common_prefixes.push(common_prefix.to_owned());
            } else {
                position.key = upload.key.as_bytes().to_vec();
                position.after = upload.id.as_str().to_owned();
                page.shown.push(upload);
            }
        }
        if fetched < wanted as usize {
            break;
        }
        batch.learn(fetched, page.entries() - before);
    }
    Ok(false)
}
