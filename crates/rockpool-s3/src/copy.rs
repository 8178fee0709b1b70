//! Copying objects, whole and as parts, within a member.
use std::ops::Range;

use rockpool_pool::{Access, CopyObject, Object, Rights, Stored};
use rockpool_types::{
    BucketName, ByteRange, ObjectAttributes, ObjectKey, RangeDecision, ReadDecision,
};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    headers, keep_alive, parts, put,
    query::Query,
    reply::{self, Reply},
    route,
    xml::Xml,
};

#[cfg(test)]
mod tests;

/// What `x-amz-copy-source` names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    bucket: BucketName,
    key: ObjectKey,
}

impl Source {
    /// Reads the header: a percent-encoded bucket and key, with or without a slash in front, maybe with
    /// `?versionId=null` behind.
    fn parse(text: &str) -> Result<Self, S3Error> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let query = Query::parse(query)?;
        if query.text("versionId").is_some_and(|id| id != "null") {
            return Err(S3Code::NoSuchVersion.into());
        }
        let path = route::decode(path.strip_prefix('/').unwrap_or(path))?;
        let (bucket, key) = path.split_once('/').ok_or_else(|| {
            S3Error::invalid("x-amz-copy-source is not of the form `bucket/key`.")
        })?;
        Ok(Self {
            bucket: route::bucket_name(bucket)?,
            key: route::object_key(key.to_owned())?,
        })
    }

    fn of(call: &Call) -> Result<Self, S3Error> {
        let text = headers::get(&call.headers, "x-amz-copy-source");
        Self::parse(&text.ok_or_else(|| S3Error::invalid("x-amz-copy-source is not ASCII."))?)
    }

    /// The object itself, if the caller owns it and it meets the conditions on it.
    async fn find(&self, call: &Call) -> Result<Object, S3Error> {
        let entry = call.enter(&self.bucket, Access::ReadObject).await?;
        if entry.rights() != Rights::Owner {
            return Err(S3Code::AccessDenied.into());
        }
        let object = call.pool.find_object(&entry, &self.key).await?;
        let conditions = headers::conditions(&call.headers, "x-amz-copy-source-");
        match conditions.decide_read(&object.etag.to_string(), object.modified_at) {
            ReadDecision::Send => Ok(object),
            ReadDecision::NotModified | ReadDecision::Failed => {
                Err(S3Code::PreconditionFailed.into())
            }
        }
    }
}

/// CopyObject.
pub(crate) async fn object(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    headers::refuse_unsupported(&call.headers)?;
    let source = Source::of(call)?;
    let replaces = Replaces {
        metadata: directive(call, "x-amz-metadata-directive")?,
        tags: directive(call, "x-amz-tagging-directive")?,
    };
    let acl = headers::acl(&call.headers)?;
    let onto_itself = source.bucket == *bucket && source.key == key;
    let changes = replaces.metadata
        || replaces.tags
        || acl.is_some()
        || call.headers.contains_key("x-amz-storage-class");
    if onto_itself && !changes {
        return Err(S3Error::new(
            S3Code::InvalidRequest,
            "A copy of an object onto itself has to change its metadata.",
        ));
    }
    let entry = call.enter(bucket, Access::Write).await?;
    let found = source.find(call).await?;
    let copy = CopyObject {
        attributes: replaces.attributes(call, &found)?,
        source: found,
        key,
        acl,
        conditions: put::write_conditions(call),
    };
    let pool = call.pool.clone();
    keep_alive::answer(call, async move {
        let stored = pool.copy_object(&entry, copy).await?;
        Ok(result(&stored))
    })
    .await
}

/// What a copy takes from the request and not from its source.
struct Replaces {
    metadata: bool,
    tags: bool,
}

impl Replaces {
    /// The copy's attributes. `None`: all are the source's. Its bytes are, so what describes them stays.
    fn attributes(
        &self,
        call: &Call,
        source: &Object,
    ) -> Result<Option<ObjectAttributes>, S3Error> {
        if !self.metadata && !self.tags {
            return Ok(None);
        }
        let asked = headers::attributes(&call.headers)?;
        let old = source.attributes.clone();
        let tags = if self.tags {
            asked.tags.clone()
        } else {
            old.tags.clone()
        };
        let base = if self.metadata { asked } else { old.clone() };
        Ok(Some(ObjectAttributes {
            tags,
            checksum: old.checksum,
            part_sizes: old.part_sizes,
            ..base
        }))
    }
}

/// Reads a directive: whether it is `REPLACE`.
fn directive(call: &Call, name: &str) -> Result<bool, S3Error> {
    match headers::get(&call.headers, name).as_deref() {
        None | Some("" | "COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(S3Error::invalid(format!(
            "{name} is neither COPY nor REPLACE."
        ))),
    }
}

fn result(stored: &Stored) -> String {
    Xml::document("CopyObjectResult", |xml| {
        xml.text("LastModified", &stored.modified_at.to_iso8601());
        xml.text("ETag", &stored.etag.quoted());
        reply::write_checksum(xml, stored.checksum.as_ref());
    })
}

/// UploadPartCopy.
pub(crate) async fn part(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    headers::refuse_unsupported(&call.headers)?;
    let source = Source::of(call)?;
    let number = parts::number(call)?;
    let entry = call.enter(bucket, Access::Write).await?;
    let upload = parts::find_upload(call, &entry, &key).await?;
    let source = source.find(call).await?;
    let range = headers::get(&call.headers, "x-amz-copy-source-range");
    let range = range
        .map(|text| source_range(&text, source.blob.size))
        .transpose()?;
    let pool = call.pool.clone();
    keep_alive::answer(call, async move {
        let stored = pool
            .copy_part(&entry, &upload, number, &source, range)
            .await?;
        Ok(Xml::document("CopyPartResult", |xml| {
            xml.text("LastModified", &stored.modified_at.to_iso8601());
            xml.text("ETag", &stored.etag.quoted());
            reply::write_checksum(xml, stored.checksum.as_ref());
        }))
    })
    .await
}

/// The bytes of a source that a part takes: both ends named and within it (S3 API reference, UploadPartCopy).
fn source_range(text: &str, size: u64) -> Result<Range<u64>, S3Error> {
    match ByteRange::parse(text) {
        Some(range @ ByteRange::FromTo(_, last)) if last < size => match range.resolve(size) {
            RangeDecision::Partial(range) => Ok(range),
            RangeDecision::Unsatisfiable => Err(S3Code::InvalidRange.into()),
        },
        Some(ByteRange::FromTo(..)) => Err(S3Error::new(
            S3Code::InvalidRange,
            format!("x-amz-copy-source-range lies beyond the source's {size} bytes."),
        )),
        _ => Err(S3Error::invalid(
            "x-amz-copy-source-range is not of the form `bytes=first-last`.",
        )),
    }
}
