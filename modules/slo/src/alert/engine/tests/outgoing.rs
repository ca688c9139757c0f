//! The least HTTP client that can call a webhook, because a module must not know the real one. What the real one does
//! beyond it (policy at the resolver, TLS, pooling) is tested where it lives.

use std::time::Duration;

use async_trait::async_trait;
use mainstay_providers::{
    Blocked, EgressPolicy, Outgoing, OutgoingFailure, OutgoingFailureKind, OutgoingRequest, OutgoingResponse,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

pub struct PlainOutgoing;

#[async_trait]
impl Outgoing for PlainOutgoing {
    async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingFailure> {
        let timeout = request.timeout;
        let failure = |kind, message: String| OutgoingFailure { kind, message };
        match tokio::time::timeout(timeout, exchange(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failure(OutgoingFailureKind::Broken, error.to_string())),
            Err(_) => Err(failure(OutgoingFailureKind::Timeout, slow(timeout))),
        }
    }

    fn check(&self, url: &Url) -> Result<(), Blocked> {
        let policy = EgressPolicy {
            allow_loopback: true,
            ..EgressPolicy::default()
        };
        policy.judge_url(url)
    }
}

fn slow(timeout: Duration) -> String {
    format!("no answer within {} s", timeout.as_secs_f64())
}

async fn exchange(request: OutgoingRequest) -> std::io::Result<OutgoingResponse> {
    let address = request.url.socket_addrs(|| None)?[0];
    let mut socket = TcpStream::connect(address).await?;
    let mut head = format!("POST {} HTTP/1.1\r\nhost: {address}\r\n", request.url.path());
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("connection: close\r\ncontent-length: ");
    head.push_str(&request.body.len().to_string());
    head.push_str("\r\n\r\n");
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(&request.body).await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    let status = answer
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::other("the connection broke"))?;
    let retry_after = answer
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "))
        .map(str::to_owned);
    Ok(OutgoingResponse {
        status,
        retry_after,
        excerpt: String::new(),
    })
}
