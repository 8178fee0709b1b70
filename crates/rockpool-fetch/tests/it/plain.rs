//! What a fetch of a well-behaved site does.
use std::time::Duration;

use futures_util::TryStreamExt;
use rockpool_fetch::{FetchRequest, Redirects};

use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    origin::{Origin, ok, until_closed},
    world::{USER_AGENT, fetcher, url},
};

#[tokio::test]
async fn a_page_is_fetched_with_our_name_and_nothing_else_about_us() {
    let origin = Origin::saying(ok("content-type: text/plain\r\n", b"hello")).await;
    let asked = url(format!("http://{}/a?b=c#d", origin.address));
    let fetched = fetcher()
        .get(asked, &FetchRequest::default())
        .await
        .unwrap();
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.headers["content-type"], "text/plain");
    assert_eq!(fetched.url.path(), "/a");
    assert_eq!(fetched.body.declared_bytes(), Some(5));
    assert_eq!(fetched.body.collect().await.unwrap(), "hello");

    let mut lines: Vec<_> = origin.heads()[0].lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "GET /a?b=c HTTP/1.1");
    lines.retain(|line| !line.is_empty());
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept-encoding: gzip, br".to_owned(),
            "accept: */*".to_owned(),
            "connection: close".to_owned(),
            format!("host: {}", origin.address),
            format!("user-agent: {USER_AGENT}"),
        ]
    );
}

#[tokio::test]
async fn a_redirect_is_followed_or_handed_back_as_asked() {
    let last = Origin::saying(ok("", b"there")).await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{}/there#part\r\ncontent-length: 0\r\n\r\n",
        last.address
    );
    let first = Origin::saying(answer).await;
    let asked = url(format!("http://{}/here", first.address));

    let followed = fetcher()
        .get(asked.clone(), &FetchRequest::default())
        .await
        .unwrap();
    assert_eq!(
        followed.url.as_str(),
        format!("http://{}/there", last.address)
    );
    assert_eq!(followed.redirects.len(), 1);
    assert_eq!(followed.redirects[0].from, asked);
    assert_eq!(followed.redirects[0].status, 302);
    assert_eq!(followed.body.collect().await.unwrap(), "there");

    let request = FetchRequest {
        redirects: Redirects::HandBack,
        ..FetchRequest::default()
    };
    let handed = fetcher().get(asked, &request).await.unwrap();
    assert_eq!(handed.status, 302);
    let target = handed.redirect_target().unwrap().as_ref().unwrap();
    assert_eq!(target.as_str(), format!("http://{}/there", last.address));
    assert_eq!(
        last.heads().len(),
        1,
        "it was asked only by the one who follows"
    );
}

#[tokio::test]
async fn a_body_that_is_dropped_closes_the_connection() {
    let origin = Origin::start(|_, mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nbegin";
        stream.write_all(head).await.unwrap();
        until_closed(stream).await;
    })
    .await;
    let asked = url(format!("http://{}/", origin.address));
    let mut fetched = fetcher()
        .get(asked, &FetchRequest::default())
        .await
        .unwrap();
    assert_eq!(fetched.body.try_next().await.unwrap().unwrap(), "begin");
    drop(fetched);
    timeout(Duration::from_secs(5), origin.closed())
        .await
        .expect("the origin sees the end of the connection");
}
