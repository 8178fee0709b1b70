//! From an operation to the function that performs it.
use std::{future::Future, pin::Pin};

use rockpool_types::{BucketName, ObjectKey};

use crate::{
    acl, bucket_settings, buckets,
    call::Call,
    complete, copy, delete,
    error::S3Error,
    form, get, listing, object_attributes, parts, put,
    reply::Reply,
    route::{BucketOperation, ObjectOperation, Operation},
    tagging, uploads,
};

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Reply, S3Error>> + Send + 'a>>;

/// Performs an operation.
pub(crate) async fn perform(call: &mut Call, operation: Operation) -> Result<Reply, S3Error> {
    tracing::trace!(
        request.id = call.id.short(),
        s3.operation = operation.name()
    );
    match operation {
        Operation::ListBuckets => Box::pin(buckets::list(call)).await,
        Operation::Bucket(bucket, operation) => of_bucket(call, &bucket, operation).await,
        Operation::Object(bucket, key, operation) => of_object(call, &bucket, key, operation).await,
    }
}

fn of_bucket<'a>(
    call: &'a mut Call,
    bucket: &'a BucketName,
    operation: BucketOperation,
) -> Answer<'a> {
    match operation {
        BucketOperation::HeadBucket => Box::pin(buckets::head(call, bucket)),
        BucketOperation::CreateBucket => Box::pin(buckets::create(call, bucket)),
        BucketOperation::DeleteBucket => Box::pin(buckets::delete(call, bucket)),
        BucketOperation::ListObjects => Box::pin(listing::v1(call, bucket)),
        BucketOperation::ListObjectsV2 => Box::pin(listing::v2(call, bucket)),
        BucketOperation::ListObjectVersions => Box::pin(listing::versions(call, bucket)),
        BucketOperation::ListMultipartUploads => Box::pin(uploads::list(call, bucket)),
        BucketOperation::DeleteObjects => Box::pin(delete::many(call, bucket)),
        BucketOperation::PostObject => Box::pin(form::post(call, bucket)),
        BucketOperation::GetBucketAcl => Box::pin(acl::get_of_bucket(call, bucket)),
        BucketOperation::PutBucketAcl => Box::pin(acl::put_of_bucket(call, bucket)),
        BucketOperation::GetSetting(setting) => {
            Box::pin(bucket_settings::get(call, bucket, setting))
        }
        BucketOperation::DeleteSetting => Box::pin(bucket_settings::delete(call, bucket)),
    }
}

fn of_object<'a>(
    call: &'a mut Call,
    bucket: &'a BucketName,
    key: ObjectKey,
    operation: ObjectOperation,
) -> Answer<'a> {
    match operation {
        ObjectOperation::GetObject => Box::pin(get::get(call, bucket, key)),
        ObjectOperation::HeadObject => Box::pin(get::head(call, bucket, key)),
        ObjectOperation::GetObjectAttributes => Box::pin(object_attributes::get(call, bucket, key)),
        ObjectOperation::PutObject => Box::pin(put::put(call, bucket, key)),
        ObjectOperation::CopyObject => Box::pin(copy::object(call, bucket, key)),
        ObjectOperation::DeleteObject => Box::pin(delete::one(call, bucket, key)),
        ObjectOperation::GetObjectAcl => Box::pin(acl::get_of_object(call, bucket, key)),
        ObjectOperation::PutObjectAcl => Box::pin(acl::put_of_object(call, bucket, key)),
        ObjectOperation::GetObjectTagging => Box::pin(tagging::get(call, bucket, key)),
        ObjectOperation::PutObjectTagging => Box::pin(tagging::put(call, bucket, key)),
        ObjectOperation::DeleteObjectTagging => Box::pin(tagging::delete(call, bucket, key)),
        ObjectOperation::CreateMultipartUpload => Box::pin(uploads::create(call, bucket, key)),
        ObjectOperation::UploadPart => Box::pin(parts::put(call, bucket, key)),
        ObjectOperation::UploadPartCopy => Box::pin(copy::part(call, bucket, key)),
        ObjectOperation::CompleteMultipartUpload => Box::pin(complete::complete(call, bucket, key)),
        ObjectOperation::AbortMultipartUpload => Box::pin(uploads::abort(call, bucket, key)),
        ObjectOperation::ListParts => Box::pin(parts::list(call, bucket, key)),
    }
}
