//! What an adoption of a poolmgr pool would do.
use std::collections::{BTreeMap, BTreeSet};

use rockpool_catalog::{Poolmgr, PoolmgrIdentity, PoolmgrSurvey, Scope};
use rockpool_types::{AccessKeyId, MemberName, SecretKey};
use serde::{Serialize, Serializer};

use crate::{Pool, PoolError, intake::blob_key};

/// Blobs that the store is asked for before an adoption.
const SAMPLES: u64 = 8;

/// A user of poolmgr, from its configuration file.
#[derive(Clone, Debug)]
pub struct PoolmgrUser {
    /// Its name, its access key's id and its bucket's name at once.
    pub identity: String,
    /// Its secret.
    pub secret: SecretKey,
}

/// What an adoption found, and what it would do.
#[derive(Clone, Debug, Serialize)]
pub struct AdoptionPlan {
    /// Where poolmgr's database is.
    pub source: String,
    /// Its names.
    pub names: u64,
    /// The blobs that they point to.
    pub blobs: u64,
    /// Bytes of those blobs whose size is in the database.
    pub blob_bytes: u64,
    /// Blobs whose size is not in the database; the store will be asked.
    pub blobs_without_size: u64,
    /// Names that poolmgr has shortened; they will answer for the whole name.
    pub short_names: u64,
    /// The collation by which poolmgr's names compare.
    pub collation: String,
    /// Whether spellings that differ in the case of letters were one name there. Here they are not.
    pub folds_case: bool,
    /// Names with capital letters.
    pub names_with_capitals: u64,
    /// Multipart uploads under way, which are left behind.
    pub unfinished_uploads: u64,
    /// What this pool has to do with it. `None`: it was not looked at.
    pub compared: Option<Compared>,
    /// The members to be, by name.
    pub members: Vec<PlannedMember>,
    /// Users that cannot be members; their names are left out when the operator says so.
    pub unusable: Vec<UnusableUser>,
    #[serde(skip)]
    pub(super) last_id: u64,
}

/// What a pool has to do with a plan.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Compared {
    /// Names that earlier runs have adopted, left alone or left out.
    pub done: u64,
    /// Whether an earlier run came to its end; names that were added since are adopted by the next.
    pub finished: bool,
    /// Blobs, from all over poolmgr's names, that the blob store was asked for.
    pub sampled_blobs: u64,
    /// Those that it has. None of several means that it is not poolmgr's store.
    pub sampled_blobs_in_store: u64,
}

/// A member to be.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedMember {
    /// Its name, and its bucket's.
    #[serde(serialize_with = "as_text")]
    pub name: MemberName,
    /// Names that it will have.
    pub names: u64,
    /// Whether poolmgr's configuration has a key for it. Without one, its objects answer to the public all the same.
    pub has_key: bool,
    /// Whether there is a member of that name already, as far as was looked.
    pub exists: bool,
    /// Other spellings of its name under which poolmgr keeps names of its.
    pub also_spelled: Vec<String>,
    #[serde(skip)]
    pub(super) secret: Option<SecretKey>,
}

/// A user of poolmgr that cannot be a member.
#[derive(Clone, Debug, Serialize)]
pub struct UnusableUser {
    /// Its name at poolmgr.
    pub identity: String,
    /// Names that are its.
    pub names: u64,
    /// Why it cannot.
    pub why: String,
}

fn as_text<S: Serializer>(name: &MemberName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.as_str())
}

impl AdoptionPlan {
    /// Names that belong to users who cannot be members.
    pub fn names_left_out(&self) -> u64 {
        self.unusable.iter().map(|user| user.names).sum()
    }
}

impl AdoptionPlan {
    /// Surveys a poolmgr pool. Changes nothing, and reads its tables from end to end.
    ///
    /// # Errors
    /// `Unavailable` when its database is away.
    pub async fn survey(poolmgr: &Poolmgr, users: &[PoolmgrUser]) -> Result<Self, PoolError> {
        let survey = poolmgr.survey().await?;
        let (members, unusable) = sort_users(&survey, users);
        Ok(Self {
            source: poolmgr.source().to_owned(),
            names: survey.names,
            blobs: survey.blobs,
            blob_bytes: survey.blob_bytes,
            blobs_without_size: survey.blobs_without_size,
            short_names: survey.short_names,
            folds_case: survey.folds_case(),
            names_with_capitals: survey.names_with_capitals,
            unfinished_uploads: survey.uploads,
            compared: None,
            last_id: survey.last_id,
            collation: survey.collation,
            members,
            unusable,
        })
    }
}

impl Pool {
    /// Adds to a plan what this pool has to do with it. Changes nothing.
    ///
    /// # Errors
    /// `Unavailable` when a database or the store is away.
    pub async fn compare_plan(
        &self,
        poolmgr: &Poolmgr,
        plan: &mut AdoptionPlan,
    ) -> Result<(), PoolError> {
        for member in &mut plan.members {
            let found = self.catalog().find_member(&member.name).await?;
            member.exists = found.is_some();
        }
        let earlier = self.catalog().find_adoption(poolmgr.source()).await?;
        let mut compared = Compared {
            done: earlier
                .as_ref()
                .map_or(0, |a| a.adopted + a.kept + a.left_out),
            finished: earlier.is_some_and(|a| a.finished_at.is_some()),
            ..Compared::default()
        };
        for sample in 0..SAMPLES {
            let after = plan.last_id / SAMPLES * sample;
            for name in poolmgr.list_names(after, 1).await? {
                compared.sampled_blobs += 1;
                let key = blob_key(Scope::Public, &name.hash)?;
                let is_there = self.primary().await?.size(&key).await?.is_some();
                compared.sampled_blobs_in_store += u64::from(is_there);
            }
        }
        plan.compared = Some(compared);
        Ok(())
    }
}

/// Who of poolmgr's users becomes which member. Users without names and names without users both count.
fn sort_users(
    survey: &PoolmgrSurvey,
    users: &[PoolmgrUser],
) -> (Vec<PlannedMember>, Vec<UnusableUser>) {
    let secrets: BTreeMap<&str, &SecretKey> = users
        .iter()
        .map(|user| (user.identity.as_str(), &user.secret))
        .collect();
    let mut owners: BTreeMap<String, Vec<&PoolmgrIdentity>> = BTreeMap::new();
    for identity in secrets.keys() {
        owners.entry((*identity).to_owned()).or_default();
    }
    for found in &survey.identities {
        let owner = owner_of(&found.identity, &secrets, survey.folds_case());
        owners.entry(owner).or_default().push(found);
    }
    let (mut members, mut unusable) = (Vec::new(), Vec::new());
    for (identity, found) in owners {
        let names = found.iter().map(|found| found.names).sum();
        let secret = secrets.get(identity.as_str()).copied().cloned();
        match usable_name(&identity, secret.is_some()) {
            Ok(name) => members.push(PlannedMember {
                also_spelled: found
                    .iter()
                    .map(|found| found.identity.clone())
                    .filter(|spelling| *spelling != identity)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                has_key: secret.is_some(),
                exists: false,
                name,
                names,
                secret,
            }),
            Err(why) => unusable.push(UnusableUser {
                identity,
                names,
                why,
            }),
        }
    }
    (members, unusable)
}

/// The user that a spelling belongs to: the very one, or where case does not count, the one that differs in nothing else.
fn owner_of(spelling: &str, users: &BTreeMap<&str, &SecretKey>, folds_case: bool) -> String {
    if !folds_case || users.contains_key(spelling) {
        return spelling.to_owned();
    }
    let folded = spelling.to_lowercase();
    let user = users.keys().find(|user| user.to_lowercase() == folded);
    user.map_or(spelling, |user| user).to_owned()
}

fn usable_name(identity: &str, has_key: bool) -> Result<MemberName, String> {
    let name = MemberName::new(identity).map_err(|e| e.to_string())?;
    if has_key {
        AccessKeyId::new(identity).map_err(|e| e.to_string())?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
