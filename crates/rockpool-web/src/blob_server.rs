//! The blob server: content by its hash, for ever the same.
use std::sync::Arc;

use http::{Request, Response, request::Parts};
use rockpool_pool::Pool;

use crate::{
    WebBody, WebSettings,
    answer::Answer,
    face::{Face, FoundBlob},
    problem::Problem,
};

/// The blob server. Understands both of poolmgr's URL forms. Cheap to clone.
#[derive(Clone)]
pub struct BlobServer(Arc<Face>);

impl BlobServer {
    /// Puts a blob server before a pool.
    pub fn new(pool: Pool, settings: WebSettings) -> Self {
        Self(Arc::new(Face::new("blob-server", pool, settings)))
    }

    /// Answers a request. Its body, if any, is not read.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<WebBody> {
        let (parts, _) = request.into_parts();
        self.0.respond(&parts, self.route(&parts)).await
    }

    async fn route(&self, parts: &Parts) -> Result<Answer, Problem> {
        let path = parts.uri.path();
        if matches!(path, "" | "/" | "/index.html") {
            return Ok(self.0.homepage());
        }
        match self.0.find_blob(path).await? {
            FoundBlob::Blob(blob) => self.0.deliver_blob(&blob, parts).await,
            FoundBlob::Absent(problem) => Err(problem),
            FoundBlob::NotNamed => Err(Problem::not_found()),
        }
    }
}
