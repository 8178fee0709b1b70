//! Redirects that go round, down, or where nobody may go.
use rockpool_fetch::{FetchError, FetchRequest, Fetcher, Redirects, SpecialRange, UrlFault};
use tokio::io::AsyncWriteExt;

use crate::{
    origin::{Origin, ok},
    world::{get, loopback, url},
};

/// An origin that redirects to `location`.
async fn redirecting(location: &str) -> Origin {
    Origin::saying(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ))
    .await
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let mut settings = loopback();
    settings.max_redirects = 3;
    let origin = redirecting("/again?").await;
    let error = get(&settings, format!("http://{}/", origin.address)).await;
    assert_eq!(error.unwrap_err(), FetchError::TooManyRedirects);
    assert_eq!(
        origin.heads().len(),
        4,
        "one request, and one for each redirect"
    );
}

#[tokio::test]
async fn an_endless_way_of_new_urls_ends() {
    let origin = Origin::start(|head, mut stream| async move {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let answer = format!("HTTP/1.1 308 On\r\nlocation: {path}x\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let error = get(&loopback(), format!("http://{}/", origin.address)).await;
    assert_eq!(error.unwrap_err(), FetchError::TooManyRedirects);
    assert_eq!(origin.heads().len(), loopback().max_redirects + 1);
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_a_url_could_not() {
    let refused = |range: SpecialRange| {
        Box::new(
            move |error: FetchError| matches!(error, FetchError::IllegalAddress { range: found, .. } if found == range),
        ) as Box<dyn Fn(FetchError) -> bool>
    };
    let exactly = |expected: FetchError| Box::new(move |error| error == expected) as Box<_>;
    for (location, is_right) in [
        ("http://10.0.0.1/", refused(SpecialRange::Private)),
        (
            "//169.254.169.254/latest/",
            refused(SpecialRange::LinkLocal),
        ),
        (
            "http://0xa9fea9fe/latest/",
            refused(SpecialRange::LinkLocal),
        ),
        ("http://[::1]/", refused(SpecialRange::Loopback)),
        (
            "http://[::ffff:192.168.0.1]/",
            refused(SpecialRange::Private),
        ),
        ("http://127.0.0.1:22/", exactly(FetchError::BlockedPort(22))),
        (
            "http://127.0.0.1:6667/",
            exactly(FetchError::BlockedPort(6667)),
        ),
        (
            "file:///etc/passwd",
            exactly(FetchError::IllegalUrl(UrlFault::Scheme)),
        ),
        (
            "gopher://127.0.0.1:70/_x",
            exactly(FetchError::IllegalUrl(UrlFault::Scheme)),
        ),
        (
            "http://a:b@127.0.0.1/",
            exactly(FetchError::IllegalUrl(UrlFault::Credentials)),
        ),
        (
            "http://[",
            exactly(FetchError::IllegalUrl(UrlFault::Syntax)),
        ),
    ] {
        let origin = redirecting(location).await;
        let asked = format!("http://{}/", origin.address);
        let error = get(&loopback(), &asked).await.unwrap_err();
        assert!(is_right(error.clone()), "{location}: {error:?}");

        // Who is handed the redirect learns the same before they follow it.
        let request = FetchRequest {
            redirects: Redirects::HandBack,
            ..FetchRequest::default()
        };
        let fetcher = Fetcher::new(loopback()).unwrap();
        let handed = fetcher.get(url(&asked), &request).await.unwrap();
        assert_eq!(
            handed.redirect_target().unwrap().as_ref().unwrap_err(),
            &error
        );
    }
}

#[tokio::test]
async fn relative_redirects_are_resolved() {
    let last = Origin::start(|head, mut stream| async move {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let answer = match path.as_str() {
            "/a/b?c" => b"HTTP/1.1 301 Moved\r\nLocation: ../d%20e?f#g\r\n\r\n".to_vec(),
            _ => ok("", path.as_bytes()),
        };
        stream.write_all(&answer).await.unwrap();
    })
    .await;
    let fetched = get(&loopback(), format!("http://{}/a/b?c", last.address)).await;
    assert_eq!(fetched.unwrap().body.collect().await.unwrap(), "/d%20e?f");
}

#[tokio::test]
async fn an_answer_that_only_looks_like_a_redirect_is_an_answer() {
    for answer in [
        "HTTP/1.1 302 Found\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 300 Choices\r\nlocation: /x\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 201 Created\r\nlocation: /x\r\ncontent-length: 2\r\n\r\nhi",
    ] {
        let origin = Origin::saying(answer).await;
        let fetched = get(&loopback(), format!("http://{}/", origin.address)).await;
        let fetched = fetched.unwrap();
        assert!(fetched.redirect_target().is_none());
        assert_eq!(fetched.body.collect().await.unwrap(), "hi");
    }
}
