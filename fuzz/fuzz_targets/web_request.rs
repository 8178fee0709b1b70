//! Whole requests to the redirector and the blob server of a real pool.
#![no_main]
use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::{Input, World};

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let Some(parts) = input.head() else { return };
    WORLD.with_borrow_mut(|world| {
        let world = world.get_or_insert_default();
        for answer in [world.redirector(parts.clone()), world.blobs(parts)] {
            assert!(
                answer.status < 500,
                "{} {:?}",
                answer.status,
                answer.headers
            );
            assert!(!answer.gives_away(data), "a private object is given away");
            let length = answer
                .headers
                .get("content-length")
                .and_then(|length| length.to_str().ok());
            let length: Option<usize> = length.and_then(|length| length.parse().ok());
            assert!(
                answer.body.is_empty() || length.is_none_or(|length| length == answer.body.len())
            );
        }
    });
});
