//! Walking a table in the order of its key, a page at a time.
use crate::{
    database::{Result, Tx, Value},
    dialect::Fault,
    row::Row,
};

/// Rows in the order of a key.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    /// The `SELECT`, up to where its condition begins.
    pub(crate) select: &'a str,
    /// The one or two columns of the key.
    pub(crate) key: &'a [&'a str],
    /// Whether rows of one key are summed up.
    pub(crate) summed: bool,
}

impl Pages<'_> {
    /// Up to `limit` rows behind the key `after`; `None`: the first rows. As not every database seeks by a pair of columns,
    /// a page behind a pair is what is left of the first column's group, and then the groups behind it.
    pub(crate) async fn read(
        &self,
        tx: &mut Tx,
        after: Option<&[Value<'_>]>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        let Some(after) = after else {
            return self.rows(tx, "", &[limit.into()]).await;
        };
        let ([first, ..], [group, ..]) = (self.key, after) else {
            return Err(wrong_key());
        };
        let mut rows = match (self.key, after) {
            ([_], [_]) => Vec::new(),
            ([_, second], [_, id]) => {
                let condition = format!("WHERE {first} = ? AND {second} > ?");
                let values = [*group, *id, limit.into()];
                self.rows(tx, &condition, &values).await?
            }
            _ => return Err(wrong_key()),
        };
        let room = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(limit));
        if room > 0 {
            let condition = format!("WHERE {first} > ?");
            rows.extend(self.rows(tx, &condition, &[*group, room.into()]).await?);
        }
        Ok(rows)
    }

    async fn rows(&self, tx: &mut Tx, condition: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let key = self.key.join(", ");
        let group = if self.summed {
            format!("GROUP BY {key} ")
        } else {
            String::new()
        };
        let sql = format!("{} {condition} {group}ORDER BY {key} LIMIT ?", self.select);
        tx.query(&sql, values).await
    }
}

fn wrong_key() -> Fault {
    Fault::Internal("a key has one or two columns".to_owned())
}
