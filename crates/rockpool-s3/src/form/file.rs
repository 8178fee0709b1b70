//! The file of a form as the pool reads it.
use std::ops::RangeInclusive;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderMap;
use multer::Field;
use rockpool_pool::{BodyError, BodySource, Declared};
use rockpool_types::ChecksumAlgorithm;

use super::wire;
use crate::{
    error::{S3Code, S3Error},
    headers,
};

/// The file, within the length that the policy allows.
pub(super) struct FormFile {
    field: Field<'static>,
    allowed: RangeInclusive<u64>,
    received: u64,
    declared: Vec<Declared>,
}

impl FormFile {
    /// A file whose digests the fields may declare. `allowed`: how many bytes it may have.
    pub(super) fn new(
        field: Field<'static>,
        fields: &HeaderMap,
        allowed: Option<RangeInclusive<u64>>,
    ) -> Result<Self, S3Error> {
        let mut declared = Vec::new();
        if let Some(text) = headers::get(fields, "content-md5") {
            let md5 = STANDARD.decode(text).ok();
            let md5 = md5.and_then(|bytes| bytes.try_into().ok());
            declared.push(Declared::ContentMd5(md5.ok_or(S3Code::InvalidDigest)?));
        }
        if let Some(checksum) = headers::checksum(fields)? {
            declared.push(Declared::Checksum(checksum));
        }
        Ok(Self {
            field,
            allowed: allowed.unwrap_or(0..=u64::MAX),
            received: 0,
            declared,
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, S3Error> {
        let Some(chunk) = self.field.chunk().await.map_err(wire::error)? else {
            if self.received < *self.allowed.start() {
                return Err(S3Code::EntityTooSmall.into());
            }
            return Ok(None);
        };
        self.received += chunk.len() as u64;
        if self.received > *self.allowed.end() {
            return Err(S3Error::new(
                S3Code::EntityTooLarge,
                "The file is larger than the policy allows.",
            ));
        }
        Ok(Some(chunk))
    }
}

#[async_trait]
impl BodySource for FormFile {
    fn length(&self) -> Option<u64> {
        None
    }

    fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        let algorithm = |declared: &Declared| match declared {
            Declared::Checksum(checksum) => Some(checksum.algorithm()),
            Declared::ContentMd5(_) | Declared::PayloadSha256(_) => None,
        };
        self.declared.iter().filter_map(algorithm).collect()
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.next()
            .await
            .map_err(|error| BodyError(Box::new(error)))
    }

    fn declared(&self) -> Vec<Declared> {
        self.declared.clone()
    }
}
