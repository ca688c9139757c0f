//! Certificates, from an authority of the test's own.

use std::{net::SocketAddr, sync::Arc};

use mainstay_runtime::Tasks;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate authority and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "A test root");
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A server that shows a certificate for `name` and answers 200.
    async fn server(&self, tasks: &Tasks, name: &str, expires: (i32, u8, u8)) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(expires.0, expires.1, expires.2);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        target(tasks, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                read_head(&mut stream).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }
}

#[tokio::test]
async fn certificates_are_verified_and_their_days_counted() {
    let tasks = tasks();
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, &authority.pem).unwrap();
    let trusting = ProberConfig {
        trusted_certificates: vec![root],
        ..ProberConfig::default()
    };
    let good = authority.server(&tasks, "localhost", (2090, 1, 1)).await.port();
    let expired = authority.server(&tasks, "localhost", (2020, 1, 1)).await.port();
    let other = authority.server(&tasks, "other.example", (2090, 1, 1)).await.port();
    let url = |port: u16| format!("https://localhost:{port}/");

    let probe = probe_with(&trusting, json!({"target": url(good)})).await;
    assert_eq!(probe.failure, None);
    assert!(probe.phases.tls_us.is_some() && probe.tls_days_left.unwrap() > 365);
    let strict = json!({"target": url(good), "assertions": [{"on": "tls", "days_left_at_least": 100_000}]});
    let words = probe_with(&trusting, strict).await.failure.unwrap().message;
    assert!(words.starts_with("has a certificate that expires in "), "{words}");

    let failure = |probe: Probe| probe.failure.map(|failure| (failure.kind, failure.message)).unwrap();
    let (kind, words) = failure(probe_with(&trusting, json!({"target": url(expired)})).await);
    assert_eq!(kind, FailureKind::Tls);
    assert!(
        words.starts_with("has a certificate that expired ") && words.ends_with(" days ago"),
        "{words}"
    );
    let (_, words) = failure(probe_with(&trusting, json!({"target": url(other)})).await);
    assert!(
        words.contains("other.example") && words.ends_with("not for localhost"),
        "{words}"
    );
    let (_, words) = failure(self::probe(json!({"target": url(good)})).await);
    assert!(words.contains("not trusted"), "{words}");
    let insecure = self::probe(json!({"target": url(expired), "insecure": true})).await;
    assert_eq!(insecure.failure, None);
    assert!(insecure.tls_days_left.unwrap() < 0);
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_said_to_be_so() {
    let tasks = tasks();
    let plain = answering(&tasks, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let mute = target(&tasks, |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let garbage = target(&tasks, |mut stream| async move {
        let _ = stream.write_all(b"220 mail ESMTP ready\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let (kind, _) = failure(json!({"target": format!("https://{plain}/"), "timeout_ms": 200})).await;
    assert_eq!(kind, FailureKind::Tls);
    let (kind, words) = failure(json!({"target": format!("https://{mute}/"), "timeout_ms": 80})).await;
    assert_eq!(kind, FailureKind::Tls);
    assert!(
        words.contains("did not finish the TLS handshake within 80 ms"),
        "{words}"
    );
    assert_eq!(
        failure(json!({"target": format!("https://{garbage}/")})).await,
        (FailureKind::Tls, "does not speak TLS on this port".to_owned())
    );
}
