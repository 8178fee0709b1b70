//! Bodies from bytes.
use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::Bytes;
use rockpool_pool::{BodyError, BodySource, Declared};
use rockpool_types::ChecksumAlgorithm;

/// A body from bytes that are in memory.
#[derive(Debug, Default)]
pub struct Body {
    chunks: VecDeque<Bytes>,
    length: Option<u64>,
    declared: Vec<Declared>,
    cut_off: bool,
}

impl Body {
    /// A body of those bytes, with their length declared, in chunks of up to 16 KiB.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let mut bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        let mut chunks = VecDeque::new();
        while !bytes.is_empty() {
            chunks.push_back(bytes.split_to(bytes.len().min(16 << 10)));
        }
        Self {
            chunks,
            length,
            ..Self::default()
        }
    }

    /// The same with another length declared, or none.
    #[must_use]
    pub fn with_length(mut self, length: Option<u64>) -> Self {
        self.length = length;
        self
    }

    /// The same with a digest declared.
    #[must_use]
    pub fn with_declared(mut self, declared: Declared) -> Self {
        self.declared.push(declared);
        self
    }

    /// The same, but the connection breaks after the last byte.
    #[must_use]
    pub fn cut_off(mut self) -> Self {
        self.cut_off = true;
        self
    }
}

#[async_trait]
impl BodySource for Body {
    fn length(&self) -> Option<u64> {
        self.length
    }

    fn algorithms(&self) -> Vec<ChecksumAlgorithm> {
        Vec::new()
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        match self.chunks.pop_front() {
            Some(chunk) => Ok(Some(chunk)),
            None if self.cut_off => Err(BodyError("the connection broke".into())),
            None => Ok(None),
        }
    }

    fn declared(&self) -> Vec<Declared> {
        self.declared.clone()
    }
}
