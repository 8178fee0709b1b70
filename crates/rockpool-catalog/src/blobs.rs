//! The life of a blob's row after its last reference, and look-ups by hash.
use std::time::Duration;

use rockpool_types::{BlobHash, Timestamp};

use crate::{Blob, BlobId, Catalog, CatalogError, Scope};

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
        let _ = (scope, hash);
        todo!()
    }

    /// Up to `limit` blobs that [`Self::claim_deletions`] would claim now: idle since before `now - grace`, storing or
    /// deleting with a lease that ended before `now`. A plan; changes nothing. In order of id, after `after`.
    pub async fn list_collectable(
        &self,
        now: Timestamp,
        grace: Duration,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<Collectable>, CatalogError> {
        let _ = (now, grace, after, limit);
        todo!()
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
        let _ = (owner, now, grace, lease, longest_delete, limit);
        todo!()
    }

    /// Whether `owner` still holds the claim at `now`; asked right before each delete.
    pub async fn holds_deletion(
        &self,
        claim: &DeletionClaim,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let _ = (claim, now);
        todo!()
    }

    /// Removes the row of a blob whose bytes are gone for certain. `false` when the claim was lost.
    pub async fn finish_deletion(&self, claim: &DeletionClaim) -> Result<bool, CatalogError> {
        let _ = claim;
        todo!()
    }

    /// Keeps the row in `deleting` until `until`. `deleted`: the bytes are gone, and only the quarantine is waited for;
    /// otherwise the delete's outcome is unknown and it is to be repeated. `false` when the claim was lost.
    pub async fn postpone_deletion(
        &self,
        claim: &DeletionClaim,
        deleted: bool,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let _ = (claim, deleted, until);
        todo!()
    }

    /// Which of these hashes have a row in that scope, in any state: whether bytes in the store are accounted for.
    pub async fn known_hashes(
        &self,
        scope: Scope,
        hashes: Vec<BlobHash>,
    ) -> Result<Vec<bool>, CatalogError> {
        let _ = (scope, hashes);
        todo!()
    }
}
