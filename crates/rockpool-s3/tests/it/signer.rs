//! A signer of Amazon's versions 4 and 2, written from its documentation and not from the face's own.
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use rockpool_types::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The key pair and the clock to sign with.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) id: String,
    pub(crate) secret: String,
}

const SCOPE: &str = "eu-rock-1/s3/aws4_request";

impl Signer {
    /// Signs in the Authorization header, all headers and the body's SHA-256.
    pub(crate) fn sign(
        &self,
        now: Timestamp,
        method: &str,
        target: &str,
        headers: &mut HeaderMap,
        body: &[u8],
    ) {
        let hash = hex::encode(Sha256::digest(body));
        let date = now.to_amz_date();
        set(headers, "x-amz-date", &date);
        set(headers, "x-amz-content-sha256", &hash);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let names = names(headers);
        let request = canonical(method, path, query, headers, &names, &hash);
        let signature = self.signature(&date, &request);
        let (id, day) = (&self.id, &date[..8]);
        set(
            headers,
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential={id}/{day}/{SCOPE}, SignedHeaders={}, Signature={signature}",
                names.join(";")
            ),
        );
    }

    /// A target with a signature in its query, good for `seconds`.
    pub(crate) fn presign(
        &self,
        now: Timestamp,
        method: &str,
        target: &str,
        host: &str,
        seconds: u32,
    ) -> String {
        let date = now.to_amz_date();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let credential = format!("{}/{}/{SCOPE}", self.id, &date[..8]).replace('/', "%2F");
        let mut query = query.to_owned();
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &seconds.to_string()),
            ("X-Amz-SignedHeaders", "host"),
        ] {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&format!("{name}={value}"));
        }
        let mut headers = HeaderMap::new();
        set(&mut headers, "host", host);
        let names = vec!["host".to_owned()];
        let request = canonical(method, path, &query, &headers, &names, "UNSIGNED-PAYLOAD");
        let signature = self.signature(&date, &request);
        format!("{path}?{query}&X-Amz-Signature={signature}")
    }

    /// A target with a signature of version 2 in its query, which covers nothing else of the query.
    pub(crate) fn presign_v2(&self, now: Timestamp, method: &str, path: &str) -> String {
        let expires = now.as_secs() + 60;
        let text = format!("{method}\n\n\n{expires}\n{path}");
        let mut mac = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let signature = signature
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        let id = &self.id;
        format!("{path}?AWSAccessKeyId={id}&Expires={expires}&Signature={signature}")
    }

    /// The signature of a form's policy in base64.
    pub(crate) fn sign_policy(&self, day: &str, policy: &str) -> String {
        hex::encode(hmac(&self.key(day), policy.as_bytes()))
    }

    /// The credential as forms have it.
    pub(crate) fn credential(&self, day: &str) -> String {
        format!("{}/{day}/{SCOPE}", self.id)
    }

    fn signature(&self, date: &str, request: &str) -> String {
        let hash = hex::encode(Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{}/{SCOPE}\n{hash}", &date[..8]);
        hex::encode(hmac(&self.key(&date[..8]), text.as_bytes()))
    }

    fn key(&self, day: &str) -> Vec<u8> {
        let mut key = hmac(format!("AWS4{}", self.secret).as_bytes(), day.as_bytes());
        for part in SCOPE.split('/') {
            key = hmac(&key, part.as_bytes());
        }
        key
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    names.sort();
    names
}

/// The canonical request. Targets of the tests are in canonical encoding already.
fn canonical(
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    names: &[String],
    hash: &str,
) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.contains('=') {
            true => pair.to_owned(),
            false => format!("{pair}="),
        })
        .collect();
    pairs.sort();
    let lines: String = names
        .iter()
        .map(|name| {
            let values: Vec<&str> = headers
                .get_all(name)
                .iter()
                .map(|value| std::str::from_utf8(value.as_bytes()).unwrap().trim())
                .collect();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    format!(
        "{method}\n{path}\n{}\n{lines}\n{}\n{hash}",
        pairs.join("&"),
        names.join(";")
    )
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    headers.insert(
        HeaderName::from_static(name),
        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
    );
}
