//! Content codings: bodies that sites compress.
#![no_main]
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::{Input, pieces};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let Ok(coding) = HeaderValue::from_bytes(input.line()) else {
        return;
    };
    let seed = input.byte();
    rockpool_fetch::fuzzing::decode(&coding, &pieces(input.rest(), seed));
});
