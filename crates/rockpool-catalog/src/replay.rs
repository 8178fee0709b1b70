//! Bringing a catalog that was restored to what manifests say. Of each name only the newest line counts; names are then gone
//! through in order, a page in memory at a time. What was done again is the same.
use std::time::Duration;

use rockpool_types::{Conditions, ObjectKey, Timestamp};

use crate::{
    BlobId, BucketId, Catalog, CatalogError, ManifestLine, MemberId, PutObject, Scope, StoreRole,
    blob_rows::{self, State},
    copies,
    database::{Result, Tx, Value},
    dialect::Fault,
    manifest::{Line, Name, Noted, damaged},
    objects, put,
    row::Row,
    stores,
};

mod accounts;

/// A catalog in a file that nobody serves, to be brought to what manifests say.
#[derive(Clone, Debug)]
pub struct Replay {
    catalog: Catalog,
    /// The last change that the backup has noted and that was not written down when it was taken.
    last_noted: i64,
}

/// What has become of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It was as the line says.
    Unchanged,
    /// It is mapped as the line says.
    Mapped,
    /// It is unmapped, as the line says.
    Unmapped,
    /// There is no such bucket. Nothing was changed.
    NoBucket,
}

/// A name that a replay goes on behind.
pub type ReplayPosition = (BucketId, Vec<u8>);

impl Catalog {
    /// Begins to bring this catalog to what manifests say. It must be in a file, and nobody else may use it meanwhile.
    ///
    /// # Errors
    /// `Internal` on a server.
    pub async fn begin_replay(&self) -> Result<Replay, CatalogError> {
        let begun = self
            .db
            .write("beginning a replay", (), |tx, ()| Box::pin(begin(tx)));
        Ok(Replay {
            last_noted: begun.await?,
            catalog: self.clone(),
        })
    }
}

impl Replay {
    /// Takes lines of manifests in, in any order. Names of which no line `may_be_later` than the backup stay as they are; their
    /// lines are taken in because, for other names, such a line may tell of a later change than the one that may be later.
    pub async fn take(
        &self,
        lines: Vec<ManifestLine>,
        may_be_later: bool,
    ) -> Result<(), CatalogError> {
        let args = (lines, may_be_later);
        self.catalog
            .db
            .write("taking manifests in", args, |tx, (lines, may_be_later)| {
                Box::pin(take(tx, lines, *may_be_later))
            })
            .await
    }

    /// Brings members, buckets and access keys to what the newest line about them says; `false`: there is none. Comes before
    /// names.
    pub async fn replay_accounts(&self, now: Timestamp) -> Result<bool, CatalogError> {
        self.catalog
            .db
            .write("replaying members, buckets and keys", now, |tx, now| {
                Box::pin(replay_accounts(tx, *now))
            })
            .await
    }

    /// Up to `limit` lines of names, in the order of the names, behind a position.
    pub async fn page(
        &self,
        after: Option<ReplayPosition>,
        limit: u32,
    ) -> Result<Vec<ManifestLine>, CatalogError> {
        self.catalog
            .db
            .read("reading lines", (after, limit), |tx, (after, limit)| {
                Box::pin(page(tx, after.as_ref(), *limit))
            })
            .await
    }

    /// Brings names to what lines say, all in one transaction, and answers for each. Whether their bytes are in the store is
    /// for a check to find out. What is let go counts as let go at `now`; `began` is the present.
    ///
    /// # Errors
    /// `Unavailable` within minutes of a removal, which may still take away bytes that are wanted.
    pub async fn replay(
        &self,
        lines: Vec<ManifestLine>,
        now: Timestamp,
        began: Timestamp,
    ) -> Result<Vec<Replayed>, CatalogError> {
        let args = (lines, now, began);
        self.catalog
            .db
            .write("replaying names", args, |tx, (lines, now, began)| {
                Box::pin(replay_all(tx, lines, *now, *began))
            })
            .await
    }

    /// Ends it: nothing of it is left but what it brought about, which manifests tell of already.
    pub async fn finish(self) -> Result<(), CatalogError> {
        self.catalog
            .db
            .write("ending a replay", self.last_noted, |tx, last_noted| {
                Box::pin(async move {
                    tx.execute("DROP TABLE replayed", &[]).await?;
                    let sql = "DELETE FROM changes WHERE id > ?";
                    tx.execute(sql, &[(*last_noted).into()]).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Answers the last change that is noted.
async fn begin(tx: &mut Tx) -> Result<i64> {
    if !tx.has_one_writer() {
        let why = "only a catalog in a file is brought to what manifests say";
        return Err(Fault::Internal(why.to_owned()));
    }
    // Bucket 0 stands for members, buckets and keys. What was not yet written down when the backup was taken is as it should
    // be, unless a later line says otherwise: for that there is an empty line.
    let sql = "CREATE TABLE replayed (bucket_id INTEGER NOT NULL, object_key BLOB NOT NULL, number INTEGER NOT NULL, \
               line TEXT NOT NULL, later INTEGER NOT NULL, PRIMARY KEY (bucket_id, object_key)) WITHOUT ROWID";
    tx.execute(sql, &[]).await?;
    let sql = "INSERT INTO replayed (bucket_id, object_key, number, line, later) \
               SELECT COALESCE(bucket_id, 0), COALESCE(object_key, x''), MAX(id), '', 0 FROM changes GROUP BY 1, 2";
    tx.execute(sql, &[]).await?;
    let sql = "SELECT COALESCE(MAX(id), 0) FROM changes";
    let row = tx.query_one(sql, &[]).await?;
    row.map_or(Ok(0), |mut row| row.take())
}

async fn take(tx: &mut Tx, lines: &[ManifestLine], may_be_later: bool) -> Result<()> {
    let sql = "INSERT INTO replayed (bucket_id, object_key, number, line, later) VALUES (?, ?, ?, ?, ?) \
               ON CONFLICT (bucket_id, object_key) DO UPDATE SET number = MAX(number, excluded.number), \
               line = CASE WHEN excluded.number >= number THEN excluded.line ELSE line END, \
               later = MAX(later, excluded.later)";
    for line in lines {
        let (bucket, key) = line.name().map_or((0, ""), |(bucket, key)| (bucket.0, key));
        let json = serde_json::to_string(line).map_err(|e| Fault::Internal(e.to_string()))?;
        let values = [
            bucket.into(),
            key.as_bytes().into(),
            line.number.into(),
            json.as_str().into(),
            may_be_later.into(),
        ];
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

async fn page(
    tx: &mut Tx,
    after: Option<&ReplayPosition>,
    limit: u32,
) -> Result<Vec<ManifestLine>> {
    let (bucket, key) = after.map_or((0, &[][..]), |(bucket, key)| (bucket.0, key));
    let sql = "SELECT line FROM replayed WHERE (bucket_id, object_key) > (?, ?) AND bucket_id > 0 AND line <> '' AND later \
               ORDER BY bucket_id, object_key LIMIT ?";
    let values = [bucket.into(), key.into(), limit.into()];
    let rows = tx.query(sql, &values).await?;
    rows.into_iter().map(read_line).collect()
}

fn read_line(mut row: Row) -> Result<ManifestLine> {
    serde_json::from_str(&row.take::<String>()?).map_err(|e| Fault::Internal(e.to_string()))
}

async fn replay_accounts(tx: &mut Tx, now: Timestamp) -> Result<bool> {
    let sql = "SELECT line FROM replayed WHERE bucket_id = 0 AND line <> '' AND later";
    let Some(row) = tx.query_one(sql, &[]).await? else {
        return Ok(false);
    };
    match read_line(row)?.line {
        Line::Accounts(accounts) => accounts::replay(tx, &accounts, now).await?,
        Line::Name(_) => return Err(damaged("bucket")),
    }
    Ok(true)
}

async fn replay_all(
    tx: &mut Tx,
    lines: &[ManifestLine],
    now: Timestamp,
    began: Timestamp,
) -> Result<Vec<Replayed>> {
    let mut outcomes = Vec::with_capacity(lines.len());
    for line in lines {
        let Line::Name(name) = &line.line else {
            return Err(damaged("name"));
        };
        outcomes.push(replay(tx, name, now, began).await?);
    }
    Ok(outcomes)
}

async fn replay(tx: &mut Tx, name: &Name, now: Timestamp, began: Timestamp) -> Result<Replayed> {
    let bucket = BucketId(name.bucket);
    let key = ObjectKey::new(name.key.as_str()).map_err(|_| damaged("key"))?;
    let found = objects::find_exactly(tx, bucket, &key).await?;
    let found = found.map(Noted::from);
    if found == name.object {
        return Ok(Replayed::Unchanged);
    }
    let Some(wanted) = &name.object else {
        objects::remove_all(tx, bucket, &[(key, Conditions::default())], now).await?;
        return Ok(Replayed::Unmapped);
    };
    let sql = "SELECT member_id FROM buckets WHERE id = ?";
    let Some(mut row) = tx.query_one(sql, &[bucket.into()]).await? else {
        return Ok(Replayed::NoBucket);
    };
    let put = to_put(bucket, key, row.take()?, wanted, now)?;
    map(
        tx,
        &PutObject {
            stored_from: began,
            ..put
        },
    )
    .await?;
    Ok(Replayed::Mapped)
}

/// The put that the line tells of. It was acknowledged once, so neither conditions nor limits are asked again.
fn to_put(
    bucket: BucketId,
    key: ObjectKey,
    member: MemberId,
    wanted: &Noted,
    now: Timestamp,
) -> Result<PutObject> {
    let acl = wanted.acl()?;
    let scope = match acl.is_public() {
        true => Scope::Public,
        false => Scope::Private(member),
    };
    Ok(PutObject {
        bucket,
        key,
        scope,
        hash: wanted.hash()?,
        size: wanted.size,
        md5: wanted.md5()?,
        media_type: wanted.media_type.clone(),
        etag: wanted.etag()?,
        acl,
        attributes: wanted.attributes.clone(),
        conditions: Conditions::default(),
        completes: None,
        modified_at: Some(Timestamp::from_millis(wanted.modified_at_ms)),
        moves_from: None,
        now,
        lease: Duration::ZERO,
        stored_in: None,
        stored_from: now,
    })
}

async fn map(tx: &mut Tx, wanted: &PutObject) -> Result<()> {
    match blob_rows::lock(tx, wanted.scope, &wanted.hash).await? {
        Some((_, state)) if state.is_stored() => {}
        known => arrive(tx, wanted, known.map(|(blob, _)| blob.id)).await?,
    }
    let found = blob_rows::lock(tx, wanted.scope, &wanted.hash).await?;
    let (mut blob, _) = found.ok_or_else(|| Fault::Internal("a blob was not added".to_owned()))?;
    if blob.size != wanted.size {
        return Err(damaged("size"));
    }
    let old = objects::lock_mapping(tx, wanted.bucket, &wanted.key).await?;
    blob_rows::complete(tx, &mut blob, wanted).await?;
    put::map(tx, wanted, old.as_ref(), &blob).await
}

/// Lets a blob be one that may be mapped, as it was when the line was written. What was storing or deleting it is dead.
async fn arrive(tx: &mut Tx, wanted: &PutObject, known: Option<BlobId>) -> Result<()> {
    let id = match known {
        Some(id) => id,
        None => blob_rows::reserve(tx, wanted).await?,
    };
    let idle: [Value<'_>; 3] = [State::Idle.into(), wanted.now.into(), id.into()];
    let sql = "UPDATE blobs SET state = ?, since = ?, owner = NULL, flags = NULL WHERE id = ?";
    tx.execute(sql, &idle).await?;
    let all = stores::all(tx).await?;
    let primary = all.iter().find(|store| store.role == StoreRole::Primary);
    let bytes = copies::Put {
        store: primary.map(|store| store.id),
        ..wanted.stored()
    };
    if !copies::put(tx, bytes).await? {
        return Err(Fault::Busy(
            "a removal of bytes that are wanted may still be under way: restore again in a few minutes".to_owned(),
        ));
    }
    blob_rows::count_stored(tx, 1, blob_rows::signed(wanted.size)).await
}
