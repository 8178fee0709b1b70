//! The shield from outside: requests in, answers out, real sites on loopback behind it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod answers;
mod cards;
mod keeping;
mod names;
mod sharing;
mod site;
mod sizes;
mod world;
