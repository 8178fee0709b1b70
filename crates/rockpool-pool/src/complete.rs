//! Completing a multipart upload.
use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures_util::StreamExt;
use rockpool_blobs::{Content, StoreKey};
use rockpool_catalog::{Part, PartBytes, Upload, UploadId};
use rockpool_media::{SNIFF_BYTES, sniff};
use rockpool_types::{BlobHash, Checksum, ChecksumKind, Conditions, ETag, ObjectKey};

use crate::{
    Declared, Entry, Pool, PoolError, Stored,
    digests::{Digests, composite},
    intake::{Origin, Sink},
    uploads::PART_NUMBERS,
};

/// A part as a client lists it for completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletePart {
    /// Its number.
    pub number: u32,
    /// Its ETag, which must be the one that it got.
    pub etag: ETag,
    /// Its checksum, if the client names one; it must be the one that it got.
    pub checksum: Option<Checksum>,
}

/// An upload that is to be completed.
#[derive(Clone, Debug)]
pub struct CompleteUpload {
    /// The upload.
    pub id: UploadId,
    /// Its key.
    pub key: ObjectKey,
    /// Its parts, in ascending order.
    pub parts: Vec<CompletePart>,
    /// The size of the whole, if the client declared it.
    pub size: Option<u64>,
    /// The checksum of the whole, if the client declared one.
    pub checksum: Option<Checksum>,
    /// The two ETag conditions count.
    pub conditions: Conditions,
}

/// The content that the parts make, wherever its bytes are.
struct Assembled {
    hash: BlobHash,
    md5: [u8; 16],
    media_type: String,
    /// The checksum over all bytes, when one was wanted.
    checksum: Option<Checksum>,
    bytes: AssembledBytes,
}

enum AssembledBytes {
    Content(Content),
    /// The blob store itself has them, staged.
    Staged(StoreKey),
}

impl Pool {
    /// Makes an object of an upload's parts. An upload that was completed with the very same parts before, and whose
    /// object still stands, is answered as it was then. `NoSuchUpload`, `InvalidPart`, `InvalidPartOrder`,
    /// `InvalidPartCount`, `LengthMismatch`, `DigestMismatch`, `TooLarge`, and as for [`Self::put_object`].
    pub async fn complete_upload(
        &self,
        entry: &Entry,
        complete: CompleteUpload,
    ) -> Result<Stored, PoolError> {
        entry.require_write()?;
        let etag = etag_of(&complete.parts)?;
        let _guard = self.inflight().begin(entry.bucket.id, &complete.key);
        match self.try_complete(entry, &complete, etag).await {
            Err(PoolError::NoSuchUpload) => self.completed_before(entry, &complete.key, etag).await,
            answer => answer,
        }
    }

    async fn try_complete(
        &self,
        entry: &Entry,
        complete: &CompleteUpload,
        etag: ETag,
    ) -> Result<Stored, PoolError> {
        let upload = self.find_upload(entry, &complete.key, &complete.id).await?;
        let all = self.all_parts(&upload.id).await?;
        let parts = match choose(&all, &complete.parts) {
            Ok(parts) => parts,
            Err(error) => {
                // Parts go with their upload, which another completion may have ended since it was found.
                self.find_upload(entry, &complete.key, &complete.id).await?;
                return Err(error);
            }
        };
        let size = parts.iter().map(|part| part.size).sum::<u64>();
        let limit_bytes = self.settings().max_object_bytes;
        if size > limit_bytes {
            return Err(PoolError::TooLarge { limit_bytes });
        }
        if let Some(declared) = complete.size.filter(|declared| *declared != size) {
            return Err(PoolError::LengthMismatch {
                declared,
                received: size,
            });
        }
        let assembled = self
            .assemble(&upload, &parts, complete.checksum.as_ref())
            .await?;
        let checksum = checksum_of(&upload, &parts, &assembled);
        check_declared(complete.checksum.as_ref(), checksum.as_ref(), &assembled)?;

        let mut attributes = upload.attributes.clone();
        attributes.checksum = checksum;
        attributes.part_sizes = parts.iter().map(|part| part.size).collect();
        let mut put = self.new_put(
            entry,
            upload.key.clone(),
            Some(upload.acl),
            etag,
            attributes,
        );
        put.conditions = complete.conditions.clone();
        put.completes = Some(upload.id.clone());
        put.hash = assembled.hash;
        put.size = size;
        put.md5 = assembled.md5;
        put.media_type.clone_from(&assembled.media_type);
        let origin = match &assembled.bytes {
            AssembledBytes::Content(content) => Origin::Content(content),
            AssembledBytes::Staged(key) => Origin::Part(key.clone()),
        };
        let (_, put) = self.map(put, origin).await?;
        self.forget_staged(all.into_values().filter_map(staged_key).collect());
        Ok(Stored::from(&put))
    }

    /// A client that lost the answer to a completion asks again: the object that it made stands for the answer.
    async fn completed_before(
        &self,
        entry: &Entry,
        key: &ObjectKey,
        etag: ETag,
    ) -> Result<Stored, PoolError> {
        let object = self.catalog().find_object(entry.bucket.id, key).await?;
        let object = object
            .filter(|object| object.etag == etag)
            .ok_or(PoolError::NoSuchUpload)?;
        Ok(Stored {
            etag,
            checksum: object.attributes.checksum,
            size: object.blob.size,
            modified_at: object.modified_at,
        })
    }

    async fn all_parts(&self, upload: &UploadId) -> Result<BTreeMap<u32, Part>, PoolError> {
        const PAGE: u32 = 1_000;
        let mut parts = BTreeMap::new();
        loop {
            let after = parts.last_key_value().map_or(0, |(number, _)| *number);
            let page = self.catalog().list_parts(upload, after, PAGE).await?;
            let last = page.len() < PAGE as usize;
            parts.extend(page.into_iter().map(|part| (part.number, part)));
            if last {
                return Ok(parts);
            }
        }
    }

    /// One part is its own content, whose digests are known; several are read once, in order.
    async fn assemble(
        &self,
        upload: &Upload,
        parts: &[&Part],
        declared: Option<&Checksum>,
    ) -> Result<Assembled, PoolError> {
        let wanted = declared
            .filter(|checksum| checksum.kind() == ChecksumKind::FullObject)
            .map(Checksum::algorithm)
            .or_else(|| {
                upload
                    .checksum
                    .filter(|(_, full)| *full)
                    .map(|(algorithm, _)| algorithm)
            });
        if let [part] = parts {
            let checksum = part.checksum.clone();
            if wanted.is_none_or(|algorithm| {
                checksum
                    .as_ref()
                    .is_some_and(|sum| sum.algorithm() == algorithm)
            }) {
                return self.take_over(upload, part, wanted.and(checksum)).await;
            }
        }
        let size = parts.iter().map(|part| part.size).sum();
        let mut sink = Sink::new(self, Digests::new(wanted), Some(size));
        for part in parts {
            self.read_part(upload, part, &mut sink).await?;
        }
        let (content, digested, media_type) = sink.finish().await?;
        Ok(Assembled {
            hash: digested.hash,
            md5: digested.md5,
            media_type: media_type.to_owned(),
            checksum: wanted.and_then(|algorithm| digested.checksum(algorithm)),
            bytes: AssembledBytes::Content(content),
        })
    }

    /// The content of an upload of one part, without reading it again where the store can copy it.
    async fn take_over(
        &self,
        upload: &Upload,
        part: &Part,
        checksum: Option<Checksum>,
    ) -> Result<Assembled, PoolError> {
        let assembled = |media_type: &str, bytes| Assembled {
            hash: part.hash,
            md5: part.md5,
            media_type: media_type.to_owned(),
            checksum,
            bytes,
        };
        let PartBytes::Staged(key) = &part.bytes else {
            let bytes = self.inline_bytes(upload, part).await?;
            let media_type = sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]);
            return Ok(assembled(
                media_type,
                AssembledBytes::Content(Content::Memory(bytes)),
            ));
        };
        let key = StoreKey::new(key.clone()).map_err(|e| PoolError::Internal(e.to_string()))?;
        if !Arc::ptr_eq(self.staging(), &self.primary().await?) {
            let mut sink = Sink::new(self, Digests::new([]), Some(part.size));
            self.read_part(upload, part, &mut sink).await?;
            let (content, _, media_type) = sink.finish().await?;
            return Ok(assembled(media_type, AssembledBytes::Content(content)));
        }
        let head_bytes = part.size.min(SNIFF_BYTES as u64);
        let head = self
            .staging()
            .open(&key, Some(0..head_bytes))
            .await?
            .ok_or(PoolError::NoSuchUpload)?;
        let head: Vec<_> = head.stream.collect().await;
        let head = head
            .into_iter()
            .collect::<Result<Vec<Bytes>, _>>()
            .map_err(|e| cut_off(&key, &e))?
            .concat();
        Ok(assembled(sniff(&head), AssembledBytes::Staged(key)))
    }

    async fn read_part(
        &self,
        upload: &Upload,
        part: &Part,
        sink: &mut Sink,
    ) -> Result<(), PoolError> {
        let PartBytes::Staged(key) = &part.bytes else {
            return sink.write(self.inline_bytes(upload, part).await?).await;
        };
        let key = StoreKey::new(key.clone()).map_err(|e| PoolError::Internal(e.to_string()))?;
        // A staged part goes when its upload is completed or aborted, or it is sent again.
        let mut reader = self
            .staging()
            .open(&key, None)
            .await?
            .ok_or(PoolError::NoSuchUpload)?;
        let mut read = 0;
        while let Some(chunk) = reader.stream.next().await {
            let chunk = chunk.map_err(|e| cut_off(&key, &e))?;
            read += chunk.len() as u64;
            sink.write(chunk).await?;
        }
        if read == part.size {
            Ok(())
        } else {
            Err(PoolError::Internal(format!(
                "{key} was cut short in staging"
            )))
        }
    }

    async fn inline_bytes(&self, upload: &Upload, part: &Part) -> Result<Bytes, PoolError> {
        let bytes = self
            .catalog()
            .read_part_bytes(&upload.id, part.number)
            .await?;
        let bytes = bytes.filter(|bytes| bytes.len() as u64 == part.size);
        bytes.map(Bytes::from).ok_or(PoolError::NoSuchUpload)
    }
}

fn cut_off(key: &StoreKey, error: &std::io::Error) -> PoolError {
    PoolError::Unavailable(format!("reading {key} broke off: {error}"))
}

fn staged_key(part: Part) -> Option<String> {
    match part.bytes {
        PartBytes::Staged(key) => Some(key),
        PartBytes::Inline(_) => None,
    }
}

/// The ETag that these parts make, after a look at their order.
fn etag_of(parts: &[CompletePart]) -> Result<ETag, PoolError> {
    if parts.is_empty()
        || parts.len() > 10_000
        || parts
            .iter()
            .any(|part| !PART_NUMBERS.contains(&part.number))
    {
        return Err(PoolError::InvalidPartCount);
    }
    if !parts.is_sorted_by(|a, b| a.number < b.number) {
        return Err(PoolError::InvalidPartOrder);
    }
    let mut digests = Digests::new([]);
    for part in parts {
        digests.update(part.etag.md5());
    }
    let count = u32::try_from(parts.len()).map_err(|_| PoolError::InvalidPartCount)?;
    Ok(ETag::multipart(digests.finish().md5, count))
}

/// The parts that a client listed, out of those that it sent.
fn choose<'a>(
    all: &'a BTreeMap<u32, Part>,
    listed: &[CompletePart],
) -> Result<Vec<&'a Part>, PoolError> {
    let find = |wanted: &CompletePart| {
        all.get(&wanted.number)
            .filter(|part| ETag::single(part.md5) == wanted.etag)
            .filter(|part| match (&wanted.checksum, &part.checksum) {
                (Some(wanted), Some(kept)) if wanted.algorithm() == kept.algorithm() => {
                    wanted.value() == kept.value()
                }
                // A checksum of another kind than was kept cannot be told to be wrong; the ETag fits.
                _ => true,
            })
            .ok_or(PoolError::InvalidPart {
                number: wanted.number,
            })
    };
    listed.iter().map(find).collect()
}

/// The checksum that the object keeps: over all bytes, or the composite of its parts', as its start declared.
fn checksum_of(upload: &Upload, parts: &[&Part], assembled: &Assembled) -> Option<Checksum> {
    if assembled.checksum.is_some() {
        return assembled.checksum.clone();
    }
    let (algorithm, _) = upload.checksum?;
    let of_parts: Option<Vec<&Checksum>> = parts
        .iter()
        .map(|part| {
            part.checksum
                .as_ref()
                .filter(|checksum| checksum.algorithm() == algorithm)
        })
        .collect();
    let count = u32::try_from(parts.len()).ok()?;
    Some(composite(algorithm, &of_parts?)?.with_kind(ChecksumKind::Composite(count)))
}

fn check_declared(
    declared: Option<&Checksum>,
    kept: Option<&Checksum>,
    assembled: &Assembled,
) -> Result<(), PoolError> {
    let Some(declared) = declared else {
        return Ok(());
    };
    let own = match declared.kind() {
        ChecksumKind::FullObject => assembled.checksum.as_ref(),
        ChecksumKind::Composite(_) => kept,
    };
    match own {
        Some(own) if own == declared => Ok(()),
        // A composite over parts that came without checksums cannot be checked, and is not kept either.
        None if matches!(declared.kind(), ChecksumKind::Composite(_)) => Ok(()),
        _ => Err(PoolError::DigestMismatch(Declared::Checksum(
            declared.clone(),
        ))),
    }
}
