//! The pool's verbs on a real catalog and a real directory.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod access;
mod blob_life;
mod check;
mod collect;
mod describe;
mod intake;
mod manifests;
mod objects;
mod races;
mod repair;
mod replica_check;
mod replicate;
mod scrub;
mod uploads;
