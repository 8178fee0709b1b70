//! The face itself: from a request to an answer, whatever happens on the way.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONNECTION, EXPECT, LOCATION, ORIGIN, SERVER},
    request::Parts,
};
use http_body::Body;
use rockpool_pool::{Caller, Pool};
use rockpool_types::{BucketName, HostName};
use tokio::time::Instant;

use crate::{
    auth::{Claim, Payload},
    call::Call,
    cors, dispatch,
    error::{S3Code, S3Error},
    headers,
    reply::{self, Reply, ResponseBody},
    request_body::RequestBody,
    request_id::RequestId,
    route::{self, Addressing},
    settings::S3Settings,
    slots::Slots,
};

/// The S3 face of a pool. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct S3Face {
    pool: Pool,
    settings: Arc<S3Settings>,
    slots: Slots,
}

impl S3Face {
    /// A face of that pool.
    pub fn new(pool: Pool, settings: S3Settings) -> Self {
        Self {
            pool,
            slots: Slots::new(settings.max_concurrent_requests),
            settings: Arc::new(settings),
        }
    }

    /// Answers a request. Failures become answers too. Dropping the future leaves what the operation's own
    /// cancellation does: a write is done or not done.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let begun = Instant::now();
        let id = RequestId::new();
        let (parts, body) = request.into_parts();
        let body = RequestBody::new(body);
        let method = parts.method.clone();
        let path = parts.uri.path().to_owned();
        let waits = parts.headers.contains_key(EXPECT);
        let from_script = parts.headers.contains_key(ORIGIN);

        let answer = self.answer(parts, body.share(), &id).await;
        let mut reply = answer.unwrap_or_else(|error| {
            log_error(&error, &id, &method, &path);
            reply::error(&error, &path, &id, method == Method::HEAD)
        });
        if !body.drain(waits).await {
            let headers = reply.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        decorate(reply.headers_mut(), &id, from_script);
        log_answer(&reply, &id, &method, &path, begun.elapsed());
        reply
    }

    async fn answer(
        &self,
        parts: Parts,
        body: RequestBody,
        id: &RequestId,
    ) -> Result<Reply, S3Error> {
        let slot = self.slots.claim().ok_or(S3Code::SlowDown)?;
        if parts.method == Method::OPTIONS {
            return Ok(cors::preflight(&parts.headers));
        }
        let addressing = self.addressing(&parts).await?;
        let bucket = match &addressing {
            Addressing::VirtualHost(bucket) => Some(bucket),
            Addressing::Path => None,
        };
        let claim = Claim::parse(&parts)?;
        let (caller, payload) = self.authenticate(claim.as_ref(), &parts, bucket).await?;
        let slot = self
            .slots
            .of_caller(slot, &caller)
            .ok_or(S3Code::SlowDown)?;
        if let Some(reply) = self.greet(&parts, &addressing, &caller) {
            return Ok(reply);
        }
        let presigned = claim.as_ref().is_some_and(Claim::is_presigned);
        let mut headers = parts.headers;
        if presigned {
            let query = crate::query::Query::parse(parts.uri.query().unwrap_or_default())?;
            headers::adopt_from_query(&mut headers, &query);
        }
        let route = route::route(&parts.method, &parts.uri, &headers, &addressing)?;
        let mut call = Call {
            pool: self.pool.clone(),
            settings: Arc::clone(&self.settings),
            caller,
            presigned,
            method: parts.method,
            uri: parts.uri,
            headers,
            query: route.query,
            id: id.clone(),
            payload,
            body: Some(body),
            slot: Some(slot),
        };
        dispatch::perform(&mut call, route.operation).await
    }

    /// Where the bucket's name stands: in the host, when it is under one of our domains or a bucket's own.
    async fn addressing(&self, parts: &Parts) -> Result<Addressing, S3Error> {
        let domains = &self.settings.domains;
        let Some(host) = route::host(&parts.uri, &parts.headers) else {
            return Ok(Addressing::Path);
        };
        if route::is_base_domain(host, domains) {
            return Ok(Addressing::Path);
        }
        if let Some(bucket) = route::bucket_of_host(host, domains)? {
            return Ok(Addressing::VirtualHost(bucket));
        }
        let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        if is_address || !host.contains('.') {
            return Ok(Addressing::Path);
        }
        let Ok(host) = host.to_ascii_lowercase().parse::<HostName>() else {
            return Ok(Addressing::Path);
        };
        let bucket = self.pool.find_bucket_by_host(&host).await?;
        Ok(bucket.map_or(Addressing::Path, |bucket| {
            Addressing::VirtualHost(bucket.name.clone())
        }))
    }

    /// Who asks, and what the signature says about the body.
    async fn authenticate(
        &self,
        claim: Option<&Claim>,
        parts: &Parts,
        bucket: Option<&BucketName>,
    ) -> Result<(Caller, Payload), S3Error> {
        let Some(claim) = claim else {
            return Ok((Caller::Anonymous, Payload::Unsigned));
        };
        let holder = self.pool.find_key(claim.access_key_id()).await?;
        let holder = holder.ok_or(S3Code::InvalidAccessKeyId)?;
        let payload = claim.verify(parts, &holder.secret, self.pool.now(), bucket)?;
        Ok((Caller::Member(holder), payload))
    }

    /// Sends a browser that asks for `/` to the homepage, if there is one.
    fn greet(&self, parts: &Parts, addressing: &Addressing, caller: &Caller) -> Option<Reply> {
        let homepage = self.settings.homepage.as_deref()?;
        let root = parts.uri.path() == "/" && *addressing == Addressing::Path;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if !root || !reads || !matches!(caller, Caller::Anonymous) {
            return None;
        }
        let mut reply = reply::empty(StatusCode::MOVED_PERMANENTLY);
        reply::set(reply.headers_mut(), LOCATION, homepage);
        Some(reply)
    }
}

/// Adds what every answer has.
fn decorate(headers: &mut HeaderMap, id: &RequestId, from_script: bool) {
    use http::HeaderName;
    reply::set(
        headers,
        HeaderName::from_static("x-amz-request-id"),
        id.short(),
    );
    reply::set(headers, HeaderName::from_static("x-amz-id-2"), id.long());
    headers.insert(SERVER, HeaderValue::from_static("rockpool"));
    cors::allow(headers, from_script);
}

/// Logs an error, once: what an operator has to look at as such, what a client did wrong quietly.
pub(crate) fn log_error(error: &S3Error, id: &RequestId, method: &Method, path: &str) {
    let (code, detail) = (error.code().as_str(), error.detail().unwrap_or_default());
    let (id, message) = (id.short(), error.message());
    match error.code() {
        S3Code::InternalError => tracing::error!(
            request.id = id, http.method = %method, http.path = path, s3.code = code, detail,
            "a request failed"
        ),
        S3Code::ServiceUnavailable | S3Code::InsufficientStorage => tracing::warn!(
            request.id = id, http.method = %method, http.path = path, s3.code = code, detail,
            "a request could not be served for now"
        ),
        _ => tracing::debug!(
            request.id = id, http.method = %method, http.path = path, s3.code = code, message,
            "a request was refused"
        ),
    }
}

fn log_answer(reply: &Reply, id: &RequestId, method: &Method, path: &str, took: Duration) {
    tracing::debug!(
        request.id = id.short(),
        http.method = %method,
        http.path = path,
        http.status = reply.status().as_u16(),
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "a request was answered"
    );
}
