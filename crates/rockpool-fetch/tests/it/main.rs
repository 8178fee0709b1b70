//! The fetcher against hostile name servers and hostile origins, on loopback.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should end at once"
)]

mod codings;
mod limits;
mod names;
mod origin;
mod plain;
mod redirects;
mod tls;
mod world;
