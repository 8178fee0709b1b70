use super::*;

#[test]
fn surrogate_keys_have_their_documented_form() {
    let bucket = BucketName::new("m.example").unwrap();
    let key = ObjectKey::new("a/b.png").unwrap();
    assert_eq!(bucket_key(&bucket), "n-m.example");
    // The first 16 digits of `printf a/b.png | sha256sum`.
    assert_eq!(object_key(&bucket, &key), "n-m.example-88f7ec7982e1b5db");
    let hash = BlobHash::from_bytes([0xab; 64]);
    assert_eq!(blob_key(&hash), format!("b-{}", "ab".repeat(16)));
}

#[test]
fn the_longest_surrogate_key_fits_fastlys_limit() {
    let bucket = BucketName::new("b".repeat(255)).unwrap();
    let key = ObjectKey::new("k".repeat(1024)).unwrap();
    assert!(object_key(&bucket, &key).len() <= 1024);
}
