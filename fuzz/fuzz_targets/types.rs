//! The values of `rockpool-types` that come from outside: what is read is written to be read as the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_types::{
    AccessKeyId, Acl, BlobHash, BlobPath, BucketName, ByteRange, ByteSize, Checksum,
    ChecksumAlgorithm, Conditions, DeliveryMode, ETag, ETagCondition, HostName, MemberName,
    ObjectKey, RangeDecision, Timestamp,
};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let size = u64::from_le_bytes(std::array::from_fn(|_| input.byte()));
    let rest = input.rest();
    key(rest);
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    same::<MemberName>(text);
    same::<BucketName>(text);
    same::<HostName>(text);
    same::<AccessKeyId>(text);
    same::<Acl>(text);
    same::<DeliveryMode>(text);
    same::<ChecksumAlgorithm>(text);
    digests(text);
    blob_path(text);
    dates(text);
    if let Ok(size) = text.parse::<ByteSize>() {
        let json = serde_json::to_string(&size).expect("a size has a JSON");
        assert_eq!(
            serde_json::from_str::<ByteSize>(&json).ok(),
            Some(size),
            "{json}"
        );
    }
    if let Some(range) = ByteRange::parse(text)
        && let RangeDecision::Partial(bytes) = range.resolve(size)
    {
        assert!(
            bytes.start < bytes.end && bytes.end <= size,
            "{range:?} of {size}"
        );
    }
    conditions(text, Timestamp::from_millis(size as i64));
});

/// What is read is printed as it was, and read again as the same.
fn same<T: std::str::FromStr + ToString + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let shown = value.to_string();
        assert!(
            shown.eq_ignore_ascii_case(text),
            "{text} is shown as {shown}"
        );
        assert!(
            shown.parse::<T>().is_ok_and(|again| again == value),
            "{shown}"
        );
    }
}

fn key(bytes: &[u8]) {
    let Ok(key) = ObjectKey::from_bytes(bytes.to_vec()) else {
        let fits = std::str::from_utf8(bytes).is_ok_and(|text| (1..=1024).contains(&text.len()));
        assert!(!fits, "a good key is refused");
        return;
    };
    if let Some(short) = key.short_form() {
        assert!(short.is_short_form(), "{short}");
        assert_eq!(short.as_str().encode_utf16().count(), 255);
        assert_eq!(short.short_form(), None);
    }
    let hash = BlobHash::from_bytes([7; 64]);
    let path = BlobPath::base64(&hash, &key);
    assert_eq!(
        BlobPath::parse(&path).map(|path| path.hash()),
        Some(hash),
        "{path}"
    );
}

fn digests(text: &str) {
    for algorithm in ChecksumAlgorithm::ALL {
        if let Ok(checksum) = Checksum::from_base64(algorithm, text) {
            assert_eq!(checksum.to_base64(), text);
            let json = serde_json::to_string(&checksum).expect("a checksum has a JSON");
            assert_eq!(serde_json::from_str::<Checksum>(&json).ok(), Some(checksum));
        }
    }
    if let Ok(etag) = text.parse::<ETag>() {
        assert_eq!(etag.quoted().parse::<ETag>().ok(), Some(etag));
        assert_eq!(etag.to_string().parse::<ETag>().ok(), Some(etag));
    }
    if let Ok(hash) = text.parse::<BlobHash>() {
        assert_eq!(hash.to_hex(), text.to_ascii_lowercase());
    }
    if let Ok(hash) = BlobHash::from_base64(text) {
        assert_eq!(BlobHash::from_base64(&hash.to_base64()).ok(), Some(hash));
    }
    let _ = serde_json::from_str::<Checksum>(text);
}

fn blob_path(text: &str) {
    if let Some(path) = BlobPath::parse(text) {
        let hash = path.hash();
        assert!(!text.starts_with('/'));
        if text.starts_with("blobs/") {
            // One blob has one place in the store.
            assert_eq!(BlobPath::hex(&hash), text);
        }
        let hex = BlobPath::hex(&hash);
        assert_eq!(BlobPath::parse(&hex).map(|path| path.hash()), Some(hash));
    }
}

fn dates(text: &str) {
    if let Ok(at) = Timestamp::from_http_date(text) {
        let again = Timestamp::from_http_date(&at.to_http_date());
        assert_eq!(
            again.ok().map(Timestamp::as_secs),
            Some(at.as_secs()),
            "{at}"
        );
    }
    if let Ok(at) = Timestamp::from_amz_date(text) {
        assert_eq!(at.to_amz_date(), text);
    }
    if let Ok(at) = Timestamp::from_iso8601(text) {
        assert_eq!(Timestamp::from_iso8601(&at.to_iso8601()).ok(), Some(at));
    }
}

fn conditions(text: &str, modified: Timestamp) {
    let tags = ETagCondition::parse(text);
    assert!(!tags.matches(None));
    let etag = "0123456789abcdef0123456789abcdef";
    let reads = |if_match: bool| {
        let tags = Some(tags.clone());
        let conditions = if if_match {
            Conditions {
                if_match: tags,
                ..Conditions::default()
            }
        } else {
            Conditions {
                if_none_match: tags,
                ..Conditions::default()
            }
        };
        conditions.decide_read(etag, modified)
    };
    use rockpool_types::ReadDecision::{Failed, NotModified, Send};
    let expected = if tags.matches(Some(etag)) {
        (Send, NotModified)
    } else {
        (Failed, Send)
    };
    assert_eq!((reads(true), reads(false)), expected);
}
