//! Addresses of catalogs, and what lies in its columns.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_catalog::fuzzing;
use rockpool_fuzz::Input;
use rockpool_types::ETag;

fuzz_target!(|data: &[u8]| {
    fuzzing::codes(data);
    let mut input = Input::new(data);
    let first = input.text();
    fuzzing::address(first);
    let size = u64::from(input.byte()) << 7;
    let etag = match input.byte() % 3 {
        0 => ETag::single([1; 16]),
        parts => ETag::multipart([1; 16], parts.into()),
    };
    let set = Some(first).filter(|set| !set.is_empty());
    fuzzing::headers(
        set,
        input.rest_text().filter(|extra| !extra.is_empty()),
        size,
        etag,
    );
});
