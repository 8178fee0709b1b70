use proptest::prelude::*;

use crate::ByteSize;

#[test]
fn sizes_are_read_as_people_write_them() {
    for (text, bytes) in [
        ("0", Some(0)),
        ("1234", Some(1234)),
        ("1 B", Some(1)),
        ("64 KiB", Some(64 << 10)),
        ("64kib", Some(64 << 10)),
        ("40MB", Some(40_000_000)),
        ("40 mb", Some(40_000_000)),
        (" 1.5 GiB ", Some(3 << 29)),
        ("0.5 kB", Some(500)),
        ("2 TiB", Some(2 << 40)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("99999999 TiB", None),
        ("99999999.5 TiB", None),
        ("", None),
        (" ", None),
        ("B", None),
        (".", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("1,5 GiB", None),
        ("1.2.3 MB", None),
        ("64 K", None),
        ("64 KiB/s", None),
        ("NaN", None),
        ("inf", None),
    ] {
        assert_eq!(
            text.parse::<ByteSize>().ok().map(ByteSize::as_u64),
            bytes,
            "{text}"
        );
    }
}

#[test]
fn sizes_are_shown_in_the_unit_that_fits_best_or_rounded() {
    for (bytes, text) in [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1025, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (64 << 10, "64 KiB"),
        (40_000_000, "40 MB"),
        (50_000_000_000, "50 GB"),
        (168_952, "165.0 KiB"),
        ((5 << 40) + 1024, "5.0 TiB"),
        (5 << 30, "5 GiB"),
        (5_368_709_121, "5.0 GiB"),
        (1 << 40, "1 TiB"),
    ] {
        assert_eq!(ByteSize::new(bytes).to_string(), text);
    }
}

#[test]
fn settings_take_numbers_and_texts() {
    let read = |json: &str| {
        serde_json::from_str::<ByteSize>(json)
            .ok()
            .map(ByteSize::as_u64)
    };
    assert_eq!(read("1500"), Some(1500));
    assert_eq!(read("\"1500\""), Some(1500));
    assert_eq!(read("\"64 KiB\""), Some(65536));
    assert_eq!(read("-1"), None);
    assert_eq!(read("true"), None);
    assert_eq!(read("\"much\""), None);
    assert_eq!(
        serde_json::to_string(&ByteSize::new(65536)).unwrap(),
        "\"64 KiB\""
    );
    assert_eq!(serde_json::to_string(&ByteSize::new(1500)).unwrap(), "1500");
}

proptest! {
    #[test]
    fn every_size_survives_serialization(
        bytes in prop_oneof![any::<u64>(), 0u64..5000, (0u64..5000).prop_map(|n| n << 20)],
    ) {
        let size = ByteSize::new(bytes);
        let json = serde_json::to_string(&size).unwrap();
        prop_assert_eq!(serde_json::from_str::<ByteSize>(&json).unwrap(), size);
    }

    #[test]
    fn no_text_panics(text in "[0-9.]{0,25}\\PC{0,5}") {
        let _ = text.parse::<ByteSize>();
    }
}
