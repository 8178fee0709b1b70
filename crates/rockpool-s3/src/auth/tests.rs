//! Signatures by Amazon's worked examples, by boto3, and by a signer of our own.
mod amazon;
mod boto3;
mod properties;
mod rules;
pub(crate) mod signer;

use http::request::Parts;
use rockpool_types::{SecretKey, Timestamp};

use super::{AuthError, Claim, Payload};

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
