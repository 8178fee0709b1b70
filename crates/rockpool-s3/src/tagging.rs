//! The tags of objects.
use std::collections::BTreeMap;

use http::StatusCode;
use rockpool_pool::Access;
use rockpool_types::{BucketName, ObjectKey};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    query::Query,
    reply::{self, Reply},
    xml::{self, Xml},
};

#[cfg(test)]
mod tests;

/// Reads the `x-amz-tagging` header: pairs as in a query.
pub(crate) fn from_header(text: &str) -> Result<BTreeMap<String, String>, S3Error> {
    let query = Query::parse(text).map_err(|_| invalid("x-amz-tagging is not UTF-8"))?;
    check(query.pairs())
}

/// Reads a `Tagging` document.
pub(crate) fn from_document(bytes: &[u8]) -> Result<BTreeMap<String, String>, S3Error> {
    let root = xml::parse(bytes, "Tagging")?;
    let set = root.child("TagSet").ok_or(S3Code::MalformedXML)?;
    let pairs: Option<Vec<(&str, &str)>> = set
        .all("Tag")
        .map(|tag| Some((tag.child_text("Key")?, tag.child_text("Value")?)))
        .collect();
    check(pairs.ok_or(S3Code::MalformedXML)?.into_iter())
}

/// Checks S3's limits: ten tags, keys of 1 to 128 characters, values of up to 256.
fn check<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<String, String>, S3Error> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(invalid("a tag's key has 1 to 128 characters"));
        }
        if value.chars().count() > 256 {
            return Err(invalid("a tag's value has at most 256 characters"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid("two tags have the same key"));
        }
        if tags.len() > 10 {
            return Err(invalid("an object has at most ten tags"));
        }
    }
    Ok(tags)
}

fn invalid(why: &str) -> S3Error {
    S3Error::new(
        S3Code::InvalidTag,
        format!("The tags are not valid: {why}."),
    )
}

/// GetObjectTagging.
pub(crate) async fn get(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::ReadBucket).await?;
    let object = call.pool.find_object(&entry, &key).await?;
    let document = Xml::document("Tagging", |xml| {
        xml.element("TagSet", |xml| {
            for (key, value) in &object.attributes.tags {
                xml.element("Tag", |xml| {
                    xml.exact("Key", key);
                    xml.exact("Value", value);
                });
            }
        });
    });
    Ok(reply::xml(&document))
}

/// PutObjectTagging.
pub(crate) async fn put(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::Write).await?;
    let tags = from_document(&call.read_document().await?)?;
    call.pool.set_tags(&entry, &key, tags).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// DeleteObjectTagging.
pub(crate) async fn delete(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::Write).await?;
    call.pool.set_tags(&entry, &key, BTreeMap::new()).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
