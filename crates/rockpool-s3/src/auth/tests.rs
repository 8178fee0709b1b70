//! Signatures by Amazon's worked examples, by boto3, and by a signer of our own.
mod amazon;
mod boto3;
mod properties;
mod rules;
pub(crate) mod signer;
mod version_2;

use http::{HeaderValue, request::Parts};
use rockpool_types::{SecretKey, Timestamp};

use super::{AuthError, Claim, Payload};
use signer::Order;

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Midnight of Amazon's examples.
const AMAZON_TIME: &str = "20130524T000000Z";

fn secret() -> SecretKey {
    SecretKey::new(SECRET).unwrap()
}

fn time(amz_date: &str) -> Timestamp {
    Timestamp::from_amz_date(amz_date).unwrap()
}

/// A request from its method, its target and its headers.
fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut builder = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

/// Parses and verifies with Amazon's example secret.
fn verify(parts: &Parts, now: &str) -> Result<Payload, AuthError> {
    let claim = Claim::parse(parts)?.expect("the request is signed");
    claim.verify(parts, &secret(), time(now), None)
}

fn put() -> Order {
    Order::new("PUT", "/bkt/key")
}

fn with_header(mut parts: Parts, name: &'static str, value: &'static str) -> Parts {
    parts.headers.append(name, HeaderValue::from_static(value));
    parts
}

fn without_header(mut parts: Parts, name: &str) -> Parts {
    parts.headers.remove(name).expect("it was there");
    parts
}

/// With the target edited as text.
fn with_target(mut parts: Parts, from: &str, to: &str) -> Parts {
    let target = parts.uri.to_string();
    assert!(target.contains(from), "{target}");
    parts.uri = target.replace(from, to).parse().unwrap();
    parts
}

fn with_authorization(mut parts: Parts, from: &str, to: &str) -> Parts {
    let text = parts.headers["authorization"].to_str().unwrap().to_owned();
    assert!(text.contains(from), "{text}");
    let text = text.replace(from, to).parse().unwrap();
    parts.headers.insert("authorization", text);
    parts
}

/// The error of a request, read and verified at a time.
fn refusal_at(parts: &Parts, now: &str) -> AuthError {
    verify(parts, now).expect_err("the request must be refused")
}

fn refusal(parts: &Parts) -> AuthError {
    refusal_at(parts, AMAZON_TIME)
}
