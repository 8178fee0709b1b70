//! What tests are made of: pools in temporary directories, bodies, and stores that fail on purpose.
//!
//! - `pool`: a whole pool on SQLite and a directory, with a clock that tests move
//! - `body`: bodies from bytes, whole, cut off or wrong
//! - `faults`: a blob store that fails, waits or does things late when it is told to

mod body;
mod faults;
mod pool;

pub use body::Body;
pub use faults::{Fault, FaultyStore};
pub use pool::{TestPool, TestPoolOptions};
