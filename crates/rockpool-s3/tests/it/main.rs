//! The S3 face on a real pool, called in process with requests that a small signer of the tests signs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod answers;
mod browsers;
mod buckets;
mod copies;
mod forms;
mod listings;
mod multipart;
mod objects;
mod reading;
mod removal;
mod signer;
mod who_may_read;
mod world;
