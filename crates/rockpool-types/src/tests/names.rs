use proptest::prelude::*;

use crate::{AccessKeyId, BucketName, HostName, MemberName, ObjectKey, SecretKey};

#[test]
fn names_of_members_and_buckets_follow_one_rule() {
    let longest = "n".repeat(255);
    for name in [
        "a",
        "A",
        "7",
        "mastodon.example",
        "My_Bucket-2",
        "a..b",
        "Blobs",
        &longest,
    ] {
        assert!(MemberName::new(name).is_ok(), "{name}");
        assert!(BucketName::new(name).is_ok(), "{name}");
    }
    let too_long = "n".repeat(256);
    for name in [
        "",
        ".",
        "..",
        ".a",
        "-a",
        "_a",
        "a b",
        "a/b",
        "a\0",
        "\u{e9}t\u{e9}",
        "a:b",
        "a%41",
        "blobs",
        "blob2",
        "private",
        "staging",
        "healthz",
        "readyz",
        "index.html",
        &too_long,
    ] {
        assert!(MemberName::new(name).is_err(), "{name}");
        assert!(BucketName::new(name).is_err(), "{name}");
    }
}

#[test]
fn a_refused_name_says_which_rule_it_breaks() {
    let why = |text: &str| MemberName::new(text).unwrap_err().to_string();
    assert_eq!(why(""), "member name: 1 to 255 characters expected");
    assert_eq!(
        why("a b"),
        "member name: `a b` may have letters, digits, `.`, `_` and `-` only"
    );
    assert_eq!(
        why("-a"),
        "member name: `-a` must begin with a letter or a digit"
    );
    assert_eq!(
        why("healthz"),
        "member name: `healthz` is reserved for a path of the pool host"
    );
}

#[test]
fn a_members_first_bucket_bears_its_name() {
    let member = MemberName::new("Some.Member").unwrap();
    assert_eq!(BucketName::from(&member).as_str(), "Some.Member");
}

#[test]
fn host_names_are_lower_case_without_a_port() {
    let longest_label = format!("{}.example", "l".repeat(63));
    for host in [
        "localhost",
        "media.example",
        "xn--bcher-kva.example",
        "127.0.0.1",
        &longest_label,
    ] {
        assert!(HostName::new(host).is_ok(), "{host}");
    }
    let long_label = format!("{}.example", "l".repeat(64));
    let long_name = "l.".repeat(127) + "l";
    for host in [
        "",
        ".",
        "media.example.",
        ".example",
        "a..b",
        "Media.example",
        "media.example:80",
        "-a.example",
        "a-.example",
        "a_b.example",
        "[::1]",
        "b\u{fc}cher.example",
        &long_label,
        &long_name,
    ] {
        assert!(HostName::new(host).is_err(), "{host}");
    }
}

#[test]
fn access_key_ids_keep_clear_of_what_signatures_are_made_of() {
    let longest = "K".repeat(128);
    for id in [
        "a",
        "AKIAIOSFODNN7EXAMPLE",
        "mastodon.example",
        "a@b",
        "~!$",
        &longest,
    ] {
        assert!(AccessKeyId::new(id).is_ok(), "{id}");
    }
    let too_long = "K".repeat(129);
    for id in [
        "", "a/b", "a,b", "a:b", "a=b", "a b", "a\tb", "\u{e9}", &too_long,
    ] {
        assert!(AccessKeyId::new(id).is_err(), "{id}");
    }
}

#[test]
fn object_keys_are_1_to_1024_bytes_of_utf8() {
    for key in [
        "a",
        "/",
        "//",
        ".",
        "..",
        "a/../b",
        " ",
        "\u{1f40b}",
        "\0",
        "%41",
        "a\r\n",
    ] {
        assert_eq!(ObjectKey::new(key).unwrap().as_str(), key);
    }
    assert!(ObjectKey::new("k".repeat(1024)).is_ok());
    assert!(ObjectKey::new("k".repeat(1025)).is_err());
    // Bytes count, not characters.
    assert!(ObjectKey::new("\u{e9}".repeat(512)).is_ok());
    assert!(ObjectKey::new("\u{e9}".repeat(513)).is_err());
    assert!(ObjectKey::new("").is_err());
    assert!(ObjectKey::from_bytes(vec![b'a', 0xff]).is_err());
    // A surrogate half is not UTF-8.
    assert!(ObjectKey::from_bytes(vec![0xed, 0xa0, 0x80]).is_err());
}

#[test]
fn secrets_are_compared_and_never_shown() {
    let secret = SecretKey::new("s3cret").unwrap();
    assert_eq!(secret, SecretKey::new("s3cret").unwrap());
    assert_ne!(secret, SecretKey::new("s3creT").unwrap());
    assert_ne!(secret, SecretKey::new("s3cret2").unwrap());
    assert_eq!(secret.reveal(), "s3cret");
    assert_eq!(format!("{secret:?}"), "SecretKey(..)");
    assert!(SecretKey::new("").is_err());
    assert!(SecretKey::new("s".repeat(256)).is_ok());
    assert!(SecretKey::new("s".repeat(257)).is_err());
}

proptest! {
    #[test]
    fn keys_are_ordered_as_their_bytes(a in "\\PC{1,12}", b in "\\PC{1,12}") {
        let (a, b) = (ObjectKey::new(a).unwrap(), ObjectKey::new(b).unwrap());
        prop_assert_eq!(a.cmp(&b), a.as_bytes().cmp(b.as_bytes()));
        prop_assert_eq!(ObjectKey::from_bytes(a.as_bytes().to_vec()), Ok(a));
    }

    #[test]
    fn whatever_is_a_name_is_a_safe_path_segment(name in "[ -~]{0,20}") {
        if let Ok(name) = BucketName::new(name) {
            let text = name.as_str();
            prop_assert!(text != "." && text != ".." && !text.contains(['/', '%', '?', '#', '\\']));
            prop_assert_eq!(text.parse::<BucketName>(), Ok(name.clone()));
        }
    }
}
