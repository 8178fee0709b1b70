//! rockpool: one communal media pool for many Fediverse servers.

fn main() {}
