//! Scrubs: how far the reading of everything has come at each store, and who is at it.
use rockpool_types::Timestamp;

use crate::{
    Catalog, CatalogError,
    database::{Result, Tx},
    row::Row,
};

/// A pass over everything that one store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrub {
    /// The store's name in the configuration.
    pub store: String,
    /// The last of its keys that this pass is done with. `None`: it has just begun, or is finished.
    pub after: Option<String>,
    /// When this pass began.
    pub started_at: Timestamp,
    /// When it was finished. `None`: it goes on.
    pub finished_at: Option<Timestamp>,
    /// Blobs that were read in this pass.
    pub blobs: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// What was wrong, in all passes.
    pub findings: u64,
}

impl Scrub {
    /// A pass that begins.
    pub fn begin(store: &str, now: Timestamp) -> Self {
        Self {
            store: store.to_owned(),
            after: None,
            started_at: now,
            finished_at: None,
            blobs: 0,
            read_bytes: 0,
            findings: 0,
        }
    }
}

impl Catalog {
    /// How far the scrubs of all stores have come, in the order of the stores' names.
    pub async fn list_scrubs(&self) -> Result<Vec<Scrub>, CatalogError> {
        self.db
            .read("listing scrubs", (), |tx, ()| Box::pin(all(tx)))
            .await
    }

    /// Claims the scrub of a store until `lease_until`; begins its first pass if there was none. `None`: another than `owner`
    /// is at it.
    pub async fn claim_scrub(
        &self,
        store: &str,
        owner: i64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Scrub>, CatalogError> {
        let args = (store.to_owned(), owner, now, lease_until);
        self.db
            .write(
                "claiming a scrub",
                args,
                |tx, (store, owner, now, lease_until)| {
                    Box::pin(claim(tx, store, *owner, *now, *lease_until))
                },
            )
            .await
    }

    /// Records how far a claimed scrub has come; the claim holds until `lease_until` then. `false`: it was lost, and nothing
    /// was recorded.
    pub async fn save_scrub(
        &self,
        scrub: &Scrub,
        owner: i64,
        lease_until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let args = (scrub.clone(), owner, lease_until);
        self.db
            .write(
                "recording a scrub",
                args,
                |tx, (scrub, owner, lease_until)| Box::pin(save(tx, scrub, *owner, *lease_until)),
            )
            .await
    }
}

const SELECT: &str = "SELECT store, after_key, started_at, finished_at, blobs, read_bytes, findings, owner, \
                      lease_until FROM scrubs";

fn read(row: &mut Row) -> Result<Scrub> {
    Ok(Scrub {
        store: row.take()?,
        after: row.take()?,
        started_at: row.take()?,
        finished_at: row.take()?,
        blobs: row.take()?,
        read_bytes: row.take()?,
        findings: row.take()?,
    })
}

async fn all(tx: &mut Tx) -> Result<Vec<Scrub>> {
    let rows = tx.query(&format!("{SELECT} ORDER BY store"), &[]).await?;
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

async fn claim(
    tx: &mut Tx,
    store: &str,
    owner: i64,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Scrub>> {
    let sql = format!("{SELECT} WHERE store = ?");
    let Some(mut row) = tx.lock_one(&sql, &[store.into()]).await? else {
        let sql = "INSERT INTO scrubs (store, started_at, blobs, read_bytes, findings, owner, lease_until) \
                   VALUES (?, ?, 0, 0, 0, ?, ?)";
        let values = [store.into(), now.into(), owner.into(), lease_until.into()];
        tx.execute(sql, &values).await?;
        return Ok(Some(Scrub::begin(store, now)));
    };
    let scrub = read(&mut row)?;
    let (holder, held_until): (i64, Timestamp) = (row.take()?, row.take()?);
    if holder != owner && held_until > now {
        return Ok(None);
    }
    let sql = "UPDATE scrubs SET owner = ?, lease_until = ? WHERE store = ?";
    tx.execute(sql, &[owner.into(), lease_until.into(), store.into()])
        .await?;
    Ok(Some(scrub))
}

async fn save(tx: &mut Tx, scrub: &Scrub, owner: i64, lease_until: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM scrubs WHERE store = ? AND owner = ?";
    let claimed = [scrub.store.as_str().into(), owner.into()];
    if tx.lock_one(sql, &claimed).await?.is_none() {
        return Ok(false);
    }
    let sql = "UPDATE scrubs SET after_key = ?, started_at = ?, finished_at = ?, blobs = ?, read_bytes = ?, \
               findings = ?, lease_until = ? WHERE store = ?";
    tx.execute(
        sql,
        &[
            scrub.after.as_deref().into(),
            scrub.started_at.into(),
            scrub.finished_at.into(),
            scrub.blobs.into(),
            scrub.read_bytes.into(),
            scrub.findings.into(),
            lease_until.into(),
            scrub.store.as_str().into(),
        ],
    )
    .await?;
    Ok(true)
}
