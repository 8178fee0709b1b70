//! Listings of objects in S3's three forms.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rockpool_pool::{Access, ListObjects, Listing, Object};
use rockpool_types::BucketName;

use crate::{
    buckets::write_owner,
    call::Call,
    error::S3Error,
    reply::{self, Reply},
    xml::Xml,
};

mod encoding;
#[cfg(test)]
mod tests;

pub(crate) use encoding::Encoding;

/// What the three forms have in common.
struct Page<'a> {
    bucket: &'a BucketName,
    prefix: &'a str,
    delimiter: Option<&'a str>,
    limit: u32,
    encoding: Encoding,
    listing: Listing,
}

impl<'a> Page<'a> {
    /// Asks the pool for the page after `after`.
    async fn read(
        call: &'a Call,
        bucket: &'a BucketName,
        after: Option<String>,
    ) -> Result<Self, S3Error> {
        let query = &call.query;
        let (prefix, delimiter) = (query.get("prefix"), query.text("delimiter"));
        let limit = query.page_size("max-keys")?;
        let encoding = Encoding::parse(query)?;
        let entry = call.enter(bucket, Access::ReadBucket).await?;
        let prefix = prefix.unwrap_or_default();
        let listing = if limit == 0 {
            Listing::default()
        } else {
            let list = ListObjects {
                bucket: entry.bucket().id,
                prefix: prefix.to_owned(),
                delimiter: delimiter.map(str::to_owned),
                after,
                limit: limit as usize,
            };
            call.pool.list_objects(&entry, list).await?
        };
        Ok(Self {
            bucket,
            prefix,
            delimiter,
            limit,
            encoding,
            listing,
        })
    }

    fn write_question(&self, xml: &mut Xml) {
        xml.text("Name", self.bucket.as_str());
        xml.text("Prefix", &self.encoding.of(self.prefix));
        if let Some(delimiter) = self.delimiter {
            xml.text("Delimiter", &self.encoding.of(delimiter));
        }
        xml.value("MaxKeys", self.limit);
        xml.optional("EncodingType", self.encoding.name());
        xml.value("IsTruncated", self.listing.next.is_some());
    }

    fn write_prefixes(&self, xml: &mut Xml) {
        for prefix in &self.listing.common_prefixes {
            xml.element("CommonPrefixes", |xml| {
                xml.exact("Prefix", &self.encoding.of(prefix));
            });
        }
    }

    /// Writes an object's entry; `version`: as one of its versions.
    fn write_object(&self, xml: &mut Xml, object: &Object, owner: Option<&str>, version: bool) {
        let element = if version { "Version" } else { "Contents" };
        xml.element(element, |xml| {
            xml.exact("Key", &self.encoding.of(object.key.as_str()));
            if version {
                xml.text("VersionId", "null");
                xml.value("IsLatest", true);
            }
            xml.text("LastModified", &object.modified_at.to_iso8601());
            xml.text("ETag", &object.etag.quoted());
            if let Some(checksum) = &object.attributes.checksum {
                xml.value("ChecksumAlgorithm", checksum.algorithm());
                xml.text("ChecksumType", reply::checksum_type(checksum));
            }
            xml.value("Size", object.blob.size);
            xml.text("StorageClass", "STANDARD");
            if let Some(owner) = owner {
                write_owner(xml, "Owner", owner);
            }
        });
    }
}

/// ListObjects.
pub(crate) async fn v1(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let marker = call.query.text("marker");
    let page = Page::read(call, bucket, marker.map(str::to_owned)).await?;
    let document = Xml::document("ListBucketResult", |xml| {
        page.write_question(xml);
        xml.text("Marker", &page.encoding.of(marker.unwrap_or_default()));
        if let Some(next) = &page.listing.next {
            xml.exact("NextMarker", &page.encoding.of(next));
        }
        for object in &page.listing.objects {
            page.write_object(xml, object, Some(call.owner()), false);
        }
        page.write_prefixes(xml);
    });
    Ok(reply::xml(&document))
}

/// ListObjectsV2.
pub(crate) async fn v2(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let query = &call.query;
    let token = query.text("continuation-token");
    let start_after = query.text("start-after");
    let after = match token {
        Some(token) => Some(read_token(token)?),
        None => start_after.map(str::to_owned),
    };
    let shows_owner = query.get("fetch-owner") == Some("true");
    let page = Page::read(call, bucket, after).await?;
    let (objects, prefixes) = (&page.listing.objects, &page.listing.common_prefixes);
    let document = Xml::document("ListBucketResult", |xml| {
        page.write_question(xml);
        xml.value("KeyCount", objects.len() + prefixes.len());
        xml.optional("ContinuationToken", token);
        if let Some(next) = &page.listing.next {
            xml.text("NextContinuationToken", &write_token(next));
        }
        if let Some(start_after) = start_after {
            xml.text("StartAfter", &page.encoding.of(start_after));
        }
        for object in objects {
            page.write_object(xml, object, shows_owner.then(|| call.owner()), false);
        }
        page.write_prefixes(xml);
    });
    Ok(reply::xml(&document))
}

/// ListObjectVersions: every object is its own and only version.
pub(crate) async fn versions(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let query = &call.query;
    let key_marker = query.text("key-marker");
    let id_marker = query.text("version-id-marker");
    if id_marker.is_some() && key_marker.is_none() {
        return Err(S3Error::invalid(
            "`version-id-marker` needs a `key-marker`.",
        ));
    }
    let page = Page::read(call, bucket, key_marker.map(str::to_owned)).await?;
    let document = Xml::document("ListVersionsResult", |xml| {
        page.write_question(xml);
        xml.text(
            "KeyMarker",
            &page.encoding.of(key_marker.unwrap_or_default()),
        );
        xml.text("VersionIdMarker", id_marker.unwrap_or_default());
        if let Some(next) = &page.listing.next {
            xml.exact("NextKeyMarker", &page.encoding.of(next));
            xml.text("NextVersionIdMarker", "null");
        }
        for object in &page.listing.objects {
            page.write_object(xml, object, Some(call.owner()), true);
        }
        page.write_prefixes(xml);
    });
    Ok(reply::xml(&document))
}

/// A continuation token: where the page ended, in a form that says to leave it alone.
fn write_token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(after)
}

fn read_token(token: &str) -> Result<String, S3Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| S3Error::invalid("The continuation token is not one of ours."))
}
