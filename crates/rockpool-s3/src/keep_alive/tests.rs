use http_body_util::BodyExt;

use super::*;
use crate::error::S3Code;

const PATIENCE: Duration = Duration::from_secs(2);

async fn answer_after(seconds: u64, result: Result<&str, S3Code>) -> Result<Reply, S3Error> {
    let result = result.map(str::to_owned).map_err(S3Error::from);
    let work = async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        result
    };
    let explain = |error: S3Error| format!("<Error>{}</Error>", error.code().as_str());
    wait(PATIENCE, Box::pin(work), explain).await
}

async fn text(reply: Reply) -> String {
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_quick_result_is_an_ordinary_answer() {
    let reply = answer_after(1, Ok("<Done/>")).await.unwrap();
    assert_eq!(text(reply).await, format!("{}<Done/>", xml::DECLARATION));
    let error = answer_after(1, Err(S3Code::InvalidPart)).await.unwrap_err();
    assert_eq!(error.code(), S3Code::InvalidPart);
}

#[tokio::test(start_paused = true)]
async fn a_slow_result_follows_white_space() {
    let begun = tokio::time::Instant::now();
    let reply = answer_after(6, Ok("<Done/>")).await.unwrap();
    assert_eq!(begun.elapsed(), PATIENCE);
    let text = text(reply).await;
    let document = text.strip_prefix(xml::DECLARATION).unwrap();
    assert_eq!(document.trim_start(), "<Done/>");
    assert!(document.starts_with("\n\n\n"), "{document:?}");
}

#[tokio::test(start_paused = true)]
async fn no_second_passes_in_silence() {
    let reply = answer_after(6, Ok("<Done/>")).await.unwrap();
    let mut body = reply.into_body();
    let mut last = tokio::time::Instant::now();
    while let Some(frame) = body.frame().await {
        frame.unwrap();
        assert!(last.elapsed() <= PAUSE);
        last = tokio::time::Instant::now();
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_error_is_a_document_within_a_success() {
    let reply = answer_after(4, Err(S3Code::InvalidPart)).await.unwrap();
    assert_eq!(reply.status(), http::StatusCode::OK);
    assert!(text(reply).await.ends_with("<Error>InvalidPart</Error>"));
}
