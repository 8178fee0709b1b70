//! The way of a fetch: judge, resolve, judge, connect, ask; and again where a redirect leads.
use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderMap, Method, Response};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::{
    FetchError, FetchRequest, FetchSettings, Fetched, FetchedBody, Hop, Phase, Redirects,
    SettingsError,
    body::{Limits, redirect_target},
    connect::{connect, tls},
    exchange::{Incomings, exchange, request},
    guard::{Target, TargetHost, check_address, check_url},
    names::Names,
};

/// Fetches from the world. Cheap to clone; clones share their settings and what is remembered of names.
///
/// It must be made and used within a tokio runtime with time and IO enabled.
#[derive(Clone)]
pub struct Fetcher(Arc<Parts>);

struct Parts {
    settings: FetchSettings,
    names: Names,
    tls: TlsConnector,
}

impl Fetcher {
    /// Reads the system's root certificates and, if it is to ask the system's name servers, their addresses.
    ///
    /// # Errors
    /// When there are none, or they cannot be read.
    pub fn new(settings: FetchSettings) -> Result<Self, SettingsError> {
        Ok(Self(Arc::new(Parts {
            names: Names::new(&settings)?,
            tls: tls(&settings.more_roots)?,
            settings,
        })))
    }

    /// What it was made with.
    pub fn settings(&self) -> &FetchSettings {
        &self.0.settings
    }

    /// Judges `url` as far as that is possible without asking anybody: its names are not resolved.
    ///
    /// # Errors
    /// [`FetchError::IllegalUrl`], [`FetchError::IllegalAddress`] or [`FetchError::BlockedPort`].
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        check_url(url.clone(), &self.0.settings).map(drop)
    }

    /// Asks for `url` and returns when the head of the answer is there; the body is read by whoever polls it.
    ///
    /// When the future is dropped, the connection is closed.
    ///
    /// # Errors
    /// Any; those of the body come with the body.
    pub async fn get(&self, url: Url, request: &FetchRequest) -> Result<Fetched, FetchError> {
        self.fetch(Method::GET, url, request).await
    }

    /// As [`Fetcher::get`], but for the head alone. Some sites answer this otherwise than a `GET`, or not at all.
    ///
    /// # Errors
    /// Any.
    pub async fn head(&self, url: Url, request: &FetchRequest) -> Result<Fetched, FetchError> {
        self.fetch(Method::HEAD, url, request).await
    }

    async fn fetch(
        &self,
        method: Method,
        url: Url,
        request: &FetchRequest,
    ) -> Result<Fetched, FetchError> {
        let settings = &self.0.settings;
        let longest = Instant::now() + settings.total_timeout;
        let deadline = request.deadline.map_or(longest, |end| end.min(longest));
        let headers = request.headers();
        let mut redirects = Vec::new();
        let mut target = check_url(url, settings)?;
        loop {
            let answer = self.ask(&method, &target, &headers, deadline).await?;
            let status = answer.status();
            let next = redirect_target(&target.url, status, answer.headers(), settings);
            match next {
                Some(next) if request.redirects == Redirects::Follow => {
                    let next = check_url(next?, settings)?;
                    if redirects.len() >= settings.max_redirects {
                        return Err(FetchError::TooManyRedirects);
                    }
                    let from = std::mem::replace(&mut target, next).url;
                    redirects.push(Hop { from, status });
                }
                next => return self.finish(target, redirects, answer, next, request, deadline),
            }
        }
    }

    /// One hop, up to the head of its answer.
    async fn ask(
        &self,
        method: &Method,
        target: &Target,
        headers: &HeaderMap,
        deadline: Instant,
    ) -> Result<Response<Incomings>, FetchError> {
        let Parts {
            settings,
            names,
            tls,
        } = &*self.0;
        let request = request(
            method.clone(),
            target,
            &settings.user_agent,
            headers.clone(),
        )?;
        let within = |limit: Duration, phase| Within::new(limit, phase, deadline);
        let addresses = within(settings.resolve_timeout, Phase::Resolve)
            .run(addresses(names, target, settings))
            .await?;
        let wire = within(settings.connect_timeout, Phase::Connect)
            .run(connect(target, &addresses, tls))
            .await?;
        within(settings.head_timeout, Phase::Head)
            .run(exchange(wire, request, settings.max_head_bytes))
            .await
    }

    fn finish(
        &self,
        target: Target,
        redirects: Vec<Hop>,
        answer: Response<Incomings>,
        next: Option<Result<Url, FetchError>>,
        request: &FetchRequest,
        deadline: Instant,
    ) -> Result<Fetched, FetchError> {
        let settings = &self.0.settings;
        let limits = Limits {
            max_sent_bytes: request.max_sent_bytes.unwrap_or(settings.max_sent_bytes),
            max_decoded_bytes: request
                .max_decoded_bytes
                .unwrap_or(settings.max_decoded_bytes),
            idle: settings.idle_timeout,
            deadline,
        };
        let (mut head, body) = answer.into_parts();
        Ok(Fetched {
            url: target.url,
            redirects,
            status: head.status,
            body: FetchedBody::new(body, &mut head.headers, limits)?,
            headers: head.headers,
            target: next,
        })
    }
}

/// The addresses of `target`, IPv6 first, all of them judged: one bad address refuses all.
async fn addresses(
    names: &Names,
    target: &Target,
    settings: &FetchSettings,
) -> Result<Vec<IpAddr>, FetchError> {
    match &target.host {
        TargetHost::Address(address) => Ok(vec![*address]),
        TargetHost::Name(host) => names
            .resolve(host)
            .await?
            .into_iter()
            .map(|address| check_address(host, address, settings))
            .collect(),
    }
}

/// The end of a phase: its own, or that of the whole fetch if it comes first.
struct Within {
    end: Instant,
    phase: Phase,
}

impl Within {
    fn new(limit: Duration, phase: Phase, deadline: Instant) -> Self {
        let end = Instant::now() + limit;
        if end < deadline {
            Self { end, phase }
        } else {
            Self {
                end: deadline,
                phase: Phase::Total,
            }
        }
    }

    async fn run<T>(
        self,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        match timeout_at(self.end, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Timeout(self.phase)),
        }
    }
}
