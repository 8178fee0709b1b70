use super::*;

fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(*name, value);
    }
    headers
}

#[test]
fn attributes_are_kept_as_they_came() {
    let found = attributes(&map(&[
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=315576000, immutable"),
        ("content-disposition", "inline; filename=\"a.png\""),
        ("content-language", "de"),
        ("expires", "Thu, 01 Dec 2027 16:00:00 GMT"),
        ("x-amz-website-redirect-location", "/other"),
        ("x-amz-meta-one", "1"),
        ("x-amz-meta-Two", "2"),
        ("x-amz-meta-two", "3"),
        ("x-amz-tagging", "a=b%20c&d="),
        ("x-amz-storage-class", "STANDARD_IA"),
    ]));
    let found = found.unwrap();
    assert_eq!(found.content_type.as_deref(), Some("image/png"));
    assert_eq!(
        found.content_disposition.as_deref(),
        Some("inline; filename=\"a.png\"")
    );
    assert_eq!(found.user_metadata["one"], "1");
    assert_eq!(found.user_metadata["two"], "2,3");
    assert_eq!(found.tags["a"], "b c");
    assert_eq!(found.tags["d"], "");
    assert_eq!(
        found.expires.as_deref(),
        Some("Thu, 01 Dec 2027 16:00:00 GMT")
    );
    assert_eq!(found.checksum, None);
}

#[test]
fn aws_chunked_is_no_content_encoding() {
    for (sent, kept) in [
        ("aws-chunked", None),
        ("gzip,aws-chunked", Some("gzip")),
        ("AWS-Chunked, gzip, br", Some("gzip,br")),
        ("gzip", Some("gzip")),
        ("", None),
    ] {
        let found = attributes(&map(&[("content-encoding", sent)])).unwrap();
        assert_eq!(found.content_encoding.as_deref(), kept, "{sent}");
    }
}

#[test]
fn metadata_that_is_not_ascii_is_encoded_for_headers() {
    let found = attributes(&map(&[("x-amz-meta-name", "größe 😀")])).unwrap();
    let text = &found.user_metadata["name"];
    let encoded = text
        .strip_prefix("=?UTF-8?B?")
        .and_then(|t| t.strip_suffix("?="))
        .unwrap();
    assert_eq!(STANDARD.decode(encoded).unwrap(), "größe 😀".as_bytes());

    let mut latin1 = HeaderMap::new();
    latin1.insert(
        "x-amz-meta-name",
        HeaderValue::from_bytes(b"gr\xf6\xdfe").unwrap(),
    );
    assert_eq!(
        attributes(&latin1).unwrap_err().code(),
        S3Code::InvalidArgument
    );
}

#[test]
fn user_metadata_is_bounded() {
    let fits = "v".repeat(2048 - 1);
    assert!(attributes(&map(&[("x-amz-meta-k", &fits)])).is_ok());
    let over = "v".repeat(2048);
    assert_eq!(
        attributes(&map(&[("x-amz-meta-k", &over)]))
            .unwrap_err()
            .code(),
        S3Code::MetadataTooLarge
    );
}

#[test]
fn acls_come_canned_or_as_grants() {
    let world = "id=\"x\", uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"";
    for (headers, acl) in [
        (map(&[]), None),
        (map(&[("x-amz-acl", "")]), None),
        (map(&[("x-amz-acl", "public-read")]), Some(Acl::PublicRead)),
        (map(&[("x-amz-acl", "private")]), Some(Acl::Private)),
        (map(&[("x-amz-grant-read", world)]), Some(Acl::PublicRead)),
        (
            map(&[("x-amz-grant-full-control", "id=x")]),
            Some(Acl::Private),
        ),
        (map(&[("x-amz-grant-write", world)]), Some(Acl::Private)),
    ] {
        assert_eq!(super::acl(&headers).unwrap(), acl, "{headers:?}");
    }
    let both = map(&[("x-amz-acl", "private"), ("x-amz-grant-read", world)]);
    assert_eq!(
        super::acl(&both).unwrap_err().code(),
        S3Code::InvalidRequest
    );
    let unknown = map(&[("x-amz-acl", "everybody")]);
    assert_eq!(
        super::acl(&unknown).unwrap_err().code(),
        S3Code::InvalidArgument
    );
}

#[test]
fn conditions_are_read_under_both_prefixes_and_bad_dates_ignored() {
    let headers = map(&[
        ("if-match", "\"a\""),
        ("if-match", "\"b\""),
        ("if-modified-since", "yesterday"),
        ("x-amz-copy-source-if-none-match", "*"),
        (
            "x-amz-copy-source-if-unmodified-since",
            "Thu, 01 Jan 1970 00:00:01 GMT",
        ),
    ]);
    let own = conditions(&headers, "");
    let tags = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(own.if_match, Some(ETagCondition::OneOf(tags)));
    assert_eq!(own.if_modified_since, None);
    let source = conditions(&headers, "x-amz-copy-source-");
    assert_eq!(source.if_none_match, Some(ETagCondition::Any));
    assert_eq!(
        source.if_unmodified_since,
        Some(Timestamp::from_millis(1000))
    );
}

#[test]
fn headers_that_were_moved_into_a_presigned_query_count() {
    let query = Query::parse(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x&x-amz-acl=private&x-amz-meta-a=b\
         &x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32\
         &x-amz-checksum-mode=ENABLED&x-id=PutObject",
    );
    let mut headers = map(&[("x-amz-meta-a", "header")]);
    adopt_from_query(&mut headers, &query.unwrap());
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["x-amz-acl", "x-amz-checksum-mode", "x-amz-meta-a"]);
    assert_eq!(headers["x-amz-meta-a"], "header");
}

#[test]
fn what_a_pool_cannot_keep_is_refused() {
    for (name, value, code) in [
        ("x-amz-server-side-encryption", "AES256", None),
        (
            "x-amz-server-side-encryption",
            "aws:kms",
            Some(S3Code::NotImplemented),
        ),
        (
            "x-amz-server-side-encryption-customer-algorithm",
            "AES256",
            Some(S3Code::NotImplemented),
        ),
        (
            "x-amz-object-lock-mode",
            "GOVERNANCE",
            Some(S3Code::InvalidRequest),
        ),
        (
            "x-amz-write-offset-bytes",
            "0",
            Some(S3Code::NotImplemented),
        ),
        ("x-amz-storage-class", "GLACIER", None),
    ] {
        let refused = refuse_unsupported(&map(&[(name, value)])).err();
        assert_eq!(refused.map(|e| e.code()), code, "{name}: {value}");
    }
}

#[test]
fn an_objects_checksum_may_be_a_composite() {
    let headers = map(&[("x-amz-checksum-crc32", "AAAAAA==-3")]);
    let found = checksum(&headers).unwrap().unwrap();
    assert_eq!(found.kind(), ChecksumKind::Composite(3));
    assert_eq!(found.to_base64(), "AAAAAA==-3");
    assert_eq!(checksum(&map(&[])).unwrap(), None);
    let bad = map(&[("x-amz-checksum-crc32", "AAAA")]);
    assert_eq!(checksum(&bad).unwrap_err().code(), S3Code::InvalidArgument);
}
