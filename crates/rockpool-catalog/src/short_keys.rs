//! Objects that poolmgr kept under the short form of a long key: they answer for the whole key, and get it back when
//! somebody who writes names it.
use rockpool_types::{ObjectKey, Timestamp};

use crate::{
    BucketId, Object,
    blob_rows::{self, signed},
    changes,
    database::{Result, Tx},
    objects::{self, Mapping},
};

/// The object of a key that is not there, by the key's short form.
pub(crate) async fn find(tx: &mut Tx, bucket: BucketId, key: &ObjectKey) -> Result<Option<Object>> {
    let Some(short) = key.short_form() else {
        return Ok(None);
    };
    if let Some(mut object) = objects::find_exactly(tx, bucket, &short).await? {
        object.key = key.clone();
        return Ok(Some(object));
    }
    // It may have got its whole key between the two looks.
    objects::find_exactly(tx, bucket, key).await
}

/// Gives an object that is kept under the key's short form its whole key, which somebody is about to write to. One that
/// came by an adoption after the whole key had been written is older, and goes; without `now` it stays, hidden.
pub(crate) async fn restore(
    tx: &mut Tx,
    bucket: BucketId,
    key: &ObjectKey,
    now: Option<Timestamp>,
) -> Result<()> {
    let Some(short) = key.short_form() else {
        return Ok(());
    };
    let Some(old) = objects::lock_mapping(tx, bucket, &short).await? else {
        return Ok(());
    };
    if objects::lock_mapping(tx, bucket, key).await?.is_some() {
        return match now {
            Some(now) => remove(tx, bucket, &short, &old, now).await,
            None => Ok(()),
        };
    }
    changes::note_all(tx, &[(bucket, &short), (bucket, key)]).await?;
    tx.execute(
        "UPDATE objects SET object_key = ? WHERE bucket_id = ? AND object_key = ?",
        &[
            key.as_bytes().into(),
            bucket.into(),
            short.as_bytes().into(),
        ],
    )
    .await?;
    Ok(())
}

async fn remove(
    tx: &mut Tx,
    bucket: BucketId,
    short: &ObjectKey,
    old: &Mapping,
    now: Timestamp,
) -> Result<()> {
    objects::delete_row(tx, bucket, short).await?;
    blob_rows::remove_references(tx, old.blob, 1, now).await?;
    blob_rows::count_objects(tx, bucket, -1, -signed(old.size)).await
}
