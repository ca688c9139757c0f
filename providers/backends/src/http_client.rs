//! The one place where an HTTP client is made: timeouts, TLS by ring with the machine's own roots, and the egress policy at
//! the resolver, so that a name is resolved once and only an allowed address is connected to.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use mainstay_providers::{Blocked, EgressPolicy};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct HttpClientConfig {
    /// Which addresses it may connect to.
    pub egress: EgressPolicy,
    /// How long a connection may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// How long a whole call may take unless the call says otherwise.
    pub timeout: Duration,
    /// What the client calls itself.
    pub user_agent: String,
}

impl HttpClientConfig {
    /// The usual timeouts under the given policy.
    pub fn new(egress: EgressPolicy) -> Self {
        Self {
            egress,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            user_agent: concat!("Mainstay/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS could not be set up.
    #[error("TLS could not be set up for outgoing calls: {0}")]
    Tls(#[from] rustls::Error),
    /// The client was refused its configuration.
    #[error("the HTTP client for outgoing calls could not be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// Makes a client. It follows no redirect, uses no proxy, and keeps connections open for a while so that an alert does not
/// wait for a handshake.
///
/// # Errors
/// When TLS cannot be set up.
#[expect(clippy::disallowed_methods, reason = "the one home of HTTP clients")]
pub fn http_client(config: &HttpClientConfig) -> Result<reqwest::Client, ClientError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .dns_resolver(PolicyResolver {
            egress: Arc::new(config.egress.clone()),
        })
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(config.connect_timeout)
        .timeout(config.timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(4)
        .tcp_nodelay(true)
        .user_agent(&config.user_agent)
        .build()?)
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()
    };
    let mut config = match builder()?.with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            // Plain HTTP still works, and every HTTPS call fails with a reason instead of Mainstay refusing to start.
            tracing::warn!(%error, "this machine has no root certificates: outgoing HTTPS calls will fail");
            builder()?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Resolves a name and keeps only the addresses that may be connected to.
#[derive(Debug, Clone)]
struct PolicyResolver {
    egress: Arc<EgressPolicy>,
}

impl Resolve for PolicyResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.egress.clone();
        Box::pin(async move {
            let host = name.as_str();
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
                .await
                .map_err(|error| Unresolved(format!("{host} has no address: {error}")))?
                .collect();
            let mut blocked = None;
            let mut allowed = Vec::with_capacity(addresses.len());
            for address in addresses {
                match egress.judge(host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(verdict) => blocked = Some(verdict),
                }
            }
            match (allowed.is_empty(), blocked) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, Some(verdict)) => Err(BlockedName(verdict).into()),
                (true, None) => Err(Unresolved(format!("{host} has no address")).into()),
            }
        })
    }
}

/// The name has no address. Carried through the client's error chain.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unresolved(pub(crate) String);

/// The name has no address that may be called. Carried through the client's error chain.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BlockedName(pub(crate) Blocked);
