//! Removing objects, one or many.
use http::StatusCode;
use rockpool_pool::{Access, PoolError};
use rockpool_types::{BucketName, Conditions, ETagCondition, ObjectKey};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    put,
    reply::{self, Reply},
    route,
    xml::{self, Element, Xml},
};

#[cfg(test)]
mod tests;

/// The most keys of one request, as on S3.
const MAX_KEYS: usize = 1000;

/// DeleteObject. What is not there is gone: the answer is the same.
pub(crate) async fn one(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    for name in ["x-amz-if-match-last-modified-time", "x-amz-if-match-size"] {
        if call.headers.contains_key(name) {
            return Err(S3Error::not_implemented(&format!("`{name}`")));
        }
    }
    let conditions = put::write_conditions(call);
    let entry = call.enter(bucket, Access::Write).await?;
    let results = call.pool.remove_objects(&entry, vec![(key, conditions)]);
    for result in results.await? {
        result?;
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// DeleteObjects.
pub(crate) async fn many(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let entry = call.enter(bucket, Access::Write).await?;
    let order = read_order(&call.read_document().await?)?;
    let keys = order
        .keys
        .iter()
        .filter_map(|wanted| wanted.target.as_ref().ok().cloned())
        .collect();
    let mut results = call.pool.remove_objects(&entry, keys).await?.into_iter();
    let document = Xml::document("DeleteResult", |xml| {
        for wanted in order.keys {
            let result = match wanted.target {
                Err(error) => Err(error),
                Ok(_) => next_result(&mut results),
            };
            match result {
                Ok(()) if order.quiet => {}
                Ok(()) => xml.element("Deleted", |xml| xml.text("Key", &wanted.key)),
                Err(error) => xml.element("Error", |xml| {
                    xml.text("Key", &wanted.key);
                    xml.text("Code", error.code().as_str());
                    xml.text("Message", error.message());
                }),
            }
        }
    });
    Ok(reply::xml(&document))
}

fn next_result(results: &mut impl Iterator<Item = Result<bool, PoolError>>) -> Result<(), S3Error> {
    match results.next() {
        Some(result) => Ok(result.map(drop)?),
        None => Err(S3Error::internal("a removal got no result")),
    }
}

/// What a document wants removed.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) keys: Vec<Wanted>,
    /// Whether only errors are to be answered.
    quiet: bool,
}

#[derive(Debug)]
pub(crate) struct Wanted {
    /// As the document has it.
    key: String,
    target: Result<(ObjectKey, Conditions), S3Error>,
}

pub(crate) fn read_order(document: &[u8]) -> Result<Order, S3Error> {
    let root = xml::parse(document, "Delete")?;
    let keys: Vec<Wanted> = root
        .all("Object")
        .map(read_wanted)
        .collect::<Result<_, _>>()?;
    if !(1..=MAX_KEYS).contains(&keys.len()) {
        return Err(S3Error::new(
            S3Code::MalformedXML,
            format!(
                "1 to {MAX_KEYS} objects can be deleted at once, not {}.",
                keys.len()
            ),
        ));
    }
    let quiet = root.child_text("Quiet").is_some_and(is_true);
    Ok(Order { keys, quiet })
}

fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "True" | "TRUE" | "1")
}

fn read_wanted(object: &Element) -> Result<Wanted, S3Error> {
    let key = object.child_text("Key").ok_or(S3Code::MalformedXML)?;
    let version = object.child_text("VersionId").unwrap_or_default();
    let if_match = object.child_text("ETag").map(ETagCondition::parse);
    let unknown = ["LastModifiedTime", "Size"]
        .into_iter()
        .find(|name| object.child(name).is_some());
    let target = match (unknown, version) {
        // To ignore a condition would remove what the client meant to keep.
        (Some(name), _) => Err(S3Error::not_implemented(&format!(
            "the condition `{name}` of removals"
        ))),
        (None, "" | "null") => route::object_key(key.to_owned()).map(|key| {
            let conditions = Conditions {
                if_match,
                ..Conditions::default()
            };
            (key, conditions)
        }),
        (None, _) => Err(S3Code::NoSuchVersion.into()),
    };
    Ok(Wanted {
        key: key.to_owned(),
        target,
    })
}
