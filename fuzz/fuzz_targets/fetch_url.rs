//! URLs that users give, and where sites redirect to.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let url = input.text();
    rockpool_fetch::fuzzing::url(url, input.rest());
});
