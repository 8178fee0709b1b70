use BucketOperation as B;
use ObjectOperation as O;
use proptest::prelude::*;

use super::*;

fn find(method: &str, target: &str, headers: &HeaderMap) -> Result<Operation, S3Code> {
    let uri = target.parse().unwrap();
    let method = method.parse().unwrap();
    route(&method, &uri, headers, &Addressing::Path)
        .map(|route| route.operation)
        .map_err(|error| error.code())
}

fn bucket(line: &str) -> BucketOperation {
    let (method, target) = line.split_once(' ').unwrap();
    match find(method, target, &HeaderMap::new()) {
        Ok(Operation::Bucket(name, operation)) if name.as_str() == "bkt" => operation,
        other => panic!("{line}: {other:?}"),
    }
}

fn object(line: &str) -> (String, ObjectOperation) {
    let (method, target) = line.split_once(' ').unwrap();
    match find(method, target, &HeaderMap::new()) {
        Ok(Operation::Object(name, key, operation)) if name.as_str() == "bkt" => {
            (key.as_str().to_owned(), operation)
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> S3Code {
    let (method, target) = line.split_once(' ').unwrap();
    find(method, target, &HeaderMap::new()).unwrap_err()
}

#[test]
fn bucket_operations_are_found_in_all_their_spellings() {
    for (line, operation) in [
        ("HEAD /bkt", B::HeadBucket),
        ("HEAD /bkt/", B::HeadBucket),
        ("PUT /bkt/", B::CreateBucket),
        ("PUT /bkt?x-id=CreateBucket", B::CreateBucket),
        ("DELETE /bkt", B::DeleteBucket),
        ("GET /bkt", B::ListObjects),
        ("GET /bkt?prefix=a&marker=", B::ListObjects),
        ("GET /bkt/?list-type=2&prefix=&delimiter=", B::ListObjectsV2),
        ("GET /bkt?list-type=2", B::ListObjectsV2),
        ("GET /bkt?versions", B::ListObjectVersions),
        ("GET /bkt/?uploads=", B::ListMultipartUploads),
        ("POST /bkt?delete", B::DeleteObjects),
        ("POST /bkt/?delete=", B::DeleteObjects),
        ("GET /bkt?acl=", B::GetBucketAcl),
        ("PUT /bkt?acl", B::PutBucketAcl),
        ("GET /bkt/?location=", B::GetSetting(Setting::Location)),
        ("GET /bkt?versioning", B::GetSetting(Setting::Versioning)),
        (
            "GET /bkt?policy",
            B::GetSetting(Setting::Absent(S3Code::NoSuchBucketPolicy)),
        ),
        (
            "GET /bkt?policyStatus",
            B::GetSetting(Setting::Absent(S3Code::NoSuchBucketPolicy)),
        ),
        ("DELETE /bkt?lifecycle", B::DeleteSetting),
        ("GET /bkt?something-new=1", B::ListObjects),
    ] {
        assert_eq!(bucket(line), operation, "{line}");
    }
    assert_eq!(
        find("GET", "/", &HeaderMap::new()),
        Ok(Operation::ListBuckets)
    );
}

#[test]
fn object_operations_are_found_in_all_their_spellings() {
    for (line, operation) in [
        ("GET /bkt/k", O::GetObject),
        ("GET /bkt/k?x-id=GetObject&versionId=null", O::GetObject),
        ("HEAD /bkt/k?partNumber=1", O::HeadObject),
        ("PUT /bkt/k?x-id=PutObject", O::PutObject),
        ("DELETE /bkt/k", O::DeleteObject),
        ("POST /bkt/k?uploads", O::CreateMultipartUpload),
        ("POST /bkt/k?uploads=", O::CreateMultipartUpload),
        ("POST /bkt/k?uploads=1", O::CreateMultipartUpload),
        ("PUT /bkt/k?partNumber=1&uploadId=a", O::UploadPart),
        (
            "PUT /bkt/k?uploadId=a&partNumber=1&x-id=UploadPart",
            O::UploadPart,
        ),
        ("POST /bkt/k?uploadId=a", O::CompleteMultipartUpload),
        ("DELETE /bkt/k?uploadId=a", O::AbortMultipartUpload),
        ("GET /bkt/k?uploadId=a&max-parts=1", O::ListParts),
        ("GET /bkt/k?acl", O::GetObjectAcl),
        ("PUT /bkt/k?acl=", O::PutObjectAcl),
        ("GET /bkt/k?tagging", O::GetObjectTagging),
        ("PUT /bkt/k?tagging", O::PutObjectTagging),
        ("DELETE /bkt/k?tagging", O::DeleteObjectTagging),
        ("GET /bkt/k?attributes", O::GetObjectAttributes),
    ] {
        assert_eq!(object(line), ("k".to_owned(), operation), "{line}");
    }
}

#[test]
fn a_copy_source_makes_a_copy() {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-copy-source", "bkt/a".parse().unwrap());
    for (target, operation) in [
        ("/bkt/k", O::CopyObject),
        ("/bkt/k?partNumber=2&uploadId=a", O::UploadPartCopy),
    ] {
        match find("PUT", target, &headers) {
            Ok(Operation::Object(_, _, found)) => assert_eq!(found, operation),
            other => panic!("{target}: {other:?}"),
        }
    }
}

#[test]
fn a_form_posted_to_a_bucket_is_an_upload() {
    let mut headers = HeaderMap::new();
    let value = "Multipart/Form-Data; boundary=x".parse().unwrap();
    headers.insert(CONTENT_TYPE, value);
    for target in ["/bkt", "/bkt/"] {
        match find("POST", target, &headers) {
            Ok(Operation::Bucket(_, B::PostObject)) => {}
            other => panic!("{target}: {other:?}"),
        }
    }
    assert_eq!(refused("POST /bkt"), S3Code::MethodNotAllowed);
}

#[test]
fn keys_stay_as_they_are() {
    for (path, key) in [
        ("/bkt//", "/"),
        ("/bkt//a//b/", "/a//b/"),
        ("/bkt/../a/./b", "../a/./b"),
        ("/bkt/%2e%2e/a", "../a"),
        ("/bkt/a%2Fb", "a/b"),
        ("/bkt/a+b%20c%2B", "a+b c+"),
        ("/bkt/%2541", "%41"),
        ("/bkt/'!()*~", "'!()*~"),
        ("/bkt/%3F%23%26%3D", "?#&="),
        ("/bkt/%F0%9F%98%80", "😀"),
        ("/bkt/%01%00%7f", "\u{1}\0\u{7f}"),
        ("/%62kt/k", "k"),
    ] {
        assert_eq!(object(&format!("GET {path}")).0, key, "{path}");
    }
}

#[test]
fn bad_names_and_keys_are_refused() {
    let long = "a".repeat(1025);
    for (line, code) in [
        ("GET /bkt/%ff", S3Code::InvalidURI),
        ("GET /bkt/a%zz", S3Code::InvalidURI),
        ("GET /bkt/a%4", S3Code::InvalidURI),
        ("GET /bkt?prefix=%ff", S3Code::InvalidURI),
        ("GET /b%20kt/a", S3Code::InvalidBucketName),
        ("GET /%2f/a", S3Code::InvalidBucketName),
        ("GET //a", S3Code::InvalidBucketName),
        (&format!("PUT /bkt/{long}"), S3Code::KeyTooLongError),
    ] {
        assert_eq!(refused(line), code, "{line}");
    }
    assert_eq!(object(&format!("PUT /bkt/{}", &long[1..])).0.len(), 1024);
}

#[test]
fn what_the_pool_does_not_do_is_said_in_s3s_words() {
    for (line, code) in [
        ("GET /bkt/k?torrent", S3Code::NotImplemented),
        ("POST /bkt/k?restore", S3Code::NotImplemented),
        ("POST /bkt/k?select&select-type=2", S3Code::NotImplemented),
        ("PUT /bkt?lifecycle", S3Code::NotImplemented),
        ("PUT /bkt?versioning", S3Code::NotImplemented),
        ("GET /bkt?inventory", S3Code::NotImplemented),
        (
            "GET /bkt/k?retention",
            S3Code::NoSuchObjectLockConfiguration,
        ),
        ("PUT /bkt/k?legal-hold", S3Code::InvalidRequest),
        ("GET /bkt/k?versionId=abc", S3Code::NoSuchVersion),
        ("PUT /bkt/k?uploadId=a", S3Code::InvalidArgument),
        ("PUT /bkt/k?partNumber=1", S3Code::InvalidArgument),
        ("DELETE /bkt/k?acl", S3Code::MethodNotAllowed),
        ("DELETE /bkt/k?attributes=", S3Code::MethodNotAllowed),
        ("PUT /bkt/k?uploads", S3Code::MethodNotAllowed),
        ("DELETE /bkt?acl", S3Code::MethodNotAllowed),
        ("DELETE /bkt?delete", S3Code::MethodNotAllowed),
        ("PUT /bkt?versions", S3Code::MethodNotAllowed),
        ("POST /bkt/k", S3Code::MethodNotAllowed),
        ("PATCH /bkt/k", S3Code::MethodNotAllowed),
        ("POST /", S3Code::MethodNotAllowed),
    ] {
        assert_eq!(refused(line), code, "{line}");
    }
}

#[test]
fn a_virtual_host_stands_for_the_bucket() {
    let domains: Vec<HostName> = ["s3.example.org", "localhost"]
        .map(|name| name.parse().unwrap())
        .into();
    let of = |host| bucket_of_host(host, &domains).map_err(|error| error.code());
    let bucket = |name: &str| Ok(Some(name.parse::<BucketName>().unwrap()));
    assert_eq!(of("bkt.s3.example.org"), bucket("bkt"));
    assert_eq!(of("a.b.S3.Example.ORG"), bucket("a.b"));
    assert_eq!(of("bkt.localhost"), bucket("bkt"));
    assert_eq!(of("s3.example.org"), Ok(None));
    assert_eq!(of("xs3.example.org"), Ok(None));
    assert_eq!(of("é.example.org"), Ok(None));
    assert_eq!(of(".s3.example.org"), Err(S3Code::InvalidBucketName));
    assert_eq!(
        bucket_of_host(
            "bkt.s3.example.org",
            &["example.org", "s3.example.org"].map(|name| name.parse().unwrap())
        )
        .unwrap(),
        Some("bkt".parse().unwrap())
    );
    assert!(is_base_domain("S3.example.org", &domains));
    assert!(!is_base_domain("bkt.s3.example.org", &domains));
    let found = route(
        &Method::GET,
        &"/a/b".parse().unwrap(),
        &HeaderMap::new(),
        &Addressing::VirtualHost("bkt".parse().unwrap()),
    );
    match found.unwrap().operation {
        Operation::Object(_, key, O::GetObject) => assert_eq!(key.as_str(), "a/b"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_host_loses_its_port_alone() {
    let host_of = |target: &str, header: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("host", header.parse().unwrap());
        host(&target.parse().unwrap(), &headers).map(str::to_owned)
    };
    assert_eq!(
        host_of("/a", "Bkt.example:23278").as_deref(),
        Some("Bkt.example")
    );
    assert_eq!(host_of("/a", "[::1]:80").as_deref(), Some("[::1]"));
    assert_eq!(
        host_of("http://b.example:1/a", "x").as_deref(),
        Some("b.example")
    );
}

proptest! {
    #[test]
    fn every_key_survives_its_percent_encoding(key in "\\PC{1,64}|[\\x00-\\x7f]{1,64}") {
        let raw: String = key.bytes().map(|b| format!("%{b:02X}")).collect();
        let (found, _) = object(&format!("GET /bkt/{raw}"));
        prop_assert_eq!(found, key);
    }

    #[test]
    fn no_target_makes_the_router_panic(target in "/[!-~]{0,80}") {
        if let Ok(uri) = target.parse::<http::Uri>() {
            for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::HEAD] {
                let _ = route(&method, &uri, &HeaderMap::new(), &Addressing::Path);
            }
        }
    }
}
