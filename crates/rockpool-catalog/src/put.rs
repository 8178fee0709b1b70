//! Putting an object, step by step. All checks come before the first change, so that a refusal changes nothing.
use crate::{
    Blob, BlobId, MemberId, PutObject, PutOutcome, Scope, Usage,
    blob_rows::{self, State, signed},
    changes, codes, copies,
    database::{Result, Tx},
    dialect::Fault,
    headers::{self, Basis},
    members,
    objects::{self, Mapping},
    short_keys, uploads, usage,
};

/// How far below a limit a member's puts begin to take turns, or a sixteenth of the limit where that is more: more than
/// puts that run at the same moment add.
const SLACK_OBJECTS: u64 = 256;
const SLACK_BYTES: u64 = 1 << 30;

/// The owner of the bucket that is written to.
struct Owner {
    member: MemberId,
    max_bytes: Option<u64>,
    max_objects: Option<u64>,
    /// Stores that the catalog knows, which is asked here as it costs nothing: none while there are no replicas.
    stores: u64,
}

/// Puts an object, or says why not.
pub(crate) async fn put(tx: &mut Tx, put: &PutObject, claim: Option<BlobId>) -> Result<PutOutcome> {
    let outcome = try_to_put(tx, put, claim).await?;
    let refused = match outcome {
        PutOutcome::Mapped { .. } | PutOutcome::Store(_) | PutOutcome::Wait => false,
        PutOutcome::ConditionFailed
        | PutOutcome::Absent
        | PutOutcome::LimitReached
        | PutOutcome::BucketGone
        | PutOutcome::UploadGone => true,
    };
    if refused && let Some(claim) = claim {
        blob_rows::let_go(tx, put, claim).await?;
    }
    Ok(outcome)
}

async fn try_to_put(tx: &mut Tx, put: &PutObject, claim: Option<BlobId>) -> Result<PutOutcome> {
    let Some(owner) = find_owner(tx, put).await? else {
        return Ok(PutOutcome::BucketGone);
    };
    refuse_wrong_scope(put, &owner)?;
    if let Some(upload) = &put.completes
        && !uploads::lock(tx, upload, put.bucket).await?
    {
        return Ok(PutOutcome::UploadGone);
    }
    short_keys::restore(tx, put.bucket, &put.key, Some(put.now)).await?;
    let old = objects::lock_mapping(tx, put.bucket, &put.key).await?;
    if let Some(refusal) = check_conditions(put, old.as_ref()) {
        return Ok(refusal);
    }
    if exceeds_limits(tx, put, &owner, old.as_ref()).await? {
        return Ok(PutOutcome::LimitReached);
    }
    if let Some(old) = &old {
        blob_rows::lock_in_order(tx, old.blob, put.scope, &put.hash).await?;
    }
    let Some((mut blob, state)) = blob_rows::lock(tx, put.scope, &put.hash).await? else {
        if owner.stores > 0 {
            copies::call_off(tx, put.scope, &put.hash, put.size, put.now).await?;
        }
        return Ok(PutOutcome::Store(blob_rows::reserve(tx, put).await?));
    };
    if blob.size != put.size {
        return Err(Fault::Internal(format!(
            "{} has {} bytes in the pool and {} in this upload",
            put.hash, blob.size, put.size
        )));
    }
    let claimed = claim == Some(blob.id);
    match state {
        State::Deleting => return Ok(PutOutcome::Wait),
        State::Storing if !claimed => {
            blob_rows::extend_lease(tx, blob.id, put.now.plus(put.lease)).await?;
            return Ok(PutOutcome::Store(blob.id));
        }
        State::Storing if owner.stores > 0 && !copies::put(tx, put.stored()).await? => {
            return Ok(PutOutcome::Wait);
        }
        State::Storing | State::Live | State::Idle => {}
    }
    blob_rows::complete(tx, &mut blob, put).await?;
    map(tx, put, old.as_ref(), &blob).await?;
    if state == State::Storing {
        blob_rows::count_stored(tx, 1, signed(blob.size)).await?;
    }
    Ok(PutOutcome::Mapped { known: !claimed })
}

/// Not locked: an object that comes into a bucket that goes meanwhile violates a foreign key, and is tried again.
async fn find_owner(tx: &mut Tx, put: &PutObject) -> Result<Option<Owner>> {
    let row = tx
        .query_one(
            "SELECT m.id, m.max_bytes, m.max_objects, (SELECT COUNT(*) FROM stores) FROM buckets b \
             JOIN members m ON m.id = b.member_id WHERE b.id = ?",
            &[put.bucket.into()],
        )
        .await?;
    row.map(|mut row| {
        Ok(Owner {
            member: row.take()?,
            max_bytes: row.take()?,
            max_objects: row.take()?,
            stores: row.take()?,
        })
    })
    .transpose()
}

/// The wall between members' private objects, and between those and the public: it does not rest on callers.
fn refuse_wrong_scope(put: &PutObject, owner: &Owner) -> Result<()> {
    let right = if put.acl.is_public() {
        Scope::Public
    } else {
        Scope::Private(owner.member)
    };
    if put.scope == right {
        return Ok(());
    }
    Err(Fault::Internal(
        "the scope of an object does not follow from its ACL and bucket".to_owned(),
    ))
}

fn check_conditions(put: &PutObject, old: Option<&Mapping>) -> Option<PutOutcome> {
    if let Some(blob) = put.moves_from {
        return match old {
            Some(old) if old.blob == blob => None,
            Some(_) => Some(PutOutcome::ConditionFailed),
            None => Some(PutOutcome::Absent),
        };
    }
    let etag = old.map(|old| old.etag.to_string());
    if put.conditions.allow_write(etag.as_deref()) {
        return None;
    }
    Some(if put.conditions.if_match.is_some() && old.is_none() {
        PutOutcome::Absent
    } else {
        PutOutcome::ConditionFailed
    })
}

/// Whether the member would have more than it may, and more than it has: one that is beyond its limit may still
/// replace an object by one that is no longer.
async fn exceeds_limits(
    tx: &mut Tx,
    put: &PutObject,
    owner: &Owner,
    old: Option<&Mapping>,
) -> Result<bool> {
    if owner.max_bytes.is_none() && owner.max_objects.is_none() {
        return Ok(false);
    }
    let mut has = usage::of_member(tx, owner.member).await?;
    if is_near_limit(put, owner, has) {
        // From here on the member's puts come one after the other, so that none misses what another adds.
        members::take_turn(tx, owner.member).await?;
        has = usage::of_member(tx, owner.member).await?;
    }
    let old_size = old.map_or(0, |old| old.size);
    let bytes = has
        .object_bytes
        .saturating_sub(old_size)
        .saturating_add(put.size);
    let too_long = put.size > old_size && owner.max_bytes.is_some_and(|max| bytes > max);
    let too_many = old.is_none() && owner.max_objects.is_some_and(|max| has.objects >= max);
    Ok(too_long || too_many)
}

/// Whether puts that run beside this one, each unseen by the others, might take the member beyond a limit.
fn is_near_limit(put: &PutObject, owner: &Owner, has: Usage) -> bool {
    let is_near = |limit: Option<u64>, has: u64, slack: u64| {
        limit.is_some_and(|limit| has.saturating_add(slack.max(limit / 16)) > limit)
    };
    let slack_bytes = SLACK_BYTES.saturating_add(put.size.saturating_mul(SLACK_OBJECTS));
    is_near(owner.max_bytes, has.object_bytes, slack_bytes)
        || is_near(owner.max_objects, has.objects, SLACK_OBJECTS)
}

/// Points the key to the blob, whose bytes are in the store.
pub(crate) async fn map(
    tx: &mut Tx,
    put: &PutObject,
    old: Option<&Mapping>,
    blob: &Blob,
) -> Result<()> {
    if old.is_none_or(|old| old.blob != blob.id) {
        blob_rows::add_reference(tx, blob.id).await?;
        if let Some(old) = old {
            blob_rows::remove_references(tx, old.blob, 1, put.now).await?;
        }
    }
    match put.moves_from {
        Some(_) => move_row(tx, put, blob).await?,
        None => write_row(tx, put, old.is_some(), blob).await?,
    }
    changes::note(tx, put.bucket, &put.key).await?;
    if let Some(upload) = &put.completes {
        uploads::remove_rows(tx, upload).await?;
    }
    let (objects, bytes) = match old {
        None => (1, signed(blob.size)),
        Some(old) => (0, signed(blob.size) - signed(old.size)),
    };
    // The counts come last: many write to their rows, which are locked until the commit.
    blob_rows::count_objects(tx, put.bucket, objects, bytes).await
}

/// Points an object to another blob of the same content. All else follows from the content, or is the object's own.
async fn move_row(tx: &mut Tx, put: &PutObject, blob: &Blob) -> Result<()> {
    let sql = "UPDATE objects SET blob_id = ?, acl = ? WHERE bucket_id = ? AND object_key = ?";
    let values = [
        blob.id.into(),
        put.acl.to_code().into(),
        put.bucket.into(),
        put.key.as_bytes().into(),
    ];
    tx.execute(sql, &values).await?;
    Ok(())
}

async fn write_row(tx: &mut Tx, put: &PutObject, replaces: bool, blob: &Blob) -> Result<()> {
    let basis = Basis {
        media_type: &blob.media_type,
        size: blob.size,
        etag: put.etag,
    };
    let packed = headers::pack(tx, &put.attributes, &basis).await?;
    let follows = put.etag.parts() == 0 && *put.etag.md5() == blob.md5;
    let etag = (!follows).then(|| codes::etag_to_bytes(&put.etag));
    let checksum = put
        .attributes
        .checksum
        .as_ref()
        .map(codes::checksum_to_bytes);
    let sql = if replaces {
        "UPDATE objects SET blob_id = ?, modified_at = ?, acl = ?, etag = ?, headers = ?, \
         checksum = ?, extra = ? WHERE bucket_id = ? AND object_key = ?"
    } else {
        "INSERT INTO objects (blob_id, modified_at, acl, etag, headers, checksum, extra, bucket_id, object_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    };
    tx.execute(
        sql,
        &[
            blob.id.into(),
            put.modified_at.unwrap_or(put.now).into(),
            put.acl.to_code().into(),
            etag.as_deref().into(),
            packed.set.into(),
            checksum.as_deref().into(),
            packed.extra.as_deref().into(),
            put.bucket.into(),
            put.key.as_bytes().into(),
        ],
    )
    .await?;
    Ok(())
}
