use proptest::prelude::*;

use crate::{Checksum, ChecksumAlgorithm, ChecksumKind, ObjectAttributes};

#[test]
fn algorithms_are_read_in_any_case_and_headers_fit_their_names() {
    for algorithm in ChecksumAlgorithm::ALL {
        let name = algorithm.as_str();
        assert_eq!(name.parse(), Ok(algorithm));
        assert_eq!(name.to_lowercase().parse(), Ok(algorithm));
        assert_eq!(
            algorithm.header(),
            format!("x-amz-checksum-{}", name.to_lowercase())
        );
    }
    assert!("CRC".parse::<ChecksumAlgorithm>().is_err());
    assert!("".parse::<ChecksumAlgorithm>().is_err());
}

#[test]
fn a_checksum_has_its_algorithms_length() {
    let read = |text| Checksum::from_base64(ChecksumAlgorithm::Crc32, text);
    // The CRC-32 of `123456789` is 0xcbf43926.
    let checksum = read("y/Q5Jg==").unwrap();
    assert_eq!(checksum.value(), [0xcb, 0xf4, 0x39, 0x26]);
    assert_eq!(checksum.kind(), ChecksumKind::FullObject);
    assert_eq!(checksum.to_base64(), "y/Q5Jg==");
    for bad in [
        "",
        "y/Q5Jg",
        "y/Q5",
        "y_Q5Jg==",
        "y/Q5Jgo=",
        "y/Q5Jh==",
        " y/Q5Jg==",
        "y/Q5Jg==-2",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_composite_shows_its_number_of_parts() {
    let checksum = Checksum::from_base64(ChecksumAlgorithm::Crc32, "y/Q5Jg==").unwrap();
    let composite = checksum.with_kind(ChecksumKind::Composite(3));
    assert_eq!(composite.to_base64(), "y/Q5Jg==-3");
}

#[test]
fn a_deserialized_checksum_keeps_the_rules() {
    let good = r#"{"algorithm":"Crc32","value":"y/Q5Jg==","kind":{"Composite":2}}"#;
    let checksum: Checksum = serde_json::from_str(good).unwrap();
    assert_eq!(serde_json::to_string(&checksum).unwrap(), good);
    for bad in [
        good.replace("y/Q5Jg==", "y/Q5"),
        good.replace("Crc32", "Sha256"),
        good.replace("y/Q5Jg==", "?"),
    ] {
        assert!(serde_json::from_str::<Checksum>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn attributes_that_nobody_gave_take_no_room() {
    let empty = ObjectAttributes::default();
    assert_eq!(serde_json::to_string(&empty).unwrap(), "{}");
    assert_eq!(
        serde_json::from_str::<ObjectAttributes>("{}").unwrap(),
        empty
    );
}

fn any_checksum() -> impl Strategy<Value = Checksum> {
    let kind = prop_oneof![
        Just(ChecksumKind::FullObject),
        (1u32..10_000).prop_map(ChecksumKind::Composite)
    ];
    let algorithm = proptest::sample::select(ChecksumAlgorithm::ALL.as_slice());
    (algorithm, proptest::collection::vec(any::<u8>(), 64), kind).prop_map(
        |(algorithm, bytes, kind)| {
            let value = bytes[..algorithm.length()].to_vec();
            Checksum::new(algorithm, value).unwrap().with_kind(kind)
        },
    )
}

proptest! {
    #[test]
    fn every_checksum_comes_back_from_its_forms(checksum in any_checksum()) {
        let json = serde_json::to_string(&checksum).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Checksum>(&json).unwrap(), &checksum);
        let whole = checksum.with_kind(ChecksumKind::FullObject);
        prop_assert_eq!(Checksum::from_base64(whole.algorithm(), &whole.to_base64()), Ok(whole));
    }

    #[test]
    fn attributes_come_back_from_json(
        content_type in proptest::option::of("\\PC{0,20}"),
        expires in proptest::option::of("\\PC{0,20}"),
        user_metadata in proptest::collection::btree_map("[a-z-]{1,8}", "\\PC{0,8}", 0..4),
        tags in proptest::collection::btree_map("\\PC{1,8}", "\\PC{0,8}", 0..4),
        checksum in proptest::option::of(any_checksum()),
        part_sizes in proptest::collection::vec(any::<u64>(), 0..4),
    ) {
        let attributes = ObjectAttributes {
            content_type, expires, user_metadata, tags, checksum, part_sizes,
            ..ObjectAttributes::default()
        };
        let json = serde_json::to_string(&attributes).unwrap();
        prop_assert_eq!(serde_json::from_str::<ObjectAttributes>(&json).unwrap(), attributes);
    }
}
