//! Buckets and their host names.
use std::collections::HashMap;

use rockpool_types::{Acl, BucketName, DeliveryMode, HostName, Timestamp};

use crate::{
    Bucket, BucketId, Catalog, CatalogError, MemberId, changes,
    database::{Result, Tx, Value},
    members,
    row::Row,
};

/// What came of adding a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewBucket {
    /// It was added.
    Added(Bucket),
    /// The same member has it already.
    Yours(Bucket),
    /// Another member has it.
    Taken,
    /// The member has as many buckets as it may.
    LimitReached,
    /// The member is gone.
    MemberGone,
}

/// What came of removing a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveBucket {
    /// It is gone.
    Removed,
    /// It has objects or uploads.
    NotEmpty,
    /// There was none.
    Absent,
}

/// What to change of a bucket; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct BucketChange {
    /// The ACL of objects that come without one.
    pub default_acl: Option<Acl>,
    /// How the public reads it.
    pub delivery: Option<DeliveryMode>,
    /// All host names of its own.
    pub hosts: Option<Vec<HostName>>,
}

impl Catalog {
    /// Adds a bucket within its member's limit.
    pub async fn insert_bucket(
        &self,
        member: MemberId,
        name: &BucketName,
        default_acl: Acl,
        now: Timestamp,
    ) -> Result<NewBucket, CatalogError> {
        let args = (member, name.clone(), default_acl, now);
        self.db
            .write("adding a bucket", args, |tx, (member, name, acl, now)| {
                Box::pin(insert(tx, *member, name, *acl, *now))
            })
            .await
    }

    /// The bucket of that name.
    pub async fn find_bucket(&self, name: &BucketName) -> Result<Option<Bucket>, CatalogError> {
        self.db
            .read("looking up a bucket", name, |tx, name| {
                Box::pin(find_by_name(tx, name))
            })
            .await
    }

    /// The bucket that the host name belongs to.
    pub async fn find_bucket_by_host(
        &self,
        host: &HostName,
    ) -> Result<Option<Bucket>, CatalogError> {
        self.db
            .read("looking up a bucket by its host", host, |tx, host| {
                Box::pin(find_by_host(tx, host))
            })
            .await
    }

    /// All buckets of a member by name; of all members when `None`.
    pub async fn list_buckets(
        &self,
        member: Option<MemberId>,
    ) -> Result<Vec<Bucket>, CatalogError> {
        self.db
            .scan("listing buckets", member, |tx, member| {
                Box::pin(list(tx, *member))
            })
            .await
    }

    /// Changes a bucket. `Ok(None)` when it is absent; `Ok(Some(Err(host)))` when another bucket has that
    /// host name, and nothing was changed.
    pub async fn change_bucket(
        &self,
        id: BucketId,
        change: BucketChange,
    ) -> Result<Option<Result<Bucket, HostName>>, CatalogError> {
        self.db
            .write("changing a bucket", (id, change), |tx, (id, change)| {
                Box::pin(self::change(tx, *id, change))
            })
            .await
    }

    /// Removes an empty bucket; keys for it alone are revoked with it.
    pub async fn remove_bucket(
        &self,
        id: BucketId,
        now: Timestamp,
    ) -> Result<RemoveBucket, CatalogError> {
        self.db
            .write("removing a bucket", (id, now), |tx, (id, now)| {
                Box::pin(remove(tx, *id, *now))
            })
            .await
    }
}

const COLUMNS: &str = "b.id, b.member_id, b.name, b.default_acl, b.delivery, b.created_at";

/// Takes the columns of a bucket; its hosts lie in a table of their own.
fn read_bucket(row: &mut Row) -> Result<Bucket> {
    Ok(Bucket {
        id: row.take()?,
        member: row.take()?,
        name: row.take()?,
        default_acl: row.take()?,
        delivery: row.take()?,
        created_at: row.take()?,
        hosts: Vec::new(),
    })
}

/// The bucket that the condition holds for, with its hosts, by one statement.
async fn find_with_hosts(tx: &mut Tx, condition: &str, value: Value<'_>) -> Result<Option<Bucket>> {
    let sql = format!(
        "SELECT {COLUMNS}, h.host FROM buckets b LEFT JOIN bucket_hosts h ON h.bucket_id = b.id \
         WHERE {condition} ORDER BY h.host"
    );
    let mut found: Option<Bucket> = None;
    for mut row in tx.query(&sql, &[value]).await? {
        let bucket = read_bucket(&mut row)?;
        let host: Option<HostName> = row.take()?;
        found.get_or_insert(bucket).hosts.extend(host);
    }
    Ok(found)
}

/// The bucket of that name.
pub(crate) async fn find_by_name(tx: &mut Tx, name: &BucketName) -> Result<Option<Bucket>> {
    find_with_hosts(tx, "b.name = ?", name.as_str().into()).await
}

async fn find_by_host(tx: &mut Tx, host: &HostName) -> Result<Option<Bucket>> {
    let condition = "b.id = (SELECT a.bucket_id FROM bucket_hosts a WHERE a.host = ?)";
    find_with_hosts(tx, condition, host.as_str().into()).await
}

async fn lock(tx: &mut Tx, id: BucketId) -> Result<Option<Bucket>> {
    let sql = "SELECT id FROM buckets WHERE id = ?";
    if tx.lock_one(sql, &[id.into()]).await?.is_none() {
        return Ok(None);
    }
    find_with_hosts(tx, "b.id = ?", id.into()).await
}

async fn list(tx: &mut Tx, member: Option<MemberId>) -> Result<Vec<Bucket>> {
    let (condition, values): (_, Vec<Value<'_>>) = match member {
        Some(member) => (" WHERE b.member_id = ?", vec![member.into()]),
        None => ("", vec![]),
    };
    let hosts = format!(
        "SELECT h.bucket_id, h.host FROM bucket_hosts h JOIN buckets b ON b.id = h.bucket_id{condition} \
         ORDER BY h.host"
    );
    let mut hosts_of: HashMap<BucketId, Vec<HostName>> = HashMap::new();
    for mut row in tx.query(&hosts, &values).await? {
        hosts_of.entry(row.take()?).or_default().push(row.take()?);
    }
    let sql = format!("SELECT {COLUMNS} FROM buckets b{condition} ORDER BY b.name");
    let mut buckets = Vec::new();
    for mut row in tx.query(&sql, &values).await? {
        let mut bucket = read_bucket(&mut row)?;
        bucket.hosts = hosts_of.remove(&bucket.id).unwrap_or_default();
        buckets.push(bucket);
    }
    Ok(buckets)
}

/// The rows of all buckets of a member.
pub(crate) async fn ids_of_member(tx: &mut Tx, member: MemberId) -> Result<Vec<BucketId>> {
    let sql = "SELECT id FROM buckets WHERE member_id = ?";
    let rows = tx.query(sql, &[member.into()]).await?;
    rows.into_iter().map(|mut row| row.take()).collect()
}

async fn insert(
    tx: &mut Tx,
    member: MemberId,
    name: &BucketName,
    default_acl: Acl,
    now: Timestamp,
) -> Result<NewBucket> {
    // One bucket of a member after the other: else two could pass the limit.
    if !members::take_turn(tx, member).await? {
        return Ok(NewBucket::MemberGone);
    }
    let Some(owner) = members::lock(tx, member).await? else {
        return Ok(NewBucket::MemberGone);
    };
    if let Some(bucket) = find_by_name(tx, name).await? {
        return Ok(if bucket.member == member {
            NewBucket::Yours(bucket)
        } else {
            NewBucket::Taken
        });
    }
    let has = ids_of_member(tx, member).await?.len();
    if u32::try_from(has).map_or(true, |has| has >= owner.limits.max_buckets) {
        return Ok(NewBucket::LimitReached);
    }
    let bucket = insert_row(tx, member, name, default_acl, now).await?;
    changes::note_accounts(tx).await?;
    Ok(NewBucket::Added(bucket))
}

/// Adds a bucket whose name is known to be free.
pub(crate) async fn insert_row(
    tx: &mut Tx,
    member: MemberId,
    name: &BucketName,
    default_acl: Acl,
    now: Timestamp,
) -> Result<Bucket> {
    let delivery = DeliveryMode::default();
    let id = tx
        .insert(
            "INSERT INTO buckets (member_id, name, default_acl, delivery, created_at) VALUES (?, ?, ?, ?, ?)",
            &[
                member.into(),
                name.as_str().into(),
                default_acl.to_code().into(),
                delivery.to_code().into(),
                now.into(),
            ],
        )
        .await?;
    tx.execute(
        "INSERT INTO bucket_usage (bucket_id, slot, objects, object_bytes) VALUES (?, 0, 0, 0)",
        &[id.into()],
    )
    .await?;
    Ok(Bucket {
        id: BucketId(id),
        member,
        name: name.clone(),
        default_acl,
        delivery,
        hosts: Vec::new(),
        created_at: now,
    })
}

async fn change(
    tx: &mut Tx,
    id: BucketId,
    change: &BucketChange,
) -> Result<Option<Result<Bucket, HostName>>> {
    let Some(mut bucket) = lock(tx, id).await? else {
        return Ok(None);
    };
    if let Some(hosts) = &change.hosts {
        bucket.hosts.clone_from(hosts);
        bucket.hosts.sort();
        bucket.hosts.dedup();
        if let Some(taken) = host_of_another(tx, &bucket).await? {
            return Ok(Some(Err(taken)));
        }
        replace_hosts(tx, &bucket).await?;
    }
    bucket.default_acl = change.default_acl.unwrap_or(bucket.default_acl);
    bucket.delivery = change.delivery.unwrap_or(bucket.delivery);
    tx.execute(
        // The turn changes even where nothing else does: of two changes on different servers of a cluster, one fails.
        "UPDATE buckets SET default_acl = ?, delivery = ?, turn = turn + 1 WHERE id = ?",
        &[
            bucket.default_acl.to_code().into(),
            bucket.delivery.to_code().into(),
            id.into(),
        ],
    )
    .await?;
    changes::note_accounts(tx).await?;
    Ok(Some(Ok(bucket)))
}

async fn host_of_another(tx: &mut Tx, bucket: &Bucket) -> Result<Option<HostName>> {
    let sql = "SELECT bucket_id FROM bucket_hosts WHERE host = ?";
    for host in &bucket.hosts {
        if let Some(mut row) = tx.query_one(sql, &[host.as_str().into()]).await?
            && row.take::<BucketId>()? != bucket.id
        {
            return Ok(Some(host.clone()));
        }
    }
    Ok(None)
}

async fn replace_hosts(tx: &mut Tx, bucket: &Bucket) -> Result<()> {
    let id = bucket.id.into();
    tx.execute("DELETE FROM bucket_hosts WHERE bucket_id = ?", &[id])
        .await?;
    for host in &bucket.hosts {
        tx.execute(
            "INSERT INTO bucket_hosts (host, bucket_id) VALUES (?, ?)",
            &[host.as_str().into(), id],
        )
        .await?;
    }
    Ok(())
}

/// Whether a bucket has neither objects nor uploads.
pub(crate) async fn is_empty(tx: &mut Tx, id: BucketId) -> Result<bool> {
    for sql in [
        "SELECT 1 FROM objects WHERE bucket_id = ? LIMIT 1",
        "SELECT 1 FROM uploads WHERE bucket_id = ? LIMIT 1",
    ] {
        if tx.query_one(sql, &[id.into()]).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn remove(tx: &mut Tx, id: BucketId, now: Timestamp) -> Result<RemoveBucket> {
    if lock(tx, id).await?.is_none() {
        return Ok(RemoveBucket::Absent);
    }
    if !is_empty(tx, id).await? {
        return Ok(RemoveBucket::NotEmpty);
    }
    remove_rows(tx, id).await?;
    tx.execute(
        "UPDATE access_keys SET revoked_at = ? WHERE bucket_id = ? AND revoked_at IS NULL",
        &[now.into(), id.into()],
    )
    .await?;
    changes::note_accounts(tx).await?;
    Ok(RemoveBucket::Removed)
}

/// Removes the rows of a bucket that is known to be empty.
pub(crate) async fn remove_rows(tx: &mut Tx, id: BucketId) -> Result<()> {
    for sql in [
        "DELETE FROM bucket_hosts WHERE bucket_id = ?",
        "DELETE FROM bucket_usage WHERE bucket_id = ?",
        "DELETE FROM buckets WHERE id = ?",
    ] {
        tx.execute(sql, &[id.into()]).await?;
    }
    Ok(())
}
