//! The parts of multipart uploads: putting and listing them.
use http::{StatusCode, header::ETAG};
use rockpool_pool::{Access, Entry, Upload, UploadId};
use rockpool_types::{BucketName, ChecksumAlgorithm, ETag, ObjectKey};

use crate::{
    buckets::write_owner,
    call::Call,
    error::{S3Code, S3Error},
    headers,
    reply::{self, Reply},
    uploads::kind_name,
    xml::Xml,
};

/// UploadPart.
pub(crate) async fn put(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    headers::refuse_unsupported(&call.headers)?;
    let number = number(call)?;
    let entry = call.enter(bucket, Access::Write).await?;
    let upload = find_upload(call, &entry, &key).await?;
    let mut body = call.take_body()?;
    let stored = call
        .pool
        .put_part(&entry, &upload, number, &mut body)
        .await?;
    let mut reply = reply::empty(StatusCode::OK);
    let headers = reply.headers_mut();
    reply::set(headers, ETAG, &stored.etag.quoted());
    if let Some(checksum) = &stored.checksum {
        let name = http::HeaderName::from_static(checksum.algorithm().header());
        reply::set(headers, name, &checksum.to_base64());
    }
    Ok(reply)
}

/// The number of the part that a request is about.
pub(crate) fn number(call: &Call) -> Result<u32, S3Error> {
    match call.query.number("partNumber")? {
        Some(number @ 1..=10_000) => Ok(number),
        _ => Err(S3Error::invalid("`partNumber` is not from 1 to 10000.")),
    }
}

/// The id of the upload that a request is about.
pub(crate) fn upload_id(call: &Call) -> Result<UploadId, S3Error> {
    let text = call.query.get("uploadId").unwrap_or_default();
    UploadId::new(text).ok_or_else(|| S3Code::NoSuchUpload.into())
}

/// The upload that a request is about.
pub(crate) async fn find_upload(
    call: &Call,
    entry: &Entry,
    key: &ObjectKey,
) -> Result<Upload, S3Error> {
    let id = upload_id(call)?;
    Ok(call.pool.find_upload(entry, key, &id).await?)
}

/// ListParts.
pub(crate) async fn list(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let limit = call.query.page_size("max-parts")?.max(1);
    let after = call.query.number("part-number-marker")?.unwrap_or(0);
    let entry = call.enter(bucket, Access::ReadBucket).await?;
    let upload = find_upload(call, &entry, &key).await?;
    // One more than is shown tells whether there are more.
    let mut parts = call
        .pool
        .list_parts(&entry, &upload, after, limit + 1)
        .await?;
    let truncated = parts.len() > limit as usize;
    parts.truncate(limit as usize);
    let document = Xml::document("ListPartsResult", |xml| {
        xml.text("Bucket", bucket.as_str());
        xml.text("Key", key.as_str());
        xml.text("UploadId", upload.id.as_str());
        write_owner(xml, "Initiator", call.owner());
        write_owner(xml, "Owner", call.owner());
        xml.text("StorageClass", "STANDARD");
        xml.value("PartNumberMarker", after);
        let last = parts.last().map_or(after, |part| part.number);
        xml.value("NextPartNumberMarker", last);
        xml.value("MaxParts", limit);
        xml.value("IsTruncated", truncated);
        write_declared(xml, upload.checksum);
        for part in &parts {
            xml.element("Part", |xml| {
                xml.value("PartNumber", part.number);
                xml.text("LastModified", &part.modified_at.to_iso8601());
                xml.text("ETag", &ETag::single(part.md5).quoted());
                xml.value("Size", part.size);
                if let Some(checksum) = &part.checksum {
                    let name = format!("Checksum{}", checksum.algorithm());
                    xml.text(&name, &checksum.to_base64());
                }
            });
        }
    });
    Ok(reply::xml(&document))
}

/// Writes the checksum that was declared for an upload.
pub(crate) fn write_declared(xml: &mut Xml, checksum: Option<(ChecksumAlgorithm, bool)>) {
    if let Some((algorithm, full)) = checksum {
        xml.value("ChecksumAlgorithm", algorithm);
        xml.text("ChecksumType", kind_name(full));
    }
}
