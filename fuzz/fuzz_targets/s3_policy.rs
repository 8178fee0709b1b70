//! The fields of forms that browsers send, and the policies in them.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_types::{BucketName, SecretKey, Timestamp};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let mut fields: Vec<(String, String)> = Vec::new();
    loop {
        let line = input.text();
        let Some((name, value)) = line.split_once('=') else {
            break;
        };
        fields.push((name.to_owned(), value.to_owned()));
    }
    // The policy's JSON stands behind an empty line, so that it can be changed.
    if let Some(json) = input.rest_text().filter(|json| !json.is_empty()) {
        fields.push(("policy".to_owned(), rockpool_s3::fuzzing::base64(json)));
    }
    let secret = SecretKey::new("a secret that no input can know").expect("a good secret");
    let bucket = BucketName::new("examplebucket").expect("a bucket");
    let now = Timestamp::from_amz_date("20130524T000000Z").expect("a date");
    rockpool_s3::fuzzing::form(&fields, &bucket, &secret, now);
});
