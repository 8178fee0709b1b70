//! Rows and items side by side, in the order of the store's keys, a page of each in memory.
use std::{cmp::Ordering, collections::VecDeque};

use rockpool_blobs::{BlobStore, Pace, StoreKey, StoredItem};
use rockpool_catalog::{BlobId, BlobRow, Scope};
use rockpool_types::BlobHash;

use super::PAGE;
use crate::{
    Pool, PoolError,
    intake::{blob_key, parse_blob_key},
};

/// What one key has on either side.
pub(super) struct Pair<R> {
    pub(super) key: StoreKey,
    /// Several only in a damaged catalog.
    pub(super) row: Option<R>,
    pub(super) item: Option<StoredItem>,
}

/// The lower key of both sides, and what it has.
pub(super) fn pair_up<R>(
    rows: &mut VecDeque<(StoreKey, R)>,
    items: &mut VecDeque<StoredItem>,
) -> Option<Pair<R>> {
    let order = match (rows.front(), items.front()) {
        (Some((row, _)), Some(item)) => row.cmp(&item.key),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => return None,
    };
    let row = if order.is_le() {
        rows.pop_front()
    } else {
        None
    };
    let item = if order.is_ge() {
        items.pop_front()
    } else {
        None
    };
    let key = match (&row, &item) {
        (Some((key, _)), _) => key.clone(),
        (None, Some(item)) => item.key.clone(),
        (None, None) => return None,
    };
    Some(Pair {
        key,
        row: row.map(|(_, row)| row),
        item,
    })
}

/// The rows of all blobs beside the items of a store.
pub(super) struct Walk<'a> {
    pool: &'a Pool,
    rows: Rows,
    items: Items<'a>,
}

impl<'a> Walk<'a> {
    /// Begins behind the key `after`, which is a blob's, with those folders of the store.
    pub(super) async fn begin(
        pool: &'a Pool,
        store: &'a dyn BlobStore,
        folders: &[&'static str],
        after: Option<&str>,
    ) -> Result<Self, PoolError> {
        let after = store_key(after)?;
        Ok(Self {
            pool,
            rows: Rows::begin(pool, after.as_ref(), PAGE).await?,
            items: Items::begin(store, folders, after),
        })
    }

    /// The next key and what it has; `None` at the end.
    pub(super) async fn next(&mut self, pace: &Pace) -> Result<Option<Pair<BlobRow>>, PoolError> {
        self.rows.fill(self.pool).await?;
        self.items.fill(pace).await?;
        Ok(pair_up(&mut self.rows.page, &mut self.items.page))
    }
}

/// A key that was reached, as it was recorded.
pub(crate) fn store_key(text: Option<&str>) -> Result<Option<StoreKey>, PoolError> {
    let key = text.map(|text| StoreKey::new(text.to_owned())).transpose();
    key.map_err(|error| PoolError::Internal(error.to_string()))
}

/// The rows of all blobs: the public scope, then each private one in the order of its folder's name.
pub(crate) struct Rows {
    pub(crate) page: VecDeque<(StoreKey, BlobRow)>,
    /// Rows that are taken at once.
    page_rows: usize,
    scopes: VecDeque<Scope>,
    after: Option<(BlobHash, BlobId)>,
}

impl Rows {
    /// Begins behind the key `after`, which is a blob's; so many rows are taken at once.
    pub(crate) async fn begin(
        pool: &Pool,
        after: Option<&StoreKey>,
        page_rows: usize,
    ) -> Result<Self, PoolError> {
        let mut scopes = Vec::new();
        loop {
            let last = scopes.last().copied();
            let page = pool.catalog().list_scopes(last, 1_000).await?;
            if page.is_empty() {
                break;
            }
            scopes.extend(page);
        }
        scopes.sort_by_cached_key(|scope| folder(*scope));
        let mut scopes = VecDeque::from(scopes);
        let mut behind = None;
        if let Some((scope, hash)) = after.and_then(parse_blob_key) {
            scopes.retain(|other| folder(*other) >= folder(scope));
            if scopes.front() == Some(&scope) {
                behind = Some((hash, BlobId::from_i64(i64::MAX)));
            }
        }
        Ok(Self {
            page: VecDeque::new(),
            page_rows,
            scopes,
            after: behind,
        })
    }

    /// Sees to it that the page is empty only at the end.
    pub(crate) async fn fill(&mut self, pool: &Pool) -> Result<(), PoolError> {
        while self.page.is_empty()
            && let Some(scope) = self.scopes.front().copied()
        {
            let limit = u32::try_from(self.page_rows).unwrap_or(u32::MAX);
            let catalog = pool.catalog();
            let rows = catalog.list_blob_rows(scope, self.after, limit).await?;
            match rows.last() {
                Some(last) => self.after = Some((last.hash, last.id)),
                None => {
                    self.scopes.pop_front();
                    self.after = None;
                }
            }
            for row in rows {
                self.page.push_back((blob_key(scope, &row.hash)?, row));
            }
        }
        Ok(())
    }
}

fn folder(scope: Scope) -> String {
    match scope {
        Scope::Public => "blobs/".to_owned(),
        Scope::Private(member) => format!("private/{}/", member.as_i64()),
    }
}

/// The items of some folders of a store.
pub(super) struct Items<'a> {
    pub(super) page: VecDeque<StoredItem>,
    store: &'a dyn BlobStore,
    folders: VecDeque<&'static str>,
    after: Option<StoreKey>,
}

impl<'a> Items<'a> {
    /// Begins behind the key `after`.
    pub(super) fn begin(
        store: &'a dyn BlobStore,
        folders: &[&'static str],
        after: Option<StoreKey>,
    ) -> Self {
        let begun = after.as_ref();
        let ahead = |folder: &&&str| {
            begun.is_none_or(|key| key.as_str().starts_with(**folder) || key.as_str() < **folder)
        };
        Self {
            page: VecDeque::new(),
            store,
            folders: folders.iter().filter(ahead).copied().collect(),
            after,
        }
    }

    /// Sees to it that the page is empty only at the end.
    pub(super) async fn fill(&mut self, pace: &Pace) -> Result<(), PoolError> {
        while self.page.is_empty()
            && let Some(folder) = self.folders.front().copied()
        {
            pace.calls(1).await;
            let items = self.store.list(folder, self.after.as_ref(), PAGE).await?;
            if items.len() < PAGE {
                self.folders.pop_front();
            }
            self.after = items.last().map(|item| item.key.clone());
            self.page.extend(items);
        }
        Ok(())
    }
}
