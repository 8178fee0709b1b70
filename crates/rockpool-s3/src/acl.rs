//! Who may read: the ACLs of objects and buckets.
use http::StatusCode;
use rockpool_pool::{Access, BucketChange};
use rockpool_types::{Acl, BucketName, ObjectKey};

use crate::{
    buckets::write_owner,
    call::Call,
    error::{S3Code, S3Error},
    headers,
    reply::{self, Reply},
    xml::{self, Element, Xml},
};

#[cfg(test)]
mod tests;

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// GetObjectAcl.
pub(crate) async fn get_of_object(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::ReadBucket).await?;
    let object = call.pool.find_object(&entry, &key).await?;
    Ok(reply::xml(&document(call.owner(), object.acl)))
}

/// PutObjectAcl.
pub(crate) async fn put_of_object(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::Write).await?;
    let acl = wanted(call).await?;
    call.pool.set_acl(&entry, &key, acl).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// GetBucketAcl: the ACL of objects that come without one. Nobody but its member lists a bucket, whatever it says.
pub(crate) async fn get_of_bucket(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::ReadBucket).await?;
    let acl = entry.bucket().default_acl;
    Ok(reply::xml(&document(call.owner(), acl)))
}

/// PutBucketAcl: sets the ACL of objects that will come without one.
pub(crate) async fn put_of_bucket(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    call.enter(bucket, Access::Write).await?;
    let change = BucketChange {
        default_acl: Some(wanted(call).await?),
        ..BucketChange::default()
    };
    call.pool.change_bucket(bucket, change).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// The ACL that a request wants: in a header, or in a document.
async fn wanted(call: &mut Call) -> Result<Acl, S3Error> {
    let in_headers = headers::acl(&call.headers)?;
    let body = call.read_document().await?;
    match in_headers {
        Some(acl) => Ok(acl),
        None if body.is_empty() => Err(S3Error::new(
            S3Code::MissingSecurityHeader,
            "Neither x-amz-acl nor a document says which ACL is wanted.",
        )),
        None => from_document(&body),
    }
}

/// The canned ACL that comes nearest to a document's grants. Grants to single users are no more than the owner's own.
pub(crate) fn from_document(bytes: &[u8]) -> Result<Acl, S3Error> {
    let root = xml::parse(bytes, "AccessControlPolicy")?;
    let list = root.child("AccessControlList").ok_or_else(malformed)?;
    let mut acl = Acl::Private;
    for grant in list.all("Grant") {
        let (group, permission) = read_grant(grant)?;
        acl = match (group, permission, acl) {
            (ALL_USERS, "READ" | "FULL_CONTROL", Acl::Private | Acl::AuthenticatedRead) => {
                Acl::PublicRead
            }
            (AUTHENTICATED_USERS, "READ" | "FULL_CONTROL", Acl::Private) => Acl::AuthenticatedRead,
            (_, _, acl) => acl,
        };
    }
    Ok(acl)
}

fn read_grant(grant: &Element) -> Result<(&str, &str), S3Error> {
    let permission = grant.child_text("Permission").ok_or_else(malformed)?.trim();
    let known = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"];
    if !known.contains(&permission) {
        return Err(malformed());
    }
    let grantee = grant.child("Grantee").ok_or_else(malformed)?;
    Ok((
        grantee.child_text("URI").unwrap_or_default().trim(),
        permission,
    ))
}

fn malformed() -> S3Error {
    S3Code::MalformedACLError.into()
}

pub(crate) fn document(owner: &str, acl: Acl) -> String {
    let group = match acl {
        Acl::PublicRead | Acl::PublicReadWrite => Some(ALL_USERS),
        Acl::AuthenticatedRead => Some(AUTHENTICATED_USERS),
        Acl::Private | Acl::BucketOwnerRead | Acl::BucketOwnerFullControl | Acl::AwsExecRead => {
            None
        }
    };
    Xml::document("AccessControlPolicy", |xml| {
        write_owner(xml, "Owner", owner);
        xml.element("AccessControlList", |xml| {
            xml.element("Grant", |xml| {
                xml.grantee("CanonicalUser", |xml| {
                    xml.text("ID", owner);
                    xml.text("DisplayName", owner);
                });
                xml.text("Permission", "FULL_CONTROL");
            });
            if let Some(group) = group {
                xml.element("Grant", |xml| {
                    xml.grantee("Group", |xml| xml.text("URI", group));
                    xml.text("Permission", "READ");
                });
            }
        });
    })
}
