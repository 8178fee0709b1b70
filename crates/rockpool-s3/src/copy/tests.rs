use super::*;

fn source(text: &str) -> Result<(String, String), S3Code> {
    Source::parse(text)
        .map(|source| {
            let (bucket, key) = (source.bucket.as_str(), source.key.as_str());
            (bucket.to_owned(), key.to_owned())
        })
        .map_err(|error| error.code())
}

#[test]
fn sources_are_decoded_once_with_and_without_a_slash() {
    for (text, key) in [
        ("bkt/key", "key"),
        ("/bkt/key", "key"),
        ("bkt%2Fkey", "key"),
        ("bkt/a/b%2Fc+%20%2541", "a/b/c+ %41"),
        ("bkt//a", "/a"),
        ("bkt/../a", "../a"),
        ("bkt/%3FversionId=1", "?versionId=1"),
        ("bkt/key?versionId=null", "key"),
        ("bkt/%F0%9F%98%80", "😀"),
    ] {
        assert_eq!(
            source(text),
            Ok(("bkt".to_owned(), key.to_owned())),
            "{text}"
        );
    }
}

#[test]
fn bad_sources_are_refused() {
    for (text, code) in [
        ("bkt", S3Code::InvalidArgument),
        ("bkt/", S3Code::InvalidArgument),
        ("bkt/%ff", S3Code::InvalidURI),
        ("b%20t/key", S3Code::InvalidBucketName),
        ("bkt/key?versionId=abc", S3Code::NoSuchVersion),
    ] {
        assert_eq!(source(text), Err(code), "{text}");
    }
}

#[test]
fn a_parts_range_lies_within_its_source() {
    let range = |text| source_range(text, 10).map_err(|error| error.code());
    assert_eq!(range("bytes=0-9"), Ok(0..10));
    assert_eq!(range("bytes=3-3"), Ok(3..4));
    assert_eq!(range("bytes=0-10"), Err(S3Code::InvalidRange));
    for bad in ["bytes=3-", "bytes=-3", "bytes=5-3", "0-3", "bytes=0-1,2-3"] {
        assert_eq!(range(bad), Err(S3Code::InvalidArgument), "{bad}");
    }
}
