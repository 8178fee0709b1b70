//! Copying within the bucket, by the provider if it can.
use std::{io, sync::Arc};

use futures_util::TryStreamExt;

use super::{answer::Stop, body::Outgoing, call::Call, provider::Provider};
use crate::{BlobReader, Content, Spool, SpoolFile, StoreError, StoreKey};

impl Provider {
    pub(super) async fn copy(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
        spool: &Spool,
    ) -> Result<bool, StoreError> {
        // Also tells how long the copy may take.
        let Some(size) = self.size(from).await? else {
            return Ok(false);
        };
        let call = Call::new(self, format!("copying {from} to {to}")).with_bytes(size);
        let mut headers = self.item_headers(to, media_type);
        // No character of a key needs encoding, nor of a bucket's name.
        let source = format!("/{}/{}", self.bucket.name(), self.name(from.as_str()));
        headers.push(("x-amz-copy-source", source));
        headers.push(("x-amz-metadata-directive", "REPLACE".to_owned()));
        let name = self.name(to.as_str());
        let copy = || async {
            let action = self.bucket.put_object(Some(&self.credentials), &name);
            let signed = Self::sign(action, &headers);
            call.exchange_text(signed, Some(Outgoing::empty())).await
        };
        match call.attempt(copy).await {
            Ok(_) => Ok(true),
            Err(Stop::Absent) => Ok(false),
            Err(Stop::Unsupported(_)) => self.copy_through(from, to, media_type, spool).await,
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// Copies by way of this node's spool.
    async fn copy_through(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        media_type: &str,
        spool: &Spool,
    ) -> Result<bool, StoreError> {
        let Some(reader) = self.open(from, None).await? else {
            return Ok(false);
        };
        let file = fetch(reader, spool)
            .await
            .map_err(|error| StoreError::Unavailable {
                doing: format!("copying {from} to {to}"),
                why: error.to_string(),
            })?;
        let content = Content::Spooled(Arc::new(file));
        self.put(to, &content, media_type).await?;
        Ok(true)
    }
}

/// Reads an item into a spool file. The connection is free again when it returns.
async fn fetch(mut reader: BlobReader, spool: &Spool) -> io::Result<SpoolFile> {
    let spool = spool.clone();
    let mut writer = blocking(move || spool.create()).await?;
    while let Some(chunk) = reader.stream.try_next().await? {
        writer = blocking(move || writer.write_all(&chunk).map(|()| writer)).await?;
    }
    blocking(move || writer.finish()).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
