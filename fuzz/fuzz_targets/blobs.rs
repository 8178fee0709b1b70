//! What the provider of a blob store answers: listings and errors.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_blobs::fuzzing;
use rockpool_fuzz::Input;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let status = input.text().parse().unwrap_or(500);
    let headers = input.headers();
    // A provider's answer is read as text, whatever it is.
    let body = String::from_utf8_lossy(input.rest());
    fuzzing::error(status, &headers, &body);
    let pages: Vec<&str> = body.split("\n\n").collect();
    fuzzing::listing(&pages);
});
