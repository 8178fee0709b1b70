//! The pool's verbs on a real catalog and a real directory.

mod access;
mod collect;
mod intake;
mod objects;
mod races;
mod uploads;
