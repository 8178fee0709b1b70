//! For the fuzz targets alone: what this crate reads from outside, each with what must hold of it. All of it panics when it
//! does not hold.
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use crate::{
    FetchSettings,
    address::special_range,
    body::redirect_target,
    coding::{Decoder, Step},
    guard::{TargetHost, check_url},
};

/// The most that is decoded here, as a body's own limit does it elsewhere.
const MAX_DECODED_BYTES: usize = 1 << 20;
/// The most that one step yields.
const MAX_STEP_BYTES: usize = 16 << 10;

/// A body with this `Content-Encoding`, in pieces: pieces do not matter, and each step is bounded.
pub fn decode(coding: &HeaderValue, pieces: &[&[u8]]) {
    let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.clone())]);
    let (Ok(Some(one)), Ok(Some(other))) = (
        Decoder::for_headers(&headers),
        Decoder::for_headers(&headers),
    ) else {
        return;
    };
    let (whole, whole_end) = decoded(one, &[&pieces.concat()]);
    let (piecewise, piecewise_end) = decoded(other, pieces);
    let ends = [whole_end, piecewise_end];
    if ends.contains(&End::Broken) {
        // Where exactly it breaks may differ, before the limit or after; what is handed on before is the same.
        let length = whole.len().min(piecewise.len());
        assert_eq!(whole[..length], piecewise[..length], "the pieces matter");
        let fails = |end: &End| matches!(end, End::Broken | End::TooLong);
        assert!(ends.iter().all(fails), "the pieces matter: {ends:?}");
    } else {
        assert_eq!(whole, piecewise, "the pieces matter");
        assert_eq!(ends[0], ends[1], "the pieces matter");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Complete,
    NeedsMore,
    Broken,
    TooLong,
}

fn decoded(mut decoder: Decoder, pieces: &[&[u8]]) -> (Vec<u8>, End) {
    let mut out = Vec::new();
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.step(&mut input) {
                Ok(Step::Output(bytes)) => {
                    assert!((1..=MAX_STEP_BYTES).contains(&bytes.len()));
                    out.extend_from_slice(&bytes);
                    if out.len() > MAX_DECODED_BYTES {
                        out.truncate(MAX_DECODED_BYTES);
                        return (out, End::TooLong);
                    }
                }
                Ok(Step::NeedsInput) => break,
                Ok(Step::End) => return (out, End::Complete),
                Err(_) => return (out, End::Broken),
            }
        }
        assert!(input.is_empty(), "input is left without an answer");
    }
    (out, End::NeedsMore)
}

/// A URL that a user gave, and a `Location` that a site at it gives.
pub fn url(text: &str, location: &[u8]) {
    let settings = FetchSettings::new("fuzz").expect("a plain user agent");
    let Ok(url) = Url::parse(text) else { return };
    let Ok(target) = check_url(url, &settings) else {
        return;
    };
    insist_public(&target.host);
    assert!(target.url.fragment().is_none() && target.url.username().is_empty());
    assert!(!settings.blocked_ports.contains(&target.port));
    let again = check_url(target.url.clone(), &settings).expect("what is fine stays fine");
    assert_eq!((&again.host, again.port), (&target.host, target.port));
    let Ok(location) = HeaderValue::from_bytes(location) else {
        return;
    };
    let headers = HeaderMap::from_iter([(header::LOCATION, location)]);
    let led = redirect_target(&target.url, StatusCode::FOUND, &headers, &settings);
    if let Some(Ok(led)) = led {
        assert!(
            !(target.is_https() && led.scheme() == "http"),
            "a downgrade"
        );
        let led = check_url(led, &settings).expect("a redirect is checked");
        insist_public(&led.host);
    }
}

/// Insists on what the standard library knows of addresses, beside the tables of this crate.
fn insist_public(host: &TargetHost) {
    match host {
        TargetHost::Address(address) => {
            assert_eq!(special_range(*address), None);
            match address.to_canonical() {
                IpAddr::V4(v4) => assert!(
                    !(v4.is_private()
                        || v4.is_loopback()
                        || v4.is_link_local()
                        || v4.is_unspecified()
                        || v4.is_broadcast()
                        || v4.is_multicast()
                        || v4.is_documentation())
                ),
                IpAddr::V6(v6) => assert!(
                    !(v6.is_loopback()
                        || v6.is_unspecified()
                        || v6.is_multicast()
                        || v6.is_unique_local()
                        || v6.is_unicast_link_local())
                ),
            }
        }
        TargetHost::Name(name) => {
            assert!(
                name.is_ascii() && !name.is_empty() && name.len() <= 253,
                "{name}"
            );
            assert!(name.parse::<IpAddr>().is_err(), "{name} is an address");
            assert!(!name.bytes().any(|b| b.is_ascii_uppercase()), "{name}");
        }
    }
}
