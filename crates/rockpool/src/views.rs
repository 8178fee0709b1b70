//! What commands show of members, keys, buckets and objects, in JSON's names.
use rockpool_pool::{AccessKey, Bucket, Member, MemberLimits, MemberState, Object, Usage};
use rockpool_types::{ByteSize, Timestamp};
use serde::Serialize;

/// A member.
#[derive(Debug, Serialize)]
pub(crate) struct MemberView {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) created_at: String,
    pub(crate) limits: LimitsView,
    pub(crate) usage: UsageView,
}

/// A member's limits; `null` means none.
#[derive(Debug, Serialize)]
pub(crate) struct LimitsView {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_objects: Option<u64>,
    pub(crate) max_buckets: u32,
}

/// What a member or bucket has.
#[derive(Debug, Serialize)]
pub(crate) struct UsageView {
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
}

/// An access key, without its secret.
#[derive(Debug, Serialize)]
pub(crate) struct KeyView {
    pub(crate) access_key_id: String,
    pub(crate) label: String,
    pub(crate) read_only: bool,
    pub(crate) bucket: Option<String>,
    pub(crate) created_at: String,
    pub(crate) revoked_at: Option<String>,
}

/// A bucket.
#[derive(Debug, Serialize)]
pub(crate) struct BucketView {
    pub(crate) name: String,
    pub(crate) member: String,
    pub(crate) default_acl: &'static str,
    pub(crate) delivery: &'static str,
    pub(crate) hosts: Vec<String>,
    pub(crate) created_at: String,
    pub(crate) usage: UsageView,
}

/// An object in a listing.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectView {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) modified_at: String,
    pub(crate) etag: String,
    pub(crate) acl: &'static str,
    pub(crate) content_type: Option<String>,
    pub(crate) blob: String,
}

impl MemberView {
    pub(crate) fn new(member: &Member, usage: Usage) -> Self {
        Self {
            name: member.name.to_string(),
            state: match member.state {
                MemberState::Active => "active",
                MemberState::Suspended => "suspended",
            },
            created_at: member.created_at.to_iso8601(),
            limits: LimitsView::new(member.limits),
            usage: UsageView::new(usage),
        }
    }
}

impl LimitsView {
    fn new(limits: MemberLimits) -> Self {
        Self {
            max_bytes: limits.max_bytes,
            max_objects: limits.max_objects,
            max_buckets: limits.max_buckets,
        }
    }
}

impl UsageView {
    pub(crate) const fn new(usage: Usage) -> Self {
        Self {
            objects: usage.objects,
            object_bytes: usage.object_bytes,
        }
    }
}

impl KeyView {
    /// A key; `bucket` is the name of the only bucket that it opens.
    pub(crate) fn new(key: &AccessKey, bucket: Option<String>) -> Self {
        Self {
            access_key_id: key.id.to_string(),
            label: key.label.clone(),
            read_only: key.read_only,
            bucket,
            created_at: key.created_at.to_iso8601(),
            revoked_at: key.revoked_at.map(Timestamp::to_iso8601),
        }
    }

    /// What it may do, in a few words.
    pub(crate) fn rights(&self) -> String {
        let rights = if self.read_only {
            "read"
        } else {
            "read, write"
        };
        match &self.bucket {
            Some(bucket) => format!("{rights} in {bucket}"),
            None => rights.to_owned(),
        }
    }
}

impl BucketView {
    pub(crate) fn new(bucket: &Bucket, member: String, usage: Usage) -> Self {
        Self {
            name: bucket.name.to_string(),
            member,
            default_acl: bucket.default_acl.as_str(),
            delivery: bucket.delivery.as_str(),
            hosts: bucket.hosts.iter().map(ToString::to_string).collect(),
            created_at: bucket.created_at.to_iso8601(),
            usage: UsageView::new(usage),
        }
    }
}

impl ObjectView {
    pub(crate) fn new(object: &Object) -> Self {
        Self {
            key: object.key.to_string(),
            size: object.blob.size,
            modified_at: object.modified_at.to_iso8601(),
            etag: object.etag.to_string(),
            acl: object.acl.as_str(),
            content_type: object.attributes.content_type.clone(),
            blob: object.blob.hash.to_hex(),
        }
    }
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    ByteSize::new(count).to_string()
}

/// A limit for people.
pub(crate) fn limit(limit: Option<String>) -> String {
    limit.unwrap_or_else(|| "none".to_owned())
}
