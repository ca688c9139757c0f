//! Where a server listens: reading the address a person writes, taking it, and saying what to do when either fails.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use tokio::net::TcpListener;

/// Ports below this one belong to the system's administrator.
const FIRST_FREE_PORT: u16 = 1024;

/// Reads `--listen`.
///
/// # Errors
/// What is missing, with the address as it should be written.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let written = port.parse::<u16>().ok();
    if let Ok(ip @ IpAddr::V6(_)) = text.parse() {
        // Its end may have been meant as the port.
        let meant = match (host.parse(), written) {
            (Ok(ip @ IpAddr::V6(_)), Some(port)) => SocketAddr::new(ip, port),
            _ => SocketAddr::new(ip, 8000),
        };
        return Err(format!(
            "an IPv6 address stands in brackets before its port; write {meant}"
        ));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Err(format!("it lacks a port; write {}", SocketAddr::new(ip, 8000)));
    }
    let Some(port) = written else {
        return Err("write an address and a port, for example 127.0.0.1:8000 or [::1]:8000".to_owned());
    };
    let loopback = SocketAddr::from(([127, 0, 0, 1], port));
    match host {
        "" => Err(format!("it lacks the address; write {loopback}")),
        name => Err(format!(
            "`{name}` is no address, and names are not looked up; write {loopback}"
        )),
    }
}

/// Takes the address.
///
/// # Errors
/// Why it cannot be had, and what to do.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| anyhow::anyhow!("{}", refusal(address, &error)))
}

fn refusal(address: SocketAddr, error: &io::Error) -> String {
    let (ip, port) = (address.ip(), address.port());
    let at = |port: u16| SocketAddr::new(ip, port);
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "{address} is taken by another program. Stop that one, or choose another port, for example `--listen {}`",
            at(port.checked_add(1).unwrap_or(8001))
        ),
        ErrorKind::PermissionDenied if port < FIRST_FREE_PORT => format!(
            "only the system's administrator may listen on port {port}, as on every port below {FIRST_FREE_PORT}. Choose another, for \
             example `--listen {}`",
            at(8000)
        ),
        ErrorKind::AddrNotAvailable if ip.is_ipv6() => format!(
            "this machine has no address {ip}; IPv6 may be switched off. Listen on IPv4, for example `--listen {}`",
            SocketAddr::from(([127, 0, 0, 1], port))
        ),
        _ => format!(
            "cannot listen on {address}: {error}. Choose another address, for example `--listen {}`",
            SocketAddr::from(([127, 0, 0, 1], 8000))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_whatever_is_none_is_answered_with_one() {
        for good in ["127.0.0.1:8000", "[::1]:8000", "127.0.0.1:0"] {
            assert_eq!(parse_address(good).unwrap().to_string(), good);
        }
        for (bad, advice) in [
            ("8001", "write 127.0.0.1:8001"),
            (":8001", "write 127.0.0.1:8001"),
            ("localhost:8001", "write 127.0.0.1:8001"),
            ("127.0.0.1", "write 127.0.0.1:8000"),
            ("::1", "write [::1]:8000"),
            ("::1:8001", "write [::1]:8001"),
            ("foo", "for example 127.0.0.1:8000"),
            ("127.0.0.1:http", "for example 127.0.0.1:8000"),
            ("127.0.0.1:70000", "for example 127.0.0.1:8000"),
        ] {
            let said = parse_address(bad).unwrap_err();
            assert!(said.contains(advice), "{bad}: {said}");
        }
    }

    #[test]
    fn each_way_to_be_refused_has_its_advice() {
        let said = |address: &str, kind: ErrorKind| refusal(address.parse().unwrap(), &kind.into());
        let taken = said("127.0.0.1:8000", ErrorKind::AddrInUse);
        assert!(
            taken.contains("taken by another program") && taken.contains("--listen 127.0.0.1:8001"),
            "{taken}"
        );
        let forbidden = said("[::1]:80", ErrorKind::PermissionDenied);
        assert!(
            forbidden.contains("port 80") && forbidden.contains("--listen [::1]:8000"),
            "{forbidden}"
        );
        let absent = said("[::1]:8000", ErrorKind::AddrNotAvailable);
        assert!(
            absent.contains("no address ::1") && absent.contains("--listen 127.0.0.1:8000"),
            "{absent}"
        );
        let other = said("127.0.0.1:8000", ErrorKind::OutOfMemory);
        assert!(other.contains("--listen"), "{other}");
    }
}
