//! Whatever is signed verifies; whatever is changed afterwards does not; nothing panics.
use proptest::{collection::vec, prelude::*};
use rockpool_types::BucketName;

use super::{
    AMAZON_TIME, request, secret,
    signer::{KEY_ID, Order},
    time, verify,
};
use crate::auth::Claim;

const HTTP_DATE: &str = "Fri, 24 May 2013 00:00:00 GMT";

/// Keys of every odd kind: any Unicode, and many of the characters that signers treat in a special way.
fn path() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "/", "//", ".", "..", " ", "+", "%", "%2F", "%zz", "?", "#", "&", "=", "~", "!'()*",
        "\u{7}", "ü", "🦀",
    ]);
    let part = prop_oneof![
        odd.prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z0-9]{1,8}"
    ];
    vec(part, 0..12).prop_map(|parts| format!("/bkt/{}", parts.concat()))
}

fn order() -> impl Strategy<Value = Order> {
    let method = prop::sample::select(vec!["GET", "PUT", "POST", "DELETE", "HEAD"]);
    let query = vec("\\PC{0,6}", 0..4);
    let headers = vec("[ -~]{0,20}", 0..4);
    (method, path(), query, headers).prop_map(|(method, path, query, headers)| {
        let mut order = Order::new(method, &path);
        for (index, value) in query.iter().enumerate() {
            order = order.query(&format!("{index}ü+ "), value);
        }
        for (index, value) in headers.iter().enumerate() {
            order = order.header(&format!("x-amz-meta-{index}"), value);
        }
        order
    })
}

/// Another letter or digit of the same kind, so that escapes stay escapes. `None`: `c` is something else.
fn other(c: u8) -> Option<u8> {
    let next = |first: u8, count: u8| first + (c - first + 1) % count;
    match c {
        b'0'..=b'9' => Some(next(b'0', 10)),
        b'a'..=b'f' => Some(next(b'a', 6)),
        b'A'..=b'F' => Some(next(b'A', 6)),
        b'g'..=b'z' => Some(next(b'g', 20)),
        b'G'..=b'Z' => Some(next(b'G', 20)),
        _ => None,
    }
}

/// `text` with one letter or digit changed. `None`: it has none.
fn changed(text: &str, at: prop::sample::Index) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|i| other(bytes[*i]).is_some())
        .collect();
    let place = *places.get(at.index(places.len().max(1)))?;
    bytes[place] = other(bytes[place])?;
    String::from_utf8(bytes).ok()
}

/// Whether a request is refused, or is no longer in the name of the key that signed it: a caller looks the key's own
/// secret up, and without a signature a request is anonymous.
fn is_refused(parts: &http::request::Parts) -> bool {
    match Claim::parse(parts) {
        Ok(Some(claim)) if claim.access_key_id().as_str() == KEY_ID => {
            verify(parts, AMAZON_TIME).is_err()
        }
        _ => true,
    }
}

proptest! {
    #[test]
    fn whatever_is_signed_verifies(order in order()) {
        verify(&order.clone().v4_header(), AMAZON_TIME).unwrap();
        verify(&order.clone().v4_query(60), AMAZON_TIME).unwrap();
        verify(&order.clone().v2_header(HTTP_DATE, "", ""), AMAZON_TIME).unwrap();
        verify(&order.v2_query(time(AMAZON_TIME).as_secs(), ""), AMAZON_TIME).unwrap();
    }

    #[test]
    fn a_changed_target_is_refused(order in order(), at: prop::sample::Index) {
        for mut parts in [order.clone().v4_header(), order.v4_query(60)] {
            if let Some(target) = changed(&parts.uri.to_string(), at) {
                parts.uri = target.parse().unwrap();
                prop_assert!(is_refused(&parts), "{}", parts.uri);
            }
        }
    }

    #[test]
    fn a_changed_path_is_refused_in_version_2(order in order(), at: prop::sample::Index) {
        let expires = time(AMAZON_TIME).as_secs();
        for mut parts in [order.clone().v2_header(HTTP_DATE, "", ""), order.v2_query(expires, "")] {
            let path = changed(parts.uri.path(), at).unwrap();
            let target = format!("{path}?{}", parts.uri.query().unwrap_or_default());
            parts.uri = target.parse().unwrap();
            prop_assert!(is_refused(&parts), "{}", parts.uri);
        }
    }

    #[test]
    fn a_changed_header_or_method_is_refused(order in order(), which: prop::sample::Index, at: prop::sample::Index) {
        let v2 = order.clone().v2_header(HTTP_DATE, "", "");
        for (mut parts, also_unsigned) in [(order.clone().v4_header(), ""), (order.v4_query(60), ""), (v2, "host")] {
            let names: Vec<_> = parts.headers.keys().filter(|n| n.as_str() != also_unsigned).cloned().collect();
            let name = &names[which.index(names.len())];
            let value = parts.headers[name].to_str().unwrap().to_owned();
            if let Some(value) = changed(&value, at) {
                let before = parts.headers.insert(name, value.parse().unwrap()).unwrap();
                prop_assert!(is_refused(&parts), "{name}");
                parts.headers.insert(name, before);
            }
            parts.method = if parts.method == "PATCH" { "GET" } else { "PATCH" }.parse().unwrap();
            prop_assert!(is_refused(&parts));
        }
    }

    #[test]
    fn an_added_parameter_is_refused(order in order(), name in "[a-z]{1,9}") {
        for mut parts in [order.clone().v4_header(), order.v4_query(60)] {
            let separator = if parts.uri.query().is_some() { '&' } else { '?' };
            parts.uri = format!("{}{separator}{name}", parts.uri).parse().unwrap();
            prop_assert!(is_refused(&parts));
        }
    }

    #[test]
    fn no_header_and_no_query_makes_it_panic(
        authorization in "(AWS4-HMAC-SHA256 |AWS |)([ -~]{0,40}|(Credential|SignedHeaders|Signature|[/,=:;a-z0-9]){0,20})",
        query in "((X-Amz-[A-Z][a-z]{3,9}|AWSAccessKeyId|Signature|Expires|x-amz-a)=[%+/;a-zA-Z0-9-]{0,12}&?){0,9}",
        date in "[ -~]{0,24}",
    ) {
        let bucket: BucketName = "bkt".parse().unwrap();
        let target = format!("/bkt/key?{query}");
        let signed: &[(&str, &str)] = &[("authorization", &authorization), ("x-amz-date", &date)];
        for headers in [signed, &[]] {
            let parts = request("GET", &target, headers);
            if let Ok(Some(claim)) = Claim::parse(&parts) {
                prop_assert!(claim.verify(&parts, &secret(), time(AMAZON_TIME), Some(&bucket)).is_err());
            }
        }
    }
}
