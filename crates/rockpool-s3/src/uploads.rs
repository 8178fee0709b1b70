//! Multipart uploads: starting, ending and listing them.
use http::{HeaderName, StatusCode};
use rockpool_pool::{Access, ListUploads, NewUpload};
use rockpool_types::{BucketName, ChecksumAlgorithm, ObjectKey};

use crate::{
    buckets::write_owner,
    call::Call,
    error::{S3Code, S3Error},
    headers,
    listing::Encoding,
    parts,
    reply::{self, Reply},
    xml::Xml,
};

#[cfg(test)]
mod tests;

/// CreateMultipartUpload.
pub(crate) async fn create(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    headers::refuse_unsupported(&call.headers)?;
    let algorithm = headers::get(&call.headers, "x-amz-checksum-algorithm");
    let kind = headers::get(&call.headers, "x-amz-checksum-type");
    let checksum = declared_checksum(algorithm.as_deref(), kind.as_deref())?;
    let upload = NewUpload {
        key: key.clone(),
        acl: headers::acl(&call.headers)?,
        attributes: headers::attributes(&call.headers)?,
        checksum,
    };
    let entry = call.enter(bucket, Access::Write).await?;
    let id = call.pool.create_upload(&entry, upload).await?;
    let document = Xml::document("InitiateMultipartUploadResult", |xml| {
        xml.text("Bucket", bucket.as_str());
        xml.text("Key", key.as_str());
        xml.text("UploadId", id.as_str());
    });
    let mut reply = reply::xml(&document);
    if let Some((algorithm, full)) = checksum {
        let headers = reply.headers_mut();
        let name = HeaderName::from_static("x-amz-checksum-algorithm");
        reply::set(headers, name, algorithm.as_str());
        let name = HeaderName::from_static("x-amz-checksum-type");
        reply::set(headers, name, kind_name(full));
    }
    Ok(reply)
}

/// S3's word for what an upload's checksum covers.
pub(crate) const fn kind_name(full_object: bool) -> &'static str {
    if full_object {
        "FULL_OBJECT"
    } else {
        "COMPOSITE"
    }
}

/// What an upload's checksum will be, and whether it covers the full object (S3 user guide, "Checking object
/// integrity": which algorithms can be either).
fn declared_checksum(
    algorithm: Option<&str>,
    kind: Option<&str>,
) -> Result<Option<(ChecksumAlgorithm, bool)>, S3Error> {
    use ChecksumAlgorithm as A;
    let Some(algorithm) = algorithm else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(S3Error::new(
                S3Code::InvalidRequest,
                "x-amz-checksum-type needs x-amz-checksum-algorithm.",
            )),
        };
    };
    let algorithm: A = algorithm
        .parse()
        .map_err(|_| S3Error::new(S3Code::InvalidRequest, "The checksum algorithm is unknown."))?;
    let full = match kind {
        Some("FULL_OBJECT") => true,
        Some("COMPOSITE") => false,
        Some(_) => return Err(S3Error::invalid("The checksum type is unknown.")),
        None => algorithm == A::Crc64Nvme,
    };
    let possible = match algorithm {
        A::Crc32 | A::Crc32c => true,
        A::Crc64Nvme => full,
        A::Sha1 | A::Sha256 | A::Sha512 | A::Md5 => !full,
        A::XxHash64 | A::XxHash3 | A::XxHash128 => !full,
    };
    if possible {
        Ok(Some((algorithm, full)))
    } else {
        Err(S3Error::new(
            S3Code::InvalidRequest,
            format!("{algorithm} cannot be of the type {}.", kind_name(full)),
        ))
    }
}

/// AbortMultipartUpload.
pub(crate) async fn abort(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::Write).await?;
    let upload = parts::find_upload(call, &entry, &key).await?;
    call.pool.abort_upload(&entry, &upload).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// ListMultipartUploads.
pub(crate) async fn list(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let query = &call.query;
    let encoding = Encoding::parse(query)?;
    let limit = query.page_size("max-uploads")?;
    let (prefix, delimiter) = (query.get("prefix"), query.text("delimiter"));
    let key_marker = query.text("key-marker");
    // Without a key an upload id marks no place (S3 API reference, ListMultipartUploads).
    let id_marker = key_marker.and(query.text("upload-id-marker"));
    let prefix = prefix.unwrap_or_default();
    let entry = call.enter(bucket, Access::ReadBucket).await?;
    let list = ListUploads {
        bucket: entry.bucket().id,
        prefix: prefix.to_owned(),
        delimiter: delimiter.map(str::to_owned),
        key_marker: key_marker.map(str::to_owned),
        upload_id_marker: id_marker.map(str::to_owned),
        limit: limit.max(1) as usize,
    };
    let page = call.pool.list_uploads(&entry, list).await?;
    let document = Xml::document("ListMultipartUploadsResult", |xml| {
        xml.text("Bucket", bucket.as_str());
        xml.text("KeyMarker", &encoding.of(key_marker.unwrap_or_default()));
        xml.text("UploadIdMarker", id_marker.unwrap_or_default());
        xml.text("Prefix", &encoding.of(prefix));
        if let Some(delimiter) = delimiter {
            xml.text("Delimiter", &encoding.of(delimiter));
        }
        xml.value("MaxUploads", limit.max(1));
        xml.optional("EncodingType", encoding.name());
        xml.value("IsTruncated", page.next.is_some());
        if let Some((key, id)) = &page.next {
            xml.exact("NextKeyMarker", &encoding.of(key));
            xml.text("NextUploadIdMarker", id);
        }
        for upload in &page.uploads {
            xml.element("Upload", |xml| {
                xml.exact("Key", &encoding.of(upload.key.as_str()));
                xml.text("UploadId", upload.id.as_str());
                write_owner(xml, "Initiator", call.owner());
                write_owner(xml, "Owner", call.owner());
                xml.text("StorageClass", "STANDARD");
                xml.text("Initiated", &upload.created_at.to_iso8601());
                parts::write_declared(xml, upload.checksum);
            });
        }
        for prefix in &page.common_prefixes {
            xml.element("CommonPrefixes", |xml| {
                xml.exact("Prefix", &encoding.of(prefix));
            });
        }
    });
    Ok(reply::xml(&document))
}
