//! Answers with bytes.
use std::ops::Range;

use http::{
    HeaderName, HeaderValue, Method, StatusCode, header,
    header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE},
    request::Parts,
};
use rockpool_pool::{Blob, BlobReader, Object, Pool, PoolError};
use rockpool_types::{BlobHash, Timestamp};

use crate::{
    answer::{Answer, AnswerBody},
    content::{Plan, Validators},
    media::{Presentation, present_blob, present_object},
    problem::Problem,
    surrogate::blob_key,
};

pub(crate) const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// Content never changes under its hash, so any constant will do: the start of 2001.
const BLOB_MODIFIED: Timestamp = Timestamp::from_millis(978_307_200_000);

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Content that is about to be answered.
pub(crate) struct Delivery<'a> {
    source: Source<'a>,
    validators: Validators,
    presentation: Presentation,
    cache_control: HeaderValue,
    surrogates: String,
}

enum Source<'a> {
    Blob(&'a Blob),
    Object(&'a Object),
}

impl<'a> Delivery<'a> {
    /// A blob under its hash, for ever.
    pub(crate) fn of_blob(blob: &'a Blob) -> Self {
        Self {
            source: Source::Blob(blob),
            validators: Validators {
                etag: blob_etag(&blob.hash),
                modified: BLOB_MODIFIED,
                size: blob.size,
            },
            presentation: present_blob(&blob.media_type),
            cache_control: FOR_EVER,
            surrogates: blob_key(&blob.hash),
        }
    }

    /// An object under its name, for as long as `cache_control` says. `surrogates` are the name's.
    pub(crate) fn of_object(
        object: &'a Object,
        cache_control: HeaderValue,
        surrogates: &str,
    ) -> Self {
        Self {
            source: Source::Object(object),
            validators: Validators {
                etag: blob_etag(&object.blob.hash),
                modified: object.modified_at,
                size: object.blob.size,
            },
            presentation: present_object(&object.blob.media_type, &object.attributes),
            cache_control,
            surrogates: format!("{surrogates} {}", blob_key(&object.blob.hash)),
        }
    }

    /// Answers a GET or HEAD. The bytes are opened only for a GET that gets some.
    pub(crate) async fn answer(&self, pool: &Pool, parts: &Parts) -> Result<Answer, Problem> {
        let size = self.validators.size;
        let (status, range) = match Plan::new(&parts.method, &parts.headers, &self.validators) {
            Plan::Whole => (StatusCode::OK, None),
            Plan::Partial(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
            Plan::NotModified => return Ok(self.validated(StatusCode::NOT_MODIFIED)),
            Plan::Failed => return Err(failed()),
            Plan::Unsatisfiable => return Err(unsatisfiable(size)),
        };
        let length = range.as_ref().map_or(size, |r| r.end - r.start);
        let mut answer = self.presented(status, length);
        if let Some(range) = &range {
            let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            answer = answer.with_text(CONTENT_RANGE, &text);
        }
        if parts.method != Method::HEAD && length > 0 {
            let reader = self.open(pool, range).await?;
            answer.body = AnswerBody::Stream(reader.stream);
        }
        Ok(answer)
    }

    async fn open(&self, pool: &Pool, range: Option<Range<u64>>) -> Result<BlobReader, PoolError> {
        match self.source {
            Source::Blob(blob) => pool.open_blob(blob, range).await,
            Source::Object(object) => pool.open_object(object, range).await,
        }
    }

    /// What a 304 has too (RFC 9110 section 15.4.5).
    fn validated(&self, status: StatusCode) -> Answer {
        let Validators { etag, modified, .. } = &self.validators;
        Answer::new(status)
            .with_text(header::ETAG, &format!("\"{etag}\""))
            .with_text(header::LAST_MODIFIED, &modified.to_http_date())
            .with(CACHE_CONTROL, self.cache_control.clone())
            .with_text(SURROGATE_KEY, &self.surrogates)
    }

    fn presented(&self, status: StatusCode, length: u64) -> Answer {
        let mut answer = self
            .validated(status)
            .with_text(CONTENT_TYPE, &self.presentation.content_type)
            .with(CONTENT_LENGTH, HeaderValue::from(length))
            .with(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
            .with(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            );
        if let Source::Object(object) = self.source {
            let given = &object.attributes;
            for (name, value) in [
                (CONTENT_DISPOSITION, &given.content_disposition),
                (header::CONTENT_ENCODING, &given.content_encoding),
                (header::CONTENT_LANGUAGE, &given.content_language),
            ] {
                if let Some(value) = value {
                    answer = answer.with_text(name, value);
                }
            }
        }
        if self.presentation.active {
            answer = answer
                .with(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"))
                .with(
                    header::CONTENT_SECURITY_POLICY,
                    HeaderValue::from_static("sandbox; default-src 'none'"),
                );
        }
        answer
    }
}

/// The strong entity tag of a blob, without quotes: the same on every node and for ever.
fn blob_etag(hash: &BlobHash) -> String {
    hash.to_hex()[..32].to_owned()
}

fn failed() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "A condition of the request does not hold",
    )
}

fn unsatisfiable(size: u64) -> Problem {
    Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "The range lies beyond the end",
    )
    .with_text(CONTENT_RANGE, &format!("bytes */{size}"))
    .with(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
}
