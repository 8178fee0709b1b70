//! Requests and forms as boto3 signs them; `boto3_requests.py` wrote them down.
use base64::{Engine, engine::general_purpose::STANDARD};
use rockpool_types::{BucketName, Timestamp};
use serde::Deserialize;

use super::{request, secret, time};
use crate::{
    auth::{AuthError, Claim, Payload},
    body,
    post_policy::PostClaim,
};

const NOW: &str = "20261123T090000Z";

#[derive(Deserialize)]
struct Recorded {
    requests: Vec<Request>,
    forms: Vec<Form>,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    virtual_host: bool,
    /// In base64: what was sent, where it was sent in chunks, and what it means.
    body: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct Form {
    name: String,
    fields: Vec<(String, String)>,
    expires: String,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("boto3_requests.json")).unwrap()
}

fn bucket() -> BucketName {
    "some-bucket".parse().unwrap()
}

impl Request {
    fn verify(&self, target: &str) -> Result<Payload, AuthError> {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let parts = request(&self.method, target, &headers);
        let claim = Claim::parse(&parts)?.expect("the request is signed");
        let bucket = self.virtual_host.then(bucket);
        claim.verify(&parts, &secret(), time(NOW), bucket.as_ref())
    }
}

#[test]
fn every_request_of_boto3_is_accepted() {
    let requests = recorded().requests;
    assert!(requests.len() > 60, "{}", requests.len());
    for request in requests {
        if let Err(refused) = request.verify(&request.target) {
            panic!("{}: {refused}", request.name);
        }
    }
}

#[test]
fn no_request_of_boto3_is_good_for_another_key() {
    for request in recorded().requests {
        let (path, query) = match request.target.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (request.target.as_str(), String::new()),
        };
        let refused = request.verify(&format!("{path}x{query}")).unwrap_err();
        assert_eq!(refused, AuthError::SignatureMismatch, "{}", request.name);
    }
}

#[test]
fn the_chunked_bodies_of_boto3_are_read() {
    let decode = |text: &String| STANDARD.decode(text).unwrap();
    let chunked: Vec<_> = recorded()
        .requests
        .into_iter()
        .filter(|r| r.body.is_some())
        .collect();
    assert!(chunked.len() >= 2);
    for request in chunked {
        let payload = request.verify(&request.target).unwrap();
        let (wire, content) = (
            request.body.as_ref().map(decode),
            request.content.as_ref().map(decode),
        );
        let (read, declared) = body::tests::read_all(&wire.unwrap(), &request.headers, payload);
        assert_eq!(read, content.unwrap(), "{}", request.name);
        assert_eq!(declared.len(), 1, "{}", request.name);
    }
}

#[test]
fn the_forms_of_boto3_are_accepted() {
    let forms = recorded().forms;
    assert_eq!(forms.len(), 2);
    for form in forms {
        let mut fields = form.fields;
        for (name, value) in &mut fields {
            if name == "key" {
                *value = value.replace("${filename}", "picture.png");
            }
        }
        let claim = PostClaim::parse(&fields).unwrap().unwrap();
        let now = Timestamp::from_iso8601(&form.expires).unwrap();
        let policy = claim.verify(&fields, &bucket(), &secret(), now).unwrap();
        assert_eq!(policy.content_length_range, Some(1..=1000), "{}", form.name);
    }
}
