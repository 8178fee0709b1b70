//! One fetch: from a target to what is kept of its answer.
use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rockpool_fetch::{FetchError, FetchRequest, Fetched, FetchedBody, Fetcher, Redirects};
use rockpool_types::{Clock, Timestamp};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use url::Url;

use crate::{
    copies::{Head, Kind, NewBody, tag_of},
    freshness::{Lifetimes, retry_after},
    media::{Nature, SNIFF_BYTES, nature, safe_type},
    origins::{NotNow, Origins, Pass},
    settings::KeepSettings,
    shelf::{Draft, Shelf},
    slim::{Appetite, Slimmer, card_json, wishes::Wishes},
    target::{ShieldedLinks, Target, origin},
};

/// What is asked for: pages first, as software that makes previews does.
const ACCEPT: &str =
    "text/html,application/xhtml+xml;q=0.9,image/*;q=0.8,application/json;q=0.7,*/*;q=0.5";
/// The most that the fetcher may read of one answer. Pages are left off long before; everything else is bounded here.
const MAX_FETCH_BYTES: u64 = 1 << 40;
/// Up to which size a body stays in memory on its way to the shelf.
const MEMORY_BODY_BYTES: usize = 256 << 10;
/// The longest validator that is worth keeping.
const MAX_VALIDATOR_BYTES: usize = 1 << 10;

/// Fetches and keeps what is worth keeping.
#[derive(Clone)]
pub(crate) struct Fetching {
    pub(crate) fetcher: Fetcher,
    pub(crate) links: ShieldedLinks,
    pub(crate) shelf: Shelf,
    pub(crate) keep: KeepSettings,
    pub(crate) clock: Clock,
    pub(crate) max_body_bytes: u64,
}

/// What became of a fetch.
pub(crate) enum Landed {
    /// A copy.
    Copy(Head, NewBody<Draft>),
    /// What is on the shelf is what the site has; it may be passed on for this long from now.
    Unchanged(Timestamp, Lifetimes),
    /// Nothing.
    Failed(Failure),
}

/// Why there is no copy.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What software gets.
    pub(crate) status: StatusCode,
    /// In words that anybody may read.
    pub(crate) words: String,
    /// For the operator, where there is more to say.
    pub(crate) detail: Option<String>,
    /// How long the site asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// Whether an older copy may be passed on in its place (RFC 5861 section 4): the site is away, not the page.
    pub(crate) is_away: bool,
    /// For how long it is remembered.
    pub(crate) lasts: Lasts,
}

/// For how long a failure is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// For minutes, or for as long as the site asks to be left alone.
    AsFailure,
    /// It is how things are, as good as a copy.
    AsCopy,
    /// Until the site may be asked: it was not.
    UntilAsked(Duration),
}

impl Fetching {
    /// Asks for a target, and for what it redirects to, each site in its turn; with `old`, only for what has changed since.
    /// Cancelled, it leaves nothing behind.
    pub(crate) async fn fetch(
        &self,
        target: &Target,
        old: Option<&Head>,
        origins: &Origins,
    ) -> Landed {
        let (answer, pass) = match self.follow(target, old, origins).await {
            Ok(answered) => answered,
            Err(failure) => return Landed::Failed(failure),
        };
        let landed = self.take(target, answer).await;
        if let Err(failure) = &landed
            && let Some(wait) = failure.retry_after
        {
            pass.leave_alone(origins.heeded(wait));
        }
        landed.unwrap_or_else(Landed::Failed)
    }

    /// The first answer that is no redirect, and the right to ask the site that gave it.
    async fn follow(
        &self,
        target: &Target,
        old: Option<&Head>,
        origins: &Origins,
    ) -> Result<(Fetched, Pass), Failure> {
        let settings = self.fetcher.settings();
        let mut request = self.request(old);
        let mut url = target.url.clone();
        let mut pass = origins.enter(origin(&url)).await?;
        request.deadline = Some(Instant::now() + settings.total_timeout);
        for _ in 0..=settings.max_redirects {
            let answer = self.fetcher.get(url.clone(), &request).await?;
            let next = match answer.redirect_target() {
                None => return Ok((answer, pass)),
                Some(next) => next.clone()?,
            };
            if origin(&next) != origin(&url) {
                // One after the other: who waits for a site holds no place at another.
                drop((answer, pass));
                pass = origins.enter(origin(&next)).await?;
            }
            url = next;
        }
        Err(FetchError::TooManyRedirects.into())
    }

    fn request(&self, old: Option<&Head>) -> FetchRequest {
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        let old = old.filter(|old| old.is_content());
        FetchRequest {
            accept: Some(HeaderValue::from_static(ACCEPT)),
            if_none_match: old.and_then(|old| value(&old.etag)),
            if_modified_since: old.and_then(|old| value(&old.last_modified)),
            max_sent_bytes: Some(MAX_FETCH_BYTES),
            max_decoded_bytes: Some(MAX_FETCH_BYTES),
            redirects: Redirects::HandBack,
            ..FetchRequest::default()
        }
    }

    async fn take(&self, target: &Target, answer: Fetched) -> Result<Landed, Failure> {
        let now = self.clock.now();
        let mut wishes = Wishes::default();
        for value in answer.headers.get_all("x-robots-tag") {
            wishes.add_header(value.to_str().unwrap_or_default());
        }
        let headers = answer.headers;
        let lifetimes = |wishes| Lifetimes::of_answer(&headers, now, wishes, &self.keep);
        match answer.status.as_u16() {
            304 => return Ok(Landed::Unchanged(now, lifetimes(wishes))),
            200 | 203 => {}
            _ => return Err(Failure::of_status(answer.status, &headers, now)),
        }
        let mut head = new_head(target, &headers);
        if wishes.step_aside {
            return Ok(aside(head, now, &self.keep));
        }
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let mut reading = Reading::begin(answer.body).await?;
        let body = match nature(content_type, &reading.begin) {
            Nature::Page => {
                let slimmed = self.slim(&answer.url, content_type, &mut reading).await?;
                head.kind = Kind::Page;
                head.content_type = "text/html; charset=utf-8".to_owned();
                wishes.merge(slimmed.wishes);
                NewBody::Bytes(slimmed.html)
            }
            nature => {
                let safe = safe_type(content_type, &reading.begin);
                head.content_type = safe.content_type;
                head.download = safe.download;
                self.read_whole(&answer.url, nature, &mut reading, &mut head)
                    .await?
            }
        };
        if wishes.step_aside {
            return Ok(aside(head, now, &self.keep));
        }
        if let NewBody::Bytes(bytes) = &body {
            head.body_bytes = bytes.len() as u64;
            head.tag = tag_of(bytes);
        }
        head.origin_bytes = reading.body.sent_bytes();
        head.live(now, lifetimes(wishes));
        Ok(Landed::Copy(head, body))
    }

    /// Reads a page for as long as there may be something that matters.
    async fn slim(
        &self,
        url: &Url,
        content_type: Option<&str>,
        body: &mut Reading,
    ) -> Result<crate::slim::Slimmed, Failure> {
        let mut slimmer = Slimmer::new(url, content_type, self.links.clone());
        loop {
            match body.next().await {
                Ok(Some(piece)) => {
                    if slimmer.write(&piece) == Appetite::Enough {
                        break;
                    }
                }
                Ok(None) => break,
                // A site that drips or breaks off has told what matters all the same, if its head was whole.
                Err(_) if slimmer.has_head() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(slimmer.finish())
    }

    /// Reads what is no page to its end, to the disk if it is large.
    async fn read_whole(
        &self,
        url: &Url,
        nature: Nature,
        body: &mut Reading,
        head: &mut Head,
    ) -> Result<NewBody<Draft>, Failure> {
        let too_large = || Failure::too_large(self.max_body_bytes);
        if body
            .declared
            .is_some_and(|bytes| bytes > self.max_body_bytes)
        {
            return Err(too_large());
        }
        let mut memory = BytesMut::new();
        let mut draft: Option<Draft> = None;
        let mut hash = Sha256::new();
        let mut total = 0;
        while let Some(piece) = body.next().await? {
            total += piece.len() as u64;
            if total > self.max_body_bytes {
                return Err(too_large());
            }
            hash.update(&piece);
            memory.extend_from_slice(&piece);
            if memory.len() >= MEMORY_BODY_BYTES {
                let begun = match draft.take() {
                    Some(draft) => draft,
                    None => self.shelf.begin_draft().await?,
                };
                draft = Some(begun.append(memory.split().freeze()).await?);
            }
        }
        let Some(draft) = draft else {
            let bytes = memory.freeze();
            let shielded = match nature {
                Nature::Json if bytes.len() <= card_json::MAX_INPUT_BYTES => {
                    card_json::shield_oembed(&bytes, url, &self.links)
                }
                _ => None,
            };
            return Ok(NewBody::Bytes(shielded.map_or(bytes, Bytes::from)));
        };
        head.body_bytes = total;
        head.tag = hex::encode(&hash.finalize()[..16]);
        Ok(NewBody::Draft(draft.append(memory.freeze()).await?))
    }
}

/// A body that is being read, with its beginning at hand.
struct Reading {
    body: FetchedBody,
    declared: Option<u64>,
    begin: Bytes,
    begin_is_read: bool,
}

impl Reading {
    /// Reads enough to tell what it is.
    async fn begin(mut body: FetchedBody) -> Result<Self, FetchError> {
        let mut begin = BytesMut::new();
        while begin.len() < SNIFF_BYTES {
            match body.try_next().await? {
                Some(piece) => begin.extend_from_slice(&piece),
                None => break,
            }
        }
        Ok(Self {
            declared: body.declared_bytes(),
            body,
            begin: begin.freeze(),
            begin_is_read: false,
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        if !self.begin_is_read {
            self.begin_is_read = true;
            if !self.begin.is_empty() {
                return Ok(Some(self.begin.clone()));
            }
        }
        self.body.try_next().await
    }
}

/// A head of a file, to be filled in.
fn new_head(target: &Target, headers: &HeaderMap) -> Head {
    let text = |name| {
        let value: &HeaderValue = headers.get(name)?;
        let text = value.to_str().ok()?;
        (text.len() <= MAX_VALIDATOR_BYTES).then(|| text.to_owned())
    };
    Head {
        url: target.url.as_str().to_owned(),
        kind: Kind::File,
        status: 200,
        content_type: String::new(),
        download: false,
        body_bytes: 0,
        tag: tag_of(b""),
        origin_bytes: 0,
        etag: text(header::ETAG),
        last_modified: text(header::LAST_MODIFIED),
        fetched_ms: 0,
        fresh_until_ms: 0,
        revalidate_until_ms: 0,
        on_error_until_ms: 0,
        stale: false,
    }
}

/// What is kept of a page whose site wants no shield before it.
fn aside(mut head: Head, now: Timestamp, keep: &KeepSettings) -> Landed {
    head.kind = Kind::Aside;
    let lasts = keep.max_fresh;
    head.live(
        now,
        Lifetimes {
            fresh: lasts,
            revalidate: lasts,
            on_error: lasts,
        },
    );
    Landed::Copy(head, NewBody::Bytes(Bytes::new()))
}

impl Failure {
    fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self {
            status,
            words: words.into(),
            detail: None,
            retry_after: None,
            is_away: true,
            lasts: Lasts::AsFailure,
        }
    }

    /// What the site said in place of an answer.
    fn of_status(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Self {
        let words = format!("the site answers {}", status.as_u16());
        let retry_after = retry_after(headers, now);
        let passed_on = match status.as_u16() {
            401 | 403 => StatusCode::FORBIDDEN,
            404 | 410 | 451 => status,
            429 => StatusCode::SERVICE_UNAVAILABLE,
            503 if retry_after.is_some() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self {
            retry_after,
            is_away: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
            ..Self::new(passed_on, words)
        }
    }

    /// 403 and not the 413 or 509 that others send: it is no fault of the request or of a quota, and no reason to repeat
    /// it.
    fn too_large(max_bytes: u64) -> Self {
        Self {
            is_away: false,
            lasts: Lasts::AsCopy,
            ..Self::new(
                StatusCode::FORBIDDEN,
                format!("this is larger than the {max_bytes} bytes that are passed on"),
            )
        }
    }

    /// The site may not be asked at the moment.
    pub(crate) fn not_now(after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            lasts: Lasts::UntilAsked(after),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the site is asked by too many at the moment",
            )
        }
    }
}

impl From<NotNow> for Failure {
    fn from(not_now: NotNow) -> Self {
        Self::not_now(not_now.after)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let status = match &error {
            error if error.is_refusal() => StatusCode::FORBIDDEN,
            FetchError::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self {
            detail: Some(error.detail()),
            is_away: !error.is_refusal(),
            ..Self::new(status, error.to_string())
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            detail: Some(format!("the shelf failed: {error}")),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the copy could not be kept",
            )
        }
    }
}
