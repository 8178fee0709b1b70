//! GetObjectAttributes: what a HEAD tells, as a document, and the parts.
use http::header::LAST_MODIFIED;
use rockpool_pool::{Access, Object};
use rockpool_types::{BucketName, Conditions, ObjectKey, ReadDecision};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    headers,
    reply::{self, Reply},
    xml::Xml,
};

/// Answers with the attributes that `x-amz-object-attributes` names.
pub(crate) async fn get(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let asked = headers::get(&call.headers, "x-amz-object-attributes").unwrap_or_default();
    let asked: Vec<&str> = asked.split(',').map(str::trim).collect();
    const KNOWN: [&str; 5] = [
        "ETag",
        "Checksum",
        "ObjectParts",
        "StorageClass",
        "ObjectSize",
    ];
    if !asked.iter().all(|name| KNOWN.contains(name)) {
        return Err(S3Error::invalid(
            "x-amz-object-attributes names none or unknown attributes.",
        ));
    }
    let entry = call.enter(bucket, Access::ReadObject).await?;
    let object = call.pool.find_object(&entry, &key).await?;
    let conditions: Conditions = headers::conditions(&call.headers, "");
    match conditions.decide_read(&object.etag.to_string(), object.modified_at) {
        ReadDecision::Send => {}
        ReadDecision::Failed | ReadDecision::NotModified => {
            return Err(S3Code::PreconditionFailed.into());
        }
    }
    let parts = page_of_parts(call, &object)?;
    let document = Xml::document("GetObjectAttributesResponse", |xml| {
        for name in KNOWN {
            match name {
                name if !asked.contains(&name) => {}
                "ETag" => xml.value("ETag", object.etag),
                "Checksum" => write_checksum(xml, &object),
                "ObjectParts" => write_parts(xml, &parts),
                "StorageClass" => xml.text("StorageClass", "STANDARD"),
                _ => xml.value("ObjectSize", object.blob.size),
            }
        }
    });
    let mut reply = reply::xml(&document);
    let modified = object.modified_at.to_http_date();
    reply::set(reply.headers_mut(), LAST_MODIFIED, &modified);
    Ok(reply)
}

fn write_checksum(xml: &mut Xml, object: &Object) {
    if let Some(checksum) = &object.attributes.checksum {
        xml.element("Checksum", |xml| {
            reply::write_checksum(xml, Some(checksum));
        });
    }
}

/// Parts as the document shows them.
struct Parts {
    total: usize,
    after: u32,
    limit: u32,
    /// Numbers and sizes in bytes.
    shown: Vec<(u32, u64)>,
}

fn page_of_parts(call: &Call, object: &Object) -> Result<Parts, S3Error> {
    let number = |name: &str| {
        let text = headers::get(&call.headers, name);
        let number = text.map(|text| text.parse::<u32>()).transpose();
        number.map_err(|_| S3Error::invalid(format!("`{name}` is not a number.")))
    };
    let after = number("x-amz-part-number-marker")?.unwrap_or(0);
    let limit = number("x-amz-max-parts")?.unwrap_or(1000).min(1000);
    let shown = (1..)
        .zip(&object.attributes.part_sizes)
        .map(|(number, size)| (number, *size))
        .filter(|(number, _)| *number > after)
        .take(limit as usize)
        .collect();
    Ok(Parts {
        total: object.attributes.part_sizes.len(),
        after,
        limit,
        shown,
    })
}

fn write_parts(xml: &mut Xml, parts: &Parts) {
    if parts.total == 0 {
        return;
    }
    let last = parts
        .shown
        .last()
        .map_or(parts.after, |(number, _)| *number);
    xml.element("ObjectParts", |xml| {
        xml.value("PartsCount", parts.total);
        xml.value("PartNumberMarker", parts.after);
        xml.value("NextPartNumberMarker", last);
        xml.value("MaxParts", parts.limit);
        xml.value("IsTruncated", (last as usize) < parts.total);
        for (number, size) in &parts.shown {
            xml.element("Part", |xml| {
                xml.value("PartNumber", number);
                xml.value("Size", size);
            });
        }
    });
}
