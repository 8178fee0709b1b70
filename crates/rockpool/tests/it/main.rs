//! The program from outside: its command line, its listeners, its end and its next start.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop, and it reads and writes files that the program does"
)]

mod adopt;
mod backup;
mod catalog_copy;
mod check;
mod cli;
mod clients;
mod disks;
mod files;
mod galera;
mod harness;
mod http;
mod landing;
mod lifecycle;
mod links;
mod links_rush;
mod listeners;
mod manifests;
mod nodes;
mod overload;
mod provider;
mod replicas;
mod start;
mod story;
mod tls_front;
