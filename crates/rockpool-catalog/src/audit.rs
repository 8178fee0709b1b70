//! What a check reads: rows as they lie, in pages. Each call sees the database at one moment; a page is short, so that
//! nothing waits for a check.
use rockpool_types::{Acl, BlobHash, ObjectKey, Timestamp};

use crate::{
    BlobId, BucketId, Catalog, CatalogError, MemberId, Scope, UploadId,
    blob_rows::{self, State},
    database::{Result, Tx, Value},
    dialect::Dialect,
    pages::Pages,
    row::Row,
    sets,
};

/// A blob's row, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    /// Its number.
    pub id: BlobId,
    /// Who shares it.
    pub scope: Scope,
    /// Its name.
    pub hash: BlobHash,
    /// Its size in bytes.
    pub size: u64,
    /// The MD5 of its bytes.
    pub md5: [u8; 16],
    /// Where it is in its life.
    pub state: State,
    /// How many objects are said to point to it; negative only in a damaged catalog.
    pub references: i64,
    /// Idle: since when; storing and deleting: until when it is leased; live: `None`.
    pub since: Option<Timestamp>,
}

/// An object as far as a check needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRow {
    /// Its bucket.
    pub bucket: BucketId,
    /// Its key.
    pub key: ObjectKey,
    /// Who may read it.
    pub acl: Acl,
    /// The blob that it points to.
    pub blob: BlobId,
    /// The scope, state and size of that blob's row at the same moment. `None`: there is no such row.
    pub found: Option<(Scope, State, u64)>,
    /// The owner of the bucket. `None`: there is no such bucket.
    pub member: Option<MemberId>,
}

/// A part whose bytes are in the staging store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedPart {
    /// Its upload.
    pub upload: UploadId,
    /// Its number.
    pub number: u32,
    /// Its key in the staging store.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-512 of its bytes.
    pub hash: BlobHash,
}

/// An upload in progress as far as a check needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its public name.
    pub id: UploadId,
    /// When it was started.
    pub created_at: Timestamp,
    /// Whether its bucket exists.
    pub has_bucket: bool,
}

impl Catalog {
    /// Up to `limit` scopes that have blobs, beginning after `after`; the public one comes first.
    pub async fn list_scopes(
        &self,
        after: Option<Scope>,
        limit: u32,
    ) -> Result<Vec<Scope>, CatalogError> {
        let args = (after, limit);
        self.db
            .scan("listing scopes", args, |tx, (after, limit)| {
                Box::pin(scopes(tx, *after, *limit))
            })
            .await
    }

    /// Up to `limit` rows of a scope in the byte order of their digests (then of their numbers), after `after`.
    pub async fn list_blob_rows(
        &self,
        scope: Scope,
        after: Option<(BlobHash, BlobId)>,
        limit: u32,
    ) -> Result<Vec<BlobRow>, CatalogError> {
        let args = (scope, after, limit);
        self.db
            .scan("listing blobs", args, |tx, (scope, after, limit)| {
                Box::pin(blob_rows_of(tx, *scope, after.as_ref(), *limit))
            })
            .await
    }

    /// The rows of these numbers that exist, in any order.
    pub async fn find_blob_rows(&self, ids: Vec<BlobId>) -> Result<Vec<BlobRow>, CatalogError> {
        self.db
            .scan("looking up blobs", ids, |tx, ids| {
                Box::pin(rows_of_ids(tx, ids))
            })
            .await
    }

    /// All rows of that digest and scope; more than one only in a damaged catalog.
    pub async fn find_rows_of_hash(
        &self,
        scope: Scope,
        hash: BlobHash,
    ) -> Result<Vec<BlobRow>, CatalogError> {
        self.db
            .scan("looking up a digest", (scope, hash), |tx, (scope, hash)| {
                Box::pin(rows_of_hash(tx, *scope, hash))
            })
            .await
    }

    /// Up to `limit` blobs by number, after `after`, each with the references that its row tells.
    pub async fn list_references(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<(BlobId, i64)>, CatalogError> {
        self.db
            .scan(
                "listing references",
                (after, limit),
                |tx, (after, limit)| Box::pin(references(tx, *after, *limit)),
            )
            .await
    }

    /// Up to `limit` objects by bucket and key, after `after`.
    pub async fn list_mappings(
        &self,
        after: Option<(BucketId, ObjectKey)>,
        limit: u32,
    ) -> Result<Vec<MappingRow>, CatalogError> {
        self.db
            .scan("listing objects", (after, limit), |tx, (after, limit)| {
                Box::pin(mappings(tx, after.as_ref(), *limit))
            })
            .await
    }

    /// Up to `limit` staged parts by their key in the staging store, after `after`.
    pub async fn list_staged_parts(
        &self,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<StagedPart>, CatalogError> {
        let args = (after, limit);
        self.db
            .scan("listing staged parts", args, |tx, (after, limit)| {
                Box::pin(staged_parts(tx, after.as_deref(), *limit))
            })
            .await
    }

    /// The parts that are staged under these keys, in any order.
    pub async fn find_staged_parts(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<StagedPart>, CatalogError> {
        self.db
            .scan("looking up staged parts", keys, |tx, keys| {
                Box::pin(parts_of_keys(tx, keys))
            })
            .await
    }

    /// Up to `limit` uploads by id, after `after`.
    pub async fn list_upload_rows(
        &self,
        after: Option<UploadId>,
        limit: u32,
    ) -> Result<Vec<UploadRow>, CatalogError> {
        self.db
            .scan("listing uploads", (after, limit), |tx, (after, limit)| {
                Box::pin(uploads(tx, after.as_ref(), *limit))
            })
            .await
    }

    /// Up to `limit` ids, after `after`, of uploads that are gone though parts of theirs are still there.
    pub async fn list_uploads_of_stray_parts(
        &self,
        after: Option<UploadId>,
        limit: u32,
    ) -> Result<Vec<UploadId>, CatalogError> {
        self.db
            .scan(
                "listing stray parts",
                (after, limit),
                |tx, (after, limit)| Box::pin(uploads_of_stray_parts(tx, after.as_ref(), *limit)),
            )
            .await
    }
}

async fn scopes(tx: &mut Tx, after: Option<Scope>, limit: u32) -> Result<Vec<Scope>> {
    let mut last = after.map_or(-1, blob_rows::scope_to_code);
    let mut scopes = Vec::new();
    while scopes.len() < limit as usize {
        let sql = "SELECT scope FROM blobs WHERE scope > ? ORDER BY scope LIMIT 1";
        let Some(mut row) = tx.query_one(sql, &[last.into()]).await? else {
            break;
        };
        last = row.take()?;
        scopes.push(blob_rows::scope_from_code(last));
    }
    Ok(scopes)
}

/// The columns of a [`BlobRow`].
const BLOB_ROW: &str = "id, scope, digest_head, digest_tail, size, md5, state, refs, since";

/// Takes the columns of a [`BlobRow`].
pub(crate) fn read_blob_row(row: &mut Row) -> Result<BlobRow> {
    Ok(BlobRow {
        id: row.take()?,
        scope: blob_rows::scope_from_code(row.take()?),
        hash: row.take_hash()?,
        size: row.take()?,
        md5: row.take()?,
        state: State::from_code(row.take()?)?,
        references: row.take()?,
        since: row.take()?,
    })
}

/// Goes on in the index of digests.
pub(crate) fn list_blob_rows(dialect: Dialect) -> String {
    format!(
        "SELECT {BLOB_ROW} FROM blobs WHERE scope = ? AND digest_head >= ? \
         AND (digest_head > ? OR digest_tail > ? OR (digest_tail = ? AND id > ?)) \
         ORDER BY digest_head, digest_tail{} LIMIT ?",
        dialect.then_by_id()
    )
}

async fn blob_rows_of(
    tx: &mut Tx,
    scope: Scope,
    after: Option<&(BlobHash, BlobId)>,
    limit: u32,
) -> Result<Vec<BlobRow>> {
    let none = Value::Bytes(&[]);
    let (head, tail, id) = after.map_or((none, none, 0), |(hash, id)| {
        let (head, tail) = blob_rows::split_hash(hash);
        (head.into(), tail.into(), id.0)
    });
    let scope = blob_rows::scope_to_code(scope).into();
    let values = [scope, head, head, tail, tail, id.into(), limit.into()];
    let rows = tx.query(&list_blob_rows(tx.dialect()), &values).await?;
    rows.into_iter()
        .map(|mut row| read_blob_row(&mut row))
        .collect()
}

/// The rows of these numbers that exist.
pub(crate) async fn rows_of_ids(tx: &mut Tx, ids: &[BlobId]) -> Result<Vec<BlobRow>> {
    let ids: Vec<Value<'_>> = ids.iter().map(|id| (*id).into()).collect();
    let mut found = Vec::new();
    for chunk in sets::chunks(&ids) {
        let list = sets::placeholders(chunk.len());
        let sql = format!("SELECT {BLOB_ROW} FROM blobs WHERE id IN ({list})");
        for mut row in tx.query(&sql, &chunk).await? {
            found.push(read_blob_row(&mut row)?);
        }
    }
    Ok(found)
}

async fn rows_of_hash(tx: &mut Tx, scope: Scope, hash: &BlobHash) -> Result<Vec<BlobRow>> {
    let sql = format!(
        "SELECT {BLOB_ROW} FROM blobs WHERE digest_head = ? AND digest_tail = ? AND scope = ?"
    );
    let (head, tail) = blob_rows::split_hash(hash);
    let values = [
        head.into(),
        tail.into(),
        blob_rows::scope_to_code(scope).into(),
    ];
    let rows = tx.query(&sql, &values).await?;
    rows.into_iter()
        .map(|mut row| read_blob_row(&mut row))
        .collect()
}

async fn references(tx: &mut Tx, after: Option<BlobId>, limit: u32) -> Result<Vec<(BlobId, i64)>> {
    let pages = Pages {
        select: "SELECT id, refs FROM blobs",
        key: &["id"],
        summed: false,
    };
    let after = [after.map_or(0, BlobId::as_i64).into()];
    let rows = pages.read(tx, Some(&after), limit).await?;
    rows.into_iter()
        .map(|mut row| Ok((row.take()?, row.take()?)))
        .collect()
}

const MAPPINGS: Pages<'static> = Pages {
    select: "SELECT o.bucket_id, o.object_key, o.acl, o.blob_id, b.scope, b.state, b.size, u.member_id \
         FROM objects o LEFT JOIN blobs b ON b.id = o.blob_id \
         LEFT JOIN buckets u ON u.id = o.bucket_id",
    key: &["o.bucket_id", "o.object_key"],
    summed: false,
};

fn read_mapping(row: &mut Row) -> Result<MappingRow> {
    let (bucket, key, acl, blob) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (scope, state, size): (Option<i64>, Option<i64>, Option<u64>) =
        (row.take()?, row.take()?, row.take()?);
    let found = match (scope, state, size) {
        (Some(scope), Some(state), Some(size)) => {
            let scope = blob_rows::scope_from_code(scope);
            Some((scope, State::from_code(state)?, size))
        }
        _ => None,
    };
    Ok(MappingRow {
        bucket,
        key,
        acl,
        blob,
        found,
        member: row.take()?,
    })
}

async fn mappings(
    tx: &mut Tx,
    after: Option<&(BucketId, ObjectKey)>,
    limit: u32,
) -> Result<Vec<MappingRow>> {
    let after = after.map(|(bucket, key)| [(*bucket).into(), key.as_bytes().into()]);
    let rows = MAPPINGS.read(tx, after.as_ref().map(<[_; 2]>::as_slice), limit);
    let rows = rows.await?;
    rows.into_iter()
        .map(|mut row| read_mapping(&mut row))
        .collect()
}

const STAGED_PART: &str = "upload_id, number, staged, size, digest";

fn read_staged_part(mut row: Row) -> Result<StagedPart> {
    Ok(StagedPart {
        upload: row.take()?,
        number: row.take()?,
        key: row.take()?,
        size: row.take()?,
        hash: row.take()?,
    })
}

async fn staged_parts(tx: &mut Tx, after: Option<&str>, limit: u32) -> Result<Vec<StagedPart>> {
    let pages = Pages {
        select: &format!("SELECT {STAGED_PART} FROM parts"),
        key: &["staged"],
        summed: false,
    };
    // The empty text is before all keys, and behind NULL.
    let after = [after.unwrap_or("").into()];
    let rows = pages.read(tx, Some(&after), limit).await?;
    rows.into_iter().map(read_staged_part).collect()
}

async fn parts_of_keys(tx: &mut Tx, keys: &[String]) -> Result<Vec<StagedPart>> {
    let keys: Vec<Value<'_>> = keys.iter().map(|key| key.as_str().into()).collect();
    let mut found = Vec::new();
    for chunk in sets::chunks(&keys) {
        let list = sets::placeholders(chunk.len());
        let sql = format!("SELECT {STAGED_PART} FROM parts WHERE staged IN ({list})");
        for row in tx.query(&sql, &chunk).await? {
            found.push(read_staged_part(row)?);
        }
    }
    Ok(found)
}

async fn uploads(tx: &mut Tx, after: Option<&UploadId>, limit: u32) -> Result<Vec<UploadRow>> {
    let pages = Pages {
        select: "SELECT u.id, u.created_at, b.id FROM uploads u \
                 LEFT JOIN buckets b ON b.id = u.bucket_id",
        key: &["u.id"],
        summed: false,
    };
    let after = [after.map_or("", UploadId::as_str).into()];
    let rows = pages.read(tx, Some(&after), limit).await?;
    rows.into_iter()
        .map(|mut row| {
            Ok(UploadRow {
                id: row.take()?,
                created_at: row.take()?,
                has_bucket: row.take::<Option<i64>>()?.is_some(),
            })
        })
        .collect()
}

async fn uploads_of_stray_parts(
    tx: &mut Tx,
    after: Option<&UploadId>,
    limit: u32,
) -> Result<Vec<UploadId>> {
    let sql = "SELECT DISTINCT p.upload_id FROM parts p \
               LEFT JOIN uploads u ON u.id = p.upload_id \
               WHERE u.id IS NULL AND p.upload_id > ? ORDER BY p.upload_id LIMIT ?";
    let values = [after.map_or("", UploadId::as_str).into(), limit.into()];
    let rows = tx.query(sql, &values).await?;
    rows.into_iter().map(|mut row| row.take()).collect()
}
