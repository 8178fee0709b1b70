use rockpool_types::{ETag, ObjectAttributes};

use super::{Basis, HeaderSet, Own, from_json, is_default, replace_tags, split, to_json, unpack};

fn basis(parts: u32) -> Basis<'static> {
    Basis {
        media_type: "image/png",
        size: 900,
        etag: ETag::multipart([7; 16], parts),
    }
}

/// Packs and unpacks; answers what lies in the set and in the object's own column.
fn check(attributes: &ObjectAttributes, parts: u32) -> (Option<String>, Option<String>) {
    let (set, own) = split(attributes, &basis(parts));
    let json = |empty: bool, json: String| (!empty).then_some(json);
    let packed = (
        json(is_default(&set), to_json(&set).unwrap()),
        json(is_default(&own), to_json(&own).unwrap()),
    );
    let unpacked = unpack(packed.0.as_deref(), packed.1.as_deref(), &basis(parts)).unwrap();
    assert_eq!(&unpacked, attributes);
    let unshared = Own { set, ..own };
    let unpacked = unpack(None, Some(&to_json(&unshared).unwrap()), &basis(parts)).unwrap();
    assert_eq!(&unpacked, attributes, "when the set is no row");
    packed
}

fn typed(content_type: Option<&str>) -> ObjectAttributes {
    ObjectAttributes {
        content_type: content_type.map(str::to_owned),
        ..ObjectAttributes::default()
    }
}

#[test]
fn the_blobs_own_type_takes_no_room() {
    assert_eq!(check(&typed(Some("image/png")), 0), (None, None));
}

#[test]
fn another_type_or_none_is_shared() {
    let (set, own) = check(&typed(Some("image/x-png")), 0);
    assert_eq!((set.is_some(), own), (true, None));
    let (set, own) = check(&typed(None), 0);
    assert_eq!((set.is_some(), own), (true, None));
}

#[test]
fn dispositions_are_shared_without_file_names_only() {
    let with = |disposition: &str| ObjectAttributes {
        content_disposition: Some(disposition.to_owned()),
        ..typed(Some("image/png"))
    };
    assert!(check(&with("inline"), 0).1.is_none());
    let (set, own) = check(&with("inline; filename=a.png"), 0);
    assert_eq!((set, own.is_some()), (None, true));
}

#[test]
fn one_part_as_long_as_the_whole_takes_no_room() {
    let with = |sizes: &[u64]| ObjectAttributes {
        part_sizes: sizes.to_vec(),
        ..typed(Some("image/png"))
    };
    assert_eq!(check(&with(&[900]), 1), (None, None));
    assert!(check(&with(&[]), 1).1.is_some(), "parts that nobody knows");
    assert!(check(&with(&[400, 400, 100]), 3).1.is_some());
    let many = check(&with(&[5; 9999]), 9999).1.unwrap();
    assert!(many.len() < 40, "runs are short: {many}");
}

#[test]
fn everything_else_comes_back_too() {
    let strings = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let attributes = ObjectAttributes {
        cache_control: Some("max-age=1".into()),
        content_encoding: Some("gzip".into()),
        content_language: Some("de".into()),
        expires: Some("never".into()),
        website_redirect: Some("/x".into()),
        user_metadata: strings(&[("a", "b"), ("", "\u{1F600}")]),
        tags: strings(&[("k", "v")]),
        ..ObjectAttributes::default()
    };
    check(&attributes, 0);
}

#[test]
fn tags_are_replaced_and_the_rest_stays() {
    let attributes = ObjectAttributes {
        expires: Some("never".into()),
        ..typed(Some("image/png"))
    };
    let own = check(&attributes, 0).1;
    let tags = [("k".to_owned(), "v".to_owned())].into();
    let tagged = replace_tags(own.as_deref(), &tags).unwrap();
    let unpacked = unpack(None, tagged.as_deref(), &basis(0)).unwrap();
    assert_eq!(unpacked, ObjectAttributes { tags, ..attributes });
    let cleared = replace_tags(Some("{}"), &[].into()).unwrap();
    assert_eq!(cleared, None);
}

#[test]
fn damaged_json_is_an_error() {
    assert!(from_json::<HeaderSet>(Some("{")).is_err());
}
