//! Ports of loopback for servers that cannot be told to take any.
use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

/// Below those that the kernel gives to outgoing connections, so that none of them takes a server's port while the server
/// is down.
const PORTS: std::ops::Range<u16> = 18_000..32_000;

/// A port of 127.0.0.1 that nobody listens on just now. Another may take it before the server does: whoever starts a server
/// tries again with another port.
///
/// # Panics
/// When there is none.
pub(super) fn free_port() -> u16 {
    (0..1000)
        .map(|attempt: u32| {
            let random = RandomState::new().hash_one(attempt);
            PORTS.start + (random % u64::from(PORTS.end - PORTS.start)) as u16
        })
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of a thousand ports is free")
}
