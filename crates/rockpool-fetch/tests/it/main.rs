//! The fetcher against hostile name servers and hostile origins, on loopback.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should end at once"
)]

mod origin;
mod plain;
mod world;
