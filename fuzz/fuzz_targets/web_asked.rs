//! What readers ask for: hosts, paths, conditions and ranges.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_types::Timestamp;
use rockpool_web::fuzzing;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let size = u64::from(input.byte()) << (input.byte() % 56);
    let line = input.text();
    fuzzing::path(line);
    fuzzing::public_url(line);
    let headers = input.headers();
    if let Ok(uri) = line.parse() {
        fuzzing::host(&uri, &headers);
    }
    fuzzing::plan(&headers, size, Timestamp::from_millis(1_790_000_000_000));
});
