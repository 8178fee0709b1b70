//! Access keys.
use rockpool_types::{AccessKeyId, Timestamp};

use crate::{AccessKey, Catalog, CatalogError, Credential, MemberId};

impl Catalog {
    /// Adds a key. `false` when the id is taken or the member is gone.
    pub async fn insert_access_key(&self, key: AccessKey) -> Result<bool, CatalogError> {
        let _ = key;
        todo!()
    }

    /// The key of that id with its member.
    pub async fn find_credential(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<Credential>, CatalogError> {
        let _ = id;
        todo!()
    }

    /// All keys of a member, revoked ones too, oldest first.
    pub async fn list_access_keys(&self, member: MemberId) -> Result<Vec<AccessKey>, CatalogError> {
        let _ = member;
        todo!()
    }

    /// Revokes a key for ever. `false` when it is absent or was revoked before.
    pub async fn revoke_access_key(
        &self,
        id: &AccessKeyId,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let _ = (id, now);
        todo!()
    }
}
