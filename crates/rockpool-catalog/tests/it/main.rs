//! The catalog against real databases: the contract that every engine keeps, and what is SQLite's own.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod contract;
mod copy;
mod mariadb;
mod postgresql;
mod proxy;
mod replay;
mod servers;
mod snapshot;
mod sqlite;
mod world;
