//! A blob's row: its state, its references, and the counts that follow them. Everything here runs inside the
//! transaction that maps, unmaps, reserves or collects.
use rockpool_types::{BlobHash, Timestamp};

use crate::{
    Blob, BlobId, BucketId, MemberId, PutObject, Scope, copies,
    database::{Result, Tx, Value},
    dialect::Fault,
    row::Row,
};

/// Bytes of a digest that SQLite's index holds. At 2^33 blobs, every 30,000th look-up meets a second row.
const DIGEST_HEAD_BYTES: usize = 6;

/// Where a blob is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// An uploader has a lease and is storing the bytes.
    Storing = 0,
    /// Objects point to it.
    Live = 1,
    /// Its bytes are in the store, and nothing points to it.
    Idle = 2,
    /// A collector is deleting the bytes.
    Deleting = 3,
}

impl State {
    /// Whether the bytes of a blob in that state must be in the store.
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Live | Self::Idle)
    }

    /// Reads a number of the column.
    pub(crate) fn from_code(code: i64) -> Result<Self> {
        match code {
            0 => Ok(Self::Storing),
            1 => Ok(Self::Live),
            2 => Ok(Self::Idle),
            3 => Ok(Self::Deleting),
            _ => Err(Fault::Internal(format!("{code} is no state of a blob"))),
        }
    }
}

impl From<State> for Value<'_> {
    fn from(state: State) -> Self {
        Self::Int(state as i64)
    }
}

/// A scope as its column has it. Members' numbers begin at 1.
pub(crate) const fn scope_to_code(scope: Scope) -> i64 {
    match scope {
        Scope::Public => 0,
        Scope::Private(MemberId(id)) => id,
    }
}

/// Reads the form of [`scope_to_code`].
pub(crate) const fn scope_from_code(code: i64) -> Scope {
    match code {
        0 => Scope::Public,
        id => Scope::Private(MemberId(id)),
    }
}

/// A digest as its two columns have it.
pub(crate) fn split_hash(hash: &BlobHash) -> (&[u8], &[u8]) {
    hash.as_bytes().split_at(DIGEST_HEAD_BYTES)
}

/// The columns of a blob, as [`read_blob`] takes them, from `blobs b` and `media_types t`.
pub(crate) const COLUMNS: &str =
    "b.id, b.scope, b.digest_head, b.digest_tail, b.size, t.name, b.md5";

/// Takes the columns of a blob.
pub(crate) fn read_blob(row: &mut Row) -> Result<Blob> {
    Ok(Blob {
        id: row.take()?,
        scope: scope_from_code(row.take()?),
        hash: row.take_hash()?,
        size: row.take()?,
        media_type: row.take()?,
        md5: row.take()?,
    })
}

/// A blob and its state. The row stays as it is until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    scope: Scope,
    hash: &BlobHash,
) -> Result<Option<(Blob, State)>> {
    // The media type's row is read apart, and not locked with it: most blobs share a few.
    let sql = "SELECT id, size, md5, state, media_type FROM blobs \
               WHERE digest_head = ? AND digest_tail = ? AND scope = ?";
    let Some(mut row) = tx.lock_one(sql, &by_digest(scope, hash)).await? else {
        return Ok(None);
    };
    let (id, size, md5) = (row.take()?, row.take()?, row.take()?);
    let (state, media_type): (i64, i64) = (row.take()?, row.take()?);
    let sql = "SELECT name FROM media_types WHERE id = ?";
    let row = tx.query_one(sql, &[media_type.into()]).await?;
    let mut row = row.ok_or_else(|| Fault::Internal("a blob has no media type".to_owned()))?;
    let blob = Blob {
        id,
        scope,
        hash: *hash,
        size,
        media_type: row.take()?,
        md5,
    };
    Ok(Some((blob, State::from_code(state)?)))
}

fn by_digest(scope: Scope, hash: &BlobHash) -> [Value<'_>; 3] {
    let (head, tail) = split_hash(hash);
    [head.into(), tail.into(), scope_to_code(scope).into()]
}

/// Whether a blob has a row, in whatever state.
pub(crate) async fn exists(tx: &mut Tx, scope: Scope, hash: &BlobHash) -> Result<bool> {
    let sql = "SELECT 1 FROM blobs WHERE digest_head = ? AND digest_tail = ? AND scope = ?";
    let row = tx.query_one(sql, &by_digest(scope, hash)).await?;
    Ok(row.is_some())
}

/// Locks `old`, which a put is about to leave, when its row comes before that of the blob which it goes to: so two puts
/// that exchange blobs never wait for each other. The latter is locked by the caller.
pub(crate) async fn lock_in_order(
    tx: &mut Tx,
    old: BlobId,
    scope: Scope,
    hash: &BlobHash,
) -> Result<()> {
    if tx.has_one_writer() {
        return Ok(());
    }
    let sql = "SELECT id FROM blobs WHERE digest_head = ? AND digest_tail = ? AND scope = ?";
    if let Some(mut row) = tx.query_one(sql, &by_digest(scope, hash)).await?
        && old < row.take()?
    {
        let sql = "SELECT id FROM blobs WHERE id = ?";
        tx.lock_one(sql, &[old.into()]).await?;
    }
    Ok(())
}

/// Adds the row of a blob that is about to be stored.
pub(crate) async fn reserve(tx: &mut Tx, put: &PutObject) -> Result<BlobId> {
    let media_type = intern_media_type(tx, &put.media_type).await?;
    let (head, tail) = split_hash(&put.hash);
    let id = tx
        .insert(
            "INSERT INTO blobs \
             (scope, digest_head, digest_tail, size, md5, media_type, state, refs, since) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            &[
                scope_to_code(put.scope).into(),
                head.into(),
                tail.into(),
                put.size.into(),
                put.md5.as_slice().into(),
                media_type.into(),
                State::Storing.into(),
                put.now.plus(put.lease).into(),
            ],
        )
        .await?;
    Ok(BlobId(id))
}

/// The row of a media type, added where absent.
pub(crate) async fn intern_media_type(tx: &mut Tx, name: &str) -> Result<i64> {
    let name: [Value<'_>; 1] = [name.into()];
    let sql = "SELECT id FROM media_types WHERE name = ?";
    match tx.query_one(sql, &name).await? {
        Some(mut row) => row.take(),
        None => {
            tx.insert("INSERT INTO media_types (name) VALUES (?)", &name)
                .await
        }
    }
}

/// Adds to an adopted blob what whoever brings the same content knows of it.
pub(crate) async fn complete(tx: &mut Tx, blob: &mut Blob, put: &PutObject) -> Result<()> {
    let mut known = blob.clone();
    if !known.is_described() {
        known.media_type.clone_from(&put.media_type);
    }
    if known.known_md5().is_none() {
        known.md5 = put.md5;
    }
    if known != *blob {
        let media_type = intern_media_type(tx, &known.media_type).await?;
        tx.execute(
            "UPDATE blobs SET media_type = ?, md5 = ? WHERE id = ?",
            &[
                media_type.into(),
                known.md5.as_slice().into(),
                known.id.into(),
            ],
        )
        .await?;
        *blob = known;
    }
    Ok(())
}

/// Makes a lease on `storing` last until `until` at least.
pub(crate) async fn extend_lease(tx: &mut Tx, id: BlobId, until: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE blobs SET since = ? WHERE id = ? AND state = ? AND since < ?",
        &[until.into(), id.into(), State::Storing.into(), until.into()],
    )
    .await?;
    Ok(())
}

/// Counts a reference to a blob whose bytes are in the store, whatever its state was.
pub(crate) async fn add_reference(tx: &mut Tx, id: BlobId) -> Result<()> {
    let changed = tx
        .execute(
            "UPDATE blobs SET state = ?, since = NULL, refs = refs + 1 WHERE id = ?",
            &[State::Live.into(), id.into()],
        )
        .await?;
    expect_one(changed, id)
}

/// Takes references away; the last one leaves the blob idle since `now`.
pub(crate) async fn remove_references(
    tx: &mut Tx,
    id: BlobId,
    count: i64,
    now: Timestamp,
) -> Result<()> {
    // MariaDB assigns from left to right and sees what it assigned: the count comes last.
    let changed = tx
        .execute(
            "UPDATE blobs SET since = CASE WHEN refs = ? THEN ? ELSE since END, \
             state = CASE WHEN refs = ? THEN ? ELSE state END, refs = refs - ? \
             WHERE id = ? AND refs >= ?",
            &[
                count.into(),
                now.into(),
                count.into(),
                State::Idle.into(),
                count.into(),
                id.into(),
                count.into(),
            ],
        )
        .await?;
    expect_one(changed, id)
}

fn expect_one(changed: u64, id: BlobId) -> Result<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(Fault::Internal(format!(
        "the references of blob {} do not add up",
        id.0
    )))
}

/// Leaves a blob whose bytes were stored, but that nothing maps, to the collector.
pub(crate) async fn let_go(tx: &mut Tx, put: &PutObject, claim: BlobId) -> Result<()> {
    let Some((blob, State::Storing)) = lock(tx, put.scope, &put.hash).await? else {
        return Ok(());
    };
    // Otherwise its lease runs out.
    if blob.id != claim || !copies::put(tx, put.stored()).await? {
        return Ok(());
    }
    tx.execute(
        "UPDATE blobs SET state = ?, since = ? WHERE id = ?",
        &[State::Idle.into(), put.now.into(), claim.into()],
    )
    .await?;
    count_stored(tx, 1, signed(blob.size)).await
}

/// Counts blobs into the store; out of it when negative. Comes last in a transaction, since many write to these rows.
pub(crate) async fn count_stored(tx: &mut Tx, blobs: i64, bytes: i64) -> Result<()> {
    if blobs == 0 && bytes == 0 {
        return Ok(());
    }
    let sql =
        "UPDATE store_usage SET blobs = blobs + ?, blob_bytes = blob_bytes + ? WHERE shard = ?";
    let values = [blobs.into(), bytes.into(), tx.slot()];
    match tx.execute(sql, &values).await? {
        1 => Ok(()),
        _ => Err(Fault::Internal(
            "a row of store_usage is missing".to_owned(),
        )),
    }
}

/// A size as arithmetic in the database needs it.
pub(crate) fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Adds to a bucket's counts; takes away when negative. Comes last in a transaction, since many write to these rows.
pub(crate) async fn count_objects(
    tx: &mut Tx,
    bucket: BucketId,
    objects: i64,
    bytes: i64,
) -> Result<()> {
    if objects == 0 && bytes == 0 {
        return Ok(());
    }
    let values = [objects.into(), bytes.into(), bucket.into(), tx.slot()];
    let sql = "UPDATE bucket_usage SET objects = objects + ?, object_bytes = object_bytes + ? \
               WHERE bucket_id = ? AND slot = ?";
    if tx.execute(sql, &values).await? == 0 {
        // The first time that this slot is used.
        let sql = "INSERT INTO bucket_usage (objects, object_bytes, bucket_id, slot) \
                   VALUES (?, ?, ?, ?)";
        tx.execute(sql, &values).await?;
    }
    Ok(())
}
