//! A check made ready to be probed again and again: everything that does not change from probe to probe is worked out once.

use std::{fmt, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use rustls_pki_types::ServerName;
use url::{Host, Url};

use crate::model::{
    assertion::Expectation,
    check::{CheckKind, CheckRole, CheckSpec, HeaderValue as HeaderSource},
};

/// How checks introduce themselves.
const USER_AGENT: &str = concat!("Mainstay/", env!("CARGO_PKG_VERSION"), " (check)");

/// A check ready to be probed.
#[derive(Debug, Clone)]
pub struct ProbePlan {
    /// What passing says about the service.
    pub role: CheckRole,
    /// For everything.
    pub timeout: Duration,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// What to do.
    pub action: Action,
}

/// What a probe does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Connects and hangs up.
    Tcp(Place),
    /// Sends a request.
    Http(Box<HttpPlan>),
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: HostName,
    /// The port.
    pub port: u16,
}

/// A host by address or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// An address needs no resolution.
    Address(IpAddr),
    /// A name does.
    Name(String),
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct HttpPlan {
    /// Where the first request goes.
    pub hop: Hop,
    /// Its method.
    pub method: Method,
    /// Headers that are known beforehand.
    pub headers: HeaderMap,
    /// Headers whose values are in files.
    pub secret_files: Vec<(HeaderName, String)>,
    /// Headers that must not follow a redirect to another host.
    pub secret_names: Vec<HeaderName>,
    /// The request's body.
    pub body: Bytes,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether any certificate is accepted.
    pub insecure: bool,
}

/// One request's way: a URL taken apart.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The URL, to resolve redirects against.
    pub url: Url,
    /// Where to connect.
    pub place: Place,
    /// For TLS, the name the certificate must be for.
    pub server_name: Option<ServerName<'static>>,
    /// The request target: path and query.
    pub target: Uri,
    /// The `Host` header.
    pub host_header: HeaderValue,
}

/// A check that cannot be probed; checks are validated before they are kept, so only damaged ones get here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the check cannot be probed: {0}")]
pub struct InvalidPlan(String);

impl ProbePlan {
    /// Works out everything that stays the same.
    ///
    /// # Errors
    /// When the specification did not go through a draft.
    pub fn compile(spec: &CheckSpec) -> Result<Self, InvalidPlan> {
        let expectations = spec
            .assertions
            .iter()
            .map(|assertion| {
                assertion
                    .compile()
                    .map_err(|(field, why)| InvalidPlan(format!("{field}: {why}")))
            })
            .collect::<Result<_, _>>()?;
        let action = match spec.kind {
            CheckKind::Tcp => Action::Tcp(tcp_place(&spec.target)?),
            CheckKind::Http => Action::Http(Box::new(HttpPlan::compile(spec)?)),
        };
        Ok(Self {
            role: spec.role,
            timeout: Duration::from_millis(u64::from(spec.timeout_ms)),
            expectations,
            action,
        })
    }
}

impl ProbePlan {
    /// Where the first connection goes.
    pub fn place(&self) -> &Place {
        match &self.action {
            Action::Tcp(place) => place,
            Action::Http(request) => &request.hop.place,
        }
    }
}

impl HttpPlan {
    fn compile(spec: &CheckSpec) -> Result<Self, InvalidPlan> {
        let url = Url::parse(&spec.target).map_err(|error| InvalidPlan(error.to_string()))?;
        let invalid = |what: &str| InvalidPlan(format!("`{what}` cannot be sent"));
        let mut headers = HeaderMap::with_capacity(spec.headers.len() + 4);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        // Every probe is a fresh connection; saying so lets the target close its side first.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let (mut secret_files, mut secret_names) = (Vec::new(), vec![header::AUTHORIZATION, header::COOKIE]);
        for sent in &spec.headers {
            let name = HeaderName::from_bytes(sent.name.as_bytes()).map_err(|_| invalid(&sent.name))?;
            if sent.value.is_secret() {
                secret_names.push(name.clone());
            }
            match &sent.value {
                HeaderSource::File(file) => secret_files.push((name, file.clone())),
                HeaderSource::Plain(value) | HeaderSource::Secret(value) => {
                    let mut header = HeaderValue::from_str(value).map_err(|_| invalid(&sent.name))?;
                    header.set_sensitive(sent.value.is_secret());
                    headers.insert(name, header);
                }
            }
        }
        Ok(Self {
            hop: Hop::to(url).map_err(InvalidPlan)?,
            method: Method::from_bytes(spec.method.as_bytes()).map_err(|_| invalid(&spec.method))?,
            headers,
            secret_files,
            secret_names,
            body: spec.body.clone().map(Bytes::from).unwrap_or_default(),
            follow_redirects: spec.follow_redirects,
            insecure: spec.insecure,
        })
    }
}

impl Hop {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// When it is not one a check can follow; in words.
    pub fn to(url: Url) -> Result<Self, String> {
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(format!("`{other}:` is not a scheme a check follows")),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => HostName::Name(name.to_owned()),
            Some(Host::Ipv4(address)) => HostName::Address(address.into()),
            Some(Host::Ipv6(address)) => HostName::Address(address.into()),
            None => return Err(format!("`{url}` names no host")),
        };
        let server_name = match (&host, tls) {
            (_, false) => None,
            (HostName::Address(address), true) => Some(ServerName::from(*address)),
            (HostName::Name(name), true) => Some(
                ServerName::try_from(name.clone())
                    .map_err(|_| format!("`{name}` cannot be the name of a certificate"))?,
            ),
        };
        let mut target = url.path().to_owned();
        if let Some(query) = url.query() {
            target.push('?');
            target.push_str(query);
        }
        let shown_host = url.host_str().unwrap_or_default();
        let authority = url
            .port()
            .map_or_else(|| shown_host.to_owned(), |port| format!("{shown_host}:{port}"));
        Ok(Self {
            place: Place {
                host,
                port: url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 }),
            },
            server_name,
            target: target.parse().map_err(|_| format!("`{target}` cannot be requested"))?,
            host_header: HeaderValue::from_str(&authority).map_err(|_| format!("`{authority}` cannot be a host"))?,
            url,
        })
    }
}

fn tcp_place(target: &str) -> Result<Place, InvalidPlan> {
    let url = Url::parse(&format!("http://{target}/")).map_err(|error| InvalidPlan(error.to_string()))?;
    Hop::to(url).map(|hop| hop.place).map_err(InvalidPlan)
}
