//! Objects against their blobs and buckets; references and usage against what they count.
use std::collections::HashMap;

use rockpool_catalog::{BlobId, BlobRow, BucketId, MappingRow, Scope, Suspects};

use super::{
    Check, Finding,
    finding::{Count, FoundBlob, FoundObject},
};
use crate::PoolError;

/// Rows that are taken at once.
const PAGE: u32 = 5_000;

/// Blobs in the order of their numbers, with the references that they have and that were counted.
#[derive(Default)]
struct Window {
    ids: Vec<BlobId>,
    recorded: Vec<i64>,
    counted: Vec<u32>,
}

impl Window {
    fn count(&mut self, blob: BlobId) {
        if let Ok(at) = self.ids.binary_search(&blob) {
            self.counted[at] = self.counted[at].saturating_add(1);
        }
    }

    fn suspects(&self) -> impl Iterator<Item = BlobId> {
        let counts = self.recorded.iter().zip(&self.counted);
        let both = self.ids.iter().zip(counts);
        both.filter(|(_, (recorded, counted))| **recorded != i64::from(**counted))
            .map(|(id, _)| *id)
    }
}

impl Check<'_> {
    pub(super) async fn objects(&mut self) -> Result<(), PoolError> {
        let buckets = self.pool.catalog().list_buckets(None).await?;
        let names = buckets
            .into_iter()
            .map(|bucket| (bucket.id, bucket.name.to_string()))
            .collect();
        let mut suspects = Suspects::default();
        let mut usage: HashMap<BucketId, (i64, i64)> = HashMap::new();
        let mut after = None;
        let mut first = true;
        loop {
            let mut window = self.window(after).await?;
            if window.ids.is_empty() && !first {
                break;
            }
            after = window.ids.last().copied();
            self.walk(&mut window, first.then_some(&mut usage), &names)
                .await?;
            suspects.blobs.extend(window.suspects());
            first = false;
            if window.ids.len() < self.options.counted_at_once.max(1) {
                break;
            }
        }
        let recorded = self.pool.catalog().list_recorded_usage().await?;
        let zero = (0, 0);
        let all = recorded.keys().chain(usage.keys()).copied();
        let differs = |bucket: &BucketId| {
            recorded.get(bucket).unwrap_or(&zero) != usage.get(bucket).unwrap_or(&zero)
        };
        suspects.buckets = all.filter(differs).collect();
        suspects.buckets.sort_unstable();
        suspects.buckets.dedup();
        let recorded = self.pool.catalog().recorded_usage_of_store().await?;
        suspects.store = recorded != self.position.stored;
        self.count_anew(suspects, &names).await
    }

    /// The next blobs after `after`.
    async fn window(&self, mut after: Option<BlobId>) -> Result<Window, PoolError> {
        let mut window = Window::default();
        let wanted = self.options.counted_at_once.max(1);
        while window.ids.len() < wanted {
            let room = wanted - window.ids.len();
            let limit = u32::try_from(room).unwrap_or(PAGE).min(PAGE);
            let page = self.pool.catalog().list_references(after, limit).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (id, references) in page {
                window.ids.push(id);
                window.recorded.push(references);
            }
        }
        window.counted = vec![0; window.ids.len()];
        Ok(window)
    }

    /// Walks all objects, and looks at each in the first walk, which counts usage too.
    async fn walk(
        &mut self,
        window: &mut Window,
        mut usage: Option<&mut HashMap<BucketId, (i64, i64)>>,
        names: &HashMap<BucketId, String>,
    ) -> Result<(), PoolError> {
        let mut after = None;
        loop {
            let page = self.pool.catalog().list_mappings(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some((last.bucket, last.key.clone()));
            for row in &page {
                window.count(row.blob);
                if let Some(usage) = usage.as_deref_mut() {
                    let sum = usage.entry(row.bucket).or_default();
                    sum.0 += 1;
                    let size = row.found.map_or(0, |(_, _, size)| size);
                    sum.1 = sum.1.saturating_add_unsigned(size);
                    self.object(row, names)?;
                }
            }
            if usage.is_some() {
                self.lost_objects(&page, names).await?;
            }
        }
    }

    /// Looks at an object, its blob and its bucket, which were read at one moment.
    fn object(
        &mut self,
        row: &MappingRow,
        names: &HashMap<BucketId, String>,
    ) -> Result<(), PoolError> {
        self.position.totals.objects += 1;
        let object = || found_object(row, names);
        let blob_row = row.blob.as_i64();
        let Some(member) = row.member else {
            return self.found(Finding::ObjectWithoutBucket { object: object() });
        };
        let Some((scope, _, _)) = row.found else {
            let object = object();
            return self.found(Finding::ObjectWithoutBlob { object, blob_row });
        };
        let wanted = if row.acl.is_public() {
            Scope::Public
        } else {
            Scope::Private(member)
        };
        if scope != wanted {
            let object = object();
            self.found(Finding::ObjectWrongScope { object, blob_row })?;
        }
        Ok(())
    }

    /// Tells which of these objects point to blobs that were found lost.
    async fn lost_objects(
        &mut self,
        page: &[MappingRow],
        names: &HashMap<BucketId, String>,
    ) -> Result<(), PoolError> {
        let lost = page.iter().filter(|row| self.lost.contains(&row.blob));
        let lost: Vec<&MappingRow> = lost.collect();
        let ids = lost.iter().map(|row| row.blob).collect();
        let blobs = self.pool.catalog().find_blob_rows(ids).await?;
        let blobs: HashMap<BlobId, &BlobRow> = blobs.iter().map(|blob| (blob.id, blob)).collect();
        for row in lost {
            if let Some(blob) = blobs.get(&row.blob) {
                self.found(Finding::ObjectLost {
                    object: found_object(row, names),
                    blob: FoundBlob::of(blob)?,
                })?;
            }
        }
        Ok(())
    }

    /// What differed from page to page may have been changed meanwhile: it is counted at one moment.
    async fn count_anew(
        &mut self,
        suspects: Suspects,
        names: &HashMap<BucketId, String>,
    ) -> Result<(), PoolError> {
        if suspects.is_empty() {
            return Ok(());
        }
        let recount = self.pool.catalog().recount(suspects).await?;
        for count in recount.blobs {
            if count.row.references != count.counted {
                self.found(Finding::BlobWrongReferences {
                    blob: FoundBlob::of(&count.row)?,
                    recorded: count.row.references,
                    counted: count.counted,
                })?;
            }
        }
        for count in recount.buckets {
            let bucket = names.get(&count.bucket).cloned();
            // Objects without a bucket, or without a blob and so without a known size, are findings by themselves.
            let told = count.without_blob > 0 || (bucket.is_none() && count.recorded == (0, 0));
            if count.recorded != count.counted && !told {
                self.found(Finding::BucketWrongUsage {
                    bucket_row: count.bucket.as_i64(),
                    bucket,
                    recorded: Count::from(count.recorded),
                    counted: Count::from(count.counted),
                })?;
            }
        }
        match recount.store {
            Some(count) if count.recorded != count.counted => {
                self.found(Finding::StoreWrongUsage {
                    recorded: Count::from(count.recorded),
                    counted: Count::from(count.counted),
                })
            }
            _ => Ok(()),
        }
    }
}

fn found_object(row: &MappingRow, names: &HashMap<BucketId, String>) -> FoundObject {
    FoundObject {
        bucket_row: row.bucket.as_i64(),
        bucket: names.get(&row.bucket).cloned(),
        key: row.key.as_str().to_owned(),
    }
}
