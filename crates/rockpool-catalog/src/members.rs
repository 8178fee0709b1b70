//! Members.
use rockpool_types::{MemberName, Timestamp};

use crate::{Catalog, CatalogError, Member, MemberId, MemberLimits, MemberState};

/// What to change of a member; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    /// Its state.
    pub state: Option<MemberState>,
    /// Its limits.
    pub limits: Option<MemberLimits>,
}

impl Catalog {
    /// Adds a member and its first bucket, which bears its name. `None` when a member or a bucket of that
    /// name exists.
    pub async fn insert_member(
        &self,
        name: &MemberName,
        limits: MemberLimits,
        now: Timestamp,
    ) -> Result<Option<Member>, CatalogError> {
        let _ = (name, limits, now);
        todo!()
    }

    /// The member of that name.
    pub async fn find_member(&self, name: &MemberName) -> Result<Option<Member>, CatalogError> {
        let _ = name;
        todo!()
    }

    /// Up to `limit` members by name, after `after`.
    pub async fn list_members(
        &self,
        after: Option<&MemberName>,
        limit: u32,
    ) -> Result<Vec<Member>, CatalogError> {
        let _ = (after, limit);
        todo!()
    }

    /// Changes a member; `None` when it is absent.
    pub async fn change_member(
        &self,
        id: MemberId,
        change: MemberChange,
    ) -> Result<Option<Member>, CatalogError> {
        let _ = (id, change);
        todo!()
    }

    /// Removes a member with its keys and empty buckets. `false` when it is absent or a bucket of its has
    /// objects or uploads.
    pub async fn remove_member(&self, id: MemberId) -> Result<bool, CatalogError> {
        let _ = id;
        todo!()
    }
}
