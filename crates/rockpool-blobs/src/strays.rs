//! What lies in a store and is in none of the pool's folders, found by listing.
use crate::{BlobStore, StoreError, StoreKey, Stray};

/// How many items are listed at once.
const PAGE: usize = 1000;

/// Up to `limit` items that are in none of the folders. Jumps over each folder instead of listing it.
pub(crate) async fn by_listing<S: BlobStore + ?Sized>(
    store: &S,
    folders: &[&str],
    limit: usize,
) -> Result<Vec<Stray>, StoreError> {
    let mut strays = Vec::new();
    let mut after: Option<StoreKey> = None;
    loop {
        let page = store.list("", after.as_ref(), PAGE).await?;
        let last = page.last().map(|item| item.key.clone());
        let more = page.len() == PAGE;
        let mut jump = None;
        for item in page {
            let folder = folders
                .iter()
                .find(|folder| item.key.as_str().starts_with(**folder));
            if let Some(folder) = folder {
                jump = behind(folder).filter(|behind| *behind > item.key);
                if jump.is_some() {
                    break;
                }
                continue;
            }
            if strays.len() == limit {
                return Ok(strays);
            }
            strays.push(Stray {
                name: item.key.as_str().to_owned(),
                size: item.size,
                modified_at: item.modified_at,
                leftover: false,
            });
        }
        if jump.is_none() && !more {
            return Ok(strays);
        }
        after = jump.or(last);
    }
}

/// A key behind all that the pool keeps in a folder: names there begin with a digit or one of `a` to `f`.
fn behind(folder: &str) -> Option<StoreKey> {
    StoreKey::new(format!("{folder}zz")).ok()
}
