//! Which addresses a check may reach: loopback and private ones yes, for that is where services live; addresses that hand
//! out credentials to whoever asks from the inside, never.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Metadata services outside the link-local ranges: Alibaba Cloud, Oracle Cloud.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// The metadata service of AWS over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
/// The well-known prefix under which IPv6-only hosts see IPv4 (RFC 6052).
const NAT64_PREFIX: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Whether a check must never connect to this address.
pub fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_forbidden_v4(inner),
            None => address.is_unicast_link_local() || address == METADATA_V6 || address.is_multicast(),
        },
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    address.is_link_local() || METADATA_V4.contains(&address) || address.is_multicast() || address.is_broadcast()
}

fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if address.segments()[..6] == NAT64_PREFIX {
        let [.., a, b, c, d] = address.octets();
        return Some(Ipv4Addr::new(a, b, c, d));
    }
    address.to_ipv4_mapped()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_may_live_on_loopback_and_private_addresses() {
        for good in [
            "127.0.0.1",
            "10.0.0.8",
            "192.168.1.1",
            "172.17.0.2",
            "::1",
            "fd12::1",
            "8.8.8.8",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_forbidden(good.parse().unwrap()), "{good}");
        }
    }

    #[test]
    fn metadata_services_are_out_of_reach_in_every_spelling() {
        for bad in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert!(is_forbidden(bad.parse().unwrap()), "{bad}");
        }
    }
}
