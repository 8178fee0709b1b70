//! The public faces before a real pool: as values, over TCP, and behind the caches that stand before them in the world.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blobs;
mod delivery;
mod edge;
mod health;
mod names;
mod origin;
mod world;
