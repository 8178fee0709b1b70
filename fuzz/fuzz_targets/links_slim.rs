//! Pages on their way through the link shield, in whatever pieces and character set they come.
#![no_main]
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::{Input, pieces};
use rockpool_links::{Hosts, fuzzing};

static HOSTS: LazyLock<Hosts> = LazyLock::new(|| {
    let front = "https://links.example.org".parse().expect("a URL");
    Hosts::new(&front).expect("a host name")
});

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let content_type = Some(input.text()).filter(|text| !text.is_empty());
    let seed = input.byte();
    fuzzing::slim(&pieces(input.rest(), seed), content_type, &HOSTS);
});
