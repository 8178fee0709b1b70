//! XML documents that S3 clients send.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| rockpool_s3::fuzzing::documents(data));
