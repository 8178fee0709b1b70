//! Conditional requests (RFC 9110 section 13), for reads and for S3's conditional writes.
use crate::Timestamp;

/// A list of entity tags, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ETagCondition {
    /// `*`: any object that exists.
    Any,
    /// These tags, without quotes and without `W/`.
    OneOf(Vec<String>),
}

impl ETagCondition {
    /// Reads an `If-Match` or `If-None-Match` header. Tags without quotes are taken too: some S3 clients
    /// send them. A weak tag counts as its strong form.
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let bare = |tag: &str| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag.trim_matches('"').to_owned()
        };
        Self::OneOf(
            header
                .split(',')
                .map(bare)
                .filter(|tag| !tag.is_empty())
                .collect(),
        )
    }

    /// Whether an object with this ETag (no quotes), or with none because it is absent, fits.
    pub fn matches(&self, etag: Option<&str>) -> bool {
        match (self, etag) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(tags), Some(etag)) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// The conditions of one request. Dates count in whole seconds, as headers carry them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<ETagCondition>,
    /// `If-None-Match`.
    pub if_none_match: Option<ETagCondition>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

/// What a read with conditions answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadDecision {
    /// Send the object.
    Send,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Conditions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Decides a read, in the order of RFC 9110 section 13.2.2.
    pub fn decide_read(&self, etag: &str, modified: Timestamp) -> ReadDecision {
        let modified = modified.as_secs();
        let failed = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => !tags.matches(Some(etag)),
            (None, Some(since)) => modified > since.as_secs(),
            (None, None) => false,
        };
        if failed {
            return ReadDecision::Failed;
        }
        let unchanged = match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.matches(Some(etag)),
            (None, Some(since)) => modified <= since.as_secs(),
            (None, None) => false,
        };
        if unchanged {
            ReadDecision::NotModified
        } else {
            ReadDecision::Send
        }
    }

    /// Whether a write over the object with this ETag (`None`: there is none) may go ahead. Only the two
    /// ETag conditions count for writes (S3 user guide, "Conditional writes").
    pub fn allow_write(&self, current: Option<&str>) -> bool {
        self.if_match
            .as_ref()
            .is_none_or(|tags| tags.matches(current))
            && self
                .if_none_match
                .as_ref()
                .is_none_or(|tags| !tags.matches(current))
    }
}
