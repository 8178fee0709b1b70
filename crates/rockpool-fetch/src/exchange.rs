//! One request and its answer, on a connection of their own.
use std::{
    error::Error as _,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body::Body as _;
use http_body_util::Empty;
use hyper::{
    body::Incoming,
    client::conn::http1::{Builder, Connection},
};
use hyper_util::rt::TokioIo;

use crate::{
    FetchError, Limit,
    connect::Wire,
    guard::{Target, TargetHost},
};

/// The least that hyper can be told to buffer, and so the least limit of a head.
const LEAST_HEAD: usize = 8192;

/// The most headers of an answer.
const MOST_HEADERS: usize = 256;

/// Bytes that hyper reads ahead.
const READ_AHEAD: usize = 32 << 10;

/// An HTTP body and the connection that it comes by. Whoever polls the body drives the connection; when this is
/// dropped, the connection is closed.
pub(crate) struct Incomings {
    body: Incoming,
    connection: Option<Driver>,
}

type Driver = Pin<Box<Connection<TokioIo<Wire>, Empty<Bytes>>>>;

/// Sends a request for `target` and reads the head of the answer, of at most `max_head_bytes`. Has no time limit.
pub(crate) async fn exchange(
    wire: Wire,
    request: Request<Empty<Bytes>>,
    max_head_bytes: usize,
) -> Result<Response<Incomings>, FetchError> {
    let max_head_bytes = max_head_bytes.max(LEAST_HEAD);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where requests are made; the wire leads to an address that was judged"
    )]
    let (mut sender, connection) = Builder::new()
        .max_buf_size(max_head_bytes.max(READ_AHEAD))
        .max_header_size(max_head_bytes)
        .max_headers(MOST_HEADERS)
        .ignore_invalid_headers_in_responses(true)
        .handshake(TokioIo::new(wire))
        .await
        .map_err(|error| http_error(&error, max_head_bytes))?;
    let mut connection = Some(Box::pin(connection));
    let mut answer = pin!(sender.send_request(request));
    let answer = poll_fn(|cx| {
        if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
            return Poll::Ready(answer);
        }
        if drive(&mut connection, cx) {
            // What the connection read has become an answer, or an error.
            return answer.as_mut().poll(cx);
        }
        Poll::Pending
    })
    .await
    .map_err(|error| http_error(&error, max_head_bytes))?;
    if answer.status().is_informational() {
        return Err(FetchError::Protocol {
            detail: format!("{} was not asked for", answer.status()),
        });
    }
    Ok(answer.map(|body| Incomings { body, connection }))
}

/// Lets the connection read and write. Whether anything may have changed for those who wait for it: it has ended.
fn drive(connection: &mut Option<Driver>, cx: &mut Context<'_>) -> bool {
    let Some(driver) = connection else {
        return false;
    };
    // Its error is also given to whoever waits for an answer or a piece of the body, in more fitting words.
    let ended = driver.as_mut().poll(cx).is_ready();
    if ended {
        *connection = None;
    }
    ended
}

impl Incomings {
    /// The next piece of the body.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, FetchError>>> {
        loop {
            let mut piece = Pin::new(&mut self.body).poll_frame(cx);
            if piece.is_pending() {
                drive(&mut self.connection, cx);
                piece = Pin::new(&mut self.body).poll_frame(cx);
            }
            return match piece {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(http_error(&error, 0)))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Poll::Ready(Some(Ok(data))),
                    // Trailers, which nobody asked for.
                    Err(_) => continue,
                },
            };
        }
    }

    /// Whether it is known already that nothing will come.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// The request for `target` with `headers`.
pub(crate) fn request(
    method: Method,
    target: &Target,
    user_agent: &HeaderValue,
    headers: http::HeaderMap,
) -> Result<Request<Empty<Bytes>>, FetchError> {
    let url = &target.url;
    let invalid = |_: http::Error| FetchError::IllegalUrl(crate::UrlFault::Syntax);
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host_header(target))
        .header(header::USER_AGENT, user_agent)
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(invalid)?;
    request.headers_mut().extend(headers);
    Ok(request)
}

fn host_header(target: &Target) -> String {
    let host = match &target.host {
        TargetHost::Name(name) => name.as_str(),
        TargetHost::Address(_) => target.url.host_str().unwrap_or_default(),
    };
    // `None` also where the port is the scheme's own.
    match target.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn http_error(error: &hyper::Error, max_head_bytes: usize) -> FetchError {
    if error.is_parse_too_large() {
        return FetchError::TooLarge {
            limit: Limit::Head,
            max_bytes: max_head_bytes as u64,
        };
    }
    let mut detail = error.to_string();
    let mut inner = error.source();
    while let Some(source) = inner {
        detail = format!("{detail}: {source}");
        inner = source.source();
    }
    if error.is_parse() {
        FetchError::Protocol { detail }
    } else {
        FetchError::Interrupted { detail }
    }
}
