//! The life of a blob's row after its last reference, and look-ups by hash.
use std::{collections::HashSet, time::Duration};

use rockpool_types::{BlobHash, Timestamp};

use crate::{
    Blob, BlobId, Catalog, CatalogError, Scope, StoreId,
    blob_rows::{self, State, signed},
    copies,
    database::{Result, Tx, Value},
    dialect::Dialect,
    row::Row,
    sets,
};

/// Why a blob can be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectReason {
    /// Nothing has pointed to it for longer than the grace period.
    Idle,
    /// Its uploader's lease ran out.
    LeaseExpired,
    /// A collector began to delete it, and its lease ran out.
    DeletionAbandoned,
}

/// A blob that can be collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collectable {
    /// Its row.
    pub id: BlobId,
    /// Who shared it.
    pub scope: Scope,
    /// Its name.
    pub hash: BlobHash,
    /// Its size in bytes.
    pub size: u64,
    /// Why.
    pub reason: CollectReason,
}

/// How the bytes of a blob went, and when its copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedBlob {
    /// The store that they are known to be gone from. `None`: not known for any that the catalog knows.
    pub removed_from: Option<StoreId>,
    /// The present.
    pub now: Timestamp,
    /// How long copies stay at a store.
    pub graces: Vec<(StoreId, Duration)>,
    /// How long they stay at others.
    pub grace: Duration,
}

impl DeletedBlob {
    /// When the copy at a store is due to go.
    pub(crate) fn due_at(&self, store: StoreId) -> Timestamp {
        let of_store = self.graces.iter().find(|(id, _)| *id == store);
        self.now
            .plus(of_store.map_or(self.grace, |(_, grace)| *grace))
    }
}

/// A collector's right to delete one blob's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionClaim {
    /// The blob.
    pub blob: Collectable,
    /// The collector's own random number.
    pub owner: i64,
    /// Until when the claim holds; no delete may begin later than half of the lease before this.
    pub lease_until: Timestamp,
    /// Whether an earlier delete may still be under way at the provider: after this delete succeeded, the row must
    /// stay for a quarantine.
    pub uncertain: bool,
    /// Whether the quarantine has passed and the bytes are known to be gone: the row can go without another delete.
    pub quarantine_over: bool,
}

impl Catalog {
    /// The blob of that hash and scope, when its bytes are in the store (live or idle).
    pub async fn find_blob(
        &self,
        scope: Scope,
        hash: &BlobHash,
    ) -> Result<Option<Blob>, CatalogError> {
        self.db
            .read("looking up a blob", (scope, hash), |tx, (scope, hash)| {
                Box::pin(find(tx, *scope, hash))
            })
            .await
    }

    /// Up to `limit` blobs that [`Self::claim_deletions`] would claim now: idle since `now - grace` or before, storing
    /// or deleting with a lease that ended by `now` (an abandoned deletion can be claimed only when the longest delete
    /// has passed besides). A plan; changes nothing. In order of id, after `after`.
    pub async fn list_collectable(
        &self,
        now: Timestamp,
        grace: Duration,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<Collectable>, CatalogError> {
        let args = (now, now.minus(grace), after, limit);
        self.db
            .scan(
                "listing what can be collected",
                args,
                |tx, (now, idle_before, after, limit)| {
                    Box::pin(list_collectable(tx, *now, *idle_before, *after, *limit))
                },
            )
            .await
    }

    /// Moves up to `limit` such blobs to `deleting`, each with a lease for `owner`, and answers them. Idle blobs come
    /// only if still without references. A deletion that was abandoned is taken over, as uncertain, once its lease and
    /// then `longest_delete` have passed.
    pub async fn claim_deletions(
        &self,
        owner: i64,
        now: Timestamp,
        grace: Duration,
        lease: Duration,
        longest_delete: Duration,
        limit: u32,
    ) -> Result<Vec<DeletionClaim>, CatalogError> {
        let terms = Terms {
            owner,
            idle_before: now.minus(grace),
            now,
            abandoned_before: now.minus(longest_delete),
            lease_until: now.plus(lease),
        };
        self.db
            .write(
                "claiming deletions",
                (terms, limit),
                |tx, (terms, limit)| Box::pin(claim(tx, terms, *limit)),
            )
            .await
    }

    /// Whether `owner` still holds the claim at `now`; asked right before each delete.
    pub async fn holds_deletion(
        &self,
        claim: &DeletionClaim,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        if now >= claim.lease_until {
            return Ok(false);
        }
        self.db
            .read("proving a claim", claim, |tx, claim| {
                Box::pin(holds(tx, claim))
            })
            .await
    }

    /// Removes the row of a blob whose bytes are gone for certain, and queues the removal of its copies. `false` when the
    /// claim was lost.
    pub async fn finish_deletion(
        &self,
        claim: &DeletionClaim,
        deleted: &DeletedBlob,
    ) -> Result<bool, CatalogError> {
        let args = (claim.clone(), deleted.clone());
        self.db
            .write("finishing a deletion", args, |tx, (claim, deleted)| {
                Box::pin(finish(tx, claim, deleted))
            })
            .await
    }

    /// Keeps the row in `deleting` until `until`. `deleted`: the bytes are gone, and only the quarantine is waited for;
    /// otherwise the delete's outcome is unknown and it is to be repeated. `false` when the claim was lost.
    pub async fn postpone_deletion(
        &self,
        claim: &DeletionClaim,
        deleted: bool,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (claim.clone(), deleted, until);
        self.db
            .write(
                "postponing a deletion",
                args,
                |tx, (claim, deleted, until)| Box::pin(postpone(tx, claim, *deleted, *until)),
            )
            .await
    }

    /// Which of these hashes have a row in that scope, in any state: whether bytes in the store are accounted for.
    pub async fn known_hashes(
        &self,
        scope: Scope,
        hashes: Vec<BlobHash>,
    ) -> Result<Vec<bool>, CatalogError> {
        self.db
            .scan(
                "looking up hashes",
                (scope, hashes),
                |tx, (scope, hashes)| Box::pin(known_hashes(tx, *scope, hashes)),
            )
            .await
    }
}

/// In `flags`: an earlier delete may still be under way at the provider.
pub(crate) const UNCERTAIN: i64 = 1;

/// In `flags`: the bytes are known to be gone, and the row is kept for a quarantine.
const DELETED: i64 = 2;

async fn find(tx: &mut Tx, scope: Scope, hash: &BlobHash) -> Result<Option<Blob>> {
    let sql = format!(
        "SELECT {} FROM blobs b JOIN media_types t ON t.id = b.media_type \
         WHERE b.digest_head = ? AND b.digest_tail = ? AND b.scope = ? AND b.state IN (?, ?)",
        blob_rows::COLUMNS
    );
    let (head, tail) = blob_rows::split_hash(hash);
    let values = [
        head.into(),
        tail.into(),
        blob_rows::scope_to_code(scope).into(),
        State::Live.into(),
        State::Idle.into(),
    ];
    let row = tx.query_one(&sql, &values).await?;
    row.map(|mut row| blob_rows::read_blob(&mut row))
        .transpose()
}

/// Takes the columns from `id` to `state`.
fn read_collectable(row: &mut Row) -> Result<Collectable> {
    let (id, scope) = (row.take()?, blob_rows::scope_from_code(row.take()?));
    let (hash, size) = (row.take_hash()?, row.take()?);
    let reason = match State::from_code(row.take()?)? {
        State::Idle | State::Live => CollectReason::Idle,
        State::Storing => CollectReason::LeaseExpired,
        State::Deleting => CollectReason::DeletionAbandoned,
    };
    Ok(Collectable {
        id,
        scope,
        hash,
        size,
        reason,
    })
}

/// Walks an index of blobs that are not live, in order of id.
pub(crate) fn collectable(dialect: Dialect) -> String {
    format!(
        "SELECT id, scope, digest_head, digest_tail, size, state FROM {} AND id > ? \
         AND since <= CASE state WHEN ? THEN ? ELSE ? END ORDER BY id LIMIT ?",
        dialect.blobs_not_live()
    )
}

async fn list_collectable(
    tx: &mut Tx,
    now: Timestamp,
    idle_before: Timestamp,
    after: Option<BlobId>,
    limit: u32,
) -> Result<Vec<Collectable>> {
    let values = [
        after.map_or(0, BlobId::as_i64).into(),
        State::Idle.into(),
        idle_before.into(),
        now.into(),
        limit.into(),
    ];
    let rows = tx.query(&collectable(tx.dialect()), &values).await?;
    rows.into_iter()
        .map(|mut row| read_collectable(&mut row))
        .collect()
}

/// What a collector claims, and on which terms.
struct Terms {
    owner: i64,
    now: Timestamp,
    /// Idle blobs are claimed when they were idle by then.
    idle_before: Timestamp,
    /// Deletions that a collector left are claimed when its lease was over by then.
    abandoned_before: Timestamp,
    lease_until: Timestamp,
}

async fn claim(tx: &mut Tx, terms: &Terms, limit: u32) -> Result<Vec<DeletionClaim>> {
    let mut claims = Vec::new();
    let (mut left, mut bytes_left) = (0, 0);
    for (state, condition, before) in [
        (State::Deleting, "owner IS NOT NULL", terms.abandoned_before),
        // A postponed deletion has no owner any more, and comes when its time is over.
        (State::Deleting, "owner IS NULL", terms.now),
        (State::Storing, "refs = 0", terms.now),
        (State::Idle, "refs = 0", terms.idle_before),
    ] {
        let room = limit.saturating_sub(u32::try_from(claims.len()).unwrap_or(u32::MAX));
        let sql = format!(
            "SELECT id, scope, digest_head, digest_tail, size, state, flags FROM blobs WHERE state = ? AND since <= ? AND {condition} \
             ORDER BY since LIMIT ?"
        );
        let values = [state.into(), before.into(), room.into()];
        let mut found = Vec::new();
        for mut row in tx.query(&sql, &values).await? {
            let blob = read_collectable(&mut row)?;
            let flags: Option<i64> = row.take()?;
            found.push((blob, flags.unwrap_or(0)));
        }
        // In the order of ids, as all who lock several blobs do.
        found.sort_by_key(|(blob, _)| blob.id);
        for (blob, flags) in found {
            let claim = claim_one(tx, terms, before, blob, flags).await?;
            if let Some(claim) = &claim
                && claim.blob.reason == CollectReason::Idle
            {
                left += 1;
                bytes_left += signed(claim.blob.size);
            }
            claims.extend(claim);
        }
    }
    blob_rows::count_stored(tx, -left, -bytes_left).await?;
    Ok(claims)
}

/// Claims a blob unless it changed since it was looked up.
async fn claim_one(
    tx: &mut Tx,
    terms: &Terms,
    before: Timestamp,
    blob: Collectable,
    flags: i64,
) -> Result<Option<DeletionClaim>> {
    let (from, flags) = match blob.reason {
        CollectReason::Idle => (State::Idle, 0),
        CollectReason::LeaseExpired => (State::Storing, 0),
        CollectReason::DeletionAbandoned => (State::Deleting, flags | UNCERTAIN),
    };
    let changed = tx
        .execute(
            "UPDATE blobs SET state = ?, owner = ?, since = ?, flags = ? \
             WHERE id = ? AND state = ? AND refs = 0 AND since <= ?",
            &[
                State::Deleting.into(),
                terms.owner.into(),
                terms.lease_until.into(),
                flags.into(),
                blob.id.into(),
                from.into(),
                before.into(),
            ],
        )
        .await?;
    if changed == 0 {
        return Ok(None);
    }
    Ok(Some(DeletionClaim {
        owner: terms.owner,
        lease_until: terms.lease_until,
        uncertain: flags & UNCERTAIN != 0,
        quarantine_over: flags & DELETED != 0,
        blob,
    }))
}

/// The condition that a claim is still its owner's, and its values.
const HELD: &str = "id = ? AND state = ? AND owner = ? AND since = ?";

fn held(claim: &DeletionClaim) -> [Value<'static>; 4] {
    [
        claim.blob.id.into(),
        State::Deleting.into(),
        claim.owner.into(),
        claim.lease_until.into(),
    ]
}

async fn holds(tx: &mut Tx, claim: &DeletionClaim) -> Result<bool> {
    let sql = format!("SELECT 1 FROM blobs WHERE {HELD}");
    Ok(tx.query_one(&sql, &held(claim)).await?.is_some())
}

async fn finish(tx: &mut Tx, claim: &DeletionClaim, deleted: &DeletedBlob) -> Result<bool> {
    let sql = format!("DELETE FROM blobs WHERE {HELD}");
    if tx.execute(&sql, &held(claim)).await? == 0 {
        return Ok(false);
    }
    let blob = &claim.blob;
    copies::deleted(tx, (blob.scope, &blob.hash, blob.size), deleted).await?;
    Ok(true)
}

async fn postpone(
    tx: &mut Tx,
    claim: &DeletionClaim,
    deleted: bool,
    until: Timestamp,
) -> Result<bool> {
    let flags = if deleted {
        UNCERTAIN | DELETED
    } else {
        UNCERTAIN
    };
    let [id, state, owner, since] = held(claim);
    let sql = format!("UPDATE blobs SET owner = NULL, since = ?, flags = ? WHERE {HELD}");
    let values = [until.into(), flags.into(), id, state, owner, since];
    Ok(tx.execute(&sql, &values).await? > 0)
}

async fn known_hashes(tx: &mut Tx, scope: Scope, hashes: &[BlobHash]) -> Result<Vec<bool>> {
    let heads: Vec<Value<'_>> = hashes
        .iter()
        .map(|hash| blob_rows::split_hash(hash).0.into())
        .collect();
    let mut known = HashSet::new();
    for mut values in sets::chunks(&heads) {
        let sql = format!(
            "SELECT digest_head, digest_tail FROM blobs WHERE digest_head IN ({}) AND scope = ?",
            sets::placeholders(values.len())
        );
        values.push(blob_rows::scope_to_code(scope).into());
        for mut row in tx.query(&sql, &values).await? {
            known.insert(row.take_hash()?);
        }
    }
    Ok(hashes.iter().map(|hash| known.contains(hash)).collect())
}
