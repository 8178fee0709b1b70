//! The faces behind caches as they stand in the world: nginx, which fetches in slices, and Varnish, which is purged by
//! key. Both are Debian's packages.
mod nginx;
mod server;
mod varnish;
