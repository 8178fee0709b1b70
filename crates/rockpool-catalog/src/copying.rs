//! Working off the queues of copies: leases, retries, and how much is left.
use std::{collections::HashSet, time::Duration};

use rockpool_types::{BlobHash, Timestamp};

use crate::{
    Catalog, CatalogError, Scope, StoreId, UnknownBytes,
    blob_rows::{self, State},
    copies::{self, CopyAction},
    database::{Result, Tx, Value},
    row::Row,
};

/// A node's right to work on one blob at one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyClaim {
    /// The store.
    pub store: StoreId,
    /// Who shares the blob.
    pub scope: Scope,
    /// The blob.
    pub hash: BlobHash,
    /// Its size in bytes, as it was when it was queued.
    pub size: u64,
    /// What is to be done.
    pub action: CopyAction,
    /// Whether what is there is damaged, and to be replaced.
    pub renew: bool,
    /// How often it failed.
    pub attempts: u32,
    /// The node's own random number.
    pub owner: i64,
    /// Until when the claim holds.
    pub lease_until: Timestamp,
}

/// The terms of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyTerms {
    /// The node's own random number.
    pub owner: i64,
    /// The present.
    pub now: Timestamp,
    /// How long a claim holds.
    pub lease: Duration,
    /// The longest that a removal may take at a store.
    pub longest_delete: Duration,
}

/// What is queued for a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyQueue {
    /// Blobs that are to be copied there.
    pub copies: u64,
    /// Their bytes.
    pub copy_bytes: u64,
    /// Of these blobs, those for which it failed at least once.
    pub failing: u64,
    /// Since when the oldest of them has been queued.
    pub oldest: Option<Timestamp>,
    /// Blobs that are to be removed there, most of them after a grace period.
    pub removals: u64,
}

impl Catalog {
    /// Claims up to `limit` pieces of work of one kind at a store that are due, the longest due first.
    pub async fn claim_copies(
        &self,
        store: StoreId,
        action: CopyAction,
        terms: CopyTerms,
        limit: u32,
    ) -> Result<Vec<CopyClaim>, CatalogError> {
        let args = (store, action, terms, limit);
        self.db
            .write(
                "claiming copies",
                args,
                |tx, (store, action, terms, limit)| {
                    Box::pin(claim(tx, *store, *action, terms, *limit))
                },
            )
            .await
    }

    /// Whether anything is due at a store; a cheap look.
    pub async fn has_copies_due(
        &self,
        store: StoreId,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.db
            .read("looking for copies", (store, now), |tx, (store, now)| {
                Box::pin(async move {
                    let sql = "SELECT 1 FROM copies WHERE store_id = ? AND action IN (0, 1) AND due_at <= ? LIMIT 1";
                    let values = [(*store).into(), (*now).into()];
                    Ok(tx.query_one(sql, &values).await?.is_some())
                })
            })
            .await
    }

    /// Makes a claim to copy last until `until`. `false`: it was lost.
    pub async fn extend_copy(
        &self,
        claim: &CopyClaim,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.db
            .write(
                "going on with a copy",
                (claim.clone(), until),
                |tx, (claim, until)| Box::pin(extend(tx, claim, *until)),
            )
            .await
    }

    /// Says that what a store has under the blob's name is about to be removed there, to be replaced, and that this may be
    /// carried out until `settled`; the claim lasts as long. `false`: it was lost.
    pub async fn replace_copy(
        &self,
        claim: &CopyClaim,
        settled: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.db
            .write(
                "replacing a copy",
                (claim.clone(), settled),
                |tx, (claim, settled)| {
                    Box::pin(async move {
                        let sql = "due_at = ?, settled_at = ?";
                        set(tx, claim, sql, &[(*settled).into(), (*settled).into()]).await
                    })
                },
            )
            .await
    }

    /// Whether a claim to remove still holds at `now`, and no such blob is known; asked right before each removal.
    pub async fn holds_removal(
        &self,
        claim: &CopyClaim,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        if now >= claim.lease_until {
            return Ok(false);
        }
        self.db
            .scan("proving a claim", claim.clone(), |tx, claim| {
                Box::pin(holds_removal(tx, claim))
            })
            .await
    }

    /// Says that the work is done. `false`: the claim was lost.
    pub async fn finish_copy(&self, claim: &CopyClaim) -> Result<bool, CatalogError> {
        self.db
            .write("finishing a copy", claim.clone(), |tx, claim| {
                Box::pin(async move {
                    let name = claim.name();
                    let sql = format!("DELETE FROM copies WHERE {HELD}");
                    Ok(tx.execute(&sql, &held(claim, &name)).await? > 0)
                })
            })
            .await
    }

    /// Gives the work back, to be done at `due` at the earliest. `false`: the claim was lost.
    pub async fn release_copy(
        &self,
        claim: &CopyClaim,
        failed: bool,
        due: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.db
            .write(
                "putting off a copy",
                (claim.clone(), failed, due),
                |tx, (claim, failed, due)| Box::pin(release(tx, claim, *failed, *due)),
            )
            .await
    }

    /// Makes all copies to a store due that wait for another attempt.
    pub async fn hasten_copies(&self, store: StoreId, now: Timestamp) -> Result<(), CatalogError> {
        self.db
            .write("hastening copies", (store, now), |tx, (store, now)| {
                Box::pin(async move {
                    let sql = "UPDATE copies SET due_at = ? WHERE store_id = ? AND action = ? AND due_at > ? \
                               AND owner IS NULL AND (settled_at IS NULL OR settled_at <= ?)";
                    let (now, copy) = (Value::from(*now), CopyAction::Copy.into());
                    tx.execute(sql, &[now, (*store).into(), copy, now, now])
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Queues a blob to be copied to a store that lacks it or, with `renew`, has it damaged. `false`: the blob is not live
    /// nor idle.
    pub async fn queue_copy(
        &self,
        store: StoreId,
        scope: Scope,
        hash: BlobHash,
        renew: bool,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (store, scope, hash, renew, now);
        self.db
            .write(
                "queueing a copy",
                args,
                |tx, (store, scope, hash, renew, now)| {
                    Box::pin(async move {
                        let found = blob_rows::lock(tx, *scope, hash).await?;
                        let Some((blob, State::Live | State::Idle)) = found else {
                            return Ok(false);
                        };
                        let name = copies::name_of(*scope, hash);
                        copies::queue(tx, *store, &name, blob.size, *renew, *now).await?;
                        Ok(true)
                    })
                },
            )
            .await
    }

    /// Queues the removal of bytes at a store that are no blob's. `false`: there is such a blob.
    pub async fn queue_removal(
        &self,
        store: StoreId,
        bytes: UnknownBytes,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (store, bytes, now);
        self.db
            .write("queueing a removal", args, |tx, (store, bytes, now)| {
                Box::pin(async move {
                    if blob_rows::exists(tx, bytes.scope, &bytes.hash).await? {
                        return Ok(false);
                    }
                    copies::queue_removal(tx, *store, bytes, *now).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// For which of these blobs something is queued at a store.
    pub async fn queued_copies(
        &self,
        store: StoreId,
        blobs: Vec<(Scope, BlobHash)>,
    ) -> Result<HashSet<(Scope, BlobHash)>, CatalogError> {
        self.db
            .scan(
                "looking into a queue",
                (store, blobs),
                |tx, (store, blobs)| {
                    Box::pin(async move {
                        let names: Vec<copies::Name> = blobs
                            .iter()
                            .map(|(scope, hash)| copies::name_of(*scope, hash))
                            .collect();
                        let queued = copies::queued(tx, *store, names.iter()).await?;
                        queued.iter().map(|name| copies::parse_name(name)).collect()
                    })
                },
            )
            .await
    }

    /// How much is queued for a store. Walks over all of it.
    pub async fn copy_queue(&self, store: StoreId) -> Result<CopyQueue, CatalogError> {
        self.db
            .scan("counting a queue", store, |tx, store| {
                Box::pin(count(tx, *store))
            })
            .await
    }
}

impl CopyClaim {
    fn name(&self) -> copies::Name {
        copies::name_of(self.scope, &self.hash)
    }
}

/// The condition that a claim is still its owner's, and its values.
const HELD: &str = "name = ? AND store_id = ? AND owner = ? AND action = ?";

fn held<'a>(claim: &CopyClaim, name: &'a copies::Name) -> [Value<'a>; 4] {
    [
        name.as_slice().into(),
        claim.store.into(),
        claim.owner.into(),
        claim.action.into(),
    ]
}

async fn claim(
    tx: &mut Tx,
    store: StoreId,
    action: CopyAction,
    terms: &CopyTerms,
    limit: u32,
) -> Result<Vec<CopyClaim>> {
    let sql = "SELECT name, size, renew, attempts FROM copies \
               WHERE store_id = ? AND action = ? AND due_at <= ? ORDER BY due_at LIMIT ?";
    let values = [store.into(), action.into(), terms.now.into(), limit.into()];
    let rows = tx.query(sql, &values).await?;
    let claims: Result<Vec<CopyClaim>> = rows
        .into_iter()
        .map(|row| read_claim(row, store, action, terms))
        .collect();
    // In the order of names, as all who lock several rows do.
    let mut claims = claims?;
    claims.sort_by_key(CopyClaim::name);
    let mut claimed = Vec::with_capacity(claims.len());
    for claim in claims {
        if take(tx, &claim, terms).await? {
            claimed.push(claim);
        }
    }
    Ok(claimed)
}

fn read_claim(
    mut row: Row,
    store: StoreId,
    action: CopyAction,
    terms: &CopyTerms,
) -> Result<CopyClaim> {
    let (scope, hash) = copies::parse_name(&row.take::<Vec<u8>>()?)?;
    Ok(CopyClaim {
        store,
        scope,
        hash,
        size: row.take()?,
        renew: row.take()?,
        attempts: row.take()?,
        action,
        owner: terms.owner,
        lease_until: terms.now.plus(terms.lease),
    })
}

/// Takes a row that is still as it was read. A removal that is begun is settled only when its lease and the longest that it
/// may take are over; no other is begun before.
async fn take(tx: &mut Tx, claim: &CopyClaim, terms: &CopyTerms) -> Result<bool> {
    let name = claim.name();
    let settled = claim.lease_until.plus(terms.longest_delete);
    let (due, settles) = match claim.action {
        CopyAction::Copy => (claim.lease_until, ""),
        CopyAction::Remove => (settled, ", settled_at = ?"),
    };
    let sql = format!(
        "UPDATE copies SET owner = ?, due_at = ?{settles} \
         WHERE name = ? AND store_id = ? AND action = ? AND due_at <= ?"
    );
    let mut values = vec![claim.owner.into(), due.into()];
    if claim.action == CopyAction::Remove {
        values.push(settled.into());
    }
    values.extend::<[Value<'_>; 4]>([
        name.as_slice().into(),
        claim.store.into(),
        claim.action.into(),
        terms.now.into(),
    ]);
    Ok(tx.execute(&sql, &values).await? > 0)
}

/// A time that is bound twice, or when what was begun is settled, whichever is later.
const NOT_BEFORE_SETTLED: &str =
    "CASE WHEN settled_at IS NOT NULL AND settled_at > ? THEN settled_at ELSE ? END";

async fn extend(tx: &mut Tx, claim: &CopyClaim, until: Timestamp) -> Result<bool> {
    let sql = format!("due_at = {NOT_BEFORE_SETTLED}");
    set(tx, claim, &sql, &[until.into(), until.into()]).await
}

async fn set(tx: &mut Tx, claim: &CopyClaim, sql: &str, values: &[Value<'_>]) -> Result<bool> {
    let name = claim.name();
    let sql = format!("UPDATE copies SET {sql} WHERE {HELD}");
    let values = [values, &held(claim, &name)[..]].concat();
    if tx.execute(&sql, &values).await? > 0 {
        return Ok(true);
    }
    // MySQL does not count rows that had the value already.
    let sql = format!("SELECT 1 FROM copies WHERE {HELD}");
    Ok(tx.query_one(&sql, &held(claim, &name)).await?.is_some())
}

async fn holds_removal(tx: &mut Tx, claim: &CopyClaim) -> Result<bool> {
    if blob_rows::exists(tx, claim.scope, &claim.hash).await? {
        return Ok(false);
    }
    let name = claim.name();
    let sql = format!("SELECT settled_at FROM copies WHERE {HELD}");
    Ok(tx.query_one(&sql, &held(claim, &name)).await?.is_some())
}

async fn release(tx: &mut Tx, claim: &CopyClaim, failed: bool, due: Timestamp) -> Result<bool> {
    let name = claim.name();
    let sql = format!(
        "UPDATE copies SET owner = NULL, attempts = attempts + ?, due_at = {NOT_BEFORE_SETTLED} WHERE {HELD}"
    );
    let values = [failed.into(), due.into(), due.into()];
    let values = [&values[..], &held(claim, &name)[..]].concat();
    Ok(tx.execute(&sql, &values).await? > 0)
}

async fn count(tx: &mut Tx, store: StoreId) -> Result<CopyQueue> {
    let dialect = tx.dialect();
    let sum = |column: &str| dialect.sum(column);
    let sql = format!(
        "SELECT action, COUNT(*), {}, {}, MIN(queued_at) FROM copies WHERE store_id = ? GROUP BY action",
        sum("size"),
        sum("CASE WHEN attempts > 0 THEN 1 ELSE 0 END")
    );
    let mut queue = CopyQueue::default();
    for mut row in tx.query(&sql, &[store.into()]).await? {
        let action = CopyAction::from_code(row.take()?)?;
        let (count, bytes, failing) = (row.take()?, row.take()?, row.take()?);
        let oldest = row.take()?;
        match action {
            CopyAction::Remove => queue.removals = count,
            CopyAction::Copy => {
                (queue.copies, queue.copy_bytes, queue.failing) = (count, bytes, failing);
                queue.oldest = oldest;
            }
        }
    }
    Ok(queue)
}
