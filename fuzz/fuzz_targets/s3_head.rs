//! Heads of S3 requests: signatures, routes, what headers say about objects.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_s3::fuzzing;
use rockpool_types::{BucketName, SecretKey, Timestamp};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let Some(parts) = input.head() else { return };
    let secret = SecretKey::new("a secret that no input can know").expect("a good secret");
    let domain = "s3.fuzz.example".parse().expect("a host");
    // The time of Amazon's examples, which the seeds have.
    let now = Timestamp::from_amz_date("20130524T000000Z").expect("a date");
    let bucket = BucketName::new("examplebucket").expect("a bucket");
    fuzzing::claim(&parts, &secret, now, None);
    fuzzing::claim(&parts, &secret, now, Some(&bucket));
    fuzzing::route(&parts, &[domain]);
});
