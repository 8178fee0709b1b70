use proptest::prelude::*;

use crate::{BlobHash, BlobPath, ObjectKey};

/// SHA-512 of nothing.
const EMPTY: &str = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                     47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn any_hash() -> impl Strategy<Value = BlobHash> {
    proptest::collection::vec(any::<u8>(), 64).prop_map(|b| BlobHash::from_slice(&b).unwrap())
}

#[test]
fn both_layouts_are_poolmgrs() {
    let hash: BlobHash = EMPTY.parse().unwrap();
    assert_eq!(BlobPath::hex(&hash), format!("blobs/c/f83/{EMPTY}"));
    assert_eq!(
        BlobPath::base64(&hash, &key("media/a.png")),
        "blob2/z4PhNX7vuL3xVChQ/1m2AB9Yg5AULVxXcg_SpIdNs6c5H0NE8XYXysP-DGNKHfuwvY7kxvUdBeoGlOD/J6-SfaPg.png"
    );
}

#[test]
fn an_extension_is_what_poolmgr_keeps_of_it() {
    let hash: BlobHash = EMPTY.parse().unwrap();
    for (name, extension) in [
        ("a", ""),
        ("a.png", ".png"),
        ("a.JPEG", ".JPEG"),
        ("dir.d/a", ""),
        ("dir.d/a.webp", ".webp"),
        (".png", ".png"),
        ("a.tar.gz", ".tar.gz"),
        ("a.b.c.d", ".b.c.d"),
        ("a.12345678", ".12345678"),
        ("a.123456789", ""),
        ("a.something.png", ".png"),
        ("a.some.thing.png", ".png"),
        ("a.x", ""),
        ("a.", ""),
        ("a..", ""),
        ("a.p\u{e9}g", ""),
        ("a.p\u{e9}g.mp4", ".mp4"),
        ("a.png?", ""),
        ("a.png/", ""),
        ("a.pn g", ""),
    ] {
        let path = BlobPath::base64(&hash, &key(name));
        assert!(
            path.ends_with(&format!("/J6-SfaPg{extension}")),
            "{name}: {path}"
        );
    }
}

#[test]
fn a_path_that_names_no_blob_is_refused() {
    let hash: BlobHash = EMPTY.parse().unwrap();
    let (hex, base64) = (BlobPath::hex(&hash), BlobPath::base64(&hash, &key("a.png")));
    assert!(BlobPath::parse(&hex).is_some());
    assert!(BlobPath::parse(&base64).is_some());
    for path in [
        String::new(),
        format!("/{hex}"),
        format!("{hex}/"),
        format!("{hex}.png"),
        hex.replace("blobs/c/f83", "blobs/c/f84"),
        hex.replace("blobs/c/f83", "blobs/cf/83"),
        hex.to_uppercase(),
        hex.replace("cf83", "CF83"),
        hex[..hex.len() - 1].to_owned(),
        hex.replace("blobs", "private"),
        base64.replace("blob2", "blobs"),
        format!("{base64}.toolongone"),
        base64.replace(".png", ".p%6eg"),
        base64.replace(".png", "png"),
        base64.replace("blob2/z4PhNX7vuL3xVChQ/1m", "blob2/z4PhNX7vuL3xVChQ1/m"),
        // The last character of the base64 carries only two bits of the hash.
        base64.replace("SfaPg", "SfaPh"),
        base64.replace("-SfaPg", "+SfaPg"),
    ] {
        assert_eq!(BlobPath::parse(&path), None, "{path}");
    }
}

#[test]
fn a_hash_is_read_in_either_case_and_written_in_lower() {
    let hash: BlobHash = EMPTY.to_uppercase().parse().unwrap();
    assert_eq!(hash.to_string(), EMPTY);
    assert_eq!(format!("{hash:?}"), "BlobHash(cf83e1357eef..)");
    for bad in ["", "cf83", &EMPTY[1..], &EMPTY.replace('c', "g")] {
        assert!(bad.parse::<BlobHash>().is_err(), "{bad}");
    }
    assert!(BlobHash::from_slice(&[0; 63]).is_err());
    assert!(BlobHash::from_slice(&[0; 65]).is_err());
}

proptest! {
    #[test]
    fn every_hash_comes_back_from_each_of_its_forms(hash in any_hash(), name in "\\PC{1,40}") {
        prop_assert_eq!(hash.to_hex().parse(), Ok(hash));
        prop_assert_eq!(BlobHash::from_base64(&hash.to_base64()), Ok(hash));
        prop_assert_eq!(BlobHash::from_slice(hash.as_bytes()), Ok(hash));
        let hex = BlobPath::parse(&BlobPath::hex(&hash));
        prop_assert_eq!(hex.map(|p| p.hash()), Some(hash));
        let base64 = BlobPath::parse(&BlobPath::base64(&hash, &key(&name)));
        prop_assert_eq!(base64.map(|p| p.hash()), Some(hash));
    }

    #[test]
    fn an_issued_path_needs_no_percent_encoding(hash in any_hash(), name in "\\PC{1,40}") {
        let path = BlobPath::base64(&hash, &key(&name));
        prop_assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b)), "{}", path);
    }

    #[test]
    fn no_path_panics(path in "(blobs|blob2)/\\PC{0,3}/\\PC{0,5}/\\PC{0,20}") {
        let _ = BlobPath::parse(&path);
    }
}
