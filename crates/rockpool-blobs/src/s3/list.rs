//! Listing the bucket in pages (`ListObjectsV2`).
use rockpool_types::{Clock, Timestamp};
use rusty_s3::actions::{ListObjectsV2, ListObjectsV2Response};

use super::{answer::Failure, call::Call, provider::Provider};
use crate::{StoreError, StoreKey, StoredItem};

/// The most keys that a page may have.
const PAGE: usize = 1000;

/// The most pages in a row without an item: beyond, a provider whose pages lead to each other would be asked for ever.
const MOST_BARREN_PAGES: u32 = 10_000;

/// A listing so far.
#[derive(Default)]
pub(super) struct Pages {
    /// In the order of their keys, each once.
    pub(super) items: Vec<StoredItem>,
    /// Where the next page begins; `None` before the first.
    token: Option<String>,
    /// Pages since the last one that had an item.
    barren: u32,
}

impl Pages {
    /// Takes a page's objects, of those that `key` takes for items. Whether another page follows.
    ///
    /// # Errors
    /// When the provider's pages make no listing. They must not be asked for any further.
    pub(super) fn take(
        &mut self,
        page: ListObjectsV2Response,
        key: impl Fn(&str) -> Option<StoreKey>,
    ) -> Result<bool, &'static str> {
        self.barren += 1;
        for content in page.contents {
            let Some(key) = key(&content.key) else {
                continue;
            };
            if self.items.last().is_some_and(|last| last.key >= key) {
                return Err("the provider's listing is not in byte order");
            }
            self.barren = 0;
            self.items.push(StoredItem {
                key,
                size: content.size.unwrap_or_default(),
                modified_at: modified_at(content.last_modified.as_deref()),
            });
        }
        if page.next_continuation_token.is_none() {
            return Ok(false);
        }
        if page.next_continuation_token == self.token || self.barren > MOST_BARREN_PAGES {
            return Err("the provider's listing does not go on");
        }
        self.token = page.next_continuation_token;
        Ok(true)
    }
}

impl Provider {
    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let mut listing = Pages::default();
        while listing.items.len() < limit {
            let call = Call::new(self, format!("listing `{prefix}`"));
            let most = PAGE.min(limit - listing.items.len());
            let page = || self.page(&call, prefix, after, listing.token.as_deref(), most);
            let page = call.attempt(page).await;
            let page = page.map_err(|stop| stop.into_error(&call.doing))?;
            let read = listing.take(page, |name| {
                // Others' objects, and those of a provider that takes a prefix or a beginning less than literally.
                let key = self.key(name)?;
                let wanted = key.as_str().starts_with(prefix) && after.is_none_or(|a| key > *a);
                wanted.then_some(key)
            });
            let goes_on = read.map_err(|why| StoreError::Internal {
                doing: format!("listing `{prefix}`"),
                why: why.to_owned(),
            })?;
            if !goes_on {
                break;
            }
        }
        let mut items = listing.items;
        items.truncate(limit);
        Ok(items)
    }

    async fn page(
        &self,
        call: &Call<'_>,
        prefix: &str,
        after: Option<&StoreKey>,
        token: Option<&str>,
        most: usize,
    ) -> Result<ListObjectsV2Response, Failure> {
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        action.with_prefix(self.name(prefix));
        action.with_max_keys(most);
        match (token, after) {
            (Some(token), _) => action.with_continuation_token(token),
            (None, Some(after)) => action.with_start_after(self.name(after.as_str())),
            (None, None) => {}
        }
        let headers = Vec::new();
        let signed = Self::sign(action, &headers);
        let text = call.exchange_text(signed, None).await?;
        ListObjectsV2::parse_response(&text).map_err(|error| {
            Failure::internal(
                &call.doing,
                format!("the provider's listing makes no sense: {error}"),
            )
        })
    }
}

/// When an object was written; now, when the provider does not tell: whatever is done with old items is not done to one
/// of unknown age.
fn modified_at(text: Option<&str>) -> Timestamp {
    text.and_then(|text| Timestamp::from_iso8601(text).ok())
        .unwrap_or_else(|| Clock::system().now())
}

#[cfg(test)]
mod tests;
