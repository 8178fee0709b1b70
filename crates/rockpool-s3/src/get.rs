//! Reading objects.
use std::ops::Range;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_RANGE, IF_RANGE, RANGE},
};
use rockpool_pool::{Access, Object};
use rockpool_types::{
    BucketName, ByteRange, ETagCondition, ObjectKey, RangeDecision, ReadDecision, Timestamp,
};

use crate::{
    call::Call,
    error::{S3Code, S3Error},
    headers, object_headers, overrides,
    reply::{self, Reply},
};

/// GetObject.
pub(crate) async fn get(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let (object, found) = find(call, bucket, &key).await?;
    let Found::Send { mut reply, range } = found else {
        return found.into_reply();
    };
    if range.start < range.end {
        let whole = range == (0..object.blob.size);
        let reader = call
            .pool
            .open_object(&object, (!whole).then_some(range))
            .await?;
        *reply.body_mut() = reply::streamed(reader.stream);
    }
    Ok(reply)
}

/// HeadObject.
pub(crate) async fn head(
    call: &mut Call,
    bucket: &BucketName,
    key: ObjectKey,
) -> Result<Reply, S3Error> {
    let (_, found) = find(call, bucket, &key).await?;
    found.into_reply()
}

/// What a read comes to, before any byte is read.
enum Found {
    /// These bytes, under this head; the range is empty for an empty object.
    Send { reply: Reply, range: Range<u64> },
    /// 304.
    NotModified(Reply),
}

impl Found {
    fn into_reply(self) -> Result<Reply, S3Error> {
        match self {
            Self::Send { reply, .. } | Self::NotModified(reply) => Ok(reply),
        }
    }
}

async fn find(
    call: &Call,
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<(Object, Found), S3Error> {
    let overrides = overrides::read(&call.query, &call.caller)?;
    let entry = call.enter(bucket, Access::ReadObject).await?;
    let object = call.pool.find_object(&entry, key).await?;
    let etag = object.etag.to_string();
    match headers::conditions(&call.headers, "").decide_read(&etag, object.modified_at) {
        ReadDecision::Send => {}
        ReadDecision::Failed => return Err(S3Code::PreconditionFailed.into()),
        ReadDecision::NotModified => {
            let mut reply = reply::empty(StatusCode::NOT_MODIFIED);
            object_headers::validators(reply.headers_mut(), &object);
            return Ok((object, Found::NotModified(reply)));
        }
    }
    let slice = slice(&call.headers, call.query.number("partNumber")?, &object)?;
    let reply = found_head(call, &object, &slice, &overrides);
    let range = slice.range;
    Ok((object, Found::Send { reply, range }))
}

/// The head of a 200 or 206.
fn found_head(
    call: &Call,
    object: &Object,
    slice: &Slice,
    overrides: &[(http::HeaderName, HeaderValue)],
) -> Reply {
    let mut reply = reply::empty(StatusCode::OK);
    let size = object.blob.size;
    let headers = reply.headers_mut();
    object_headers::write(headers, object);
    for (name, value) in overrides {
        headers.insert(name.clone(), value.clone());
    }
    object_headers::protect_browsers(headers, call.is_open_to_browsers());
    reply::set_length(headers, slice.range.end - slice.range.start);
    if let Some(parts) = slice.parts {
        headers.insert("x-amz-mp-parts-count", HeaderValue::from(parts));
    }
    let whole = slice.range == (0..size);
    let asks_checksum = headers::get(&call.headers, "x-amz-checksum-mode")
        .is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
    if asks_checksum && whole {
        reply::set_checksum(headers, object.attributes.checksum.as_ref());
    }
    if slice.partial {
        let (first, last) = (slice.range.start, slice.range.end - 1);
        reply::set(
            headers,
            CONTENT_RANGE,
            &format!("bytes {first}-{last}/{size}"),
        );
        *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    reply
}

/// The bytes of an object that a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Slice {
    /// Which; empty only when the object is.
    range: Range<u64>,
    /// Whether the answer is a 206.
    partial: bool,
    /// The number of parts, when one of several was asked for.
    parts: Option<u64>,
}

/// Decides between `Range`, `partNumber` and the whole. `InvalidRange`, `InvalidPartNumber`.
fn slice(headers: &HeaderMap, part: Option<u32>, object: &Object) -> Result<Slice, S3Error> {
    let size = object.blob.size;
    let whole = Slice {
        range: 0..size,
        partial: false,
        parts: None,
    };
    let range = headers::get(headers, RANGE.as_str());
    if let Some(part) = part {
        if range.is_some() {
            return Err(S3Error::new(
                S3Code::InvalidRequest,
                "`Range` and `partNumber` cannot come together.",
            ));
        }
        return part_slice(part, object, whole);
    }
    let range = range.and_then(|text| ByteRange::parse(&text));
    match range {
        Some(range) if still_current(headers, object) => match range.resolve(size) {
            RangeDecision::Partial(range) => Ok(Slice {
                range,
                partial: true,
                parts: None,
            }),
            RangeDecision::Unsatisfiable => Err(unsatisfiable(size)),
        },
        _ => Ok(whole),
    }
}

/// A part of a multipart upload as it came; an object without parts is its own first one.
fn part_slice(part: u32, object: &Object, whole: Slice) -> Result<Slice, S3Error> {
    if !(1..=10_000).contains(&part) {
        return Err(S3Error::invalid("`partNumber` is not from 1 to 10000."));
    }
    let sizes = &object.attributes.part_sizes;
    // What tools wrote about themselves may be gone from the stored form; parts then have no places in it.
    let has_parts = sizes.iter().sum::<u64>() == object.blob.size && !sizes.is_empty();
    if !has_parts {
        return match part {
            1 => Ok(whole),
            _ => Err(S3Code::InvalidPartNumber.into()),
        };
    }
    let index = part as usize - 1;
    let length = *sizes.get(index).ok_or(S3Code::InvalidPartNumber)?;
    let start: u64 = sizes[..index].iter().sum();
    Ok(Slice {
        range: start..start + length,
        partial: length > 0,
        parts: Some(sizes.len() as u64),
    })
}

/// Whether `If-Range` lets a range be sent (RFC 9110 section 13.1.5): a strong tag or the exact date.
fn still_current(headers: &HeaderMap, object: &Object) -> bool {
    let Some(text) = headers::get(headers, IF_RANGE.as_str()) else {
        return true;
    };
    if let Ok(date) = Timestamp::from_http_date(&text) {
        return date.as_secs() == object.modified_at.as_secs();
    }
    !text.trim().starts_with("W/")
        && ETagCondition::parse(&text).matches(Some(&object.etag.to_string()))
}

fn unsatisfiable(size: u64) -> S3Error {
    let error = S3Error::from(S3Code::InvalidRange);
    match HeaderValue::from_maybe_shared(Bytes::from(format!("bytes */{size}"))) {
        Ok(value) => error.with_header(CONTENT_RANGE, value),
        Err(_) => error,
    }
}
