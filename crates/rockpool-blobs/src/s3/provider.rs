//! The bucket as all calls share it: addresses, credentials, connections, limits.
use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use rockpool_types::{Clock, Timestamp};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::sync::Semaphore;
use url::Url;

use super::{S3Settings, tls};
use crate::{Pace, StoreError, StoreKey};

/// How long a signature is good for. It only has to outlive the way to the provider.
const SIGNATURE_LIFETIME: Duration = Duration::from_secs(15 * 60);

pub(super) struct Provider {
    pub(super) bucket: Bucket,
    pub(super) credentials: Credentials,
    pub(super) client: Client,
    pub(super) permits: Arc<Semaphore>,
    pub(super) read_permits: Arc<Semaphore>,
    pub(super) stall_timeout: Duration,
    pub(super) call_timeout: Duration,
    pub(super) attempts: u32,
    pub(super) pace: Pace,
    /// Empty, or ends in a slash.
    prefix: String,
    public_prefix: Option<String>,
}

/// Headers that a signature covers, names in lower case.
pub(super) type SignedHeaders = Vec<(&'static str, String)>;

/// A request that is ready to go, but for its body.
pub(super) struct Signed {
    pub(super) method: Method,
    /// Holds the signature: never to be logged.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl Provider {
    pub(super) fn new(settings: S3Settings) -> Result<Self, StoreError> {
        let failed = |why: String| StoreError::Internal {
            doing: format!(
                "setting up the bucket {} at {}",
                settings.bucket,
                settings.endpoint.host_str().unwrap_or("no host")
            ),
            why,
        };
        let style = match settings.path_style {
            true => UrlStyle::Path,
            false => UrlStyle::VirtualHost,
        };
        let bucket = Bucket::new(
            settings.endpoint.clone(),
            style,
            settings.bucket.clone(),
            settings.region.clone(),
        )
        .map_err(|error| failed(error.to_string()))?;
        let https = settings.endpoint.scheme() == "https";
        #[expect(
            clippy::disallowed_methods,
            reason = "the operator gave this address, and no redirect is followed"
        )]
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(https).map_err(failed)?)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("rockpool/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(settings.stall_timeout)
            .pool_max_idle_per_host(settings.max_connections)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let permits = || Arc::new(Semaphore::new(settings.max_connections.max(1)));
        Ok(Self {
            bucket,
            credentials: Credentials::new(
                settings.access_key_id,
                settings.secret_access_key.reveal(),
            ),
            client,
            permits: permits(),
            read_permits: permits(),
            stall_timeout: settings.stall_timeout,
            call_timeout: settings.call_timeout,
            attempts: settings.attempts.max(1),
            pace: Pace::new(None, settings.max_calls_per_second),
            prefix: settings
                .prefix
                .map(|prefix| format!("{prefix}/"))
                .unwrap_or_default(),
            public_prefix: settings.public_prefix,
        })
    }

    /// The name of an item in the bucket.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The key of an object of the bucket; `None` when it is no item of ours.
    pub(super) fn key(&self, name: &str) -> Option<StoreKey> {
        StoreKey::new(name.strip_prefix(&self.prefix)?).ok()
    }

    /// The headers that an item is stored with.
    pub(super) fn item_headers(&self, key: &StoreKey, media_type: &str) -> SignedHeaders {
        let mut headers = vec![("content-type", media_type.to_owned())];
        let is_public = |prefix: &String| key.as_str().starts_with(prefix);
        if self.public_prefix.as_ref().is_some_and(is_public) {
            let for_ever = "public, max-age=31536000, immutable";
            headers.push(("cache-control", for_ever.to_owned()));
            headers.push(("x-amz-acl", "public-read".to_owned()));
        }
        headers
    }

    /// Signs an action together with `headers`.
    ///
    /// # Errors
    /// When a value is none that a header may have.
    pub(super) fn sign<'a, A: S3Action<'a>>(
        action: A,
        headers: &'a SignedHeaders,
    ) -> Result<Signed, String> {
        Self::sign_for(action, headers, Clock::system().now(), SIGNATURE_LIFETIME)
    }

    /// Like [`Self::sign`]; the provider refuses the request when `lifetime`, in whole seconds, has passed since `now`.
    pub(super) fn sign_for<'a, A: S3Action<'a>>(
        mut action: A,
        headers: &'a SignedHeaders,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Signed, String> {
        let now = jiff::Timestamp::from_millisecond(now.as_millis());
        let now = now.map_err(|error| format!("no time to sign at: {error}"))?;
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            action.headers_mut().insert(*name, value.as_str());
            let value = HeaderValue::from_str(value)
                .map_err(|_| format!("`{value}` is no value for the header {name}"))?;
            sent.insert(HeaderName::from_static(name), value);
        }
        Ok(Signed {
            method: match A::METHOD {
                rusty_s3::Method::Head => Method::HEAD,
                rusty_s3::Method::Get => Method::GET,
                rusty_s3::Method::Post => Method::POST,
                rusty_s3::Method::Put => Method::PUT,
                rusty_s3::Method::Delete => Method::DELETE,
            },
            url: action.sign_with_time(lifetime, &now),
            headers: sent,
        })
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("url", &self.bucket.base_url().as_str())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
