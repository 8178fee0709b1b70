//! Bytes on their way into a store.
use std::sync::Arc;

use bytes::Bytes;

use crate::SpoolFile;

/// Whole content of known length, cheap to clone.
#[derive(Clone, Debug)]
pub enum Content {
    /// Small content in memory.
    Memory(Bytes),
    /// Larger content in a spool file of this node.
    Spooled(Arc<SpoolFile>),
}

impl Content {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Spooled(file) => file.len(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
