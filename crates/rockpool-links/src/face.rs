//! The face: from a request to an answer.
use std::{io, sync::Arc};

use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use rockpool_fetch::Fetcher;
use rockpool_types::{Clock, ETagCondition, Timestamp};
use tokio::sync::Mutex;

use crate::{
    LinkSettings,
    answer::{Answers, FOR_SOFTWARE, LinkBody, fill, set, status, words},
    copies::{Head, Kind},
    counts::Counts,
    front::Front,
    hosts::{Meaning, without_port},
    memory::Kept,
    shelf::Shelf,
    shield::{Shield, Source},
    software::Software,
    target::Target,
};

/// How long browsers and caches may send people on without asking.
const PEOPLE_CACHE: &str = "public, max-age=3600";
/// How long caches may keep what depends on the settings alone.
const SETTLED_CACHE: &str = "public, max-age=86400";
/// The longest that a cache before this one keeps a failure.
const MAX_FAILURE_CACHE_SECS: i64 = 60;

/// The link shield, as a face of a node. Cheap to clone.
#[derive(Clone)]
pub struct LinkFace(Arc<Parts>);

struct Parts {
    settings: LinkSettings,
    shelf: Shelf,
    shield: Shield,
    counts: Arc<Counts>,
    clock: Clock,
    front: Front,
    answers: Answers,
    /// Held by whoever writes tallies.
    telling: Mutex<()>,
}

impl LinkFace {
    /// Opens the directory of copies. Blocking; within a tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be made or written to.
    pub fn open(settings: LinkSettings, fetcher: Fetcher, clock: Clock) -> io::Result<Self> {
        let shelf = Shelf::open(&settings.directory)?;
        let counts = Arc::new(Counts::new(&settings.software));
        let shield = Shield::new(
            &settings,
            shelf.clone(),
            fetcher,
            clock.clone(),
            counts.clone(),
        );
        Ok(Self(Arc::new(Parts {
            front: Front::new(&settings),
            shelf,
            shield,
            counts,
            clock,
            settings,
            answers: Answers::new(),
            telling: Mutex::default(),
        })))
    }

    /// Answers a request. Its body is not read.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<LinkBody> {
        let (parts, _) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let mut response = if parts.method == Method::OPTIONS {
            let mut response = status(StatusCode::NO_CONTENT);
            set(&mut response, header::ALLOW, "GET, HEAD, OPTIONS");
            response
        } else if parts.method != Method::GET && !is_head {
            let mut response = words(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET, HEAD and OPTIONS are allowed here",
            );
            set(&mut response, header::ALLOW, "GET, HEAD, OPTIONS");
            response
        } else {
            self.route(&parts).await
        };
        set(&mut response, header::REFERRER_POLICY, "no-referrer");
        if is_head {
            *response.body_mut() = crate::answer::nothing();
        }
        response
    }

    async fn route(&self, parts: &http::request::Parts) -> Response<LinkBody> {
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => text(&parts.headers, &header::HOST),
        };
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let Some(meaning) = self.0.settings.hosts.meaning(host) else {
            return self.of_operator(host, path).await;
        };
        match Target::parse(path, meaning, &self.0.settings.hosts) {
            Some(target) => {
                let mut response = self.target(&target, meaning, &parts.headers).await;
                // At the cache host all are told the same.
                if meaning != Meaning::Cache {
                    set(&mut response, header::VARY, "User-Agent, Accept");
                }
                response
            }
            None => {
                let tallies = self.0.counts.all();
                self.0.front.answer(path, meaning, &tallies).await
            }
        }
    }

    /// What probes and scrapers ask by the node's own address. Everybody else is at the wrong place.
    async fn of_operator(&self, host: &str, path: &str) -> Response<LinkBody> {
        let name = without_port(host);
        let is_own = name == "localhost"
            || name.parse::<std::net::IpAddr>().is_ok()
            || name.starts_with('[');
        match path {
            "/healthz" if is_own => words(StatusCode::OK, "alive"),
            "/readyz" if is_own => match self.0.shelf.begin_draft().await {
                Ok(_) => words(StatusCode::OK, "ready"),
                Err(error) => {
                    tracing::error!(error.cause = %error, "The directory of links cannot be written to");
                    words(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "Not ready: the directory of links cannot be written to",
                    )
                }
            },
            "/metrics" if is_own => {
                let mut response = words(StatusCode::OK, "");
                set(
                    &mut response,
                    header::CONTENT_TYPE,
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                );
                fill(&mut response, self.0.counts.to_text());
                response
            }
            _ => words(
                StatusCode::MISDIRECTED_REQUEST,
                "This host name is none of this server's",
            ),
        }
    }

    async fn target(
        &self,
        target: &Target,
        meaning: Meaning,
        headers: &HeaderMap,
    ) -> Response<LinkBody> {
        let settings = &self.0.settings;
        let user_agent = headers.get(header::USER_AGENT);
        let user_agent = user_agent.map_or(&b""[..], |value| value.as_bytes());
        let software = settings.software.find(user_agent);
        if settings.ignores(target.host()) {
            return sent_on(StatusCode::FOUND, target, PEOPLE_CACHE);
        }
        if meaning == Meaning::Cache {
            // A CDN that does not look at who asks for what keeps this for everybody: it is what all understand.
            return self.copy(target, software, true, headers).await;
        }
        if asks_for_activity(headers) {
            // A post stays a post: it is for the one who asks, and signed for.
            return sent_on(StatusCode::TEMPORARY_REDIRECT, target, PEOPLE_CACHE);
        }
        if software.is_none() {
            self.0.counts.person();
            return sent_on(StatusCode::FOUND, target, PEOPLE_CACHE);
        }
        if meaning.excludes() {
            let mut response = status(StatusCode::NO_CONTENT);
            set(&mut response, header::CACHE_CONTROL, SETTLED_CACHE);
            return response;
        }
        if meaning == Meaning::Front
            && target.url.scheme() == "https"
            && let Some(cache) = settings.hosts.url(Meaning::Cache)
        {
            let mut response = status(StatusCode::TEMPORARY_REDIRECT);
            let url = &target.url[url::Position::BeforeHost..];
            set(&mut response, header::LOCATION, &format!("{cache}{url}"));
            set(&mut response, header::CACHE_CONTROL, SETTLED_CACHE);
            return response;
        }
        let only_200 = settings.only_200.find(user_agent).is_some();
        self.copy(target, software, only_200, headers).await
    }

    async fn copy(
        &self,
        target: &Target,
        software: Option<Software>,
        only_200: bool,
        headers: &HeaderMap,
    ) -> Response<LinkBody> {
        self.0.counts.request(software);
        let Some((kept, source)) = self.0.shield.copy_of(target).await else {
            return words(
                StatusCode::INTERNAL_SERVER_ERROR,
                "This went wrong here; it is logged",
            );
        };
        let head = &kept.head;
        if source != Source::Miss {
            let stale = source == Source::Stale;
            self.0.counts.hit(software, head.origin_bytes, stale);
        }
        let now = self.0.clock.now();
        let mut response = match head.kind {
            Kind::Aside => sent_on(StatusCode::TEMPORARY_REDIRECT, target, ""),
            Kind::Failure => self.failure(&kept, now),
            Kind::Page | Kind::File => self.content(&kept, only_200, headers),
        };
        let source = match source {
            Source::Hit => "HIT",
            Source::Miss | Source::Waited => "MISS",
            Source::Stale => "STALE",
        };
        set(
            &mut response,
            HeaderName::from_static("upstream-cache"),
            source,
        );
        set(
            &mut response,
            header::CACHE_CONTROL,
            &cache_control(head, now),
        );
        let canonical = format!("<{}>; rel=\"canonical\"", target.url);
        set(&mut response, header::LINK, &canonical);
        response
    }

    fn content(&self, kept: &Kept, only_200: bool, headers: &HeaderMap) -> Response<LinkBody> {
        let head = &kept.head;
        let etag = format!("\"{}\"", head.tag);
        let known = headers.get(header::IF_NONE_MATCH);
        let known = known.and_then(|value| value.to_str().ok());
        let mut response =
            if known.is_some_and(|known| ETagCondition::parse(known).matches(Some(&head.tag))) {
                status(StatusCode::NOT_MODIFIED)
            } else {
                let mut response = status(match head.kind {
                    Kind::Page if !only_200 => StatusCode::NON_AUTHORITATIVE_INFORMATION,
                    _ => StatusCode::OK,
                });
                set(&mut response, header::CONTENT_TYPE, &head.content_type);
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, head.body_bytes.into());
                *response.body_mut() = self.0.answers.body(&kept.body, false);
                response
            };
        set(&mut response, header::ETAG, &etag);
        for (name, value) in FOR_SOFTWARE {
            set(&mut response, name, value);
        }
        if head.download {
            set(&mut response, header::CONTENT_DISPOSITION, "attachment");
        }
        response
    }

    fn failure(&self, kept: &Kept, now: Timestamp) -> Response<LinkBody> {
        let code = StatusCode::from_u16(kept.head.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let mut response = words(code, "");
        *response.body_mut() = self.0.answers.body(&kept.body, false);
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, kept.head.body_bytes.into());
        if code == StatusCode::SERVICE_UNAVAILABLE {
            let wait = remaining_secs(&kept.head, now).max(1);
            set(&mut response, header::RETRY_AFTER, &wait.to_string());
        }
        response
    }

    /// Keeps the directory within its bounds and the tallies up to date, for ever. May be cancelled at any point.
    pub async fn upkeep(&self) {
        crate::upkeep::run(self).await;
    }

    pub(crate) fn settings(&self) -> &LinkSettings {
        &self.0.settings
    }

    /// Removes what is due from the shelf.
    pub(crate) async fn prune(&self) {
        let now = self.0.clock.now();
        match self
            .0
            .shelf
            .prune(self.0.settings.max_disk_bytes, now)
            .await
        {
            Ok(pruned) => tracing::info!(
                links.over = pruned.over,
                links.crowded_out = pruned.crowded_out,
                links.leftovers = pruned.leftovers,
                links.removed_bytes = pruned.bytes,
                "Pruned the copies of links"
            ),
            Err(error) => {
                tracing::error!(error.cause = %error, "The copies of links cannot be pruned");
            }
        }
    }

    /// Whether so much was put on the shelf that pruning should not wait.
    pub(crate) fn is_crowded(&self, since: u64) -> bool {
        self.0.shelf.put_bytes().saturating_sub(since) > self.0.settings.max_disk_bytes / 8
    }

    pub(crate) fn put_bytes(&self) -> u64 {
        self.0.shelf.put_bytes()
    }

    /// Writes what has been counted to where all nodes write it, and reads the sums. To be called at the end, too.
    pub async fn tell_counts(&self) {
        let _alone = self.0.telling.lock().await;
        let untold = self.0.counts.take_untold();
        match self.0.shelf.add_tallies(untold).await {
            Ok(all) => self.0.counts.set_all(all),
            Err(error) => {
                self.0.counts.not_told(&untold);
                tracing::warn!(error.cause = %error, "The counts of links cannot be written");
            }
        }
    }
}

/// Sends whoever asks on to the original.
fn sent_on(code: StatusCode, target: &Target, cache: &str) -> Response<LinkBody> {
    let mut response = status(code);
    set(&mut response, header::LOCATION, target.url.as_str());
    set(&mut response, header::CACHE_CONTROL, cache);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, 0.into());
    response
}

/// Whether an ActivityPub document is asked for (ActivityPub section 3.2), rather than a page.
fn asks_for_activity(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|accept| {
        let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
        accept.contains("application/activity+json")
            || (accept.contains("application/ld+json") && accept.contains("activitystreams"))
    })
}

fn remaining_secs(head: &Head, now: Timestamp) -> i64 {
    (head.fresh_until_ms - now.as_millis()).max(0) / 1000
}

fn cache_control(head: &Head, now: Timestamp) -> String {
    let secs = remaining_secs(head, now);
    match head.kind {
        Kind::Failure => format!("public, max-age={}", secs.min(MAX_FAILURE_CACHE_SECS)),
        Kind::Page | Kind::File | Kind::Aside => format!("public, max-age={}", secs.min(86_400)),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
