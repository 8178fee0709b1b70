//! A landing as a store: what waits, what is cached and what is at the provider as one.
use std::{ops::Range, sync::atomic::Ordering, time::Instant};

use async_trait::async_trait;

use super::{Landing, names};
use crate::{BlobReader, BlobStore, Content, StoreError, StoreKey, StoredItem, Stray};

/// What comes before the names of strays in a landing. No key has a `:`.
const STRAY: &str = "landing:";

#[async_trait]
impl BlobStore for Landing {
    async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<(), StoreError> {
        if self.land(key, content, media_type).await? {
            return Ok(());
        }
        self.0.far.put(key, content, media_type).await
    }

    async fn open(
        &self,
        key: &StoreKey,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, StoreError> {
        let inner = &self.0;
        if let Some(waiting) = self.waiting(key).await?
            && let Some(reader) = inner.files.waiting.open(&waiting, range.clone()).await?
        {
            return Ok(Some(reader));
        }
        if inner.cache.touch(key) {
            if let Some(reader) = inner.files.cache.open(key, range.clone()).await? {
                return Ok(Some(reader));
            }
            inner.cache.forget(key);
        }
        inner.far.open(key, range).await
    }

    /// Of the item as it waits or is at the provider; the cache does not answer for the provider.
    async fn size(&self, key: &StoreKey) -> Result<Option<u64>, StoreError> {
        if let Some(waiting) = self.waiting(key).await?
            && let Some(size) = self.0.files.waiting.size(&waiting).await?
        {
            return Ok(Some(size));
        }
        self.0.far.size(key).await
    }

    /// What lies here is put as if it came from outside; the rest is copied by the provider.
    async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
    ) -> Result<bool, StoreError> {
        match self.local_content(from).await? {
            Some(content) => self.put(to, &content, media_type).await.map(|()| true),
            None => self.0.far.copy(from, to, media_type).await,
        }
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.remove_here(key, None).await?;
        self.0.far.remove(key).await
    }

    async fn remove_before(&self, key: &StoreKey, deadline: Instant) -> Result<(), StoreError> {
        self.remove_here(key, Some(deadline)).await?;
        self.0.far.remove_before(key, deadline).await
    }

    /// Looks here first: what moves meanwhile is at the provider by then.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let here = if self.is_node() {
            self.0.queue.list(prefix, after, limit)
        } else {
            let (files, prefix) = (self.0.files.clone(), prefix.to_owned());
            let after = after.cloned();
            let list = move || files.list(&prefix, after.as_ref(), limit);
            self.blocking("listing the landing", list).await?
        };
        let there = self.0.far.list(prefix, after, limit).await?;
        let mut items = [here, there].concat();
        // Stable: of two with one key, the one that lies here.
        items.sort_by(|a, b| a.key.cmp(&b.key));
        items.dedup_by(|a, b| a.key == b.key);
        items.truncate(limit);
        Ok(items)
    }

    async fn strays(&self, folders: &[&str], limit: usize) -> Result<Vec<Stray>, StoreError> {
        let files = &self.0.files;
        let (scanned, reading) = (files.clone(), "looking for strays");
        let look = move || Ok((scanned.media_types()?, scanned.unknown()?));
        let (types, mut here) = self.blocking(reading, look).await?;
        let known: Vec<String> = types
            .iter()
            .map(|media_type| format!("{}/", names::folder_of(media_type)))
            .collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        here.extend(files.waiting.strays(&known, limit).await?);
        let mut strays = self.0.far.strays(folders, limit).await?;
        strays.extend(here.into_iter().map(|stray| Stray {
            name: format!("{STRAY}{}", stray.name),
            ..stray
        }));
        strays.truncate(limit);
        Ok(strays)
    }

    async fn remove_leftover(&self, name: &str) -> Result<(), StoreError> {
        match name.strip_prefix(STRAY) {
            Some(name) => self.0.files.waiting.remove_leftover(name).await,
            None => self.0.far.remove_leftover(name).await,
        }
    }

    /// While the provider is away, a removal would leave an item half removed, and uploads of its content waiting.
    async fn accepts_removals(&self) -> Result<(), StoreError> {
        if !self.is_node() {
            return self.0.far.probe().await;
        }
        match self.0.away.load(Ordering::Relaxed) {
            true => Err(StoreError::Unavailable {
                doing: "removing".into(),
                why: "the provider is away".into(),
            }),
            false => self.0.far.accepts_removals().await,
        }
    }

    fn is_on_its_way(&self, key: &StoreKey) -> bool {
        self.0.queue.media_type(key).is_some()
    }

    /// A landing that has room takes uploads, whether or not the provider can be reached.
    async fn probe(&self) -> Result<(), StoreError> {
        let (inner, backlog) = (&self.0, self.0.queue.backlog());
        if self.is_node() && backlog.bytes < inner.settings.max_waiting_bytes {
            return inner.files.waiting.probe().await;
        }
        inner.far.probe().await
    }
}
