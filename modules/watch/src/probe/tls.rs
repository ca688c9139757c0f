//! TLS for probes: one configuration for all checks, made when the first one needs it, and one that accepts any
//! certificate for the checks that ask for it.
//!
//! Sessions are never resumed: every probe is a whole handshake, so that a changed certificate is seen by the next one.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use x509_parser::prelude::{FromDer, X509Certificate};

const DAY_S: i64 = 86_400;

/// The TLS configurations of all checks.
#[derive(Debug, Default)]
pub struct TlsConfigs {
    extra_roots: Vec<CertificateDer<'static>>,
    verified: OnceLock<Result<Arc<ClientConfig>, String>>,
    unverified: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl TlsConfigs {
    /// Trusts what the operating system trusts, and the given roots.
    pub fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self {
            extra_roots,
            ..Self::default()
        }
    }

    /// The configuration for a check.
    ///
    /// # Errors
    /// When the machine's certificate store cannot be used; in words.
    pub fn get(&self, insecure: bool) -> Result<Arc<ClientConfig>, String> {
        let slot = if insecure { &self.unverified } else { &self.verified };
        slot.get_or_init(|| {
            let made = if insecure { unverified() } else { self.make_verified() };
            made.map(Arc::new).map_err(|error| error.to_string())
        })
        .clone()
    }

    fn make_verified(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.extra_roots.iter().cloned(), Arc::clone(&provider))?;
        with_verifier(provider, Arc::new(verifier))
    }
}

fn unverified() -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = AnyCertificate(Arc::clone(&provider));
    with_verifier(provider, Arc::new(verifier))
}

fn with_verifier(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Accepts any certificate, but still insists that the server holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Whole days until the certificate expires, negative when it has; `None` when it cannot be read.
pub fn days_left(certificate: &CertificateDer<'_>, now: Timestamp) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let seconds = parsed.validity().not_after.timestamp() - now.as_second();
    Some(seconds.div_euclid(DAY_S))
}

/// A failed handshake in words.
pub fn handshake_in_words(error: &std::io::Error, host: &str) -> String {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) else {
        return match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "closed the connection during the TLS handshake".to_owned(),
            std::io::ErrorKind::ConnectionReset => "reset the connection during the TLS handshake".to_owned(),
            _ => format!("failed the TLS handshake: {error}"),
        };
    };
    match error {
        TlsError::InvalidCertificate(problem) => certificate_in_words(problem, host),
        TlsError::InvalidMessage(_) => "does not speak TLS on this port".to_owned(),
        other => format!("failed the TLS handshake: {other}"),
    }
}

fn certificate_in_words(problem: &CertificateError, host: &str) -> String {
    match problem {
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY_S.unsigned_abs();
            match days {
                0 => "has a certificate that expired today".to_owned(),
                1 => "has a certificate that expired yesterday".to_owned(),
                _ => format!("has a certificate that expired {days} days ago"),
            }
        }
        CertificateError::Expired => "has a certificate that has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "has a certificate that is not valid yet".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "has a certificate of an issuer that is not trusted here; add its root to the trusted certificates"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!("has a certificate for {}, not for {host}", presented.join(", "))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("has a certificate that is not for {host}")
        }
        CertificateError::Revoked => "has a certificate that was revoked".to_owned(),
        other => format!("has a certificate that is not acceptable: {other:?}"),
    }
}
