//! Settings of buckets that clients ask for, often at their start, and that a pool has in one form only.
use http::StatusCode;
use rockpool_pool::Access;
use rockpool_types::BucketName;

use crate::{
    call::Call,
    error::S3Error,
    reply::{self, Reply},
    route::Setting,
    xml::Xml,
};

/// GetBucketLocation, GetBucketVersioning and their like.
pub(crate) async fn get(
    call: &mut Call,
    bucket: &BucketName,
    setting: Setting,
) -> Result<Reply, S3Error> {
    call.enter(bucket, Access::ReadBucket).await?;
    let region = call.settings.region.as_str();
    let document = match setting {
        Setting::Location => location(region),
        Setting::Versioning => Xml::document("VersioningConfiguration", |_| {}),
        Setting::RequestPayment => Xml::document("RequestPaymentConfiguration", |xml| {
            xml.text("Payer", "BucketOwner");
        }),
        Setting::Accelerate => Xml::document("AccelerateConfiguration", |_| {}),
        Setting::Logging => Xml::document("BucketLoggingStatus", |_| {}),
        Setting::Notification => Xml::document("NotificationConfiguration", |_| {}),
        Setting::Absent(code) => return Err(code.into()),
    };
    Ok(reply::xml(&document))
}

/// S3's oldest region has no name here (S3 API reference, GetBucketLocation).
fn location(region: &str) -> String {
    let name = if region == "us-east-1" { "" } else { region };
    Xml::document("LocationConstraint", |xml| xml.characters(name))
}

/// DeleteBucketLifecycle, DeleteBucketPolicy and their like: what was never made is gone already.
pub(crate) async fn delete(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    call.enter(bucket, Access::Write).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
