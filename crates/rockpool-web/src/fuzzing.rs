//! For the fuzz targets alone: what this crate reads from outside, each with what must hold of it. All of it panics when it
//! does not hold.
use http::{HeaderMap, Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rockpool_types::Timestamp;

use crate::{
    PublicUrl,
    asked::{Named, asked_host, parse_key, parse_named},
    bucket_key,
    content::{Plan, Validators},
    object_key,
};

/// The longest value of `Surrogate-Key` that CDNs take, in bytes.
const MAX_SURROGATE_KEY_BYTES: usize = 1024;

/// The path of a request: what it names is named again by its own encoding.
pub fn path(path: &str) {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    if let Ok(key) = parse_key(path) {
        assert_eq!(parse_key(&encoded(key.as_str())), Ok(key));
    }
    if let Ok(Named::Object(bucket, key)) = parse_named(path) {
        let again = format!("/{}/{}", encoded(bucket.as_str()), encoded(key.as_str()));
        for surrogate in [bucket_key(&bucket), object_key(&bucket, &key)] {
            assert!(surrogate.len() <= MAX_SURROGATE_KEY_BYTES);
            assert!(
                surrogate.bytes().all(|b| b.is_ascii_graphic()),
                "{surrogate}"
            );
        }
        assert_eq!(parse_named(&again), Ok(Named::Object(bucket, key)));
    }
}

/// Where a request was sent to.
pub fn host(uri: &Uri, headers: &HeaderMap) {
    if let Some(host) = asked_host(uri, headers) {
        let headers = HeaderMap::from_iter([(
            http::header::HOST,
            host.as_str()
                .parse()
                .expect("a host name is a header's value"),
        )]);
        assert_eq!(asked_host(&Uri::from_static("/"), &headers), Some(host));
    }
}

/// Conditions and ranges.
pub fn plan(headers: &HeaderMap, size: u64, modified: Timestamp) {
    let content = Validators {
        etag: "0123456789abcdef".to_owned(),
        modified,
        size,
    };
    let got = Plan::new(&Method::GET, headers, &content);
    let head = Plan::new(&Method::HEAD, headers, &content);
    match got {
        Plan::Partial(range) => {
            assert!(
                range.start < range.end && range.end <= size,
                "{range:?} of {size}"
            );
            assert_eq!(head, Plan::Whole);
        }
        Plan::Unsatisfiable => assert_eq!(head, Plan::Whole),
        got => assert_eq!(head, got),
    }
}

/// A URL of the settings: it fits into a header, and paths can be put behind it.
pub fn public_url(text: &str) {
    if let Ok(url) = text.parse::<PublicUrl>() {
        let _ = url.header();
        let joined = url.join("blobs/x");
        assert!(joined.parse::<PublicUrl>().is_ok(), "{joined}");
    }
}
