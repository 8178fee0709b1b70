//! Packing what an object carries beside its bytes. What many objects share becomes a row of `header_sets`, which
//! each then names by a small number; what follows from the blob is left out; the rest is JSON of the object's own.
use std::collections::BTreeMap;

use rockpool_types::{ETag, ObjectAttributes};
use serde::{Deserialize, Serialize};

use crate::{
    database::{Result, Tx, Value},
    dialect::Fault,
};

/// The most rows of `header_sets`. Beyond, objects keep their headers themselves.
const MAX_SETS: i64 = 65_536;

/// The longest row of `header_sets`, in bytes of JSON.
const MAX_SET_BYTES: usize = 512;

/// The most parts of an upload (S3 user guide, "Multipart upload limits").
pub(crate) const MAX_PARTS: usize = 10_000;

/// Headers that are the same on many objects.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HeaderSet {
    /// `Content-Type`. `None`: the blob's media type, or nothing when `untyped`.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(rename = "u", skip_serializing_if = "std::ops::Not::not")]
    untyped: bool,
    #[serde(rename = "cc", skip_serializing_if = "Option::is_none")]
    cache_control: Option<String>,
    #[serde(rename = "ce", skip_serializing_if = "Option::is_none")]
    content_encoding: Option<String>,
    #[serde(rename = "cl", skip_serializing_if = "Option::is_none")]
    content_language: Option<String>,
    /// Only without parameters: those are file names.
    #[serde(rename = "cd", skip_serializing_if = "Option::is_none")]
    content_disposition: Option<String>,
}

/// What an object keeps to itself.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Own {
    /// Attributes that are neither in the set nor in columns.
    #[serde(rename = "a", skip_serializing_if = "is_default")]
    rest: ObjectAttributes,
    /// The set, when it is no row.
    #[serde(rename = "h", skip_serializing_if = "is_default")]
    set: HeaderSet,
    /// Sizes of parts as runs of equal ones: how many, how long. `None`: what [`implied_parts`] says.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<(u64, u64)>>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The blob's side of packing and unpacking.
pub(crate) struct Basis<'a> {
    /// The blob's media type.
    pub(crate) media_type: &'a str,
    /// The blob's size in bytes.
    pub(crate) size: u64,
    /// The object's ETag.
    pub(crate) etag: ETag,
}

/// Attributes as columns have them; the checksum has one of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Row of `header_sets`.
    pub(crate) set: Option<i64>,
    /// JSON.
    pub(crate) extra: Option<String>,
}

/// Packs attributes, and adds the set's row where it is new and there is room.
pub(crate) async fn pack(
    tx: &mut Tx,
    attributes: &ObjectAttributes,
    basis: &Basis<'_>,
) -> Result<Packed> {
    let (set, mut own) = split(attributes, basis);
    let mut packed = Packed::default();
    if !is_default(&set) {
        packed.set = intern(tx, &to_json(&set)?).await?;
        if packed.set.is_none() {
            own.set = set;
        }
    }
    if !is_default(&own) {
        packed.extra = Some(to_json(&own)?);
    }
    Ok(packed)
}

/// Puts attributes together again from the set's JSON and the object's own.
pub(crate) fn unpack(
    set: Option<&str>,
    extra: Option<&str>,
    basis: &Basis<'_>,
) -> Result<ObjectAttributes> {
    let own: Own = from_json(extra)?;
    let set: HeaderSet = match set {
        Some(_) => from_json(set)?,
        None => own.set,
    };
    let mut attributes = own.rest;
    attributes.content_type = match (set.content_type, set.untyped) {
        (Some(given), _) => Some(given),
        (None, true) => None,
        (None, false) => Some(basis.media_type.to_owned()),
    };
    attributes.cache_control = set.cache_control;
    attributes.content_encoding = set.content_encoding;
    attributes.content_language = set.content_language;
    attributes.content_disposition = attributes.content_disposition.or(set.content_disposition);
    attributes.part_sizes = match own.parts {
        None => implied_parts(basis),
        Some(runs) => runs
            .into_iter()
            .flat_map(|(count, size)| (0..count).map(move |_| size))
            .take(MAX_PARTS)
            .collect(),
    };
    Ok(attributes)
}

/// The object's own JSON with other tags.
pub(crate) fn replace_tags(
    extra: Option<&str>,
    tags: &BTreeMap<String, String>,
) -> Result<Option<String>> {
    let mut own: Own = from_json(extra)?;
    own.rest.tags.clone_from(tags);
    (!is_default(&own)).then(|| to_json(&own)).transpose()
}

pub(crate) fn split(attributes: &ObjectAttributes, basis: &Basis<'_>) -> (HeaderSet, Own) {
    let mut rest = attributes.clone();
    // It has a column of its own.
    rest.checksum = None;
    let content_type = rest.content_type.take();
    let plain = |value: &String| !value.contains(';');
    let set = HeaderSet {
        untyped: content_type.is_none(),
        content_type: content_type.filter(|given| given != basis.media_type),
        cache_control: rest.cache_control.take(),
        content_encoding: rest.content_encoding.take(),
        content_language: rest.content_language.take(),
        content_disposition: rest.content_disposition.take_if(|value| plain(value)),
    };
    let sizes = std::mem::take(&mut rest.part_sizes);
    let parts = (sizes != implied_parts(basis)).then(|| {
        sizes
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len() as u64, run[0]))
            .collect()
    });
    let own = Own {
        rest,
        set: HeaderSet::default(),
        parts,
    };
    (set, own)
}

/// The sizes of the parts when the object says nothing of them: one part is as long as the whole.
fn implied_parts(basis: &Basis<'_>) -> Vec<u64> {
    if basis.etag.parts() == 1 {
        vec![basis.size]
    } else {
        vec![]
    }
}

/// The row of that set; `None` when it cannot have one.
async fn intern(tx: &mut Tx, body: &str) -> Result<Option<i64>> {
    if body.len() > MAX_SET_BYTES {
        return Ok(None);
    }
    let body: [Value<'_>; 1] = [body.into()];
    let sql = "SELECT id FROM header_sets WHERE body = ?";
    if let Some(mut row) = tx.query_one(sql, &body).await? {
        return row.take().map(Some);
    }
    let last: Option<i64> = match tx.query_one("SELECT MAX(id) FROM header_sets", &[]).await? {
        Some(mut row) => row.take()?,
        None => None,
    };
    if last >= Some(MAX_SETS) {
        return Ok(None);
    }
    let id = tx
        .insert("INSERT INTO header_sets (body) VALUES (?)", &body)
        .await?;
    Ok(Some(id))
}

/// A value as JSON for a column.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Fault::Internal(e.to_string()))
}

/// A value out of a column of JSON; the default when it is NULL.
pub(crate) fn from_json<'a, T: Deserialize<'a> + Default>(json: Option<&'a str>) -> Result<T> {
    json.map_or_else(
        || Ok(T::default()),
        |json| serde_json::from_str(json).map_err(|e| Fault::Internal(e.to_string())),
    )
}

#[cfg(test)]
mod tests;
