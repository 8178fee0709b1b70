//! The operations of S3's API that the pool knows, and how requests spell them.
use http::Method;
use rockpool_types::{BucketName, ObjectKey};

use crate::{
    error::{S3Code, S3Error},
    query::Query,
};

/// An operation and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The caller's buckets.
    ListBuckets,
    /// Something about a bucket.
    Bucket(BucketName, BucketOperation),
    /// Something about an object, or an upload of one.
    Object(BucketName, ObjectKey, ObjectOperation),
}

/// An operation on a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BucketOperation {
    HeadBucket,
    CreateBucket,
    DeleteBucket,
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
    ListMultipartUploads,
    DeleteObjects,
    PostObject,
    GetBucketAcl,
    PutBucketAcl,
    /// Reading a setting, which is never made.
    GetSetting(Setting),
    /// Removing a setting, which is never made.
    DeleteSetting,
}

/// A bucket's setting that clients ask for and the pool does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Location,
    Versioning,
    RequestPayment,
    Accelerate,
    Logging,
    Notification,
    /// One that S3 answers with an error while it is not made.
    Absent(S3Code),
}

/// An operation on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectOperation {
    GetObject,
    HeadObject,
    GetObjectAttributes,
    PutObject,
    CopyObject,
    DeleteObject,
    GetObjectAcl,
    PutObjectAcl,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
}

impl Operation {
    /// S3's name of it, for logs.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::ListBuckets => "ListBuckets".to_owned(),
            Self::Bucket(_, operation) => format!("{operation:?}"),
            Self::Object(_, _, operation) => format!("{operation:?}"),
        }
    }
}

/// Settings of a bucket by the query parameter that names them.
const SETTINGS: &[(&str, Setting)] = &[
    ("location", Setting::Location),
    ("versioning", Setting::Versioning),
    ("requestPayment", Setting::RequestPayment),
    ("accelerate", Setting::Accelerate),
    ("logging", Setting::Logging),
    ("notification", Setting::Notification),
    ("policy", Setting::Absent(S3Code::NoSuchBucketPolicy)),
    ("policyStatus", Setting::Absent(S3Code::NoSuchBucketPolicy)),
    (
        "lifecycle",
        Setting::Absent(S3Code::NoSuchLifecycleConfiguration),
    ),
    ("cors", Setting::Absent(S3Code::NoSuchCORSConfiguration)),
    ("tagging", Setting::Absent(S3Code::NoSuchTagSet)),
    (
        "website",
        Setting::Absent(S3Code::NoSuchWebsiteConfiguration),
    ),
    (
        "encryption",
        Setting::Absent(S3Code::ServerSideEncryptionConfigurationNotFoundError),
    ),
    (
        "replication",
        Setting::Absent(S3Code::ReplicationConfigurationNotFoundError),
    ),
    (
        "object-lock",
        Setting::Absent(S3Code::ObjectLockConfigurationNotFoundError),
    ),
    (
        "publicAccessBlock",
        Setting::Absent(S3Code::NoSuchPublicAccessBlockConfiguration),
    ),
    (
        "ownershipControls",
        Setting::Absent(S3Code::OwnershipControlsNotFoundError),
    ),
];

/// Sub-resources of buckets that the pool refuses whatever the method.
const UNKNOWN_OF_BUCKET: &[&str] = &[
    "analytics",
    "inventory",
    "metrics",
    "intelligent-tiering",
    "metadataTable",
    "metadataConfiguration",
    "abac",
    "session",
];

/// Sub-resources of objects that the pool refuses whatever the method.
const UNKNOWN_OF_OBJECT: &[&str] = &[
    "torrent",
    "restore",
    "select",
    "renameObject",
    "append",
    "encryption",
    "annotation",
];

/// What a request to a bucket, or to an object, may be about other than it itself. A request that would make, overwrite
/// or remove the thing and names one of these meant something else.
const ASIDES: &[&str] = &[
    "acl",
    "attributes",
    "delete",
    "list-type",
    "tagging",
    "uploads",
    "versions",
];

/// Refuses to take a request about something else for one about the thing itself.
fn refuse_asides(query: &Query) -> Result<(), S3Error> {
    if ASIDES.iter().any(|name| query.has(name)) {
        return Err(S3Code::MethodNotAllowed.into());
    }
    Ok(())
}

/// Finds the operation of a request without a bucket.
pub(crate) fn of_service(method: &Method) -> Result<Operation, S3Error> {
    match *method {
        Method::GET => Ok(Operation::ListBuckets),
        _ => Err(S3Code::MethodNotAllowed.into()),
    }
}

/// Finds the operation of a request to a bucket; `form` says that its body is multipart/form-data.
pub(crate) fn of_bucket(
    method: &Method,
    query: &Query,
    form: bool,
) -> Result<BucketOperation, S3Error> {
    if let Some(name) = UNKNOWN_OF_BUCKET.iter().find(|name| query.has(name)) {
        return Err(S3Error::not_implemented(&format!("`{name}` of buckets")));
    }
    let setting = SETTINGS.iter().find(|(name, _)| query.has(name));
    match *method {
        Method::HEAD => Ok(BucketOperation::HeadBucket),
        Method::GET => Ok(match setting {
            Some((_, setting)) => BucketOperation::GetSetting(*setting),
            None if query.has("acl") => BucketOperation::GetBucketAcl,
            None if query.has("uploads") => BucketOperation::ListMultipartUploads,
            None if query.has("versions") => BucketOperation::ListObjectVersions,
            None if query.get("list-type") == Some("2") => BucketOperation::ListObjectsV2,
            None => BucketOperation::ListObjects,
        }),
        Method::PUT => match setting {
            Some((name, _)) => Err(S3Error::not_implemented(&format!(
                "setting `{name}` of buckets"
            ))),
            None if query.has("acl") => Ok(BucketOperation::PutBucketAcl),
            None => refuse_asides(query).map(|()| BucketOperation::CreateBucket),
        },
        Method::DELETE => match setting {
            Some(_) => Ok(BucketOperation::DeleteSetting),
            None => refuse_asides(query).map(|()| BucketOperation::DeleteBucket),
        },
        Method::POST if query.has("delete") => Ok(BucketOperation::DeleteObjects),
        Method::POST if form => Ok(BucketOperation::PostObject),
        _ => Err(S3Code::MethodNotAllowed.into()),
    }
}

/// Finds the operation of a request to an object; `copies` says that it names a copy source.
pub(crate) fn of_object(
    method: &Method,
    query: &Query,
    copies: bool,
) -> Result<ObjectOperation, S3Error> {
    if let Some(name) = UNKNOWN_OF_OBJECT.iter().find(|name| query.has(name)) {
        return Err(S3Error::not_implemented(&format!("`{name}` of objects")));
    }
    if query.has("retention") || query.has("legal-hold") {
        return Err(match *method {
            Method::GET => S3Code::NoSuchObjectLockConfiguration.into(),
            _ => S3Error::new(
                S3Code::InvalidRequest,
                "The bucket has no object lock configuration.",
            ),
        });
    }
    if query
        .text("versionId")
        .is_some_and(|version| version != "null")
    {
        return Err(S3Code::NoSuchVersion.into());
    }
    match *method {
        Method::GET if query.has("uploadId") => Ok(ObjectOperation::ListParts),
        Method::GET if query.has("acl") => Ok(ObjectOperation::GetObjectAcl),
        Method::GET if query.has("tagging") => Ok(ObjectOperation::GetObjectTagging),
        Method::GET if query.has("attributes") => Ok(ObjectOperation::GetObjectAttributes),
        Method::GET => Ok(ObjectOperation::GetObject),
        Method::HEAD => Ok(ObjectOperation::HeadObject),
        Method::PUT if query.has("acl") => Ok(ObjectOperation::PutObjectAcl),
        Method::PUT if query.has("tagging") => Ok(ObjectOperation::PutObjectTagging),
        Method::PUT => match (query.has("uploadId"), query.has("partNumber"), copies) {
            (true, true, false) => Ok(ObjectOperation::UploadPart),
            (true, true, true) => Ok(ObjectOperation::UploadPartCopy),
            (false, false, false) => refuse_asides(query).map(|()| ObjectOperation::PutObject),
            (false, false, true) => refuse_asides(query).map(|()| ObjectOperation::CopyObject),
            (true, false, _) | (false, true, _) => Err(S3Error::invalid(
                "A part needs both `uploadId` and `partNumber`.",
            )),
        },
        Method::POST if query.has("uploads") => Ok(ObjectOperation::CreateMultipartUpload),
        Method::POST if query.has("uploadId") => Ok(ObjectOperation::CompleteMultipartUpload),
        Method::DELETE if query.has("uploadId") => Ok(ObjectOperation::AbortMultipartUpload),
        Method::DELETE if query.has("tagging") => Ok(ObjectOperation::DeleteObjectTagging),
        Method::DELETE => refuse_asides(query).map(|()| ObjectOperation::DeleteObject),
        _ => Err(S3Code::MethodNotAllowed.into()),
    }
}
