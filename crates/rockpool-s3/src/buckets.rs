//! Buckets: listing, making, removing and asking for them.
use http::{HeaderName, StatusCode, header::LOCATION};
use rockpool_pool::{Access, AddBucket};
use rockpool_types::BucketName;

use crate::{
    call::Call,
    error::S3Error,
    headers,
    reply::{self, Reply},
    xml::{self, Xml},
};

/// ListBuckets.
pub(crate) async fn list(call: &mut Call) -> Result<Reply, S3Error> {
    let buckets = call.pool.buckets_of(&call.caller).await?;
    let prefix = call.query.text("prefix");
    let document = Xml::document("ListAllMyBucketsResult", |xml| {
        write_owner(xml, "Owner", call.owner());
        xml.element("Buckets", |xml| {
            for bucket in &buckets {
                let name = bucket.name.as_str();
                if prefix.is_some_and(|prefix| !name.starts_with(prefix)) {
                    continue;
                }
                xml.element("Bucket", |xml| {
                    xml.text("Name", name);
                    xml.text("CreationDate", &bucket.created_at.to_iso8601());
                });
            }
        });
        xml.optional("Prefix", prefix);
    });
    Ok(reply::xml(&document))
}

/// Writes who owns something; members have one name for both of S3's.
pub(crate) fn write_owner(xml: &mut Xml, element: &str, owner: &str) {
    xml.element(element, |xml| {
        xml.text("ID", owner);
        xml.text("DisplayName", owner);
    });
}

/// HeadBucket.
pub(crate) async fn head(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    call.enter(bucket, Access::ReadBucket).await?;
    let mut reply = reply::empty(StatusCode::OK);
    let name = HeaderName::from_static("x-amz-bucket-region");
    reply::set(reply.headers_mut(), name, &call.settings.region);
    Ok(reply)
}

/// CreateBucket. Its canned ACL becomes the ACL of objects that come without one. Where the body wants the bucket to be
/// does not matter: a pool is in one place.
pub(crate) async fn create(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let locks = headers::get(&call.headers, "x-amz-bucket-object-lock-enabled");
    if locks.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Err(S3Error::not_implemented("object lock"));
    }
    let default_acl = headers::acl(&call.headers)?;
    let body = call.read_document().await?;
    if !body.is_empty() {
        xml::parse(&body, "CreateBucketConfiguration")?;
    }
    let add = AddBucket {
        name: bucket.clone(),
        default_acl,
    };
    call.pool.create_bucket(&call.caller, add).await?;
    let mut reply = reply::empty(StatusCode::OK);
    reply::set(reply.headers_mut(), LOCATION, &format!("/{bucket}"));
    Ok(reply)
}

/// DeleteBucket.
pub(crate) async fn delete(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    call.pool.delete_bucket(&call.caller, bucket).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
