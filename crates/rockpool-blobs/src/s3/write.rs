//! Putting, removing, probing.
use std::time::{Duration, Instant};

use rockpool_types::Clock;
use rusty_s3::actions::CreateMultipartUpload;

use super::{
    answer::{Failure, Stop, absent_as_none},
    body::{Outgoing, content_md5},
    call::Call,
    provider::Provider,
};
use crate::{Content, StoreError, StoreKey};

/// What a probe's upload would be called if it were ever completed.
const PROBE: &str = "rockpool-probe";

impl Provider {
    pub(super) async fn put(
        &self,
        key: &StoreKey,
        content: &Content,
        media_type: &str,
    ) -> Result<(), StoreError> {
        let call = Call::new(self, format!("putting {key}")).with_bytes(content.len());
        let internal = |why: String| StoreError::Internal {
            doing: format!("putting {key}"),
            why,
        };
        let md5 = content_md5(content).await;
        let md5 = md5.map_err(|error| internal(format!("the spool cannot be read: {error}")))?;
        let mut headers = self.item_headers(key, media_type);
        headers.push(("content-md5", md5));
        let name = self.name(key.as_str());
        let put = || async {
            let action = self.bucket.put_object(Some(&self.credentials), &name);
            let signed = Self::sign(action, &headers);
            call.exchange(signed, Some(Outgoing::new(content))).await
        };
        let stored = call.attempt(put).await;
        stored
            .map(|_| ())
            .map_err(|stop| stop.into_error(&call.doing))
    }

    pub(super) async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let call = Call::new(self, format!("removing {key}"));
        let name = self.name(key.as_str());
        let remove = || async {
            let action = self.bucket.delete_object(Some(&self.credentials), &name);
            call.exchange(Self::sign(action, &Vec::new()), None).await
        };
        absent_as_none(&call.doing, call.attempt(remove).await).map(|_| ())
    }

    /// The deadline goes into the signature, so that the provider itself refuses what comes later.
    pub(super) async fn remove_before(
        &self,
        key: &StoreKey,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let call = Call::new(self, format!("removing {key}")).once();
        // In this order: a pause between the two makes the signature end too early, never too late.
        let now = Clock::system().now();
        let left = deadline.saturating_duration_since(Instant::now());
        if left < Duration::from_secs(1) {
            return Err(StoreError::Unavailable {
                doing: call.doing,
                why: "the time for it is over".into(),
            });
        }
        let name = self.name(key.as_str());
        let remove = || async {
            let action = self.bucket.delete_object(Some(&self.credentials), &name);
            call.exchange(Self::sign_for(action, &Vec::new(), now, left), None)
                .await
        };
        absent_as_none(&call.doing, call.attempt(remove).await).map(|_| ())
    }

    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let call = Call::new(self, "probing the bucket".into());
        let name = self.name(PROBE);
        let start = || async {
            let action = self
                .bucket
                .create_multipart_upload(Some(&self.credentials), &name);
            let signed = Self::sign(action, &Vec::new());
            let text = call.exchange_text(signed, Some(Outgoing::empty())).await?;
            CreateMultipartUpload::parse_response(&text)
                .map_err(|error| Failure::internal(&call.doing, format!("no sense: {error}")))
        };
        let started = call.attempt(start).await;
        let started = started.map_err(|stop| stop.into_error(&call.doing))?;
        let abort = || async {
            let action = self.bucket.abort_multipart_upload(
                Some(&self.credentials),
                &name,
                started.upload_id(),
            );
            call.exchange(Self::sign(action, &Vec::new()), None).await
        };
        match call.attempt(abort).await {
            Ok(_) | Err(Stop::Absent) => Ok(()),
            Err(stop) => Err(stop.into_error(&call.doing)),
        }
    }
}
