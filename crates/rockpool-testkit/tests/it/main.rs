//! The test kit's own tests.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod galera;
mod servers;
