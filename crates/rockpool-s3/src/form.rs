//! Uploads by HTML forms (S3 API reference, "POST Object"): fields with a signed policy among them, then the file.
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, LOCATION},
};
use multer::{Field, Multipart};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rockpool_pool::{Access, Caller, PutRequest, Stored};
use rockpool_types::{BucketName, Conditions, ObjectKey};

use crate::{
    call::Call,
    complete,
    error::{S3Code, S3Error},
    headers,
    listing::Encoding,
    post_policy::{self, PolicyError, PostClaim},
    reply::{self, Reply},
    route,
    xml::Xml,
};

mod file;
mod wire;

use file::FormFile;
use wire::FormWire;

/// The most bytes of all fields before the file, names and values together.
const MAX_FIELD_BYTES: usize = 20_000;

/// PostObject.
pub(crate) async fn post(call: &mut Call, bucket: &BucketName) -> Result<Reply, S3Error> {
    let content_type = headers::get(&call.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|error| S3Error::new(S3Code::MalformedPOSTRequest, format!("{error}.")))?;
    let (body, _) = call.take_wire()?;
    let (wire, file_begins) = FormWire::new(body, call.settings.stall_timeout);
    let mut multipart = Multipart::new(wire, boundary);
    let (mut fields, file) = read_fields(&mut multipart).await?;
    file_begins.announce();

    let file_name = base_name(file.file_name().unwrap_or_default()).to_owned();
    for (_, value) in &mut fields {
        *value = value.replace("${filename}", &file_name);
    }
    let claim = PostClaim::parse(&fields)?.ok_or(S3Code::AccessDenied)?;
    let holder = call.pool.find_key(claim.access_key_id()).await?;
    let holder = holder.ok_or(S3Code::InvalidAccessKeyId)?;
    let policy = claim.verify(&fields, bucket, &holder.secret, call.pool.now())?;
    call.caller = Caller::Member(holder);

    let form = Form::read(&fields)?;
    let entry = call.enter(bucket, Access::Write).await?;
    let request = PutRequest {
        key: form.key.clone(),
        acl: headers::acl(&form.headers)?,
        attributes: headers::attributes(&form.headers)?,
        conditions: Conditions::default(),
    };
    let mut source = FormFile::new(file, &form.headers, policy.content_length_range)?;
    let stored = call.pool.put_object(&entry, request, &mut source).await?;
    Ok(form.answer(call, bucket, &stored))
}

/// Reads the fields before the file, and finds the file.
async fn read_fields(
    multipart: &mut Multipart<'static>,
) -> Result<(Vec<post_policy::Field>, Field<'static>), S3Error> {
    let mut fields = Vec::new();
    let mut left = MAX_FIELD_BYTES;
    while let Some(mut field) = multipart.next_field().await.map_err(wire::error)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name.eq_ignore_ascii_case("file") {
            return Ok((fields, field));
        }
        let mut value = Vec::new();
        left = left.checked_sub(name.len()).ok_or_else(too_long)?;
        while let Some(chunk) = field.chunk().await.map_err(wire::error)? {
            left = left.checked_sub(chunk.len()).ok_or_else(too_long)?;
            value.extend_from_slice(&chunk);
        }
        let value = String::from_utf8(value).map_err(|_| {
            S3Error::new(
                S3Code::MalformedPOSTRequest,
                format!("The field {name} is not UTF-8."),
            )
        })?;
        fields.push((name, value));
    }
    Err(S3Error::invalid("The form has no file."))
}

fn too_long() -> S3Error {
    S3Code::MaxPostPreDataLengthExceeded.into()
}

/// The name of a file without the folders that some browsers put before it.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What a form says beside its policy.
struct Form {
    key: ObjectKey,
    /// Fields that stand for headers of a PutObject.
    headers: HeaderMap,
    redirect: Option<String>,
    status: StatusCode,
}

impl Form {
    fn read(fields: &[post_policy::Field]) -> Result<Self, S3Error> {
        let find = |name: &str| {
            let mut named = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.as_str())
        };
        let key = find("key").filter(|key| !key.is_empty());
        let key = key.ok_or(S3Code::UserKeyMustBeSpecified)?;
        let redirect = find("success_action_redirect").or(find("redirect"));
        let redirect =
            redirect.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        Ok(Self {
            key: route::object_key(key.to_owned())?,
            headers: as_headers(fields)?,
            redirect: redirect.map(str::to_owned),
            status: match find("success_action_status") {
                Some("200") => StatusCode::OK,
                Some("201") => StatusCode::CREATED,
                _ => StatusCode::NO_CONTENT,
            },
        })
    }

    fn answer(&self, call: &Call, bucket: &BucketName, stored: &Stored) -> Reply {
        let base = call.resource().trim_end_matches('/');
        let key = Encoding::Url.of(self.key.as_str());
        let location = complete::location(call, &format!("{base}/{key}"));
        let mut reply = match self.status {
            StatusCode::CREATED => reply::xml(&Xml::plain_document("PostResponse", |xml| {
                xml.text("Location", &location);
                xml.text("Bucket", bucket.as_str());
                xml.text("Key", self.key.as_str());
                xml.text("ETag", &stored.etag.quoted());
            })),
            status => reply::empty(status),
        };
        *reply.status_mut() = self.status;
        let headers = reply.headers_mut();
        reply::set(headers, ETAG, &stored.etag.quoted());
        reply::set_checksum(headers, stored.checksum.as_ref());
        reply::set(headers, LOCATION, &location);
        if let Some(url) = &self.redirect {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let (key, etag) = (encoded(self.key.as_str()), encoded(&stored.etag.quoted()));
            let mark = if url.contains('?') { '&' } else { '?' };
            let url = format!("{url}{mark}bucket={bucket}&key={key}&etag={etag}");
            let mut seen = reply::empty(StatusCode::SEE_OTHER);
            reply::set(seen.headers_mut(), LOCATION, &url);
            return seen;
        }
        reply
    }
}

/// The fields that a PutObject would have as headers.
fn as_headers(fields: &[post_policy::Field]) -> Result<HeaderMap, S3Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = match name.to_ascii_lowercase().as_str() {
            "acl" => "x-amz-acl".to_owned(),
            name => name.to_owned(),
        };
        let plain = [
            "cache-control",
            "content-type",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-md5",
            "expires",
        ];
        if !plain.contains(&name.as_str()) && !name.starts_with("x-amz-") {
            continue;
        }
        let header = HeaderName::try_from(&name).ok();
        let header = header.zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let Some((name, value)) = header else {
            return Err(S3Error::invalid(format!("The field {name} is no header.")));
        };
        headers.append(name, value);
    }
    headers::refuse_unsupported(&headers)?;
    Ok(headers)
}

impl From<PolicyError> for S3Error {
    fn from(error: PolicyError) -> Self {
        let code = match error {
            PolicyError::Auth(error) => return error.into(),
            PolicyError::Malformed(_) => S3Code::InvalidPolicyDocument,
            PolicyError::Expired { .. }
            | PolicyError::ConditionFailed(_)
            | PolicyError::ExtraField(_) => S3Code::AccessDenied,
        };
        Self::new(code, crate::faults::sentence(&error))
    }
}
