//! A site on loopback that says what a test tells it to, and remembers what it was asked.
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What the site says at a path.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// How often the body is repeated.
    pub(crate) times: usize,
    pub(crate) delay: Duration,
}

impl Page {
    pub(crate) fn new(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
            times: 1,
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn html(body: &str) -> Self {
        Self::new("text/html; charset=utf-8", body.to_owned())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::html("")
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

#[derive(Default)]
struct State {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<(String, HeaderMap)>>,
    sent: AtomicU64,
}

/// The site. It answers until the test's runtime ends.
#[derive(Clone)]
pub(crate) struct Site {
    state: Arc<State>,
    pub(crate) port: u16,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let site = Self {
            state: state.clone(),
            port,
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| serve(state.clone(), request));
                    // The shield hangs up on what it does not need.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        site
    }

    /// Says this at a path from now on.
    pub(crate) fn put(&self, path: &str, page: Page) {
        let mut pages = self.state.pages.lock().unwrap();
        pages.insert(path.to_owned(), page);
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|(asked, _)| asked == path).count()
    }

    /// The headers of the last request.
    pub(crate) fn last(&self) -> HeaderMap {
        let asked = self.state.asked.lock().unwrap();
        asked.last().unwrap().1.clone()
    }

    /// How many bytes of bodies it has sent, or tried to.
    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }
}

async fn serve(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path_and_query().unwrap().to_string();
    let headers = request.headers().clone();
    state
        .asked
        .lock()
        .unwrap()
        .push((path.clone(), headers.clone()));
    let page = state.pages.lock().unwrap().get(&path).cloned();
    let mut page = page.unwrap_or_else(|| Page::status(404));
    tokio::time::sleep(page.delay).await;
    let etag = page.headers.iter().find(|(name, _)| *name == "etag");
    if let (Some(known), Some((_, etag))) = (headers.get("if-none-match"), etag)
        && known == etag.as_str()
    {
        (page.status, page.times) = (304, 0);
    }
    let mut response = Response::builder().status(page.status);
    for (name, value) in &page.headers {
        response = response.header(*name, value);
    }
    let pieces = stream::iter(0..page.times).map(move |_| {
        state
            .sent
            .fetch_add(page.body.len() as u64, Ordering::SeqCst);
        Ok(Frame::data(page.body.clone()))
    });
    Ok(response
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .unwrap())
}

use futures_util::StreamExt as _;
