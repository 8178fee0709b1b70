//! How the redirector and the blob server behave.
use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderValue, Uri};
use rockpool_types::{BlobHash, BlobPath, Invalid, ObjectKey};

/// A URL that is sent to clients, or that paths are put behind.
///
/// - absolute, `http` or `https`, with a host; a path is fine
/// - no user, query or fragment; printable ASCII only, so it always fits into a header
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL with `path`, which has no leading slash, behind it.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0.trim_end_matches('/'))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("printable ASCII was checked when it was made")
    }
}

impl FromStr for PublicUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = |why: &str| Invalid::new("public URL", format!("`{text}` {why}"));
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        let uri = text.parse::<Uri>().ok().filter(|_| printable);
        let uri = uri.ok_or_else(|| bad("is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(bad("does not begin with `http://` or `https://`"));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(bad("has no host"));
        }
        if text.contains(['?', '#', '@']) {
            return Err(bad("has a user, a query or a fragment"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicUrl({})", self.0)
    }
}

/// Which of poolmgr's two layouts of blob URLs is issued. Both are always understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlobPathForm {
    /// `blobs/a/bcd/abcd...`: the blob's key in the blob store, so any bucket can be put behind the blob host.
    #[default]
    Hex,
    /// `blob2/.../.../....ext`: shorter and with an extension; a CDN has to rewrite it for a bucket.
    Base64,
}

impl BlobPathForm {
    /// The path of a blob, without a leading slash, for an object with this key.
    pub fn path(self, hash: &BlobHash, key: &ObjectKey) -> String {
        match self {
            Self::Hex => BlobPath::hex(hash),
            Self::Base64 => BlobPath::base64(hash, key),
        }
    }
}

/// How the redirector and the blob server behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Where `/` leads. `None`: a line of text stands there.
    pub homepage: Option<PublicUrl>,
    /// The blob host that redirects lead to, e.g. `https://blob.example`.
    pub blob_base: PublicUrl,
    /// Which layout of blob URLs redirects lead to.
    pub blob_path_form: BlobPathForm,
    /// How long browsers and caches keep what a name answers, at most: never longer than its object has stood unchanged.
    pub name_max_age: Duration,
    /// How long a CDN that is purged by `Surrogate-Key` keeps what a name answers, sent as `Surrogate-Control`.
    /// `None`: as long as everybody.
    pub name_cdn_max_age: Option<Duration>,
    /// How long a cache may go on with an old answer while it asks for a new one, at most, as `name_max_age`.
    pub stale_while_revalidate: Duration,
    /// How long a cache may go on with an old answer while the pool cannot be reached.
    pub stale_if_error: Duration,
    /// How long caches keep a 404. A reader may be faster than the upload: keep it short.
    pub not_found_max_age: Duration,
    /// How many requests of one face are answered at a time, bodies included; those beyond get a 503. `None`: no limit.
    pub max_requests: Option<usize>,
    /// How long `/readyz` waits for the catalog and the store.
    pub probe_timeout: Duration,
}

impl WebSettings {
    /// The default settings for a pool whose blob host is `blob_base`.
    pub const fn new(blob_base: PublicUrl) -> Self {
        Self {
            homepage: None,
            blob_base,
            blob_path_form: BlobPathForm::Hex,
            name_max_age: Duration::from_secs(300),
            name_cdn_max_age: None,
            stale_while_revalidate: Duration::from_secs(60),
            stale_if_error: Duration::from_secs(24 * 3600),
            not_found_max_age: Duration::from_secs(10),
            max_requests: Some(4096),
            probe_timeout: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests;
