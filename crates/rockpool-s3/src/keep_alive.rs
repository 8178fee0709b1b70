//! Answers that begin before their result is there: white space keeps clients from giving up, as S3 itself does
//! (S3 API reference, CompleteMultipartUpload).
use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::stream;

use crate::{
    call::Call,
    error::S3Error,
    face,
    reply::{self, Reply},
    xml,
};

#[cfg(test)]
mod tests;

/// How long an answer that has begun stays silent.
const PAUSE: Duration = Duration::from_secs(1);

type Work = Pin<Box<dyn Future<Output = Result<String, S3Error>> + Send>>;

/// What is still to be sent.
enum Rest {
    Declaration(Work),
    Result(Work),
    Nothing,
}

/// Waits for a document, without its declaration. When that takes longer than the settings' patience the answer begins
/// as a success, with white space each second, and an error becomes a document within it.
pub(crate) async fn answer<F>(call: &mut Call, work: F) -> Result<Reply, S3Error>
where
    F: Future<Output = Result<String, S3Error>> + Send + 'static,
{
    let (id, method) = (call.id.clone(), call.method.clone());
    let resource = call.resource().to_owned();
    let slot = call.slot.take();
    let explain = move |error: S3Error| {
        let _slot = slot;
        face::log_error(&error, &id, &method, &resource);
        reply::error_document(&error, &resource, &id)
    };
    wait(call.settings.patience, Box::pin(work), explain).await
}

/// As [`answer`]; `explain` makes a document of an error that comes too late to be a status. It is dropped when the
/// work is over.
async fn wait<E>(patience: Duration, mut work: Work, explain: E) -> Result<Reply, S3Error>
where
    E: FnOnce(S3Error) -> String + Send + 'static,
{
    if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
        return Ok(reply::xml(&done?));
    }
    let explained = async move { Ok(work.await.unwrap_or_else(explain)) };
    let begun = Rest::Declaration(Box::pin(explained));
    let stream = stream::unfold(begun, |rest| async {
        let (bytes, rest) = next(rest).await?;
        Some((Ok(bytes), rest))
    });
    let mut reply = reply::xml("");
    *reply.body_mut() = reply::streamed(Box::pin(stream));
    Ok(reply)
}

async fn next(rest: Rest) -> Option<(Bytes, Rest)> {
    match rest {
        Rest::Declaration(work) => Some((
            Bytes::from_static(xml::DECLARATION.as_bytes()),
            Rest::Result(work),
        )),
        Rest::Result(mut work) => match tokio::time::timeout(PAUSE, &mut work).await {
            Err(_) => Some((Bytes::from_static(b"\n"), Rest::Result(work))),
            Ok(document) => Some((document.ok()?.into(), Rest::Nothing)),
        },
        Rest::Nothing => None,
    }
}
