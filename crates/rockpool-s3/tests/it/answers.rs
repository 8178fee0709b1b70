//! What every answer has, and what refusals look like.
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use rockpool_s3::S3Settings;

use crate::world::{HOST, World};

#[tokio::test]
async fn every_answer_names_its_request() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    alice.put("/alice/k", "x").await;
    let mut seen = Vec::new();
    for line in [
        "GET /alice/k",
        "HEAD /alice/k",
        "HEAD /alice/absent",
        "GET /alice/absent",
        "GET /alice",
        "PATCH /alice",
        "OPTIONS /alice/k",
        "GET /a%zz",
    ] {
        let answer = alice.send(line, &[], "").await;
        let id = answer.header("x-amz-request-id").unwrap().to_owned();
        assert_eq!(id.len(), 16, "{line}");
        assert!(answer.header("x-amz-id-2").is_some(), "{line}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(!seen.contains(&id));
        seen.push(id);
    }
}

#[tokio::test]
async fn an_error_is_a_document_of_s3s_form() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let answer = alice.get("/alice/a%26b").await;
    assert_eq!(answer.header("content-type"), Some("application/xml"));
    let (id, long) = (answer.tag("RequestId"), answer.tag("HostId"));
    assert_eq!(answer.header("x-amz-request-id"), Some(&*id));
    assert_eq!(answer.header("x-amz-id-2"), Some(&*long));
    let text = answer.text().replace(&id, "[id]").replace(&long, "[long]");
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Error><Code>NoSuchKey</Code><Message>There is no such object.</Message><Resource>/alice/a%26b</Resource><RequestId>[id]</RequestId><HostId>[long]</HostId></Error>
    "#);
    let head = alice.send("HEAD /alice/absent", &[], "").await;
    assert!(head.status_is(404).body.is_empty());
}

/// A body of which the reader must see nothing.
struct Untouchable;

impl Body for Untouchable {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        panic!("the body was read");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(1000)
    }
}

#[tokio::test]
async fn a_refusal_reads_nothing_of_a_client_that_waits_for_it() {
    let world = World::start().await;
    world.member("alice").await;
    let request = Request::put("/alice/k")
        .header("host", HOST)
        .header("expect", "100-continue")
        .header("content-length", "1000")
        .body(Untouchable)
        .unwrap();
    let response = world.face.handle(request).await;
    assert_eq!(response.status().as_u16(), 403);
    assert_eq!(response.headers()["connection"], "close");
}

/// boto3 1.34 takes the status line of the next answer for a header, and then waits for its read timeout.
#[tokio::test]
async fn an_empty_body_that_nobody_invited_is_the_last_of_its_connection() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let waits = [("expect", "100-continue")];
    let empty = alice.send("PUT /alice/k", &waits, "").await.ok();
    assert_eq!(empty.header("connection"), Some("close"));
    let full = alice.send("PUT /alice/k", &waits, "x").await.ok();
    assert_eq!(full.header("connection"), None);
    let empty = alice.send("PUT /alice/k", &[], "").await.ok();
    assert_eq!(empty.header("connection"), None);
}

#[tokio::test]
async fn a_refusal_takes_in_a_small_body_and_keeps_the_connection() {
    let world = World::start().await;
    world.member("alice").await;
    let answer = world.stranger().send("PUT /alice/k", &[], "hello").await;
    assert_eq!(answer.fails(403, "AccessDenied").header("connection"), None);
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    struct Stopping;
    impl Body for Stopping {
        type Data = Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            Poll::Pending
        }
    }
    let settings = S3Settings {
        stall_timeout: Duration::from_millis(50),
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    let alice = world.member("alice").await;
    let url = alice.presign("PUT /alice/k", 60);
    let request = Request::put(url)
        .header("host", HOST)
        .header("content-length", "1000")
        .body(Stopping)
        .unwrap();
    let response = world.face.handle(request).await;
    assert_eq!(response.status().as_u16(), 400);
    assert_eq!(response.headers()["connection"], "close");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("<Code>RequestTimeout</Code>"));
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
}

#[tokio::test]
async fn overload_is_answered_slow_down() {
    let settings = S3Settings {
        max_concurrent_requests: 0,
        ..S3Settings::default()
    };
    let world = World::with(settings).await;
    world
        .stranger()
        .get("/alice/k")
        .await
        .fails(503, "SlowDown");
}

#[tokio::test]
async fn lengths_that_lie_are_refused() {
    let world = World::start().await;
    let alice = world.member("alice").await;
    let url = alice.presign("PUT /alice/k", 60);
    let send = |length: Option<&'static str>| {
        let mut request = Request::put(&url).header("host", HOST);
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let body = http_body_util::Full::new(Bytes::from("hello"));
        world.send(request.body(body).unwrap())
    };
    send(Some("6")).await.fails(400, "IncompleteBody");
    send(None).await.fails(411, "MissingContentLength");
    alice.get("/alice/k").await.fails(404, "NoSuchKey");
}
