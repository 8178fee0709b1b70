//! Copies: what is kept of a URL's answer.
use bytes::Bytes;
use rockpool_types::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::freshness::Lifetimes;

/// What a copy is a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A slimmed page.
    Page,
    /// Anything else, as it came.
    File,
    /// Nothing: this is why.
    Failure,
    /// Nothing: the site wants no shield before this URL.
    Aside,
}

/// What is known of a copy beside its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The URL that was asked for.
    pub(crate) url: String,
    pub(crate) kind: Kind,
    /// The status that software gets; of a page, without regard to whether it takes a 203.
    pub(crate) status: u16,
    /// The `Content-Type` that software gets.
    pub(crate) content_type: String,
    /// Whether a browser has to save it in place of showing it.
    pub(crate) download: bool,
    pub(crate) body_bytes: u64,
    /// Names the body: two copies with one tag have one body.
    pub(crate) tag: String,
    /// What the site sent for it.
    pub(crate) origin_bytes: u64,
    /// The site's own ETag and `Last-Modified`, to ask whether it has changed.
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// When it was fetched, or found unchanged.
    pub(crate) fetched_ms: i64,
    pub(crate) fresh_until_ms: i64,
    pub(crate) revalidate_until_ms: i64,
    pub(crate) on_error_until_ms: i64,
    /// Whether the site failed when it was last asked: this is from before.
    pub(crate) stale: bool,
}

/// How usable a copy is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// As it is.
    Fresh,
    /// While a new one is fetched.
    Revalidate,
    /// When the site is away.
    OnError,
    /// Not any more.
    Over,
}

impl Head {
    /// Sets how long it may be passed on.
    pub(crate) fn live(&mut self, now: Timestamp, lifetimes: Lifetimes) {
        self.fetched_ms = now.as_millis();
        self.fresh_until_ms = now.plus(lifetimes.fresh).as_millis();
        self.revalidate_until_ms = now.plus(lifetimes.revalidate).as_millis();
        self.on_error_until_ms = now.plus(lifetimes.on_error).as_millis();
    }

    /// How usable it is.
    pub(crate) fn age(&self, now: Timestamp) -> Age {
        let now = now.as_millis();
        if now < self.fetched_ms - 60_000 {
            // The clock was set back: nothing is known of its age.
            Age::Over
        } else if now < self.fresh_until_ms {
            Age::Fresh
        } else if now < self.revalidate_until_ms {
            Age::Revalidate
        } else if now < self.on_error_until_ms {
            Age::OnError
        } else {
            Age::Over
        }
    }

    /// When it is of no use any more.
    pub(crate) fn over_at_ms(&self) -> i64 {
        self.fresh_until_ms
            .max(self.revalidate_until_ms)
            .max(self.on_error_until_ms)
    }

    /// Whether it has something to pass on.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self.kind, Kind::Page | Kind::File)
    }
}

/// The name under which copies of a URL lie: the SHA-256 of the URL, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyName(String);

impl CopyName {
    pub(crate) fn of_url(url: &str) -> Self {
        Self(hex::encode(Sha256::digest(url.as_bytes())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tag of a body.
pub(crate) fn tag_of(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body)[..16])
}

/// A body that has just been made.
#[derive(Debug)]
pub(crate) enum NewBody<Draft> {
    /// In memory.
    Bytes(Bytes),
    /// On disk, too large for memory.
    Draft(Draft),
}
