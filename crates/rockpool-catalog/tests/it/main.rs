//! The catalog against real databases: the contract that every engine keeps, and what is SQLite's own.

mod contract;
mod sqlite;
mod world;
