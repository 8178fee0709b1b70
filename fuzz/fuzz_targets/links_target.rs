//! Paths on the hosts of the link shield.
#![no_main]
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_links::{Hosts, Meaning, fuzzing};

static HOSTS: LazyLock<Hosts> = LazyLock::new(|| {
    let front = "https://links.example.org".parse().expect("a URL");
    let hosts = Hosts::new(&front).expect("a host name");
    hosts.with(Meaning::Cache, "cache.example.net")
});

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let meaning = match input.byte() % 5 {
        0 => Meaning::Front,
        1 => Meaning::Insecure,
        2 => Meaning::Exclude,
        3 => Meaning::InsecureExclude,
        _ => Meaning::Cache,
    };
    if let Some(path) = input.rest_text() {
        fuzzing::target(path, meaning, &HOSTS);
    }
});
