//! Bodies in `aws-chunked` framing, in whatever pieces they come.
#![no_main]
use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::{Input, pieces};
use tokio::runtime::Runtime;

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let seed = input.byte();
    let headers = input.headers();
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime.get_or_insert_with(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            runtime.expect("a runtime")
        });
        rockpool_s3::fuzzing::chunks(runtime, &headers, &pieces(input.rest(), seed), seed >= 128);
    });
});
