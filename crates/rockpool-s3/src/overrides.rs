//! The `response-*` parameters by which a signer says how an object is to be shown.
use http::{
    HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE,
        EXPIRES,
    },
};
use rockpool_pool::Caller;

use crate::{
    error::{S3Code, S3Error},
    query::Query,
};

const NAMES: [(&str, HeaderName); 6] = [
    ("response-content-type", CONTENT_TYPE),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-expires", EXPIRES),
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
];

/// The headers that are to stand in for the object's own. `InvalidRequest` from strangers, who could make any member's
/// object look like what they please.
pub(crate) fn read(
    query: &Query,
    caller: &Caller,
) -> Result<Vec<(HeaderName, HeaderValue)>, S3Error> {
    let mut overrides = Vec::new();
    for (parameter, name) in NAMES {
        let Some(text) = query.text(parameter) else {
            continue;
        };
        if matches!(caller, Caller::Anonymous) {
            return Err(S3Error::new(
                S3Code::InvalidRequest,
                "Request specific response headers need a signature.",
            ));
        }
        let value = HeaderValue::from_bytes(text.as_bytes())
            .map_err(|_| S3Error::invalid(format!("`{parameter}` cannot be a header.")))?;
        overrides.push((name, value));
    }
    Ok(overrides)
}
