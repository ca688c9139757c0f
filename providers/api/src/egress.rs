//! Which addresses Mainstay calls on behalf of a user's configuration.
//!
//! A webhook's URL is entered by somebody who may not be allowed into the network Mainstay stands in. So only public
//! addresses are called, and those that the operator lists in `egress.allow`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The operator's word on outgoing calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressPolicy {
    /// What may be called beside public addresses.
    pub allow: Vec<AllowRule>,
    /// Whether the machine itself may be called, as the demo does.
    pub allow_loopback: bool,
}

/// One entry of `egress.allow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AllowRule {
    /// Addresses with this prefix: `10.1.0.0/16`, `fd00::/8`, or a single address.
    Network(IpAddr, u8),
    /// This host name, whatever it resolves to.
    Host(String),
    /// Every host name below this domain, from `*.example.org`.
    Below(String),
}

/// An entry of `egress.allow` that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no entry of `egress.allow`: use an address (`10.1.2.3`), a network (`10.1.0.0/16`), a host name (`hooks.internal`) or all names below a domain (`*.internal`)"
)]
pub struct InvalidAllowRule(String);

/// The policy forbids a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// The address is not public and not listed.
    #[error("{address} is {what}, and only public addresses are called; list it in `egress.allow` if it may be called")]
    Address {
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        what: &'static str,
    },
    /// A cloud machine's metadata service, which hands out credentials. No entry allows it.
    #[error("{0} is the metadata service of cloud machines, which is never called")]
    Metadata(IpAddr),
    /// Not a URL that can be called.
    #[error("the URL must begin with `http://` or `https://` and name a host")]
    Scheme,
    /// A URL with a user name or password, which would be shown wherever the URL is.
    #[error("the URL must not hold a user name or password")]
    Credentials,
}

impl EgressPolicy {
    /// Judges an address that `host` resolved to (or that was written in the URL itself).
    ///
    /// # Errors
    /// When it must not be called.
    pub fn judge(&self, host: &str, address: IpAddr) -> Result<(), Blocked> {
        let bare = unmapped(address);
        if is_metadata(bare) {
            return Err(Blocked::Metadata(address));
        }
        let Some(what) = not_public(bare) else { return Ok(()) };
        let listed = self.allow.iter().any(|rule| rule.covers(host, bare));
        if listed || (self.allow_loopback && bare.is_loopback()) {
            return Ok(());
        }
        Err(Blocked::Address { address, what })
    }

    /// Judges what a URL itself tells, without resolving its name.
    ///
    /// # Errors
    /// When it must not be called whatever its name resolves to.
    pub fn judge_url(&self, url: &Url) -> Result<(), Blocked> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Blocked::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::Credentials);
        }
        let text = url.host_str().ok_or(Blocked::Scheme)?;
        match url.host() {
            None => Err(Blocked::Scheme),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(address)) => self.judge(text, address.into()),
            Some(Host::Ipv6(address)) => self.judge(text, address.into()),
        }
    }
}

impl AllowRule {
    fn covers(&self, host: &str, address: IpAddr) -> bool {
        let host = host.trim_end_matches('.');
        match self {
            Self::Network(network, length) => contains(*network, *length, address),
            Self::Host(name) => host.eq_ignore_ascii_case(name),
            Self::Below(domain) => host
                .to_ascii_lowercase()
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }
}

fn contains(network: IpAddr, length: u8, address: IpAddr) -> bool {
    fn same(left: u128, right: u128, width: u8, length: u8) -> bool {
        let ignored = u32::from(width - length.min(width));
        // Shifting by the full width is no shift, so "any address" is a case of its own.
        length == 0 || (left >> ignored) == (right >> ignored)
    }
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(u128::from(network.to_bits()), u128::from(address.to_bits()), 32, length)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => same(network.to_bits(), address.to_bits(), 128, length),
        _ => false,
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses
/// would otherwise be a way around the policy.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    if let Some(four) = six.to_ipv4_mapped() {
        return four.into();
    }
    let bits = six.to_bits();
    let embedded = match six.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(bits & 0xffff_ffff),
        [0x2002, ..] => Some((bits >> 80) & 0xffff_ffff),
        _ => None,
    };
    embedded
        .and_then(|bits| u32::try_from(bits).ok())
        .map_or(address, |bits| Ipv4Addr::from_bits(bits).into())
}

fn is_metadata(address: IpAddr) -> bool {
    const FOUR: [Ipv4Addr; 2] = [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(100, 100, 100, 200)];
    const SIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(address) => FOUR.contains(&address),
        IpAddr::V6(address) => address == SIX,
    }
}

/// What an address is when it is not public (the special-purpose registries of IANA, RFC 6890).
fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            match (a, b, c) {
                (127, ..) => Some("this machine itself"),
                (0, ..) => Some("no address"),
                (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("a private address"),
                (100, 64..=127, _) => Some("a carrier's internal address"),
                (169, 254, _) => Some("a link-local address"),
                (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("an address for documentation"),
                (224..=239, ..) => Some("a multicast address"),
                (192, 0, 0) | (198, 18..=19, _) | (240..=255, ..) => Some("a reserved address"),
                _ => None,
            }
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            match first {
                _ if address.is_loopback() => Some("this machine itself"),
                _ if address.is_unspecified() => Some("no address"),
                0xfc00..=0xfdff => Some("a private address"),
                0xfe80..=0xfeff => Some("a link-local address"),
                0xff00..=0xffff => Some("a multicast address"),
                0x2001 if second == 0xdb8 => Some("an address for documentation"),
                0x2001 if second < 0x200 => Some("a reserved address"),
                // Only 2000::/3 is handed out as global unicast.
                0x2000..=0x3fff => None,
                _ => Some("a reserved address"),
            }
        }
    }
}

impl FromStr for AllowRule {
    type Err = InvalidAllowRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAllowRule(text.chars().take(100).collect());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| invalid())?)),
            None => (text, None),
        };
        if let Ok(address) = address.parse::<IpAddr>() {
            let width = if address.is_ipv4() { 32 } else { 128 };
            let length = length.unwrap_or(width);
            return if length <= width {
                Ok(Self::Network(address, length))
            } else {
                Err(invalid())
            };
        }
        let (below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let label_ok = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if length.is_some() || !name.split('.').all(label_ok) {
            return Err(invalid());
        }
        let name = name.to_ascii_lowercase();
        Ok(if below { Self::Below(name) } else { Self::Host(name) })
    }
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address, length) => write!(f, "{address}/{length}"),
            Self::Host(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

impl TryFrom<String> for AllowRule {
    type Error = InvalidAllowRule;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AllowRule> for String {
    fn from(rule: AllowRule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str]) -> EgressPolicy {
        EgressPolicy {
            allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
            allow_loopback: false,
        }
    }

    fn allowed(policy: &EgressPolicy, host: &str, address: &str) -> bool {
        policy.judge(host, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn public_addresses_may_be_called_and_no_others() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
        ] {
            assert!(allowed(&policy(&[]), "h", address), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "64:ff9b:1::1",
        ] {
            assert!(!allowed(&policy(&[]), "h", address), "{address}");
        }
    }

    #[test]
    fn an_ipv6_disguise_does_not_hide_an_ipv4_address() {
        for address in ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::"] {
            assert!(!allowed(&policy(&[]), "h", address), "{address}");
        }
        assert!(allowed(&policy(&[]), "h", "64:ff9b::101:101"));
        assert!(allowed(&policy(&["10.0.0.0/8"]), "h", "::ffff:10.0.0.1"));
    }

    #[test]
    fn networks_and_hosts_can_be_allowed() {
        let policy = policy(&["10.1.0.0/16", "192.168.1.7", "fd00::/8", "hooks.internal", "*.svc"]);
        assert!(allowed(&policy, "h", "10.1.2.3") && !allowed(&policy, "h", "10.2.0.0"));
        assert!(allowed(&policy, "h", "192.168.1.7") && !allowed(&policy, "h", "192.168.1.8"));
        assert!(allowed(&policy, "h", "fd01::1") && !allowed(&policy, "h", "fc00::1"));
        assert!(allowed(&policy, "Hooks.Internal", "10.9.9.9") && !allowed(&policy, "x.hooks.internal", "10.9.9.9"));
        assert!(allowed(&policy, "a.b.svc", "10.9.9.9") && !allowed(&policy, "svc", "10.9.9.9"));
        assert!(!allowed(&policy, "evilsvc", "10.9.9.9"));
    }

    #[test]
    fn nothing_allows_the_metadata_service() {
        let mut policy = policy(&["0.0.0.0/0", "::/0", "metadata"]);
        policy.allow_loopback = true;
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "100.100.100.200",
            "fd00:ec2::254",
        ] {
            assert!(!allowed(&policy, "metadata", address), "{address}");
        }
        assert!(allowed(&policy, "h", "127.0.0.1") && allowed(&policy, "h", "10.0.0.1"));
    }

    #[test]
    fn a_url_is_judged_by_its_scheme_credentials_and_written_address() {
        let verdict = |text: &str| policy(&[]).judge_url(&text.parse().unwrap());
        assert_eq!(verdict("https://hooks.example.org/x"), Ok(()));
        assert_eq!(verdict("ftp://hooks.example.org/x"), Err(Blocked::Scheme));
        assert_eq!(
            verdict("https://ada:secret@hooks.example.org/x"),
            Err(Blocked::Credentials)
        );
        // Odd spellings of 127.0.0.1 are the same address to the URL parser.
        for url in [
            "http://127.0.0.1",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]:80/",
        ] {
            assert!(matches!(verdict(url), Err(Blocked::Address { .. })), "{url}");
        }
    }

    #[test]
    fn an_entry_that_is_none_is_refused_with_examples() {
        for bad in ["", "10.0.0.0/33", "::/129", "a b", "hooks/8", "*.", "*", "-a"] {
            assert!(
                bad.parse::<AllowRule>()
                    .unwrap_err()
                    .to_string()
                    .contains("10.1.0.0/16"),
                "{bad}"
            );
        }
        for good in ["10.1.0.0/16", "fd00::/8", "hooks.internal", "*.internal"] {
            assert_eq!(good.parse::<AllowRule>().unwrap().to_string(), good);
        }
    }
}
