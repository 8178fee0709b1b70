//! Adopted blobs, whose media type is found out later.
use crate::{
    Blob, BlobId, Catalog, CatalogError,
    blob_rows::{self, State},
    database::{Result, Tx},
};

impl Catalog {
    /// Up to `limit` blobs in the store without a media type, in order of id, after `after`.
    pub async fn list_undescribed(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<Blob>, CatalogError> {
        self.db
            .scan(
                "listing blobs without a media type",
                (after, limit),
                |tx, (after, limit)| Box::pin(list_undescribed(tx, *after, *limit)),
            )
            .await
    }

    /// The newest blob there is. Ids are given out nearly in order: one that comes later may be smaller by what was under
    /// way at this moment.
    pub async fn newest_blob(&self) -> Result<Option<BlobId>, CatalogError> {
        self.db
            .read("looking up the newest blob", (), |tx, ()| {
                Box::pin(async move {
                    let sql = "SELECT id FROM blobs ORDER BY id DESC LIMIT 1";
                    let row = tx.query_one(sql, &[]).await?;
                    row.map(|mut row| row.take()).transpose()
                })
            })
            .await
    }

    /// Says what an adopted blob is; changes nothing when that is known.
    pub async fn describe_blob(&self, id: BlobId, media_type: &str) -> Result<(), CatalogError> {
        let args = (id, media_type.to_owned());
        self.db
            .write("describing a blob", args, |tx, (id, media_type)| {
                Box::pin(describe(tx, *id, media_type))
            })
            .await
    }
}

async fn list_undescribed(tx: &mut Tx, after: Option<BlobId>, limit: u32) -> Result<Vec<Blob>> {
    let sql = "SELECT id FROM media_types WHERE name = ?";
    let Some(mut row) = tx.query_one(sql, &["".into()]).await? else {
        return Ok(Vec::new());
    };
    let media_type: i64 = row.take()?;
    let sql = format!(
        "SELECT {} FROM blobs b JOIN media_types t ON t.id = b.media_type \
         WHERE b.id > ? AND b.media_type = ? AND b.state IN (?, ?) ORDER BY b.id LIMIT ?",
        blob_rows::COLUMNS
    );
    let values = [
        after.map_or(0, BlobId::as_i64).into(),
        media_type.into(),
        State::Live.into(),
        State::Idle.into(),
        limit.into(),
    ];
    let rows = tx.query(&sql, &values).await?;
    rows.into_iter()
        .map(|mut row| blob_rows::read_blob(&mut row))
        .collect()
}

async fn describe(tx: &mut Tx, id: BlobId, media_type: &str) -> Result<()> {
    let media_type = blob_rows::intern_media_type(tx, media_type).await?;
    tx.execute(
        "UPDATE blobs SET media_type = ? WHERE id = ? AND media_type IN \
         (SELECT id FROM media_types WHERE name = ?)",
        &[media_type.into(), id.into(), "".into()],
    )
    .await?;
    Ok(())
}
