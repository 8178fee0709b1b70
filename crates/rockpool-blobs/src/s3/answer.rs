//! What a provider's refusal means: try again, absent, full, or a matter for the operator.
use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use rockpool_types::{Clock, Timestamp};

use crate::StoreError;

#[cfg(test)]
mod tests;

/// The most characters of a provider's message that are passed on.
const MOST_MESSAGE: usize = 300;

/// How an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trying again may help.
    Again {
        why: String,
        /// As long as the provider asked to wait.
        after: Option<Duration>,
    },
    /// It will not.
    Stop(Stop),
}

/// Why a call ended without what it was for.
#[derive(Debug)]
pub(super) enum Stop {
    /// There is no such object.
    Absent,
    /// The provider does not offer this.
    Unsupported(StoreError),
    /// Anything else.
    Error(StoreError),
}

impl Failure {
    pub(super) fn again(why: impl Into<String>) -> Self {
        Self::Again {
            why: why.into(),
            after: None,
        }
    }

    pub(super) fn internal(doing: &str, why: impl Into<String>) -> Self {
        Self::Stop(Stop::Error(StoreError::Internal {
            doing: doing.to_owned(),
            why: why.into(),
        }))
    }
}

impl Stop {
    /// For calls to which no absence can be answered.
    pub(super) fn into_error(self, doing: &str) -> StoreError {
        match self {
            Self::Absent => StoreError::Internal {
                doing: doing.to_owned(),
                why: "the provider says that there is no such thing".into(),
            },
            Self::Unsupported(error) | Self::Error(error) => error,
        }
    }
}

/// `None` when the call ended because there is no such object.
pub(super) fn absent_as_none<T>(
    doing: &str,
    result: Result<T, Stop>,
) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Absent) => Ok(None),
        Err(stop) => Err(stop.into_error(doing)),
    }
}

/// Judges an answer that is no success by its status, headers, and the XML of its body (S3 API reference, "Error
/// responses").
pub(super) fn judge(
    doing: &str,
    bucket: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Failure {
    let code = element(body, "Code").unwrap_or_default();
    let message = element(body, "Message").unwrap_or_default();
    let said = match (code.as_str(), message.as_str()) {
        ("", _) => format!("the provider answered {status}"),
        (code, "") => format!("the provider answered {status}, {code}"),
        (code, message) => format!("the provider answered {status}, {code}: {message}"),
    };
    match (status.as_u16(), code.as_str()) {
        (507, _) | (_, "QuotaExceeded" | "StorageQuotaExceeded" | "InsufficientStorage") => {
            Failure::Stop(Stop::Error(StoreError::Full {
                doing: doing.to_owned(),
            }))
        }
        (404, "NoSuchBucket") => Failure::internal(
            doing,
            format!("{said}; make the bucket `{bucket}` at the provider, or correct its name"),
        ),
        (404, _) => Failure::Stop(Stop::Absent),
        (408 | 429 | 500 | 502 | 503 | 504, _)
        | (
            _,
            "RequestTimeout" | "SlowDown" | "OperationAborted" | "InternalError"
            | "ServiceUnavailable" | "TooManyRequests" | "BadDigest",
        ) => Failure::Again {
            why: said,
            after: retry_after(headers, Clock::system().now()),
        },
        (405 | 501, _) => Failure::Stop(Stop::Unsupported(StoreError::Internal {
            doing: doing.to_owned(),
            why: said,
        })),
        (status, code) => Failure::internal(doing, format!("{said}{}", advice(status, code))),
    }
}

/// What the operator can do.
fn advice(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "RequestTimeTooSkewed") => "; set this machine's clock",
        (_, "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect")
        | (300..=399, _) => "; correct the endpoint or the region in the blob store's settings",
        (_, "SignatureDoesNotMatch" | "InvalidAccessKeyId") | (401, _) => {
            "; correct the access key id, the secret or the region in the blob store's settings"
        }
        (_, "EntityTooLarge") => "; it takes no single upload of this size",
        (403, _) => {
            "; give the access key the rights to read, write, list and delete in the bucket"
        }
        _ => "",
    }
}

/// How long `Retry-After` (RFC 9110 section 10.2.3) asks to wait, in either of its forms.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = Timestamp::from_http_date(value).ok()?;
    Some(now.until(at))
}

/// The text of an XML element that has no others within, cut and made fit for a log line.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    Some(text.chars().take(MOST_MESSAGE).map(printable).collect())
}
