//! What both faces do around an answer: request ids, limits, health, CORS, logs.
use std::{
    hash::{BuildHasher, RandomState},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::StreamExt;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts,
};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use rockpool_pool::{Blob, Pool};
use rockpool_types::{BlobPath, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Health, WebSettings,
    answer::{Answer, AnswerBody, WebBody},
    delivery::{Delivery, SURROGATE_KEY},
    problem::Problem,
    surrogate::blob_key,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What browsers need to load media from another site's page, or from a script there (Fetch standard, "CORS protocol").
/// All of it is the same for everybody, so that nothing varies.
const FOR_EVERY_SITE: [(HeaderName, HeaderValue); 4] = [
    (
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Accept-Ranges, Content-Length, Content-Range, Content-Type, Date, ETag, Last-Modified, Rockpool-Waited, \
             X-Request-Id",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
    (
        HeaderName::from_static("timing-allow-origin"),
        HeaderValue::from_static("*"),
    ),
];

/// The part that the two faces share.
pub(crate) struct Face {
    /// `redirector` or `blob-server`, for logs.
    name: &'static str,
    pub(crate) pool: Pool,
    pub(crate) settings: WebSettings,
    health: Health,
    slots: Option<Arc<Semaphore>>,
    ids: RequestIds,
}

impl Face {
    pub(crate) fn new(name: &'static str, pool: Pool, settings: WebSettings) -> Self {
        let permits = |n: usize| Arc::new(Semaphore::new(n.min(Semaphore::MAX_PERMITS)));
        Self {
            name,
            health: Health::new(pool.clone(), settings.probe_timeout),
            slots: settings.max_requests.map(permits),
            ids: RequestIds::default(),
            pool,
            settings,
        }
    }

    /// Answers a request by `route`, unless it is none of the route's business.
    pub(crate) async fn respond(
        &self,
        parts: &Parts,
        route: impl Future<Output = Result<Answer, Problem>>,
    ) -> Response<WebBody> {
        let id = self.ids.next();
        let mut permit = None;
        let outcome = if parts.method == Method::OPTIONS {
            Ok(preflight())
        } else if parts.method != Method::GET && parts.method != Method::HEAD {
            Err(Problem::method_not_allowed())
        } else if let Some(outcome) = self.health.check(parts.uri.path()).await {
            outcome
        } else {
            match self.claim_slot() {
                Some(slot) => {
                    permit = slot.0;
                    route.await
                }
                None => Err(Problem::overloaded()),
            }
        };
        self.finish(parts, &id, permit, outcome)
    }

    /// A place among the requests that are answered at a time. `None`: all are taken.
    fn claim_slot(&self) -> Option<Slot> {
        match &self.slots {
            None => Some(Slot(None)),
            Some(slots) => {
                let permit = Arc::clone(slots).try_acquire_owned().ok()?;
                Some(Slot(Some(permit)))
            }
        }
    }

    fn finish(
        &self,
        parts: &Parts,
        id: &str,
        permit: Option<OwnedSemaphorePermit>,
        outcome: Result<Answer, Problem>,
    ) -> Response<WebBody> {
        let (mut answer, cause) = match outcome {
            Ok(answer) => (answer, None),
            Err(problem) => (problem.answer, problem.cause),
        };
        if answer.status == StatusCode::NOT_FOUND {
            let value = format!(
                "public, max-age={}",
                self.settings.not_found_max_age.as_secs()
            );
            answer = answer.with_text(header::CACHE_CONTROL, &value);
        }
        if let (AnswerBody::Text(words), true) = (&mut answer.body, answer.status.is_server_error())
        {
            *words = format!("{}, request {id}\n", words.trim_end());
            answer
                .headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(words.len()));
        }
        self.log(parts, id, answer.status, cause.as_deref());
        let head = parts.method == Method::HEAD;
        into_response(answer.with_text(REQUEST_ID, id), head, id, permit)
    }

    fn log(&self, parts: &Parts, id: &str, status: StatusCode, cause: Option<&str>) {
        let (face, method, path) = (self.name, parts.method.as_str(), parts.uri.path());
        let status = status.as_u16();
        match (status, cause) {
            (503, Some(cause)) => tracing::warn!(
                request.id = id,
                request.face = face,
                http.method = method,
                http.path = path,
                http.status = status,
                error.cause = cause,
                "A public request failed for now"
            ),
            (_, Some(cause)) => tracing::error!(
                request.id = id,
                request.face = face,
                http.method = method,
                http.path = path,
                http.status = status,
                error.cause = cause,
                "A public request failed"
            ),
            (_, None) => tracing::debug!(
                request.id = id,
                request.face = face,
                http.method = method,
                http.path = path,
                http.status = status,
                "A public request was answered"
            ),
        }
    }

    /// `Cache-Control` of what a name answers since `modified`. It is kept for no longer than it has stood: what was put
    /// a moment ago, a live stream's playlist say, may be put again at once.
    pub(crate) fn name_cache(&self, modified: Timestamp) -> HeaderValue {
        let settings = &self.settings;
        let stood_ms = self.pool.now().as_millis() - modified.as_millis();
        let stood_secs = u64::try_from(stood_ms / 1000).unwrap_or(0).max(1);
        let text = format!(
            "public, max-age={}, stale-while-revalidate={}, stale-if-error={}",
            settings.name_max_age.as_secs().min(stood_secs),
            settings.stale_while_revalidate.as_secs().min(stood_secs),
            settings.stale_if_error.as_secs()
        );
        HeaderValue::from_str(&text).expect("words and numbers are printable ASCII")
    }

    /// What stands at `/`.
    pub(crate) fn homepage(&self) -> Answer {
        let cache = HeaderValue::from_static("public, max-age=300");
        match &self.settings.homepage {
            Some(url) => Answer::new(StatusCode::MOVED_PERMANENTLY)
                .with(header::LOCATION, url.header())
                .with(header::CONTENT_LENGTH, HeaderValue::from(0)),
            None => Answer::text(StatusCode::OK, "This is a rockpool, a pool of media."),
        }
        .with(header::CACHE_CONTROL, cache)
    }

    /// The blob that a path names, if it names one and it is there.
    pub(crate) async fn find_blob(&self, path: &str) -> Result<FoundBlob, Problem> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let Some(named) = BlobPath::parse(path) else {
            return Ok(FoundBlob::NotNamed);
        };
        Ok(match self.pool.find_public_blob(&named.hash()).await? {
            Some(blob) => FoundBlob::Blob(blob),
            None => FoundBlob::Absent(
                Problem::not_found().with_text(SURROGATE_KEY, &blob_key(&named.hash())),
            ),
        })
    }

    /// Answers with a blob.
    pub(crate) async fn deliver_blob(&self, blob: &Blob, parts: &Parts) -> Result<Answer, Problem> {
        Delivery::of_blob(blob).answer(&self.pool, parts).await
    }
}

/// A place among the requests that are answered at a time. `None` inside: there is no limit.
struct Slot(Option<OwnedSemaphorePermit>);

/// What became of a path as a blob's.
pub(crate) enum FoundBlob {
    /// It names none.
    NotNamed,
    /// It names one that is not there; this is the answer to that.
    Absent(Problem),
    /// It names this one.
    Blob(Blob),
}

/// The answer to a CORS preflight, and to any other OPTIONS.
fn preflight() -> Answer {
    let text = HeaderValue::from_static;
    Answer::new(StatusCode::NO_CONTENT)
        .with(header::ALLOW, text("GET, HEAD, OPTIONS"))
        .with(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            text("GET, HEAD, OPTIONS"),
        )
        .with(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            text(
                "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, Cache-Control, *",
            ),
        )
        .with(header::ACCESS_CONTROL_MAX_AGE, text("86400"))
}

/// Turns an answer into a response; `permit` is given back when its body is through.
pub(crate) fn into_response(
    answer: Answer,
    head: bool,
    id: &str,
    permit: Option<OwnedSemaphorePermit>,
) -> Response<WebBody> {
    let nothing = || Empty::new().map_err(|never| match never {}).boxed_unsync();
    let body = match answer.body {
        AnswerBody::Empty => nothing(),
        AnswerBody::Text(_) if head => nothing(),
        AnswerBody::Text(words) => Full::from(words)
            .map_err(|never| match never {})
            .boxed_unsync(),
        AnswerBody::Stream(stream) => {
            let id = id.to_owned();
            let frames = stream.map(move |chunk| {
                let _until_the_end = &permit;
                chunk
                    .map(Frame::data)
                    .inspect_err(|error| log_cut(&id, error))
            });
            StreamBody::new(frames).boxed_unsync()
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    allow_every_site(response.headers_mut());
    response
}

fn log_cut(id: &str, error: &io::Error) {
    tracing::error!(
        request.id = id,
        error.cause = %error,
        "A public response was cut off: its bytes could not be read to the end"
    );
}

fn allow_every_site(headers: &mut HeaderMap) {
    for (name, value) in &FOR_EVERY_SITE {
        headers.insert(name, value.clone());
    }
}

/// Makes request ids: 16 hexadecimal digits that nobody guesses and that hardly ever meet twice.
#[derive(Default)]
struct RequestIds {
    key: RandomState,
    count: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.key.hash_one(count))
    }
}

#[cfg(test)]
mod tests;
