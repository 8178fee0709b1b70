//! Whole S3 requests to a real pool, by nobody, by a member, and by another member.
#![no_main]
use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::{Input, SECRET, World};

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let who = input.byte();
    let Some(mut parts) = input.head() else {
        return;
    };
    let body = input.rest();
    WORLD.with_borrow_mut(|slot| {
        let world = slot.get_or_insert_default();
        if !parts.headers.contains_key("content-length") {
            parts.headers.insert("content-length", body.len().into());
        }
        let payload = match who / 4 % 2 {
            0 => "UNSIGNED-PAYLOAD",
            _ => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        };
        let alice = who % 4 == 1;
        match who % 4 {
            1 => world.sign(&mut parts, 0, payload),
            2 => world.sign(&mut parts, 1, payload),
            _ => {}
        }
        let before = world.state();
        let answer = world.s3(parts, body);
        let after = world.state();

        // An answer that is delayed has its status before its outcome.
        let failed = answer.status >= 400 || answer.body.windows(7).any(|w| w == b"<Error>");
        assert!(
            answer.status != 500,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        assert!(
            !failed || before == after,
            "a refused request changed something"
        );
        assert!(
            alice || !answer.gives_away(data),
            "a private object is given away"
        );
        if !alice {
            assert!(world.alices() == SECRET);
        }
        let is_xml = answer
            .headers
            .get("content-type")
            .is_some_and(|value| value == "application/xml");
        if is_xml && failed {
            insist_on_xml(&answer.body);
        }
        if before != after {
            *slot = None;
        }
    });
});

/// Insists that a client can read what failed.
fn insist_on_xml(body: &[u8]) {
    let text = std::str::from_utf8(body).expect("XML is UTF-8");
    if text.is_empty() {
        return; // to a HEAD request
    }
    for name in ["<Code>", "</Code>", "<Message>", "</Message>"] {
        assert!(text.contains(name), "{text}");
    }
    let allowed = |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}');
    assert!(text.chars().all(allowed), "{text:?}");
}
