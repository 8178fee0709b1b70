//! What content is, by its first bytes, and what a browser would run.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_media::{SNIFF_BYTES, is_active, sniff};

fuzz_target!(|data: &[u8]| {
    let found = sniff(data);
    // What follows the bytes that are looked at changes nothing.
    assert_eq!(sniff(&data[..data.len().min(SNIFF_BYTES)]), found);
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
    let (family, subtype) = found.split_once('/').expect("a media type has two halves");
    assert!(
        [family, subtype]
            .iter()
            .all(|half| !half.is_empty() && half.bytes().all(token)),
        "{found}"
    );

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if !is_active(text) {
        let essence = text
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        assert!(!essence.contains("xml"), "{text}");
        assert!(
            essence.bytes().all(|b| b.is_ascii_graphic()) && essence.matches('/').count() == 1,
            "{text}"
        );
    }
});
