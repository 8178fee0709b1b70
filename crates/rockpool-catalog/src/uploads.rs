//! Multipart uploads and their parts.
use std::collections::HashSet;

use rockpool_types::{BlobHash, Timestamp};

use crate::{
    BucketId, Catalog, CatalogError, Part, PartBytes, Upload, UploadId, codes,
    database::{Result, Tx, Value},
    dialect::Fault,
    headers,
    row::Row,
    sets,
};

/// What came of putting a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutPart {
    /// It is kept; the staging key of the part that it replaced, which nobody needs any more, if there was one.
    Kept {
        /// That key.
        replaced: Option<String>,
    },
    /// The upload is gone.
    UploadGone,
}

impl Catalog {
    /// Starts an upload. `false` when the bucket is gone.
    pub async fn insert_upload(&self, upload: Upload) -> Result<bool, CatalogError> {
        self.db
            .write("starting an upload", upload, |tx, upload| {
                Box::pin(insert(tx, upload))
            })
            .await
    }

    /// The upload of that id in that bucket.
    pub async fn find_upload(
        &self,
        bucket: BucketId,
        id: &UploadId,
    ) -> Result<Option<Upload>, CatalogError> {
        self.db
            .read("looking up an upload", (bucket, id), |tx, (bucket, id)| {
                Box::pin(find(tx, *bucket, id))
            })
            .await
    }

    /// Keeps a part, in place of an earlier one of that number.
    pub async fn put_part(&self, upload: &UploadId, part: Part) -> Result<PutPart, CatalogError> {
        let args = (upload.clone(), part);
        self.db
            .write("keeping a part", args, |tx, (upload, part)| {
                Box::pin(self::put_part(tx, upload, part))
            })
            .await
    }

    /// Up to `limit` parts by number, after `after` (0: from the first). Inline bytes are left out.
    pub async fn list_parts(
        &self,
        upload: &UploadId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Part>, CatalogError> {
        let args = (upload.clone(), after, limit);
        self.db
            .read("listing parts", args, |tx, (upload, after, limit)| {
                Box::pin(self::list_parts(tx, upload, *after, *limit))
            })
            .await
    }

    /// The inline bytes of a part; `None` when there is no such part or it is staged.
    pub async fn read_part_bytes(
        &self,
        upload: &UploadId,
        number: u32,
    ) -> Result<Option<Vec<u8>>, CatalogError> {
        self.db
            .read(
                "reading a part",
                (upload, number),
                |tx, (upload, number)| Box::pin(self::read_part_bytes(tx, upload, *number)),
            )
            .await
    }

    /// Removes an upload and its parts; answers the staging keys that nobody needs any more. `None` when it is absent.
    pub async fn remove_upload(&self, id: &UploadId) -> Result<Option<Vec<String>>, CatalogError> {
        self.db
            .write("removing an upload", id.clone(), |tx, id| {
                Box::pin(remove(tx, id))
            })
            .await
    }

    /// Up to `limit` uploads started before `before`, oldest first.
    pub async fn list_old_uploads(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Upload>, CatalogError> {
        self.db
            .scan(
                "listing old uploads",
                (before, limit),
                |tx, (before, limit)| Box::pin(list_old(tx, *before, *limit)),
            )
            .await
    }

    /// Which of these staging keys belong to a part: whether bytes in staging are accounted for.
    pub async fn known_staged(&self, keys: Vec<String>) -> Result<Vec<bool>, CatalogError> {
        self.db
            .scan("looking up staged parts", keys, |tx, keys| {
                Box::pin(self::known_staged(tx, keys))
            })
            .await
    }
}

/// The columns of an upload, as [`read_upload`] takes them.
pub(crate) const COLUMNS: &str = "u.id, u.bucket_id, u.object_key, u.acl, u.attributes, \
                                  u.checksum_algorithm, u.checksum_full, u.created_at";

/// Takes the columns of an upload.
pub(crate) fn read_upload(row: &mut Row) -> Result<Upload> {
    let (id, bucket, key, acl) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let attributes: String = row.take()?;
    let (algorithm, full): (Option<String>, Option<bool>) = (row.take()?, row.take()?);
    let algorithm = algorithm
        .map(|name| name.parse())
        .transpose()
        .map_err(|e: rockpool_types::Invalid| Fault::Internal(e.to_string()))?;
    Ok(Upload {
        id,
        bucket,
        key,
        acl,
        attributes: headers::from_json(Some(&attributes))?,
        checksum: algorithm.zip(full),
        created_at: row.take()?,
    })
}

/// Whether the bucket has that upload, which stays as it is until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &UploadId, bucket: BucketId) -> Result<bool> {
    let sql = "SELECT 1 FROM uploads WHERE id = ? AND bucket_id = ?";
    let row = tx
        .lock_one(sql, &[id.as_str().into(), bucket.into()])
        .await?;
    Ok(row.is_some())
}

/// Removes an upload and its parts.
pub(crate) async fn remove_rows(tx: &mut Tx, id: &UploadId) -> Result<()> {
    let id: [Value<'_>; 1] = [id.as_str().into()];
    tx.execute("DELETE FROM parts WHERE upload_id = ?", &id)
        .await?;
    tx.execute("DELETE FROM uploads WHERE id = ?", &id).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, upload: &Upload) -> Result<bool> {
    let bucket = upload.bucket.into();
    // Not locked: an upload or part that comes into what goes meanwhile violates a foreign key, and is tried again.
    let sql = "SELECT 1 FROM buckets WHERE id = ?";
    if tx.query_one(sql, &[bucket]).await?.is_none() {
        return Ok(false);
    }
    let attributes = headers::to_json(&upload.attributes)?;
    tx.execute(
        "INSERT INTO uploads \
         (id, bucket_id, object_key, acl, attributes, checksum_algorithm, checksum_full, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        &[
            upload.id.as_str().into(),
            bucket,
            upload.key.as_bytes().into(),
            upload.acl.to_code().into(),
            attributes.as_str().into(),
            upload
                .checksum
                .map(|(algorithm, _)| algorithm.as_str())
                .into(),
            upload.checksum.map(|(_, full)| full).into(),
            upload.created_at.into(),
        ],
    )
    .await?;
    Ok(true)
}

async fn find(tx: &mut Tx, bucket: BucketId, id: &UploadId) -> Result<Option<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM uploads u WHERE u.id = ? AND u.bucket_id = ?");
    let row = tx
        .query_one(&sql, &[id.as_str().into(), bucket.into()])
        .await?;
    row.map(|mut row| read_upload(&mut row)).transpose()
}

async fn put_part(tx: &mut Tx, upload: &UploadId, part: &Part) -> Result<PutPart> {
    let upload = upload.as_str().into();
    let sql = "SELECT 1 FROM uploads WHERE id = ?";
    if tx.query_one(sql, &[upload]).await?.is_none() {
        return Ok(PutPart::UploadGone);
    }
    let (staged, bytes) = match &part.bytes {
        PartBytes::Inline(bytes) => (None, Some(bytes.as_slice())),
        PartBytes::Staged(key) => (Some(key.as_str()), None),
    };
    let number = part.number.into();
    let sql = "SELECT staged FROM parts WHERE upload_id = ? AND number = ?";
    let old = tx.lock_one(sql, &[upload, number]).await?;
    let sql = if old.is_some() {
        "UPDATE parts SET size = ?, md5 = ?, digest = ?, checksum = ?, modified_at = ?, staged = ?, \
         bytes = ? WHERE upload_id = ? AND number = ?"
    } else {
        "INSERT INTO parts \
         (size, md5, digest, checksum, modified_at, staged, bytes, upload_id, number) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    };
    let checksum = part.checksum.as_ref().map(codes::checksum_to_bytes);
    tx.execute(
        sql,
        &[
            part.size.into(),
            part.md5.as_slice().into(),
            part.hash.as_bytes().as_slice().into(),
            checksum.as_deref().into(),
            part.modified_at.into(),
            staged.into(),
            bytes.into(),
            upload,
            number,
        ],
    )
    .await?;
    let replaced: Option<String> = match old {
        Some(mut row) => row.take()?,
        None => None,
    };
    Ok(PutPart::Kept {
        replaced: replaced.filter(|key| Some(key.as_str()) != staged),
    })
}

fn read_part(row: &mut Row) -> Result<Part> {
    let (number, size, md5, hash): (_, _, _, BlobHash) =
        (row.take()?, row.take()?, row.take()?, row.take()?);
    let checksum: Option<Vec<u8>> = row.take()?;
    let (modified_at, staged): (_, Option<String>) = (row.take()?, row.take()?);
    Ok(Part {
        number,
        size,
        md5,
        hash,
        checksum: checksum
            .map(|bytes| codes::checksum_from_bytes(&bytes))
            .transpose()?,
        bytes: staged.map_or_else(|| PartBytes::Inline(Vec::new()), PartBytes::Staged),
        modified_at,
    })
}

async fn list_parts(tx: &mut Tx, upload: &UploadId, after: u32, limit: u32) -> Result<Vec<Part>> {
    let rows = tx
        .query(
            "SELECT number, size, md5, digest, checksum, modified_at, staged FROM parts \
             WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?",
            &[upload.as_str().into(), after.into(), limit.into()],
        )
        .await?;
    rows.into_iter()
        .map(|mut row| read_part(&mut row))
        .collect()
}

async fn read_part_bytes(tx: &mut Tx, upload: &UploadId, number: u32) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT bytes FROM parts WHERE upload_id = ? AND number = ?";
    let row = tx
        .query_one(sql, &[upload.as_str().into(), number.into()])
        .await?;
    row.map_or(Ok(None), |mut row| row.take())
}

async fn remove(tx: &mut Tx, id: &UploadId) -> Result<Option<Vec<String>>> {
    // Locked first, so that no part comes after the staging keys were read.
    let sql = "SELECT 1 FROM uploads WHERE id = ?";
    if tx.lock_one(sql, &[id.as_str().into()]).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT staged FROM parts WHERE upload_id = ? AND staged IS NOT NULL ORDER BY number";
    let staged = tx.query(sql, &[id.as_str().into()]).await?;
    remove_rows(tx, id).await?;
    let staged: Result<Vec<String>> = staged.into_iter().map(|mut row| row.take()).collect();
    staged.map(Some)
}

async fn list_old(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<Vec<Upload>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM uploads u WHERE u.created_at < ? ORDER BY u.created_at, u.id LIMIT ?"
    );
    let rows = tx.query(&sql, &[before.into(), limit.into()]).await?;
    rows.into_iter()
        .map(|mut row| read_upload(&mut row))
        .collect()
}

async fn known_staged(tx: &mut Tx, keys: &[String]) -> Result<Vec<bool>> {
    let wanted: Vec<Value<'_>> = keys.iter().map(|key| key.as_str().into()).collect();
    let mut known = HashSet::new();
    for chunk in sets::chunks(&wanted) {
        let sql = format!(
            "SELECT staged FROM parts WHERE staged IN ({})",
            sets::placeholders(chunk.len())
        );
        for mut row in tx.query(&sql, &chunk).await? {
            known.insert(row.take::<String>()?);
        }
    }
    Ok(keys.iter().map(|key| known.contains(key)).collect())
}
