//! What tests are made of: pools in temporary directories, bodies, stores that fail on purpose, and database servers.
//!
//! - `pool`: a whole pool on the engine of the run (`engine`) and a directory, with a clock that tests move
//! - `body`: bodies from bytes, whole, cut off or wrong
//! - `dice`: chance that a seed repeats
//! - `http`: answers as they come over a connection
//! - `name_server`: a name server on loopback that answers what a test says
//! - `faults`: a blob store that fails, waits or does things late when it is told to
//! - `servers`: MariaDB, Galera and PostgreSQL from Debian's packages, with a fresh database for each test; s3s-fs
//!
//! `cargo run -p rockpool-testkit` starts the database servers for trying things by hand.

mod body;
mod dice;
mod engine;
mod faults;
mod http;
mod name_server;
mod pool;
mod servers;

pub use body::Body;
pub use dice::Dice;
pub use engine::Engine;
pub use faults::{Fault, FaultyStore};
pub use http::Reply;
pub use name_server::{NameReply, NameServer};
pub use pool::{TestPool, TestPoolOptions};
pub use servers::{Database, Galera, MariaDb, PostgreSql, S3sFs};
