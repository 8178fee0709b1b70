use proptest::prelude::*;

use crate::{ByteRange, RangeDecision};

#[test]
fn ranges_are_read_as_rfc_9110_has_them() {
    for (header, expected) in [
        ("bytes=0-0", Some(ByteRange::FromTo(0, 0))),
        ("bytes=5-9", Some(ByteRange::FromTo(5, 9))),
        ("bytes=5-", Some(ByteRange::From(5))),
        ("bytes=-5", Some(ByteRange::Last(5))),
        ("bytes=-0", Some(ByteRange::Last(0))),
        ("BYTES=5-", Some(ByteRange::From(5))),
        (" bytes = 5 - 9 ", Some(ByteRange::FromTo(5, 9))),
        ("bytes=007-", Some(ByteRange::From(7))),
        (
            "bytes=99999999999999999999-",
            Some(ByteRange::From(u64::MAX)),
        ),
        (
            "bytes=0-99999999999999999999",
            Some(ByteRange::FromTo(0, u64::MAX)),
        ),
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5", None),
        ("bytes=9-5", None),
        ("bytes=--5", None),
        ("bytes=+5-", None),
        ("bytes=5-0x9", None),
        ("bytes=1-2,4-5", None),
        ("bytes=1-2,", None),
        ("items=1-2", None),
    ] {
        assert_eq!(ByteRange::parse(header), expected, "{header}");
    }
}

#[test]
fn ranges_are_clamped_to_the_object_or_unsatisfiable() {
    let check = |range: ByteRange, size: u64, expected: Option<(u64, u64)>| {
        let expected = expected.map_or(RangeDecision::Unsatisfiable, |(start, end)| {
            RangeDecision::Partial(start..end)
        });
        assert_eq!(range.resolve(size), expected, "{range:?} of {size}");
    };
    check(ByteRange::FromTo(0, 9), 10, Some((0, 10)));
    check(ByteRange::FromTo(0, 10), 10, Some((0, 10)));
    check(ByteRange::FromTo(9, u64::MAX), 10, Some((9, 10)));
    check(ByteRange::FromTo(10, 10), 10, None);
    check(ByteRange::FromTo(u64::MAX, u64::MAX), u64::MAX, None);
    check(ByteRange::From(9), 10, Some((9, 10)));
    check(ByteRange::From(10), 10, None);
    check(ByteRange::From(0), 0, None);
    check(ByteRange::Last(1), 10, Some((9, 10)));
    check(ByteRange::Last(99), 10, Some((0, 10)));
    check(ByteRange::Last(0), 10, None);
    check(ByteRange::Last(1), 0, None);
}

proptest! {
    #[test]
    fn a_range_picks_what_a_slice_would(a in 0u64..40, b in 0u64..40, size in 0u64..30) {
        let bytes: Vec<u64> = (0..size).collect();
        let picked = |range: ByteRange| match range.resolve(size) {
            RangeDecision::Partial(r) => bytes[r.start as usize..r.end as usize].to_vec(),
            RangeDecision::Unsatisfiable => Vec::new(),
        };
        let model = |keep: &dyn Fn(u64) -> bool| -> Vec<u64> {
            bytes.iter().copied().filter(|i| keep(*i)).collect()
        };
        prop_assert_eq!(picked(ByteRange::FromTo(a, b)), model(&|i| a <= i && i <= b));
        prop_assert_eq!(picked(ByteRange::From(a)), model(&|i| a <= i));
        prop_assert_eq!(picked(ByteRange::Last(a)), model(&|i| i + a >= size));
    }

    #[test]
    fn no_header_panics(header in "(bytes=)?\\PC{0,20}", size in any::<u64>()) {
        if let Some(range) = ByteRange::parse(&header)
            && let RangeDecision::Partial(range) = range.resolve(size) {
            prop_assert!(range.start < range.end && range.end <= size);
        }
    }
}
