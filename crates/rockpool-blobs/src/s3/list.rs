//! Listing the bucket in pages (`ListObjectsV2`).
use rockpool_types::{Clock, Timestamp};
use rusty_s3::actions::{ListObjectsV2, ListObjectsV2Response};

use super::{answer::Failure, call::Call, provider::Provider};
use crate::{StoreError, StoreKey, StoredItem};

/// The most keys that a page may have.
const PAGE: usize = 1000;

impl Provider {
    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let mut items: Vec<StoredItem> = Vec::with_capacity(limit.min(PAGE));
        let mut token: Option<String> = None;
        while items.len() < limit {
            let call = Call::new(self, format!("listing `{prefix}`"));
            let most = PAGE.min(limit - items.len());
            let page = || self.page(&call, prefix, after, token.as_deref(), most);
            let page = call.attempt(page).await;
            let page = page.map_err(|stop| stop.into_error(&call.doing))?;
            let internal = |why: &str| StoreError::Internal {
                doing: format!("listing `{prefix}`"),
                why: why.to_owned(),
            };
            for content in page.contents {
                let item = self.key(&content.key).map(|key| StoredItem {
                    key,
                    size: content.size.unwrap_or_default(),
                    modified_at: modified_at(content.last_modified.as_deref()),
                });
                // Others' objects, and those of a provider that takes a prefix or a beginning less than literally.
                let wanted = |item: &StoredItem| {
                    item.key.as_str().starts_with(prefix)
                        && after.is_none_or(|after| item.key > *after)
                };
                let Some(item) = item.filter(wanted) else {
                    continue;
                };
                if items.last().is_some_and(|last| last.key >= item.key) {
                    return Err(internal("the provider's listing is not in byte order"));
                }
                items.push(item);
            }
            if page.next_continuation_token.is_none() {
                break;
            }
            if page.next_continuation_token == token {
                return Err(internal("the provider's listing does not go on"));
            }
            token = page.next_continuation_token;
        }
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
