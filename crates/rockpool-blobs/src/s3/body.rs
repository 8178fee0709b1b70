//! Bytes on their way to the provider.
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::stream;
use md5::{Digest, Md5};
use reqwest::Body;

use crate::{Content, SpoolFile, store::CHUNK_BYTES};

/// How many bytes of a body have been taken for sending. Clones count as one.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn advance(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A body that is ready to go, once.
pub(super) struct Outgoing {
    pub(super) len: u64,
    pub(super) body: Body,
    pub(super) progress: Progress,
}

impl Outgoing {
    pub(super) fn empty() -> Self {
        Self {
            len: 0,
            body: Body::from(Bytes::new()),
            progress: Progress::default(),
        }
    }

    pub(super) fn new(content: &Content) -> Self {
        let progress = Progress::default();
        let body = match content {
            Content::Memory(bytes) => Body::from(bytes.clone()),
            Content::Spooled(file) => spooled(file.clone(), progress.clone()),
        };
        Self {
            len: content.len(),
            body,
            progress,
        }
    }
}

fn spooled(file: Arc<SpoolFile>, progress: Progress) -> Body {
    Body::wrap_stream(stream::try_unfold(0, move |offset| {
        let (file, progress) = (file.clone(), progress.clone());
        async move {
            let read = tokio::task::spawn_blocking(move || chunk_at(&file, offset)).await;
            let chunk = read.map_err(io::Error::other)??;
            progress.advance(chunk.len());
            let next = offset + chunk.len() as u64;
            Ok::<_, io::Error>((!chunk.is_empty()).then_some((chunk, next)))
        }
    }))
}

/// Up to [`CHUNK_BYTES`] at `offset`; none at the end.
fn chunk_at(file: &SpoolFile, offset: u64) -> io::Result<Bytes> {
    let left = usize::try_from(file.len() - offset).unwrap_or(CHUNK_BYTES);
    let mut chunk = vec![0; left.min(CHUNK_BYTES)];
    let read = file.read_at(offset, &mut chunk)?;
    if read < chunk.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(chunk.into())
}

/// The value of `Content-MD5` (RFC 1864) for `content`: the one digest that every provider checks. Signatures by the
/// query cover no body.
pub(super) async fn content_md5(content: &Content) -> io::Result<String> {
    let content = content.clone();
    let digest = move || -> io::Result<_> {
        let mut md5 = Md5::new();
        match content {
            Content::Memory(bytes) => md5.update(&bytes),
            Content::Spooled(file) => {
                let mut offset = 0;
                while offset < file.len() {
                    let chunk = chunk_at(&file, offset)?;
                    md5.update(&chunk);
                    offset += chunk.len() as u64;
                }
            }
        }
        Ok(STANDARD.encode(md5.finalize()))
    };
    tokio::task::spawn_blocking(digest)
        .await
        .map_err(io::Error::other)?
}
