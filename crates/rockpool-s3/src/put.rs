//! Putting objects.
use http::{StatusCode, header::ETAG};
use rockpool_pool::{Access, PutRequest};
use rockpool_types::{BucketName, Conditions, ObjectKey};

use crate::{
    call::Call,
    error::S3Error,
    headers,
    reply::{self, Reply},
};

/// PutObject.
pub(crate) async fn put(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    headers::refuse_unsupported(&call.headers)?;
    let request = PutRequest {
        key,
        acl: headers::acl(&call.headers)?,
        attributes: headers::attributes(&call.headers)?,
        conditions: write_conditions(call),
    };
    let entry = call.enter(bucket, Access::Write).await?;
    let mut body = call.take_body()?;
    let stored = call.pool.put_object(&entry, request, &mut body).await?;
    let mut reply = reply::empty(StatusCode::OK);
    let headers = reply.headers_mut();
    reply::set(headers, ETAG, &stored.etag.quoted());
    reply::set_checksum(headers, stored.checksum.as_ref());
    Ok(reply)
}

/// The conditions of a write: the two about ETags (S3 user guide, "Conditional writes").
pub(crate) fn write_conditions(call: &Call) -> Conditions {
    Conditions {
        if_modified_since: None,
        if_unmodified_since: None,
        ..headers::conditions(&call.headers, "")
    }
}
