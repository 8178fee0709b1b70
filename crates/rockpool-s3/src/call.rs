//! One request in the hands of an operation: who asks, what for, and the body, which nobody has touched yet.
use std::sync::Arc;

use crate::{
    auth::Payload,
    body::{BodyLimits, S3Body},
    error::{S3Code, S3Error},
    query::Query,
    request_body::RequestBody,
    request_id::RequestId,
    settings::S3Settings,
    slots::Slot,
};
use http::{HeaderMap, Method, Uri};
use rockpool_pool::{Access, Caller, Entry, Pool};
use rockpool_types::BucketName;

/// A request whose signature was verified.
pub(crate) struct Call {
    pub(crate) pool: Pool,
    pub(crate) settings: Arc<S3Settings>,
    pub(crate) caller: Caller,
    /// Whether whoever has the URL may be the one who asks.
    pub(crate) presigned: bool,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Query,
    pub(crate) id: RequestId,
    /// What the signature says about the body.
    pub(crate) payload: Payload,
    /// `None` once an operation has taken it.
    pub(crate) body: Option<RequestBody>,
    /// The request's place among those in work.
    pub(crate) slot: Option<Slot>,
}

impl Call {
    /// Lets the caller into a bucket.
    pub(crate) async fn enter(
        &self,
        bucket: &BucketName,
        access: Access,
    ) -> Result<Entry, S3Error> {
        Ok(self.pool.enter(&self.caller, bucket, access).await?)
    }

    /// The id that documents give the caller as an owner: its member's name.
    pub(crate) fn owner(&self) -> &str {
        match &self.caller {
            Caller::Anonymous => "anonymous",
            Caller::Member(holder) => holder.member.name.as_str(),
        }
    }

    /// Whether a browser may be the one who asks, with bytes of a member's choice to follow.
    pub(crate) fn is_open_to_browsers(&self) -> bool {
        self.presigned || matches!(self.caller, Caller::Anonymous)
    }

    /// The path as it came, for documents and logs.
    pub(crate) fn resource(&self) -> &str {
        self.uri.path()
    }

    /// The body, decoded and with its digests declared.
    pub(crate) fn take_body(&mut self) -> Result<S3Body<RequestBody>, S3Error> {
        let (body, payload) = self.take_wire()?;
        Ok(S3Body::new(body, &self.headers, payload, self.limits())?)
    }

    /// The body whole, which is a document, its digests checked. `MaxMessageLengthExceeded` beyond the limit.
    pub(crate) async fn read_document(&mut self) -> Result<Vec<u8>, S3Error> {
        let body = self.take_body()?;
        self.read_whole(body).await
    }

    /// As [`Self::read_document`], for requests whose checksum headers are about an object and not about the document.
    pub(crate) async fn read_document_about_object(&mut self) -> Result<Vec<u8>, S3Error> {
        let (body, payload) = self.take_wire()?;
        let limits = self.limits();
        let body = S3Body::beside_object_checksum(body, &self.headers, payload, limits)?;
        self.read_whole(body).await
    }

    async fn read_whole(&self, mut body: S3Body<RequestBody>) -> Result<Vec<u8>, S3Error> {
        let limit = self.settings.max_document_bytes;
        let document = rockpool_pool::read_small_body(&mut body, limit).await;
        document.map_err(|error| match S3Error::from(error) {
            error if error.code() == S3Code::EntityTooLarge => S3Error::new(
                S3Code::MaxMessageLengthExceeded,
                format!("The document is larger than {limit} bytes."),
            ),
            error => error,
        })
    }

    /// The body as it comes, and what the signature says about it.
    pub(crate) fn take_wire(&mut self) -> Result<(RequestBody, Payload), S3Error> {
        let body = self.body.take();
        let body = body.ok_or_else(|| S3Error::internal("a body was taken twice"))?;
        let payload = std::mem::replace(&mut self.payload, Payload::Unsigned);
        Ok((body, payload))
    }

    fn limits(&self) -> BodyLimits {
        BodyLimits {
            stall: self.settings.stall_timeout,
        }
    }
}
