use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use proptest::prelude::*;

use super::*;

/// Every range that the IANA's registries of special-purpose addresses call not globally reachable, or that serves
/// infrastructure alone, and multicast, written down independently of the matching above.
const SPECIAL: &[&str] = &[
    // iana-ipv4-special-registry
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    // iana-multicast
    "224.0.0.0/4",
    // Azure
    "168.63.129.16/32",
    // iana-ipv6-special-registry
    "::1/128",
    "::/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    // RFC 4291: v4-compatible, site-local, multicast; RFC 2765: v4-translated
    "::/96",
    "::ffff:0:0:0/96",
    "fec0::/10",
    "ff00::/8",
];

/// What is public of IPv6 at all.
const GLOBAL_UNICAST: &str = "2000::/3";

fn listed(address: IpAddr) -> bool {
    if let IpAddr::V6(v6) = address {
        if let Some(inside) = inside_of(v6, "::ffff:0:0/96") {
            return listed(inside.into());
        }
        if let Some(inside) = inside_of(v6, "64:ff9b::/96") {
            return listed(inside.into());
        }
        if !net(GLOBAL_UNICAST).contains(&address) {
            return true;
        }
    }
    SPECIAL.iter().any(|range| net(range).contains(&address))
}

fn inside_of(address: Ipv6Addr, range: &str) -> Option<Ipv4Addr> {
    let low = u32::try_from(u128::from(address) & 0xffff_ffff).unwrap();
    net(range)
        .contains(&IpAddr::V6(address))
        .then(|| Ipv4Addr::from(low))
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// Addresses in and right beside the listed ranges, and anywhere.
fn addresses() -> impl Strategy<Value = IpAddr> {
    let near = (0..SPECIAL.len(), any::<u128>(), 0..4u8).prop_map(|(index, offset, kind)| {
        let range = net(SPECIAL[index]);
        match (range, kind) {
            (_, 0) => range.network(),
            (_, 1) => range.broadcast(),
            (IpNet::V4(v4), 2) => Ipv4Addr::from(u32::from(v4.broadcast()).wrapping_add(1)).into(),
            (IpNet::V6(v6), 2) => Ipv6Addr::from(u128::from(v6.broadcast()).wrapping_add(1)).into(),
            (IpNet::V4(v4), _) => {
                let inside = (offset as u32) & u32::from(v4.hostmask());
                Ipv4Addr::from(u32::from(v4.network()) | inside).into()
            }
            (IpNet::V6(v6), _) => {
                let inside = offset & u128::from(v6.hostmask());
                Ipv6Addr::from(u128::from(v6.network()) | inside).into()
            }
        }
    });
    prop_oneof![
        near,
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into()),
        // Of IPv6, what may be public at all.
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits >> 3 | 1 << 125).into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn an_address_is_public_exactly_if_no_registry_sets_it_apart(address in addresses()) {
        prop_assert_eq!(special_range(address).is_some(), listed(address), "{}", address);
    }

    #[test]
    fn an_ipv4_address_is_no_more_public_in_ipv6_clothes(bits in any::<u32>()) {
        let plain = Ipv4Addr::from(bits);
        let (high, low) = ((bits >> 16) as u16, bits as u16);
        let forms = [
            plain.to_ipv6_mapped(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        ];
        for form in forms {
            prop_assert_eq!(special_range(form.into()), special_v4(plain));
        }
        let never = [
            plain.to_ipv6_compatible(),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            // Teredo has its client's address with all bits turned over.
            Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0x8000, 0, !high, !low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        ];
        for form in never {
            prop_assert!(special_range(form.into()).is_some(), "{}", form);
        }
    }
}

#[test]
fn metadata_services_are_not_public() {
    for (address, range) in [
        ("169.254.169.254", SpecialRange::LinkLocal),
        ("169.254.170.2", SpecialRange::LinkLocal),
        ("fd00:ec2::254", SpecialRange::Private),
        ("fd20:ce::254", SpecialRange::Private),
        ("100.100.100.200", SpecialRange::Shared),
        ("192.0.0.192", SpecialRange::Reserved),
        ("168.63.129.16", SpecialRange::Metadata),
        ("::ffff:169.254.169.254", SpecialRange::LinkLocal),
        ("64:ff9b::a9fe:a9fe", SpecialRange::LinkLocal),
    ] {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(special_range(parsed), Some(range), "{address}");
    }
}

#[test]
fn sites_are_public() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.215.14",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "198.17.255.255",
        "223.255.255.255",
        "2606:4700::6810:84e5",
        "2a00:1450:4001:827::200e",
        "2400:cb00::1",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
    ] {
        assert_eq!(special_range(address.parse().unwrap()), None, "{address}");
    }
}
