//! Adopting a poolmgr pool: its users become members, its names objects, and its blobs stay where they are.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use rockpool_catalog::{
    AdoptOutcome, AdoptPage, AdoptedName, Adoption, BucketId, Member, MemberChange, MemberLimits,
    MemberState, Poolmgr, PoolmgrName, Scope,
};
use rockpool_types::{AccessKeyId, BlobHash, BucketName, ObjectKey};
use serde::Serialize;

use crate::{NewKey, Pool, PoolError, intake::blob_key};

mod plan;

pub use plan::{AdoptionPlan, Compared, PlannedMember, PoolmgrUser, UnusableUser};

/// Names in one transaction.
const PAGE: u32 = 2000;

/// Sizes that the store is asked for at once.
const SIZES_AT_ONCE: usize = 32;

/// How long to wait for a deletion under way, or for a database or store that is away, before trying again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often a page is tried before the adoption gives up. It can be run again.
const ATTEMPTS: u32 = 120;

/// How an adoption stands, or what it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AdoptionReport {
    /// Names at poolmgr.
    pub names: u64,
    /// Names that were mapped, over all runs.
    pub adopted: u64,
    /// Names that were not, because their key was mapped here already, over all runs.
    pub kept: u64,
    /// Names that cannot be mapped, over all runs.
    pub left_out: u64,
    /// Names whose blob the store does not have, in this run. They are among those left out.
    pub lost: u64,
    /// Members that this adoption has made, and that may write from now on.
    pub members: u64,
}

/// An adoption that goes on.
struct Run<'p> {
    pool: &'p Pool,
    poolmgr: &'p Poolmgr,
    plan: &'p AdoptionPlan,
    buckets: HashMap<String, BucketId>,
    adoption: Adoption,
    lost: u64,
}

impl Pool {
    /// Carries out a plan, or goes on with it where an earlier run ended, however it ended. New members are suspended
    /// until all is done, so that nothing they write or delete meanwhile can be undone by a name that is adopted later;
    /// the public reads what is there. A key that is mapped already stays as it is.
    ///
    /// `ReadOnly`; `Unavailable` when the database or the store stays away; `NameTaken` and `AccessKeyTaken` when a bucket or
    /// a key of a member to be is another's; `Internal` when another process adopts the same pool at this moment. A
    /// cancelled call leaves what is adopted so far.
    pub async fn adopt(
        &self,
        poolmgr: &Poolmgr,
        plan: &AdoptionPlan,
        limits: MemberLimits,
        mut on_progress: impl FnMut(&AdoptionReport),
    ) -> Result<AdoptionReport, PoolError> {
        self.require_writable()?;
        let adoption = self
            .catalog()
            .begin_adoption(poolmgr.source(), self.now())
            .await?;
        let buckets = self.adopt_members(plan, &adoption, limits).await?;
        let mut run = Run {
            pool: self,
            poolmgr,
            plan,
            buckets,
            adoption,
            lost: 0,
        };
        let mut page = run.read_page(run.adoption.last_id).await?;
        while let Some(last) = page.last() {
            let after = last.id;
            // The next page is read while this one is written.
            let (written, next) =
                futures_util::future::join(run.write_page(page), poolmgr.list_names(after, PAGE))
                    .await;
            written?;
            on_progress(&run.report());
            page = next?;
        }
        run.finish().await
    }

    /// Makes the members that are not there. Answers the bucket of every spelling.
    async fn adopt_members(
        &self,
        plan: &AdoptionPlan,
        adoption: &Adoption,
        limits: MemberLimits,
    ) -> Result<HashMap<String, BucketId>, PoolError> {
        let mut buckets = HashMap::new();
        for planned in &plan.members {
            let member = self.adopt_member(planned, limits).await?;
            if is_new(&member, adoption) {
                self.set_state(&member, MemberState::Suspended).await?;
            }
            let name = BucketName::from(&planned.name);
            let bucket = self.catalog().find_bucket(&name).await?;
            let bucket = bucket.filter(|bucket| bucket.member == member.id);
            let bucket = bucket.ok_or(PoolError::NoSuchBucket)?;
            for spelling in [planned.name.as_str().to_owned()]
                .iter()
                .chain(&planned.also_spelled)
            {
                buckets.insert(spelling.clone(), bucket.id);
            }
        }
        Ok(buckets)
    }

    /// A member with poolmgr's key, whatever an interrupted run has left of it.
    async fn adopt_member(
        &self,
        planned: &PlannedMember,
        limits: MemberLimits,
    ) -> Result<Member, PoolError> {
        let member = match self.catalog().find_member(&planned.name).await? {
            Some(member) => member,
            None => self
                .catalog()
                .insert_member(&planned.name, limits, self.now())
                .await?
                .ok_or(PoolError::NameTaken)?,
        };
        if let Some(secret) = &planned.secret {
            let id = AccessKeyId::new(planned.name.as_str())
                .map_err(|e| PoolError::Internal(e.to_string()))?;
            let key = NewKey {
                label: "poolmgr".to_owned(),
                given: Some((id.clone(), secret.clone())),
                ..NewKey::default()
            };
            match self.add_key(&planned.name, key).await {
                Ok(_) => {}
                // By an interrupted run, unless it is another member's.
                Err(PoolError::AccessKeyTaken) => {
                    let keys = self.list_keys(&planned.name).await?;
                    if !keys.iter().any(|key| key.id == id) {
                        return Err(PoolError::AccessKeyTaken);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(member)
    }

    async fn set_state(&self, member: &Member, state: MemberState) -> Result<(), PoolError> {
        let change = MemberChange {
            state: Some(state),
            limits: None,
        };
        self.change_member(&member.name, change).await.map(|_| ())
    }
}

/// Whether this adoption has made the member, and is not at its end.
fn is_new(member: &Member, adoption: &Adoption) -> bool {
    adoption.finished_at.is_none() && member.created_at >= adoption.started_at
}

impl Run<'_> {
    async fn read_page(&self, after: u64) -> Result<Vec<PoolmgrName>, PoolError> {
        Ok(self.poolmgr.list_names(after, PAGE).await?)
    }

    async fn write_page(&mut self, names: Vec<PoolmgrName>) -> Result<(), PoolError> {
        let Some(last_id) = names.last().map(|name| name.id) else {
            return Ok(());
        };
        let mut attempts = 0;
        loop {
            let outcome = match self.sort_page(&names).await {
                Ok((page, lost)) => self.write(page, last_id, names.len(), lost).await,
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(true) => return Ok(()),
                Ok(false) => PoolError::Unavailable("a blob is being deleted".to_owned()),
                Err(error) => error,
            };
            attempts += 1;
            if !error.is_transient() || attempts == ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
            if self.was_written(last_id).await {
                return Ok(());
            }
        }
    }

    /// Whether a page of unknown outcome, which may be one that the connection was lost over, is adopted.
    async fn was_written(&mut self, last_id: u64) -> bool {
        let found = self
            .pool
            .catalog()
            .find_adoption(&self.adoption.source)
            .await;
        match found {
            Ok(Some(adoption)) if adoption.last_id == last_id => {
                self.adoption = adoption;
                true
            }
            _ => false,
        }
    }

    /// `false`: to be tried again.
    async fn write(
        &mut self,
        names: Vec<AdoptedName>,
        last_id: u64,
        rows: usize,
        lost: u64,
    ) -> Result<bool, PoolError> {
        let page = AdoptPage {
            adoption: self.adoption.clone(),
            last_id,
            left_out: (rows - names.len()) as u64,
            names,
        };
        match self.pool.catalog().adopt(page).await? {
            AdoptOutcome::Adopted(adoption) => {
                self.adoption = adoption;
                self.lost += lost;
                Ok(true)
            }
            AdoptOutcome::Wait => Ok(false),
            AdoptOutcome::Overtaken => Err(PoolError::Internal(
                "another process adopts the same pool; let it come to its end".to_owned(),
            )),
        }
    }

    /// The names of a page that can be mapped, and how many cannot because their blob is lost.
    async fn sort_page(&self, names: &[PoolmgrName]) -> Result<(Vec<AdoptedName>, u64), PoolError> {
        // Once members are in, what poolmgr knew of may have been collected here.
        let is_late = self.adoption.finished_at.is_some();
        let in_doubt = names.iter().filter(|name| is_late || name.size.is_none());
        let sizes = self
            .ask_sizes(in_doubt.map(|name| name.hash).collect())
            .await?;
        let (mut seen, mut lost) = (HashSet::new(), 0);
        let mut adopted = Vec::with_capacity(names.len());
        for name in names {
            let Some((bucket, key)) = self.place(name) else {
                continue;
            };
            let known = name.size.filter(|_| !is_late);
            let Some(size) = known.or_else(|| sizes.get(&name.hash).copied()) else {
                tracing::warn!(
                    blob.hash = %name.hash, bucket.name = name.identity, object.key = %key,
                    "the store does not have the blob of a name of poolmgr's, which is left out"
                );
                lost += 1;
                continue;
            };
            if seen.insert((bucket, key.clone())) {
                let hash = name.hash;
                adopted.push(AdoptedName {
                    bucket,
                    key,
                    hash,
                    size,
                });
            }
        }
        Ok((adopted, lost))
    }

    /// Where a name goes.
    fn place(&self, name: &PoolmgrName) -> Option<(BucketId, ObjectKey)> {
        let bucket = *self.buckets.get(&name.identity)?;
        match ObjectKey::from_bytes(name.name.clone()) {
            Ok(key) => Some((bucket, key)),
            Err(error) => {
                tracing::warn!(
                    poolmgr.row = name.id, bucket.name = name.identity, error.cause = %error,
                    "a name of poolmgr's is no key, and is left out"
                );
                None
            }
        }
    }

    /// The sizes of blobs, from the store; those that it does not have are absent.
    async fn ask_sizes(
        &self,
        hashes: HashSet<BlobHash>,
    ) -> Result<BTreeMap<BlobHash, u64>, PoolError> {
        let store = &self.pool.primary().await?;
        let mut answers = stream::iter(hashes)
            .map(|hash| async move {
                let key = blob_key(Scope::Public, &hash)?;
                let size = store.size(&key).await?;
                Ok::<_, PoolError>((hash, size))
            })
            .buffer_unordered(SIZES_AT_ONCE);
        let mut sizes = BTreeMap::new();
        while let Some(answer) = answers.next().await {
            let (hash, size) = answer?;
            sizes.extend(size.map(|size| (hash, size)));
        }
        Ok(sizes)
    }

    fn report(&self) -> AdoptionReport {
        AdoptionReport {
            names: self.plan.names,
            adopted: self.adoption.adopted,
            kept: self.adoption.kept,
            left_out: self.adoption.left_out,
            lost: self.lost,
            members: 0,
        }
    }

    /// Lets the new members in.
    async fn finish(self) -> Result<AdoptionReport, PoolError> {
        let mut report = self.report();
        for planned in &self.plan.members {
            let member = self.pool.find_member(&planned.name).await?;
            if is_new(&member, &self.adoption) {
                self.pool.set_state(&member, MemberState::Active).await?;
                report.members += 1;
            }
        }
        let source = self.poolmgr.source();
        self.pool
            .catalog()
            .finish_adoption(source, self.pool.now())
            .await?;
        Ok(report)
    }
}
