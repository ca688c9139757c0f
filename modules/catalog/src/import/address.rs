//! The parts of a URL or `host:port` as they stand in a file; no lookups, no normalising beyond the trailing slash.

/// A parsed `scheme://host:port/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: String,
    /// As written, without brackets around an IPv6 address.
    pub(crate) host: String,
    /// As written, or the scheme's default.
    pub(crate) port: Option<u16>,
    /// The port is written and not the scheme's default.
    pub(crate) explicit_port: bool,
    /// Without query and trailing `/`; `/` when empty.
    pub(crate) path: String,
}

impl Address {
    /// Reads an absolute URL; `None` when the text is not one or when its host or port is not known (a variable).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let scheme_ok = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
        if !scheme_ok {
            return None;
        }
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(authority_end);
        let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = split_port(host_port)?;
        if host.is_empty() || host.contains(|char: char| char.is_whitespace() || "${}<>\"'|\\".contains(char)) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        };
        let path = tail.split(['?', '#']).next().unwrap_or("");
        Some(Self {
            scheme,
            host: host.to_owned(),
            port: port.or(default),
            explicit_port: port.is_some(),
            path: normal_path(path),
        })
    }

    /// The port of the service itself. A public address such as `https://shop.example.com` has none: what answers there is
    /// a proxy, and its port says nothing about the service behind it.
    pub(crate) fn service_port(&self) -> Option<u16> {
        let is_public = self.host.contains('.') && self.host.parse::<std::net::IpAddr>().is_err();
        self.port.filter(|_| self.explicit_port || !is_public)
    }

    pub(crate) fn is_http(&self) -> bool {
        self.scheme == "http" || self.scheme == "https"
    }
}

/// A path without its trailing `/`; `/` for nothing.
pub(crate) fn normal_path(path: &str) -> String {
    let trimmed = path.trim().trim_end_matches('/');
    if trimmed.is_empty() {
        "/".to_owned()
    } else if trimmed.starts_with('/') {
        trimmed.to_owned()
    } else {
        format!("/{trimmed}")
    }
}

/// Splits `host:port`, `[v6]:port`, or a bare host; `None` when what should be a port is no port.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']')?;
        return match tail.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => tail.is_empty().then_some((host, None)),
        };
    }
    match text.rsplit_once(':') {
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok().filter(|port| *port > 0)?))),
        None => Some((text, None)),
    }
}

/// Whether a host means the machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "::1" || host == "127.0.0.1" || host == "0.0.0.0"
}

/// Reads `${NAME:-default}` and `${NAME-default}` as the default; `None` when a variable has none.
pub(crate) fn expand(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let (before, after) = (rest.get(..start)?, rest.get(start + 1..)?);
        result.push_str(before);
        if let Some(escaped) = after.strip_prefix('$') {
            result.push('$');
            rest = escaped;
        } else if let Some(body) = after.strip_prefix('{') {
            let end = body.find('}')?;
            let inner = body.get(..end)?;
            let default = inner.split_once(":-").or_else(|| inner.split_once('-'));
            result.push_str(default?.1);
            rest = body.get(end + 1..)?;
        } else if after.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') {
            return None;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result.push_str(rest);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_as_written() {
        let address = Address::parse("http://Fks_API:8001/health/").unwrap();
        assert_eq!(
            (address.host.as_str(), address.port, address.path.as_str()),
            ("Fks_API", Some(8001), "/health")
        );
        assert_eq!(Address::parse("https://a.b").unwrap().port, Some(443));
        assert_eq!(Address::parse("https://a.b").unwrap().service_port(), None);
        assert_eq!(Address::parse("https://a").unwrap().service_port(), Some(443));
        assert_eq!(Address::parse("http://[::1]:80/x?y=/z").unwrap().path, "/x");
        assert_eq!(Address::parse("http://user:secret@db:1/").unwrap().host, "db");
    }

    #[test]
    fn what_is_no_url_is_none() {
        for text in [
            "",
            "db:5432",
            "http://",
            "http://a:b",
            "http://${HOST}:80/",
            "://x",
            "http://a b/",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_variable_is_its_default_or_unknown() {
        assert_eq!(expand("a${X:-b}c").as_deref(), Some("abc"));
        assert_eq!(expand("${X-8001}:80").as_deref(), Some("8001:80"));
        assert_eq!(expand("$$HOME").as_deref(), Some("$HOME"));
        assert_eq!(expand("${X}"), None);
        assert_eq!(expand("$X"), None);
        assert_eq!(expand("${X"), None);
    }
}
