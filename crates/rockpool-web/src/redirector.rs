//! The redirector: objects by their names, for the world.
use std::sync::Arc;

use http::{
    HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION},
    request::Parts,
};
use rockpool_pool::{Bucket, Pool, PublicObject};
use rockpool_types::{DeliveryMode, ObjectKey};

use crate::{
    WebBody, WebSettings,
    answer::Answer,
    asked::{Named, asked_host, parse_key, parse_named},
    delivery::{Delivery, SURROGATE_KEY},
    face::{Face, FoundBlob},
    problem::Problem,
    surrogate::{blob_key, bucket_key, object_key},
};

const WAITED: HeaderName = HeaderName::from_static("rockpool-waited");
const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// The redirector: the pool host, where a path is `/<bucket>/<key>`, and every bucket's own hosts, where it is `/<key>`.
/// Blob paths are served on all of them. Queries are ignored: a signature over another host's name, which is what some
/// clients send here, proves nothing. Cheap to clone.
#[derive(Clone)]
pub struct Redirector(Arc<Face>);

impl Redirector {
    /// Puts a redirector before a pool.
    pub fn new(pool: Pool, settings: WebSettings) -> Self {
        Self(Arc::new(Face::new("redirector", pool, settings)))
    }

    /// Answers a request. Its body, if any, is not read.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<WebBody> {
        let (parts, _) = request.into_parts();
        self.0.respond(&parts, self.route(&parts)).await
    }

    async fn route(&self, parts: &Parts) -> Result<Answer, Problem> {
        let path = parts.uri.path();
        let no_blob = match self.0.find_blob(path).await? {
            FoundBlob::Blob(blob) => return self.0.deliver_blob(&blob, parts).await,
            FoundBlob::Absent(problem) => Some(problem),
            FoundBlob::NotNamed => None,
        };
        let own = match asked_host(&parts.uri, &parts.headers) {
            Some(host) => self.0.pool.find_bucket_by_host(&host).await?,
            None => None,
        };
        match (own, path) {
            (_, "" | "/") | (None, "/index.html") => Ok(self.0.homepage()),
            (Some(bucket), path) => {
                let key = parse_key(path.strip_prefix('/').unwrap_or(path))?;
                self.answer_name(parts, &bucket, &key).await
            }
            (None, path) => match no_blob {
                Some(problem) => Err(problem),
                None => self.answer_path(parts, path).await,
            },
        }
    }

    /// Answers for a path on the pool host.
    async fn answer_path(&self, parts: &Parts, path: &str) -> Result<Answer, Problem> {
        let Named::Object(bucket, key) = parse_named(path)? else {
            return Err(Problem::not_found());
        };
        match self.0.pool.find_bucket(&bucket).await? {
            Some(bucket) => self.answer_name(parts, &bucket, &key).await,
            None => Err(Problem::not_found().with_text(SURROGATE_KEY, &bucket_key(&bucket))),
        }
    }

    /// Answers for an object, in its bucket's delivery mode.
    async fn answer_name(
        &self,
        parts: &Parts,
        bucket: &Bucket,
        key: &ObjectKey,
    ) -> Result<Answer, Problem> {
        let surrogates = format!(
            "{} {}",
            bucket_key(&bucket.name),
            object_key(&bucket.name, key)
        );
        let found = match self.0.pool.find_public(bucket, key).await {
            Ok(found) => found,
            Err(error) => return Err(Problem::from(error).with_text(SURROGATE_KEY, &surrogates)),
        };
        let is_on_its_way = self.0.pool.is_on_its_way(&found.object).await;
        let delivery = match is_on_its_way {
            // Where a redirect would lead, it is not there yet.
            true => DeliveryMode::Direct,
            false => bucket.delivery,
        };
        let mut answer = match delivery {
            DeliveryMode::Redirect => self.redirect(&found, &surrogates, |path| {
                self.0.settings.blob_base.join(path)
            }),
            DeliveryMode::SameHost => self.redirect(&found, &surrogates, |path| format!("/{path}")),
            DeliveryMode::Direct => {
                let cache = self.0.name_cache(found.object.modified_at);
                Delivery::of_object(&found.object, cache, &surrogates)
                    .answer(&self.0.pool, parts)
                    .await?
            }
        };
        let cdn_max_age = self.0.settings.name_cdn_max_age;
        if let Some(age) = cdn_max_age.filter(|_| !is_on_its_way) {
            answer = answer.with_text(SURROGATE_CONTROL, &format!("max-age={}", age.as_secs()));
        }
        if found.waited {
            answer = answer.with(WAITED, HeaderValue::from_static("true"));
        }
        Ok(answer)
    }

    /// A redirect to where `place` puts the blob's path.
    fn redirect(
        &self,
        found: &PublicObject,
        surrogates: &str,
        place: impl FnOnce(&str) -> String,
    ) -> Answer {
        let object = &found.object;
        let path = self
            .0
            .settings
            .blob_path_form
            .path(&object.blob.hash, &object.key);
        let surrogates = format!("{surrogates} {}", blob_key(&object.blob.hash));
        Answer::new(StatusCode::MOVED_PERMANENTLY)
            .with_text(LOCATION, &place(&path))
            .with(CONTENT_LENGTH, HeaderValue::from(0))
            .with(CACHE_CONTROL, self.0.name_cache(object.modified_at))
            .with_text(SURROGATE_KEY, &surrogates)
    }
}
