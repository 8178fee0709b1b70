//! Members.
use rockpool_types::{Acl, BucketName, MemberName, Timestamp};

use crate::{
    Catalog, CatalogError, Member, MemberId, MemberLimits, MemberState, buckets, changes,
    database::{Result, Tx, Value},
    dialect::Fault,
    row::Row,
};

/// What to change of a member; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    /// Its state.
    pub state: Option<MemberState>,
    /// Its limits.
    pub limits: Option<MemberLimits>,
}

impl Catalog {
    /// Adds a member and its first bucket, which bears its name and is public-read by default. `None` when a
    /// member or a bucket of that name exists.
    pub async fn insert_member(
        &self,
        name: &MemberName,
        limits: MemberLimits,
        now: Timestamp,
    ) -> Result<Option<Member>, CatalogError> {
        let args = (name.clone(), limits, now);
        self.db
            .write("adding a member", args, |tx, (name, limits, now)| {
                Box::pin(insert(tx, name, *limits, *now))
            })
            .await
    }

    /// The member of that name.
    pub async fn find_member(&self, name: &MemberName) -> Result<Option<Member>, CatalogError> {
        self.db
            .read("looking up a member", name, |tx, name| {
                Box::pin(find_by_name(tx, name))
            })
            .await
    }

    /// Up to `limit` members by name, after `after`.
    pub async fn list_members(
        &self,
        after: Option<&MemberName>,
        limit: u32,
    ) -> Result<Vec<Member>, CatalogError> {
        let args = (after.map_or("", MemberName::as_str).to_owned(), limit);
        self.db
            .scan("listing members", args, |tx, (after, limit)| {
                Box::pin(list(tx, after, *limit))
            })
            .await
    }

    /// Changes a member; `None` when it is absent.
    pub async fn change_member(
        &self,
        id: MemberId,
        change: MemberChange,
    ) -> Result<Option<Member>, CatalogError> {
        self.db
            .write("changing a member", (id, change), |tx, (id, change)| {
                Box::pin(self::change(tx, *id, change))
            })
            .await
    }

    /// Removes a member with its keys and empty buckets. `false` when it is absent or a bucket of its has
    /// objects or uploads.
    pub async fn remove_member(&self, id: MemberId) -> Result<bool, CatalogError> {
        self.db
            .write("removing a member", id, |tx, id| Box::pin(remove(tx, *id)))
            .await
    }
}

/// The columns of a member, as [`read_member`] takes them.
pub(crate) const COLUMNS: &str =
    "m.id, m.name, m.state, m.max_buckets, m.max_bytes, m.max_objects, m.created_at";

/// Takes the columns of a member.
pub(crate) fn read_member(row: &mut Row) -> Result<Member> {
    Ok(Member {
        id: row.take()?,
        name: row.take()?,
        state: state_of_code(row.take()?)?,
        limits: MemberLimits {
            max_buckets: row.take()?,
            max_bytes: row.take()?,
            max_objects: row.take()?,
        },
        created_at: row.take()?,
    })
}

const fn code_of_state(state: MemberState) -> i64 {
    match state {
        MemberState::Active => 0,
        MemberState::Suspended => 1,
    }
}

fn state_of_code(code: i64) -> Result<MemberState> {
    match code {
        0 => Ok(MemberState::Active),
        1 => Ok(MemberState::Suspended),
        _ => Err(Fault::Internal(format!("{code} is no state of a member"))),
    }
}

/// The member of that row, which stays as it is until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: MemberId) -> Result<Option<Member>> {
    let sql = select(" WHERE m.id = ?");
    let row = tx.lock_one(&sql, &[id.into()]).await?;
    row.map(|mut row| read_member(&mut row)).transpose()
}

/// Waits until no other transaction has the turn of that member, and has it until it ends; on a cluster, only one of those
/// that took it at the same time on different servers can commit. What was read before is to be read again.
pub(crate) async fn take_turn(tx: &mut Tx, id: MemberId) -> Result<bool> {
    let sql = "UPDATE members SET turn = turn + 1 WHERE id = ?";
    Ok(tx.execute(sql, &[id.into()]).await? > 0)
}

fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM members m{condition}")
}

async fn find_by_name(tx: &mut Tx, name: &MemberName) -> Result<Option<Member>> {
    let sql = select(" WHERE m.name = ?");
    let row = tx.query_one(&sql, &[name.as_str().into()]).await?;
    row.map(|mut row| read_member(&mut row)).transpose()
}

async fn list(tx: &mut Tx, after: &str, limit: u32) -> Result<Vec<Member>> {
    let sql = select(" WHERE m.name > ? ORDER BY m.name LIMIT ?");
    let rows = tx.query(&sql, &[after.into(), limit.into()]).await?;
    rows.into_iter()
        .map(|mut row| read_member(&mut row))
        .collect()
}

async fn insert(
    tx: &mut Tx,
    name: &MemberName,
    limits: MemberLimits,
    now: Timestamp,
) -> Result<Option<Member>> {
    let bucket = BucketName::from(name);
    if find_by_name(tx, name).await?.is_some()
        || buckets::find_by_name(tx, &bucket).await?.is_some()
    {
        return Ok(None);
    }
    let id = tx
        .insert(
            "INSERT INTO members (name, state, max_buckets, max_bytes, max_objects, created_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
            &[
                name.as_str().into(),
                code_of_state(MemberState::Active).into(),
                limits.max_buckets.into(),
                limits.max_bytes.into(),
                limits.max_objects.into(),
                now.into(),
            ],
        )
        .await?;
    let id = MemberId(id);
    buckets::insert_row(tx, id, &bucket, Acl::PublicRead, now).await?;
    changes::note_accounts(tx).await?;
    lock(tx, id).await
}

async fn change(tx: &mut Tx, id: MemberId, change: &MemberChange) -> Result<Option<Member>> {
    let Some(mut member) = lock(tx, id).await? else {
        return Ok(None);
    };
    member.state = change.state.unwrap_or(member.state);
    member.limits = change.limits.unwrap_or(member.limits);
    tx.execute(
        "UPDATE members SET state = ?, max_buckets = ?, max_bytes = ?, max_objects = ? WHERE id = ?",
        &[
            code_of_state(member.state).into(),
            member.limits.max_buckets.into(),
            member.limits.max_bytes.into(),
            member.limits.max_objects.into(),
            id.into(),
        ],
    )
    .await?;
    changes::note_accounts(tx).await?;
    Ok(Some(member))
}

async fn remove(tx: &mut Tx, id: MemberId) -> Result<bool> {
    if lock(tx, id).await?.is_none() {
        return Ok(false);
    }
    let buckets = buckets::ids_of_member(tx, id).await?;
    for bucket in &buckets {
        if !buckets::is_empty(tx, *bucket).await? {
            return Ok(false);
        }
    }
    for bucket in buckets {
        buckets::remove_rows(tx, bucket).await?;
    }
    let member: [Value<'_>; 1] = [id.into()];
    tx.execute("DELETE FROM access_keys WHERE member_id = ?", &member)
        .await?;
    tx.execute("DELETE FROM members WHERE id = ?", &member)
        .await?;
    changes::note_accounts(tx).await?;
    Ok(true)
}
