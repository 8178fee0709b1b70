//! Completing multipart uploads.
use http::header::HOST;
use rockpool_pool::{Access, CompletePart, CompleteUpload};
use rockpool_types::{BucketName, Checksum, ChecksumAlgorithm, ObjectKey};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    headers, keep_alive, parts, put,
    reply::{self, Reply},
    xml::{self, Element, Xml},
};

#[cfg(test)]
mod tests;

/// CompleteMultipartUpload.
pub(crate) async fn complete(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let id = parts::upload_id(call)?;
    let entry = call.enter(bucket, Access::Write).await?;
    let checksum = headers::checksum(&call.headers)?;
    let size = declared_size(call)?;
    let conditions = put::write_conditions(call);
    let location = location(call, call.resource());
    let parts = read_parts(&call.read_document_about_object().await?)?;
    let complete = CompleteUpload {
        id,
        key: key.clone(),
        parts,
        size,
        checksum,
        conditions,
    };
    let (pool, bucket) = (call.pool.clone(), bucket.clone());
    keep_alive::answer(call, async move {
        let stored = pool.complete_upload(&entry, complete).await?;
        Ok(Xml::document("CompleteMultipartUploadResult", |xml| {
            xml.text("Location", &location);
            xml.text("Bucket", bucket.as_str());
            xml.text("Key", key.as_str());
            xml.text("ETag", &stored.etag.quoted());
            reply::write_checksum(xml, stored.checksum.as_ref());
        }))
    })
    .await
}

fn declared_size(call: &Call) -> Result<Option<u64>, S3Error> {
    headers::get(&call.headers, "x-amz-mp-object-size")
        .map(|text| text.trim().parse())
        .transpose()
        .map_err(|_| S3Error::invalid("x-amz-mp-object-size is not a number of bytes."))
}

/// The URL of a path of this face, as far as it knows its own name.
pub(crate) fn location(call: &Call, path: &str) -> String {
    let host = headers::get(&call.headers, HOST.as_str()).unwrap_or_default();
    let scheme = match headers::get(&call.headers, "x-forwarded-proto").as_deref() {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}{path}")
}

/// Reads the list of parts.
pub(crate) fn read_parts(document: &[u8]) -> Result<Vec<CompletePart>, S3Error> {
    let root = xml::parse(document, "CompleteMultipartUpload")?;
    let parts: Vec<CompletePart> = root.all("Part").map(read_part).collect::<Result<_, _>>()?;
    if parts.is_empty() {
        return Err(S3Error::new(
            S3Code::MalformedXML,
            "The document lists no part.",
        ));
    }
    Ok(parts)
}

fn read_part(part: &Element) -> Result<CompletePart, S3Error> {
    let number = part.child_text("PartNumber").ok_or(S3Code::MalformedXML)?;
    let number = number.trim().parse().map_err(|_| S3Code::MalformedXML)?;
    let etag = part.child_text("ETag").ok_or(S3Code::MalformedXML)?;
    let etag = etag.trim().parse().map_err(|_| {
        S3Error::new(
            S3Code::InvalidPart,
            format!("The ETag of part {number} is not one of ours."),
        )
    })?;
    Ok(CompletePart {
        number,
        etag,
        checksum: read_checksum(part)?,
    })
}

fn read_checksum(part: &Element) -> Result<Option<Checksum>, S3Error> {
    for child in &part.children {
        let algorithm = child.name.strip_prefix("Checksum");
        let algorithm = algorithm.and_then(|name| name.parse::<ChecksumAlgorithm>().ok());
        if let Some(algorithm) = algorithm {
            return headers::parse_checksum(algorithm, child.text.trim()).map(Some);
        }
    }
    Ok(None)
}
