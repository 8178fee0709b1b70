//! Access keys.
use rockpool_types::{AccessKeyId, Timestamp};

use crate::{
    AccessKey, Catalog, CatalogError, Credential, MemberId, changes,
    database::{Result, Tx},
    members,
    row::Row,
};

impl Catalog {
    /// Adds a key. `false` when the id is taken or the member is gone.
    pub async fn insert_access_key(&self, key: AccessKey) -> Result<bool, CatalogError> {
        self.db
            .write("adding an access key", key, |tx, key| {
                Box::pin(insert(tx, key))
            })
            .await
    }

    /// The key of that id with its member.
    pub async fn find_credential(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<Credential>, CatalogError> {
        self.db
            .read("looking up an access key", id, |tx, id| {
                Box::pin(find_credential(tx, id))
            })
            .await
    }

    /// All keys of a member, revoked ones too, oldest first.
    pub async fn list_access_keys(&self, member: MemberId) -> Result<Vec<AccessKey>, CatalogError> {
        self.db
            .read("listing access keys", member, |tx, member| {
                Box::pin(list(tx, *member))
            })
            .await
    }

    /// Revokes a key for ever. `false` when it is absent or was revoked before.
    pub async fn revoke_access_key(
        &self,
        id: &AccessKeyId,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (id.clone(), now);
        self.db
            .write("revoking an access key", args, |tx, (id, now)| {
                Box::pin(revoke(tx, id, *now))
            })
            .await
    }
}

const COLUMNS: &str = "k.id, k.member_id, k.sealed_secret, k.read_only, k.bucket_id, k.label, \
                       k.created_at, k.revoked_at";

fn read_key(row: &mut Row) -> Result<AccessKey> {
    Ok(AccessKey {
        id: row.take()?,
        member: row.take()?,
        sealed_secret: row.take()?,
        read_only: row.take()?,
        bucket: row.take()?,
        label: row.take()?,
        created_at: row.take()?,
        revoked_at: row.take()?,
    })
}

async fn insert(tx: &mut Tx, key: &AccessKey) -> Result<bool> {
    // Not locked: a taken id or a member that goes meanwhile violates a key, and is tried again.
    for (sql, value, wanted) in [
        (
            "SELECT 1 FROM access_keys WHERE id = ?",
            key.id.as_str().into(),
            false,
        ),
        (
            "SELECT 1 FROM members WHERE id = ?",
            key.member.into(),
            true,
        ),
    ] {
        if tx.query_one(sql, &[value]).await?.is_some() != wanted {
            return Ok(false);
        }
    }
    tx.execute(
        "INSERT INTO access_keys \
         (id, member_id, sealed_secret, read_only, bucket_id, label, created_at, revoked_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        &[
            key.id.as_str().into(),
            key.member.into(),
            key.sealed_secret.as_slice().into(),
            key.read_only.into(),
            key.bucket.into(),
            key.label.as_str().into(),
            key.created_at.into(),
            key.revoked_at.into(),
        ],
    )
    .await?;
    changes::note_accounts(tx).await?;
    Ok(true)
}

async fn find_credential(tx: &mut Tx, id: &AccessKeyId) -> Result<Option<Credential>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM access_keys k JOIN members m ON m.id = k.member_id WHERE k.id = ?",
        members::COLUMNS
    );
    let Some(mut row) = tx.query_one(&sql, &[id.as_str().into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Credential {
        key: read_key(&mut row)?,
        member: members::read_member(&mut row)?,
    }))
}

async fn list(tx: &mut Tx, member: MemberId) -> Result<Vec<AccessKey>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_keys k WHERE k.member_id = ? ORDER BY k.created_at, k.id"
    );
    let rows = tx.query(&sql, &[member.into()]).await?;
    rows.into_iter().map(|mut row| read_key(&mut row)).collect()
}

async fn revoke(tx: &mut Tx, id: &AccessKeyId, now: Timestamp) -> Result<bool> {
    let revoked = tx
        .execute(
            "UPDATE access_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
            &[now.into(), id.as_str().into()],
        )
        .await?;
    if revoked > 0 {
        changes::note_accounts(tx).await?;
    }
    Ok(revoked > 0)
}
