//! What is asked of one site, and which way the answer came.
use std::ops::Range;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::Instant;
use url::Url;

/// What is asked beside the URL. `FetchRequest::default()` asks for anything, once, following redirects.
#[derive(Debug, Clone, Default)]
pub struct FetchRequest {
    /// `Accept`; `None` sends `*/*`.
    pub accept: Option<HeaderValue>,
    /// `Accept-Language`; `None` sends none.
    pub accept_language: Option<HeaderValue>,
    /// `If-None-Match`: the ETag of what is known already. The answer may be a 304 without a body.
    pub if_none_match: Option<HeaderValue>,
    /// `If-Modified-Since`: the `Last-Modified` of what is known already.
    pub if_modified_since: Option<HeaderValue>,
    /// Only these bytes, the end excluded. The answer is a 206 if the site can do that, and the whole otherwise. Nothing
    /// is sent compressed then. An empty range is not sent.
    pub range: Option<Range<u64>>,
    /// In place of [`crate::FetchSettings::max_sent_bytes`].
    pub max_sent_bytes: Option<u64>,
    /// In place of [`crate::FetchSettings::max_decoded_bytes`].
    pub max_decoded_bytes: Option<u64>,
    /// What becomes of redirects.
    pub redirects: Redirects,
    /// When everything has to be done, where that is before the end of [`crate::FetchSettings::total_timeout`].
    pub deadline: Option<Instant>,
}

/// What becomes of an answer that redirects: 301, 302, 303, 307 or 308 with a `Location`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redirects {
    /// It is followed, with everything that is checked for a first URL.
    #[default]
    Follow,
    /// It is the answer; [`crate::Fetched::redirect_target`] tells where it leads.
    HandBack,
}

/// A redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The URL that was asked.
    pub from: Url,
    /// How it redirected: 301 and 308 are for good, the others for now.
    pub status: StatusCode,
}

impl FetchRequest {
    /// The headers that this asks for, apart from those that every request has.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let anything = HeaderValue::from_static("*/*");
        headers.insert(header::ACCEPT, self.accept.clone().unwrap_or(anything));
        let mut coding = "gzip, br";
        if let Some(range) = self.range.as_ref().filter(|range| !range.is_empty()) {
            let value = format!("bytes={}-{}", range.start, range.end - 1);
            let value = HeaderValue::from_str(&value).expect("digits are visible ASCII");
            headers.insert(header::RANGE, value);
            coding = "identity";
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
        let optional = [
            (header::ACCEPT_LANGUAGE, &self.accept_language),
            (header::IF_NONE_MATCH, &self.if_none_match),
            (header::IF_MODIFIED_SINCE, &self.if_modified_since),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        headers
    }
}
