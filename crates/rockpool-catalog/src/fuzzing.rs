//! For the fuzz targets alone: what this crate reads from outside or out of columns, each with what must hold of it. All of
//! it panics when it does not hold.
use rockpool_types::ETag;

use crate::{
    CatalogAddress,
    codes::{checksum_from_bytes, checksum_to_bytes, etag_from_bytes, etag_to_bytes},
    headers::{Basis, MAX_PARTS, split, to_json, unpack},
};

/// A catalog's address: what is secret in it is never shown, neither by it nor by the error.
pub fn address(text: &str) {
    let shown = match text.parse::<CatalogAddress>() {
        Ok(address) => format!("{address} {address:?}"),
        Err(error) => error,
    };
    let url = text.split_once("://");
    let secret = url.and_then(|(scheme, rest)| {
        if scheme.contains(':') || scheme == "sqlite" {
            return None; // a path, and shown
        }
        let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
        Some(user.split_once(':')?.1)
    });
    // A database may be called like the password; its name is shown.
    let only_secret =
        |secret: &&str| secret.starts_with("s3cret") && text.matches(secret).count() == 1;
    if let Some(secret) = secret.filter(only_secret) {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// The JSON of an object's headers, as columns have it: what is read is packed again to the same.
pub fn headers(set: Option<&str>, extra: Option<&str>, size: u64, etag: ETag) {
    let basis = Basis {
        media_type: "image/png",
        size,
        etag,
    };
    let Ok(read) = unpack(set, extra, &basis) else {
        return;
    };
    assert!(read.part_sizes.len() <= MAX_PARTS);
    let (set, own) = split(&read, &basis);
    let (Ok(set), Ok(own)) = (to_json(&set), to_json(&own)) else {
        panic!("{read:?} has no JSON");
    };
    let again = unpack(Some(&set), Some(&own), &basis).ok();
    let mut expected = read;
    // It has a column of its own.
    expected.checksum = None;
    assert_eq!(again, Some(expected));
}

/// Columns of digests.
pub fn codes(bytes: &[u8]) {
    if let Ok(checksum) = checksum_from_bytes(bytes) {
        assert_eq!(checksum_to_bytes(&checksum), bytes);
    }
    if let Ok(etag) = etag_from_bytes(bytes) {
        let again = etag_from_bytes(&etag_to_bytes(&etag)).ok();
        assert_eq!(again, Some(etag));
    }
}
