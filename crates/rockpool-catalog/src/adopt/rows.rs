//! The statements of an adoption, each for many rows.
use std::collections::{BTreeMap, HashMap, HashSet};

use rockpool_types::{Acl, BlobHash, ETag, Timestamp};

use super::AdoptedName;
use crate::{
    Blob, BlobId, BucketId, Scope,
    blob_rows::{self, State, signed},
    changes, codes,
    database::{Result, Tx, Value},
    dialect::Fault,
    sets,
};

/// Which of the keys are mapped already.
pub(super) async fn mapped_keys<'p>(
    tx: &mut Tx,
    names: &'p [AdoptedName],
) -> Result<HashSet<(BucketId, &'p [u8])>> {
    let mut by_bucket: HashMap<BucketId, Vec<Value<'p>>> = HashMap::new();
    for name in names {
        let keys = by_bucket.entry(name.bucket).or_default();
        keys.push(name.key.as_bytes().into());
    }
    let mut found = HashSet::new();
    for (bucket, keys) in by_bucket {
        for mut values in sets::chunks(&keys) {
            let sql = format!(
                "SELECT object_key FROM objects WHERE object_key IN ({}) AND bucket_id = ?",
                sets::placeholders(values.len())
            );
            values.push(bucket.into());
            for mut row in tx.query(&sql, &values).await? {
                found.insert((bucket, row.take::<Vec<u8>>()?));
            }
        }
    }
    let is_found =
        |name: &&AdoptedName| found.contains(&(name.bucket, name.key.as_bytes().to_vec()));
    Ok(names
        .iter()
        .filter(is_found)
        .map(|name| (name.bucket, name.key.as_bytes()))
        .collect())
}

/// A blob that names of the page point to.
pub(super) struct Referenced {
    id: BlobId,
    pub(super) size: u64,
}

/// Blobs that count as stored from now on, with their sizes.
#[derive(Default)]
pub(super) struct Arrived(pub(super) Vec<(BlobHash, u64)>);

impl Arrived {
    /// Their number and bytes.
    pub(super) fn count(&self) -> (i64, i64) {
        let bytes = self.0.iter().map(|(_, size)| signed(*size)).sum();
        (i64::try_from(self.0.len()).unwrap_or(i64::MAX), bytes)
    }
}

/// Counts the names' references to their blobs, whose rows are added where there are none. `None`: one is being deleted.
pub(super) async fn reference_blobs(
    tx: &mut Tx,
    names: &[&AdoptedName],
) -> Result<Option<(HashMap<BlobHash, Referenced>, Arrived)>> {
    let mut wanted: BTreeMap<BlobHash, (u64, i64)> = BTreeMap::new();
    for name in names {
        wanted.entry(name.hash).or_insert((name.size, 0)).1 += 1;
    }
    let hashes: Vec<BlobHash> = wanted.keys().copied().collect();
    let known = find_blobs(tx, &hashes).await?;
    if known.values().any(|(_, state)| *state == State::Deleting) {
        return Ok(None);
    }
    let new: Vec<(&BlobHash, u64, i64)> = wanted
        .iter()
        .filter(|(hash, _)| !known.contains_key(*hash))
        .map(|(hash, (size, refs))| (hash, *size, *refs))
        .collect();
    let mut arrived = Arrived::default();
    arrived
        .0
        .extend(new.iter().map(|(hash, size, _)| (**hash, *size)));
    for (hash, (blob, state)) in &known {
        if *state == State::Storing {
            arrived.0.push((*hash, blob.size));
        }
    }
    add_references(tx, &wanted, &known).await?;
    insert_blobs(tx, &new).await?;
    let new: Vec<BlobHash> = new.iter().map(|(hash, ..)| **hash).collect();
    let blobs = known.into_iter().chain(find_blobs(tx, &new).await?);
    let blobs = blobs.map(|(hash, (blob, _))| (hash, blob)).collect();
    Ok(Some((blobs, arrived)))
}

/// The rows of public blobs, in whatever state.
async fn find_blobs(
    tx: &mut Tx,
    hashes: &[BlobHash],
) -> Result<HashMap<BlobHash, (Referenced, State)>> {
    let wanted: HashSet<&BlobHash> = hashes.iter().collect();
    let heads: Vec<Value<'_>> = hashes
        .iter()
        .map(|hash| blob_rows::split_hash(hash).0.into())
        .collect();
    let mut found = HashMap::new();
    for mut values in sets::chunks(&heads) {
        let sql = format!(
            "SELECT digest_head, digest_tail, id, size, state FROM blobs \
             WHERE digest_head IN ({}) AND scope = ?",
            sets::placeholders(values.len())
        );
        values.push(blob_rows::scope_to_code(Scope::Public).into());
        for mut row in tx.query(&sql, &values).await? {
            let hash = row.take_hash()?;
            let (id, size) = (row.take()?, row.take()?);
            let state = State::from_code(row.take()?)?;
            if wanted.contains(&hash) {
                found.insert(hash, (Referenced { id, size }, state));
            }
        }
    }
    Ok(found)
}

/// Counts references to blobs that are known, in order of id, as all who lock several do. One that an uploader is about
/// to store becomes live: its bytes are in the store already.
async fn add_references(
    tx: &mut Tx,
    wanted: &BTreeMap<BlobHash, (u64, i64)>,
    known: &HashMap<BlobHash, (Referenced, State)>,
) -> Result<()> {
    let mut by_count: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (hash, (blob, _)) in known {
        let refs = wanted.get(hash).map_or(0, |(_, refs)| *refs);
        by_count.entry(refs).or_default().push(blob.id.0);
    }
    for (refs, mut ids) in by_count {
        ids.sort_unstable();
        let ids: Vec<Value<'_>> = ids.into_iter().map(Value::Int).collect();
        for piece in sets::pieces(&ids) {
            let sql = format!(
                "UPDATE blobs SET state = ?, since = NULL, refs = refs + ? \
                 WHERE state <> ? AND id IN ({})",
                sets::placeholders(piece.len())
            );
            let values = [State::Live.into(), refs.into(), State::Deleting.into()];
            let values = [&values[..], piece].concat();
            if tx.execute(&sql, &values).await? != piece.len() as u64 {
                return Err(Fault::Conflict("a blob went meanwhile".to_owned()));
            }
        }
    }
    Ok(())
}

async fn insert_blobs(tx: &mut Tx, new: &[(&BlobHash, u64, i64)]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let media_type = blob_rows::intern_media_type(tx, "").await?;
    for piece in sets::pieces(new) {
        let row = "(?, ?, ?, ?, ?, ?, ?, ?)";
        let sql = format!(
            "INSERT INTO blobs (scope, digest_head, digest_tail, size, md5, media_type, state, refs) \
             VALUES {}",
            vec![row; piece.len()].join(", ")
        );
        let mut values: Vec<Value<'_>> = Vec::with_capacity(piece.len() * 8);
        for (hash, size, refs) in piece {
            let (head, tail) = blob_rows::split_hash(hash);
            values.extend::<[Value<'_>; 8]>([
                blob_rows::scope_to_code(Scope::Public).into(),
                head.into(),
                tail.into(),
                (*size).into(),
                Blob::UNKNOWN_MD5.as_slice().into(),
                media_type.into(),
                State::Live.into(),
                (*refs).into(),
            ]);
        }
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

pub(super) async fn insert_objects(
    tx: &mut Tx,
    names: &[&AdoptedName],
    blobs: &HashMap<BlobHash, Referenced>,
    modified_at: Timestamp,
) -> Result<()> {
    let changed: Vec<_> = names.iter().map(|name| (name.bucket, &name.key)).collect();
    changes::note_all(tx, &changed).await?;
    for piece in sets::pieces(names) {
        let sql = format!(
            "INSERT INTO objects (bucket_id, object_key, blob_id, modified_at, acl, etag) VALUES {}",
            vec!["(?, ?, ?, ?, ?, ?)"; piece.len()].join(", ")
        );
        let etags: Vec<Vec<u8>> = piece.iter().map(|name| etag_of(&name.hash)).collect();
        let mut values: Vec<Value<'_>> = Vec::with_capacity(piece.len() * 6);
        for (name, etag) in piece.iter().zip(&etags) {
            let blob = blobs.get(&name.hash);
            let blob = blob.ok_or_else(|| Fault::Internal("a blob was not added".to_owned()))?;
            values.extend::<[Value<'_>; 6]>([
                name.bucket.into(),
                name.key.as_bytes().into(),
                blob.id.into(),
                modified_at.into(),
                Acl::PublicRead.to_code().into(),
                etag.as_slice().into(),
            ]);
        }
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

/// An ETag for content whose MD5 is not known: that of an upload in one part, which clients do not take for an MD5.
fn etag_of(hash: &BlobHash) -> Vec<u8> {
    let mut head = [0; 16];
    head.copy_from_slice(&hash.as_bytes()[..16]);
    codes::etag_to_bytes(&ETag::multipart(head, 1))
}
