//! Walking keys in byte order, jumping over common prefixes.
use crate::{BucketId, Catalog, CatalogError, Object, Upload};

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
    /// A page of objects.
    pub async fn list_objects(&self, query: ListObjects) -> Result<Listing, CatalogError> {
        let _ = query;
        todo!()
    }

    /// A page of uploads.
    pub async fn list_uploads(&self, query: ListUploads) -> Result<UploadListing, CatalogError> {
        let _ = query;
        todo!()
    }
}
