//! Which IP addresses are public: everything that the IANA's registries of special-purpose addresses do not set apart.
//!
//! - IPv4: <https://www.iana.org/assignments/iana-ipv4-special-registry>
//! - IPv6: <https://www.iana.org/assignments/iana-ipv6-special-registry>; beside these, nothing outside of `2000::/3` is
//!   assigned for global unicast, so nothing outside of it is public.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpecialRange {
    /// `0.0.0.0/8`, `::`: no address at all, which many systems take for their own.
    #[error("an unspecified address")]
    Unspecified,
    /// `127.0.0.0/8`, `::1`: this machine.
    #[error("a loopback address")]
    Loopback,
    /// RFC 1918, `fc00::/7`, and the deprecated `fec0::/10`: a private network.
    #[error("an address of a private network")]
    Private,
    /// `100.64.0.0/10`: between a provider and its customers; some clouds keep services there.
    #[error("an address of a provider's inner network")]
    Shared,
    /// `169.254.0.0/16`, `fe80::/10`: the same cable; here most clouds have their metadata services.
    #[error("a link-local address")]
    LinkLocal,
    /// The metadata or control service of a cloud, at an address that would be public otherwise.
    #[error("the address of a cloud's own service")]
    Metadata,
    /// For examples in documents.
    #[error("an address for documentation")]
    Documentation,
    /// `198.18.0.0/15`, `2001:2::/48`: for measurements.
    #[error("an address for benchmarks")]
    Benchmarking,
    /// Many receivers.
    #[error("a multicast address")]
    Multicast,
    /// `255.255.255.255`.
    #[error("a broadcast address")]
    Broadcast,
    /// An IPv4 address in IPv6 clothes, by a way that the web does not use: v4-compatible, 6to4, Teredo, local NAT64.
    #[error("an IPv4 address inside an IPv6 address")]
    Embedded,
    /// Set apart for protocols, or for a future that has not come.
    #[error("a reserved address")]
    Reserved,
    /// Public, but in [`crate::FetchSettings::refused_networks`].
    #[error("an address that the settings refuse")]
    Refused,
}

/// The address that a connection to `address` goes to: the IPv4 address if it is a v4-mapped one (`::ffff:0:0/96`).
pub(crate) fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The IPv4 address that a packet to `address` ends at, if that goes through NAT64 (RFC 6052).
pub(crate) fn behind_nat64(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V6(v6) if matches!(v6.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..]) => {
            Some(lowest_v4(v6).into())
        }
        _ => None,
    }
}

/// The last 32 bits.
fn lowest_v4(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// Why `address` is not public; `None` if it is.
pub(crate) fn special_range(address: IpAddr) -> Option<SpecialRange> {
    match unmapped(address) {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<SpecialRange> {
    use SpecialRange::*;
    Some(match address.octets() {
        [0, ..] => Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private,
        [100, 64..=127, ..] => Shared,
        [127, ..] => Loopback,
        [169, 254, ..] => LinkLocal,
        // Azure's WireServer.
        [168, 63, 129, 16] => Metadata,
        [192, 0, 0, _] => Reserved,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Documentation,
        // 6to4 relays, AS112, automatic multicast tunnels: no site is at an anycast address of infrastructure.
        [192, 88, 99, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => Reserved,
        [198, 18..=19, ..] => Benchmarking,
        [224..=239, ..] => Multicast,
        [255, 255, 255, 255] => Broadcast,
        [240..=255, ..] => Reserved,
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<SpecialRange> {
    use SpecialRange::*;
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Loopback,
        // v4-compatible; v4-translated.
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => Embedded,
        // NAT64: how IPv6-only networks reach IPv4. It is as public as the address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return special_v4(lowest_v4(address)),
        [0x64, 0xff9b, 1, ..] => Embedded,
        // Teredo; 6to4.
        [0x2001, 0, ..] | [0x2002, ..] => Embedded,
        [0x2001, 2, 0, ..] => Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Documentation,
        [0x2001, 0..=0x1ff, ..] => Reserved,
        [0x2620, 0x4f, 0x8000, ..] => Reserved,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Private,
        [0xfe80..=0xfebf, ..] => LinkLocal,
        [0xff00..=0xffff, ..] => Multicast,
        [0x2000..=0x3fff, ..] => return None,
        _ => Reserved,
    })
}

#[cfg(test)]
mod tests;
