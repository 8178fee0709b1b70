//! What sites say beside their pages: headers, oEmbed; and who asks.
#![no_main]
use std::{sync::LazyLock, time::Duration};

use libfuzzer_sys::fuzz_target;
use rockpool_fuzz::Input;
use rockpool_links::{Hosts, KeepSettings, fuzzing};
use rockpool_types::Timestamp;

static HOSTS: LazyLock<Hosts> = LazyLock::new(|| {
    let front = "https://links.example.org".parse().expect("a URL");
    Hosts::new(&front).expect("a host name")
});

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let agent = input.line();
    let words = String::from_utf8_lossy(agent);
    fuzzing::software(agent, &words.split(' ').collect::<Vec<_>>());
    let keep = KeepSettings {
        min_fresh: Duration::from_secs(60),
        max_fresh: Duration::from_secs(86_400),
        stale_while_revalidate: Duration::from_secs(3_600),
        stale_if_error: Duration::from_secs(604_800),
        failure: Duration::from_secs(60),
    };
    fuzzing::headers(
        &input.headers(),
        Timestamp::from_millis(1_790_000_000_000),
        &keep,
    );
    fuzzing::oembed(input.rest(), &HOSTS);
});
