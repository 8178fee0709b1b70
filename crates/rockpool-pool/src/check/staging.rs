//! Staged parts of catalog and staging store, side by side, and uploads in progress.
use std::collections::VecDeque;

use rockpool_blobs::{StoreKey, StoredItem};
use rockpool_catalog::{StagedPart, UploadId};

use super::{
    Check, Finding, STAGING,
    deep::{Reading, read_item},
    finding::FoundPart,
    join::{Items, pair_up},
};
use crate::PoolError;

const PAGE: u32 = 1_000;

impl Check<'_> {
    pub(super) async fn parts(&mut self) -> Result<(), PoolError> {
        let pool = self.pool;
        let after = self.position.after.clone().map(StoreKey::new).transpose();
        let after = after.map_err(|e| PoolError::Internal(e.to_string()))?;
        let mut next = self.position.after.clone();
        let mut rows: VecDeque<(StoreKey, StagedPart)> = VecDeque::new();
        let mut items = Items::begin(pool.staging().as_ref(), &[STAGING], after);
        loop {
            let (mut parts, mut unknown, mut reached) = (Vec::new(), Vec::new(), None);
            for _ in 0..PAGE {
                if rows.is_empty() {
                    let page = pool.catalog().list_staged_parts(next.clone(), PAGE).await?;
                    next = page.last().map(|part| part.key.clone()).or(next);
                    for part in page {
                        let key = StoreKey::new(part.key.clone());
                        rows.push_back((
                            key.map_err(|e| PoolError::Internal(e.to_string()))?,
                            part,
                        ));
                    }
                }
                items.fill(&self.pace).await?;
                let Some(pair) = pair_up(&mut rows, &mut items.page) else {
                    break;
                };
                reached = Some(pair.key.as_str().to_owned());
                match (pair.row, pair.item) {
                    (Some(part), item) => {
                        self.position.totals.parts += 1;
                        let whole = item.is_some_and(|item| item.size == part.size);
                        if !whole || self.options.deep {
                            parts.push((pair.key, part));
                        }
                    }
                    (None, item) => unknown.extend(item),
                }
            }
            self.look_at_parts(parts).await?;
            self.orphaned_items(unknown).await?;
            let Some(reached) = reached else {
                return Ok(());
            };
            self.reached(Some(reached))?;
        }
    }

    /// Asks the staging store for each part, and the catalog whether it is still the same: a part's bytes are there before
    /// its row and go after it.
    async fn look_at_parts(&mut self, parts: Vec<(StoreKey, StagedPart)>) -> Result<(), PoolError> {
        let mut findings = Vec::new();
        for (key, part) in parts {
            findings.extend(self.look_at_part(&key, part).await?);
        }
        let keys = findings.iter().map(|(part, _)| part.key.clone()).collect();
        let still = self.pool.catalog().find_staged_parts(keys).await?;
        for (part, finding) in findings {
            if still.contains(&part) {
                self.found(finding)?;
            }
        }
        Ok(())
    }

    async fn look_at_part(
        &mut self,
        key: &StoreKey,
        row: StagedPart,
    ) -> Result<Option<(StagedPart, Finding)>, PoolError> {
        let part = FoundPart {
            upload: row.upload.as_str().to_owned(),
            number: row.number,
            key: row.key.clone(),
        };
        let store = self.pool.staging();
        let finding = if self.options.deep {
            match read_item(store.as_ref(), key, &self.pace).await? {
                Reading::Absent => Finding::PartMissing { part },
                Reading::Failed(_) => Finding::PartDamaged { part },
                Reading::Read { digested, bytes } => {
                    self.read(bytes)?;
                    if bytes != row.size {
                        let (expected_bytes, found_bytes) = (row.size, bytes);
                        Finding::PartWrongSize {
                            part,
                            expected_bytes,
                            found_bytes,
                        }
                    } else if digested.hash != row.hash {
                        Finding::PartDamaged { part }
                    } else {
                        return Ok(None);
                    }
                }
            }
        } else {
            self.pace.calls(1).await;
            match store.size(key).await? {
                None => Finding::PartMissing { part },
                Some(found_bytes) if found_bytes != row.size => Finding::PartWrongSize {
                    part,
                    expected_bytes: row.size,
                    found_bytes,
                },
                Some(_) => return Ok(None),
            }
        };
        Ok(Some((row, finding)))
    }

    /// Tells of staged bytes that had no row while they were there.
    async fn orphaned_items(&mut self, items: Vec<StoredItem>) -> Result<(), PoolError> {
        let mut there = Vec::new();
        for item in items {
            if self.is_young(item.modified_at) {
                self.position.totals.young_items += 1;
            } else if self
                .is_still_there(self.pool.staging().as_ref(), &item)
                .await?
            {
                there.push(item);
            }
        }
        let keys = there.iter().map(|item| item.key.as_str().to_owned());
        let known = self.pool.catalog().known_staged(keys.collect()).await?;
        for (item, known) in there.into_iter().zip(known) {
            if !known {
                self.found(Finding::PartOrphaned {
                    key: item.key.as_str().to_owned(),
                    bytes: item.size,
                })?;
            }
        }
        Ok(())
    }

    pub(super) async fn uploads(&mut self) -> Result<(), PoolError> {
        let catalog = self.pool.catalog();
        let lifetime = self.pool.settings().upload_lifetime;
        let mut after: Option<UploadId> = None;
        loop {
            let page = catalog.list_upload_rows(after.clone(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            for row in page {
                self.position.totals.uploads += 1;
                let upload = row.id.as_str().to_owned();
                let due = row.created_at.plus(lifetime);
                self.count_overdue(due);
                if !row.has_bucket {
                    self.found(Finding::UploadWithoutBucket { upload })?;
                } else if due < self.pool.now() {
                    let started_ms = row.created_at.as_millis();
                    self.found(Finding::UploadExpired { upload, started_ms })?;
                }
            }
        }
        let mut after: Option<UploadId> = None;
        loop {
            let page = catalog
                .list_uploads_of_stray_parts(after.clone(), PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            for upload in page {
                let upload = upload.as_str().to_owned();
                self.found(Finding::PartWithoutUpload { upload })?;
            }
        }
    }
}
