use proptest::prelude::*;

use super::{media_type_of, unflat, waiting_key};
use crate::StoreKey;

#[test]
fn names_say_what_lies_in_them() {
    let key = StoreKey::new("blobs/a/bcd/abcd").unwrap();
    let waiting = waiting_key("image/svg+xml", &key).unwrap();
    assert_eq!(waiting.as_str(), "image_2fsvg_2bxml/blobs_sa_sbcd_sabcd");
}

#[test]
fn what_has_no_name_cannot_wait() {
    let key = StoreKey::new("a").unwrap();
    assert_eq!(waiting_key("", &key), None);
    assert_eq!(waiting_key("..", &key), None);
    assert_eq!(waiting_key(&"x".repeat(256), &key), None);
    let long = StoreKey::new("x".repeat(256)).unwrap();
    assert_eq!(waiting_key("a/b", &long), None);
}

#[test]
fn other_names_are_not_read() {
    for folder in ["Image", "_2", "_zz", "_61", "a/b"] {
        assert_eq!(media_type_of(folder), None, "{folder}");
    }
    for name in ["_", "a_x", "_s", "a_s_sb", "tmp~"] {
        assert_eq!(unflat(name), None, "{name}");
    }
}

proptest! {
    #[test]
    fn names_are_read_back(media_type in "[a-zA-Z0-9/;=_. +-]{1,40}", key in "[a-zA-Z0-9_.-]{1,9}(/[a-zA-Z0-9_-]{1,9}){0,4}") {
        prop_assume!(![".", ".."].contains(&key.as_str()));
        if let Ok(key) = StoreKey::new(key) && let Some(waiting) = waiting_key(&media_type, &key) {
            let (folder, name) = waiting.as_str().split_once('/').unwrap();
            prop_assert_eq!(media_type_of(folder), Some(media_type));
            prop_assert_eq!(unflat(name), Some(key));
        }
    }
}
