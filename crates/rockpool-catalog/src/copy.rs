//! Copying a catalog into another database, of whatever engine: exact, resumable, verified, a page in memory at a time.
use crate::{
    Catalog, CatalogError,
    copied::{Column, Kind, TABLES, Table},
    database::{Result, Tx, Value},
    dialect::{Dialect, Fault},
    migrations::UNFINISHED_COPY,
    pages::Pages,
    row::{Cell, Row},
};

/// Rows that one statement inserts.
const ROWS_OF_INSERT: usize = 40;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// The table that is worked on.
    pub table: &'static str,
    /// Rows of it that were written, or compared.
    pub rows: u64,
    /// Whether they are being compared, after all were written.
    pub verifying: bool,
}

impl Catalog {
    /// Copies everything into `target`, which [`Self::open_copy_target`] opened: an empty catalog, or one that an earlier
    /// copy from here was interrupted in. Then compares the two row by row. Nothing may write to either meanwhile. Until it
    /// is through, nobody else can open the target. Durable on return; a dropped future leaves it to be resumed.
    ///
    /// # Errors
    /// `Unusable` when the target has members of its own, or the two differ in the end.
    pub async fn copy_to(
        &self,
        target: &Self,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<(), CatalogError> {
        target.begin_copy().await?;
        for table in TABLES {
            self.copy_rows(target, table, &mut progress).await?;
        }
        self.copy_counts(target).await?;
        for table in TABLES {
            self.compare_rows(target, table, &mut progress).await?;
        }
        if self.usage_of_store().await? != target.usage_of_store().await? {
            return Err(differ("store_usage"));
        }
        target.end_copy().await
    }

    /// Marks this as unfinished, unless it is.
    async fn begin_copy(&self) -> Result<(), CatalogError> {
        let is_empty = self
            .db
            .write("beginning a copy", (), |tx, ()| {
                Box::pin(async move {
                    if has_row(tx, "SELECT 1 FROM schema_version WHERE version >= ?").await? {
                        return Ok(true);
                    }
                    if tx.query_one("SELECT 1 FROM members", &[]).await?.is_some() {
                        return Ok(false);
                    }
                    let sql = "UPDATE schema_version SET version = version + ?";
                    tx.execute(sql, &[UNFINISHED_COPY.into()]).await?;
                    Ok(true)
                })
            })
            .await?;
        if is_empty {
            return Ok(());
        }
        Err(CatalogError::Unusable(
            "the target has members of its own. Copy into an empty database".to_owned(),
        ))
    }

    async fn end_copy(&self) -> Result<(), CatalogError> {
        self.db
            .write("ending a copy", (), |tx, ()| {
                Box::pin(async move {
                    let unfinished = UNFINISHED_COPY.into();
                    let sql = "UPDATE schema_version SET version = version - ? WHERE version >= ?";
                    tx.execute(sql, &[unfinished, unfinished]).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn copy_rows(
        &self,
        target: &Self,
        table: &'static Table,
        progress: &mut (impl FnMut(CopyProgress) + Send),
    ) -> Result<(), CatalogError> {
        let mut position = target.last_position(table).await?;
        let mut rows = 0;
        loop {
            let page = self.page(table, position).await?;
            rows += page.len() as u64;
            progress(CopyProgress {
                table: table.name,
                rows,
                verifying: false,
            });
            let Some(last) = page.last() else {
                return Ok(());
            };
            position = Some(table.position_of(last));
            target
                .db
                .write("copying rows", (table, page), |tx, (table, page)| {
                    Box::pin(insert_all(tx, table, page))
                })
                .await?;
        }
    }

    async fn compare_rows(
        &self,
        target: &Self,
        table: &'static Table,
        progress: &mut (impl FnMut(CopyProgress) + Send),
    ) -> Result<(), CatalogError> {
        let mut position = None;
        let mut rows = 0;
        loop {
            let page = self.page(table, position.clone()).await?;
            if page != target.page(table, position).await? {
                return Err(differ(table.name));
            }
            rows += page.len() as u64;
            progress(CopyProgress {
                table: table.name,
                rows,
                verifying: true,
            });
            let Some(last) = page.last() else {
                return Ok(());
            };
            position = Some(table.position_of(last));
        }
    }

    /// The next rows behind that position, in the order of the table's key.
    async fn page(
        &self,
        table: &'static Table,
        position: Option<Position>,
    ) -> Result<Vec<Vec<Cell>>, CatalogError> {
        self.db
            .scan(
                "reading rows",
                (table, position),
                |tx, (table, position)| Box::pin(read_page(tx, table, position.as_ref())),
            )
            .await
    }

    async fn last_position(&self, table: &'static Table) -> Result<Option<Position>, CatalogError> {
        self.db
            .scan("looking how far a copy is", table, |tx, table| {
                Box::pin(last_position(tx, table))
            })
            .await
    }

    /// Counts that are the sums of rows, and the numbers that new rows get.
    async fn copy_counts(&self, target: &Self) -> Result<(), CatalogError> {
        let stored = self.usage_of_store().await?;
        target
            .db
            .write("copying counts", stored, |tx, stored| {
                Box::pin(write_counts(tx, *stored))
            })
            .await
    }
}

/// Writes the blobs of the store and their bytes down, and numbers new rows behind all that are there.
pub(crate) async fn write_counts(tx: &mut Tx, (blobs, bytes): (u64, u64)) -> Result<()> {
    tx.execute("UPDATE store_usage SET blobs = 0, blob_bytes = 0", &[])
        .await?;
    let sql = "UPDATE store_usage SET blobs = ?, blob_bytes = ? WHERE shard = 0";
    tx.execute(sql, &[blobs.into(), bytes.into()]).await?;
    number_on(tx).await
}

async fn has_row(tx: &mut Tx, sql: &str) -> Result<bool> {
    let row = tx.query_one(sql, &[UNFINISHED_COPY.into()]).await?;
    Ok(row.is_some())
}

fn differ(table: &str) -> CatalogError {
    CatalogError::Unusable(format!(
        "the copy differs from its source in the table `{table}`: something wrote to one of them meanwhile, or the target \
         was not empty. Empty it, and copy again while no node runs"
    ))
}

/// The key of a row.
pub(crate) type Position = Vec<Cell>;

/// The next rows behind that position, in the order of the table's key.
pub(crate) async fn read_page(
    tx: &mut Tx,
    table: &Table,
    position: Option<&Position>,
) -> Result<Vec<Vec<Cell>>> {
    let after = position
        .map(|position| table.key_values(position))
        .transpose()?;
    let pages = Pages {
        select: &table.select(tx.dialect()),
        key: table.key,
        summed: table.summed,
    };
    let rows = pages.read(tx, after.as_deref(), table.page_rows()).await?;
    rows.into_iter().map(|row| table.plain(row)).collect()
}

async fn last_position(tx: &mut Tx, table: &Table) -> Result<Option<Position>> {
    let columns = table.key.join(", ");
    let backwards = table.key.join(" DESC, ");
    let sql = format!(
        "SELECT {columns} FROM {} ORDER BY {backwards} DESC LIMIT 1",
        table.name
    );
    let row = tx.query_one(&sql, &[]).await?;
    row.map(|row| table.plain_key(row)).transpose()
}

/// Inserts rows of a table.
pub(crate) async fn insert_all(tx: &mut Tx, table: &Table, rows: &[Vec<Cell>]) -> Result<()> {
    for chunk in rows.chunks(ROWS_OF_INSERT) {
        let values: Result<Vec<Value<'_>>> = chunk
            .iter()
            .flat_map(|row| row.iter().zip(table.columns))
            .map(|(cell, column)| value_of(cell, column))
            .collect();
        tx.execute(&table.insert(chunk.len()), &values?).await?;
    }
    Ok(())
}

/// A cell as a value for its column.
pub(crate) fn value_of<'a>(cell: &'a Cell, column: &Column) -> Result<Value<'a>> {
    Ok(match (cell, column.kind) {
        (Cell::Null, _) => Value::Null,
        (Cell::Int(number), Kind::Number) => Value::Int(*number),
        (Cell::Bytes(bytes), Kind::Bytes) => Value::Bytes(bytes),
        (Cell::Text(text), Kind::Text) => Value::Text(text),
        _ => {
            return Err(Fault::Internal(format!(
                "the column {} is of another kind",
                column.name
            )));
        }
    })
}

/// New rows get numbers behind all that any row speaks of, whether the row with that number is there or not.
async fn number_on(tx: &mut Tx) -> Result<()> {
    for (table, named) in [
        ("members", "SELECT MAX(scope) FROM blobs"),
        ("buckets", "SELECT MAX(bucket_id) FROM access_keys"),
        ("blobs", "SELECT MAX(blob_id) FROM objects"),
        ("media_types", "SELECT MAX(media_type) FROM blobs"),
        ("header_sets", "SELECT MAX(headers) FROM objects"),
        ("stores", "SELECT MAX(store_id) FROM copies"),
        ("changes", "SELECT MAX(id) FROM changes"),
    ] {
        let mut last = 0;
        for sql in [named, &format!("SELECT MAX(id) FROM {table}")] {
            if let Some(mut row) = tx.query_one(sql, &[]).await? {
                last = last.max(row.take::<Option<i64>>()?.unwrap_or(0));
            }
        }
        if last > 0 {
            number_behind(tx, table, last).await?;
        }
    }
    Ok(())
}

/// The next row of the table gets a number behind `last`.
async fn number_behind(tx: &mut Tx, table: &str, last: i64) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => {
            let sql = "INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 \
                       WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)";
            tx.execute(sql, &[table.into(), table.into()]).await?;
            let sql = "UPDATE sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?";
            tx.execute(sql, &[last.into(), table.into(), last.into()])
                .await?;
        }
        Dialect::MySql => {
            // It commits what came before, which could be done again.
            let sql = format!("ALTER TABLE {table} AUTO_INCREMENT = {}", last + 1);
            tx.execute(&sql, &[]).await?;
        }
        Dialect::Postgres => {
            let sql = format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), ?)");
            tx.query(&sql, &[last.into()]).await?;
        }
    }
    Ok(())
}

impl Table {
    /// The key of that row.
    pub(crate) fn position_of(&self, row: &[Cell]) -> Position {
        row[..self.key.len()].to_vec()
    }

    fn key_values<'a>(&self, position: &'a [Cell]) -> Result<Vec<Value<'a>>> {
        let columns = &self.columns[..self.key.len()];
        position
            .iter()
            .zip(columns)
            .map(|(cell, column)| value_of(cell, column))
            .collect()
    }

    /// A row with its texts as texts, whatever the driver makes of them.
    fn plain(&self, mut row: Row) -> Result<Vec<Cell>> {
        self.columns
            .iter()
            .map(|column| row.take_plain(column.kind == Kind::Text))
            .collect()
    }

    fn plain_key(&self, mut row: Row) -> Result<Position> {
        let columns = &self.columns[..self.key.len()];
        columns
            .iter()
            .map(|column| row.take_plain(column.kind == Kind::Text))
            .collect()
    }
}
