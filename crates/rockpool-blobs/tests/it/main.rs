//! Everything of rockpool-blobs that touches a disk or a socket.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that fails may panic, and looks behind the store's back"
)]

mod contract;
mod disk;
mod landing;
mod memory;
mod provider;
mod s3;
mod s3_faults;
mod spool;
mod support;
