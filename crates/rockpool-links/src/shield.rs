//! The shield: a copy of a target, from memory, from the shelf, or by one fetch for all who ask.
use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use rockpool_fetch::Fetcher;
use rockpool_types::Clock;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    LinkSettings,
    copies::{Age, CopyName, Head, Kind, NewBody, tag_of},
    counts::Counts,
    fetching::{Failure, Fetching, Landed, Lasts},
    flight::Flights,
    freshness::Lifetimes,
    memory::{Kept, Memory},
    origins::{NotNow, Origins},
    shelf::{Draft, FetchLock, Shelf, Shelved, ShelvedBody},
    target::{ShieldedLinks, Target},
};

/// How often it is looked whether another process has finished its fetch.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long another process may take over its fetch. Its locks go with it, so this is for one that hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// Where an answer came from, as `Upstream-Cache` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A copy that is fresh.
    Hit,
    /// A fetch of one's own.
    Miss,
    /// A fetch of somebody else's, which was waited for.
    Waited,
    /// A copy that is due to be fetched again.
    Stale,
}

/// A shield. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shield(Arc<Parts>);

struct Parts {
    memory: Memory,
    shelf: Shelf,
    flights: Flights<Arc<Kept>>,
    origins: Origins,
    fetching: Fetching,
    counts: Arc<Counts>,
    clock: Clock,
}

impl Shield {
    pub(crate) fn new(
        settings: &LinkSettings,
        shelf: Shelf,
        fetcher: Fetcher,
        clock: Clock,
        counts: Arc<Counts>,
    ) -> Self {
        Self(Arc::new(Parts {
            memory: Memory::new(settings.memory_bytes),
            flights: Flights::new(),
            origins: Origins::new(settings.manners.clone()),
            fetching: Fetching {
                fetcher,
                links: ShieldedLinks::new(&settings.hosts),
                shelf: shelf.clone(),
                keep: settings.keep.clone(),
                clock: clock.clone(),
                max_body_bytes: settings.max_body_bytes,
            },
            shelf,
            counts,
            clock,
        }))
    }

    /// What is kept of a target, or comes of asking its site now. `None`: whoever asked crashed, which is logged.
    pub(crate) async fn copy_of(&self, target: &Target) -> Option<(Arc<Kept>, Source)> {
        let kept = match self.find(target).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(error.cause = %error, "The copies of links cannot be read");
                None
            }
        };
        let Some(kept) = kept else {
            return self.refreshed(target, None).await;
        };
        match kept.head.age(self.0.clock.now()) {
            Age::Fresh if kept.head.stale => Some((kept, Source::Stale)),
            Age::Fresh => Some((kept, Source::Hit)),
            Age::Revalidate if kept.head.is_content() => {
                // In the background: nobody waits for it.
                drop(self.refresh(target, Some(kept.clone())));
                Some((kept, Source::Stale))
            }
            Age::Revalidate | Age::OnError => self.refreshed(target, Some(kept)).await,
            Age::Over => self.refreshed(target, None).await,
        }
    }

    /// The copy in memory, if it is still the one on the shelf, else that on the shelf.
    async fn find(&self, target: &Target) -> io::Result<Option<Arc<Kept>>> {
        let url = target.url.as_str();
        let known = self.0.memory.find(url);
        if let Some((kept, false)) = known {
            return Ok(Some(kept));
        }
        let name = CopyName::of_url(url);
        if let Some((kept, true)) = known {
            if kept.version.is_none() || self.0.shelf.version(&name).await? == kept.version {
                self.0.memory.believe(&kept);
                return Ok(Some(kept));
            }
            self.0.memory.forget(url);
        }
        self.load(&name, url).await
    }

    async fn load(&self, name: &CopyName, url: &str) -> io::Result<Option<Arc<Kept>>> {
        let limit = self.0.memory.body_limit();
        let shelved = self.0.shelf.find(name, limit).await?;
        // Two URLs with one hash do not occur; a file that somebody moved does.
        let shelved = shelved.filter(|shelved| shelved.head.url == url);
        Ok(shelved.map(|shelved| self.0.memory.keep(shelved)))
    }

    async fn refreshed(
        &self,
        target: &Target,
        old: Option<Arc<Kept>>,
    ) -> Option<(Arc<Kept>, Source)> {
        let (mut landed, begun) = self.refresh(target, old);
        let kept = landed.wait_for(Option::is_some).await.ok()?.clone()?;
        let source = match begun {
            _ if kept.head.stale => Source::Stale,
            true => Source::Miss,
            false => Source::Waited,
        };
        Some((kept, source))
    }

    /// Begins a fetch, or joins the one that is under way; tells whether it began.
    fn refresh(
        &self,
        target: &Target,
        old: Option<Arc<Kept>>,
    ) -> (watch::Receiver<Option<Arc<Kept>>>, bool) {
        let mut begun = false;
        let landed = self.0.flights.join(target.url.as_str(), || {
            begun = true;
            let (shield, target) = (self.clone(), target.clone());
            async move { Box::pin(shield.land(&target, old)).await }
        });
        (landed, begun)
    }

    /// The one fetch, of all processes that share the shelf.
    async fn land(&self, target: &Target, old: Option<Arc<Kept>>) -> Arc<Kept> {
        let url = target.url.as_str();
        let name = CopyName::of_url(url);
        let _place = match self.0.origins.line_up() {
            Ok(place) => place,
            Err(not_now) => return self.turned_away(target, not_now, old),
        };
        let _lock = self.lock(&name).await;
        // Another process may have fetched it in the meantime.
        let found = self.load(&name, url).await.unwrap_or(None);
        if let Some(kept) = &found
            && kept.head.age(self.0.clock.now()) == Age::Fresh
        {
            return kept.clone();
        }
        let old = found.or(old);
        let head = old.as_ref().map(|kept| &kept.head);
        let landed = self.0.fetching.fetch(target, head, &self.0.origins).await;
        match &landed {
            Landed::Failed(failure) if matches!(failure.lasts, Lasts::UntilAsked(_)) => {}
            landed => self.0.counts.fetch(matches!(landed, Landed::Failed(_))),
        }
        self.settle(&name, target, landed, old).await
    }

    /// What is passed on when too many wait already. Other nodes may have more room: the shelf is not told.
    fn turned_away(&self, target: &Target, not_now: NotNow, old: Option<Arc<Kept>>) -> Arc<Kept> {
        if let Some(old) = old.filter(|old| self.may_stand_in(&old.head)) {
            return old;
        }
        let failure = Failure::not_now(not_now.after);
        self.log(target, &failure, false);
        let (head, words) = self.failed(target, &failure);
        self.0.memory.keep(Shelved {
            head,
            body: ShelvedBody::Bytes(words),
            version: None,
        })
    }

    /// Puts what became of a fetch on the shelf.
    async fn settle(
        &self,
        name: &CopyName,
        target: &Target,
        landed: Landed,
        old: Option<Arc<Kept>>,
    ) -> Arc<Kept> {
        match (landed, old) {
            (Landed::Copy(head, body), _) => self.put(name, head, body).await,
            (Landed::Unchanged(now, lifetimes), Some(old)) => {
                let mut head = old.head.clone();
                head.live(now, lifetimes);
                head.stale = false;
                self.put_head(name, head, &old).await
            }
            (Landed::Unchanged(..), None) => {
                // A 304 to a request without conditions: the site is broken.
                let failure = Failure::not_now(self.0.fetching.keep.failure);
                self.put_failure(name, target, failure).await
            }
            (Landed::Failed(failure), Some(old))
                if failure.is_away && self.may_stand_in(&old.head) =>
            {
                self.log(target, &failure, true);
                let mut head = old.head.clone();
                let fresh_until = self.0.clock.now().plus(self.failure_lasts(&failure));
                head.fresh_until_ms = fresh_until.as_millis().min(head.on_error_until_ms);
                head.revalidate_until_ms = head.on_error_until_ms;
                head.stale = true;
                self.put_head(name, head, &old).await
            }
            (Landed::Failed(failure), _) => {
                self.log(target, &failure, false);
                self.put_failure(name, target, failure).await
            }
        }
    }

    /// Whether an old copy may be passed on while the site is away.
    fn may_stand_in(&self, head: &Head) -> bool {
        head.is_content() && head.age(self.0.clock.now()) != Age::Over
    }

    fn failure_lasts(&self, failure: &Failure) -> Duration {
        let keep = &self.0.fetching.keep;
        match failure.lasts {
            Lasts::AsCopy => keep.max_fresh,
            Lasts::UntilAsked(after) => after,
            Lasts::AsFailure => {
                let asked = failure.retry_after.map(|wait| self.0.origins.heeded(wait));
                asked.unwrap_or_default().max(keep.failure)
            }
        }
    }

    fn log(&self, target: &Target, failure: &Failure, stood_in: bool) {
        tracing::info!(
            link.site = target.origin(),
            link.status = failure.status.as_u16(),
            link.stale = stood_in,
            error.cause = failure.detail.as_deref().unwrap_or(&failure.words),
            "A site gave no copy of a page"
        );
    }

    async fn put_failure(&self, name: &CopyName, target: &Target, failure: Failure) -> Arc<Kept> {
        let (head, words) = self.failed(target, &failure);
        self.put(name, head, NewBody::Bytes(words)).await
    }

    /// What is kept of a failure: that it was one, and the words for whoever asks.
    fn failed(&self, target: &Target, failure: &Failure) -> (Head, Bytes) {
        let words = Bytes::from(format!("No preview: {}.\n", failure.words));
        let lasts = self.failure_lasts(failure);
        let mut head = Head {
            url: target.url.as_str().to_owned(),
            kind: Kind::Failure,
            status: failure.status.as_u16(),
            content_type: "text/plain; charset=utf-8".to_owned(),
            download: false,
            body_bytes: words.len() as u64,
            tag: tag_of(&words),
            origin_bytes: 0,
            etag: None,
            last_modified: None,
            fetched_ms: 0,
            fresh_until_ms: 0,
            revalidate_until_ms: 0,
            on_error_until_ms: 0,
            stale: false,
        };
        head.live(
            self.0.clock.now(),
            Lifetimes {
                fresh: lasts,
                revalidate: lasts,
                on_error: lasts,
            },
        );
        (head, words)
    }

    /// Puts a copy on the shelf and into memory; where the shelf fails, into memory alone.
    async fn put(&self, name: &CopyName, head: Head, body: NewBody<Draft>) -> Arc<Kept> {
        let in_memory = match &body {
            NewBody::Bytes(bytes) => bytes.clone(),
            NewBody::Draft(_) => Bytes::new(),
        };
        let put = self.0.shelf.put(name, &head, body).await;
        self.loaded_or(put, name, head, ShelvedBody::Bytes(in_memory))
            .await
    }

    async fn put_head(&self, name: &CopyName, head: Head, old: &Kept) -> Arc<Kept> {
        let put = self.0.shelf.put_head(name, &head).await;
        self.loaded_or(put.map(drop), name, head, old.body.clone())
            .await
    }

    async fn loaded_or(
        &self,
        put: io::Result<()>,
        name: &CopyName,
        head: Head,
        body: ShelvedBody,
    ) -> Arc<Kept> {
        let loaded = match put {
            Ok(()) => self.load(name, &head.url).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &loaded {
            tracing::error!(
                error.cause = %error,
                "A copy of a link cannot be kept on disk; while this lasts, copies are in memory alone"
            );
        }
        match loaded {
            Ok(Some(kept)) => kept,
            // It was purged at this very moment, or the disk fails.
            Ok(None) | Err(_) => self.0.memory.keep(Shelved {
                head: whole_or_failure(head, &body),
                body,
                version: None,
            }),
        }
    }

    /// Waits for the right to fetch. `None`: it is fetched without.
    async fn lock(&self, name: &CopyName) -> Option<FetchLock> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match self.0.shelf.try_lock(name).await {
                Ok(Some(lock)) => return Some(lock),
                Ok(None) if Instant::now() < deadline => sleep(LOCK_PAUSE).await,
                Ok(None) => {
                    tracing::warn!(
                        "Another node has not finished a fetch for long; going on without it"
                    );
                    return None;
                }
                Err(error) => {
                    tracing::warn!(error.cause = %error, "Fetches cannot be agreed upon with other nodes");
                    return None;
                }
            }
        }
    }
}

/// The head of a body, or, where the body is lost because it was on its way to a disk that failed, of nothing.
fn whole_or_failure(head: Head, body: &ShelvedBody) -> Head {
    let bytes = match body {
        ShelvedBody::Bytes(bytes) => bytes.len() as u64,
        ShelvedBody::File(file) => file.bytes(),
    };
    if bytes == head.body_bytes {
        return head;
    }
    Head {
        kind: Kind::Failure,
        status: 502,
        content_type: "text/plain; charset=utf-8".to_owned(),
        body_bytes: bytes,
        ..head
    }
}
