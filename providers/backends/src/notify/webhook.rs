//! Calls webhooks and heartbeats over HTTP.

use std::{
    error::Error,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use mainstay_providers::{
    Blocked, EgressPolicy, Method, Outgoing, OutgoingFailure, OutgoingFailureKind, OutgoingRequest, OutgoingResponse,
};
use url::Url;

use crate::http_client::{BlockedName, ClientError, HttpClientConfig, Unresolved, http_client};

/// How much of an answer is read at all; the rest is thrown away with the connection.
const MOST_READ: usize = 16 * 1024;

/// [`Outgoing`] over HTTP/1.1 and HTTP/2. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpOutgoing {
    way: Arc<RwLock<Way>>,
}

/// A client together with the policy that it follows.
#[derive(Debug, Clone)]
struct Way {
    client: reqwest::Client,
    egress: EgressPolicy,
}

impl Way {
    fn new(config: &HttpClientConfig) -> Result<Self, ClientError> {
        Ok(Self {
            client: http_client(config)?,
            egress: config.egress.clone(),
        })
    }
}

impl HttpOutgoing {
    /// Makes calls under the configured policy.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(config: &HttpClientConfig) -> Result<Self, ClientError> {
        Ok(Self {
            way: Arc::new(RwLock::new(Way::new(config)?)),
        })
    }

    /// Makes further calls under another policy. Connections that the one before allowed are not used again; calls under way
    /// end as they began.
    ///
    /// # Errors
    /// When the client cannot be made; then nothing has changed.
    pub fn reconfigure(&self, config: &HttpClientConfig) -> Result<(), ClientError> {
        let way = Way::new(config)?;
        *self.way.write().unwrap_or_else(PoisonError::into_inner) = way;
        Ok(())
    }

    fn way(&self) -> Way {
        self.way.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Outgoing for HttpOutgoing {
    async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingFailure> {
        let way = self.way();
        // The resolver never sees an address that is written in the URL itself.
        way.egress.judge_url(&request.url).map_err(|blocked| OutgoingFailure {
            kind: OutgoingFailureKind::Blocked,
            message: blocked.to_string(),
        })?;
        let timeout = request.timeout;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = way
            .client
            .request(method, request.url)
            .timeout(timeout)
            .body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let failed = |error: reqwest::Error| failure(&error, timeout);
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        // The status has been said: an answer that breaks off after it is still that answer.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= MOST_READ {
                break;
            }
        }
        Ok(OutgoingResponse {
            status,
            retry_after,
            excerpt: excerpt(&body),
        })
    }

    fn check(&self, url: &Url) -> Result<(), Blocked> {
        self.way().egress.judge_url(url)
    }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .chars()
        .filter(|char| !char.is_control() || *char == '\n')
        .take(OutgoingResponse::EXCERPT)
        .collect()
}

fn failure(error: &reqwest::Error, timeout: std::time::Duration) -> OutgoingFailure {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        if let Some(blocked) = source.downcast_ref::<BlockedName>() {
            return OutgoingFailure {
                kind: OutgoingFailureKind::Blocked,
                message: blocked.to_string(),
            };
        }
        if let Some(unresolved) = source.downcast_ref::<Unresolved>() {
            return OutgoingFailure {
                kind: OutgoingFailureKind::Resolve,
                message: unresolved.to_string(),
            };
        }
        deepest = source;
    }
    let (kind, what) = if error.is_timeout() && !error.is_connect() {
        let message = format!("no answer within {} s", timeout.as_secs_f64());
        return OutgoingFailure {
            kind: OutgoingFailureKind::Timeout,
            message,
        };
    } else if error.is_connect() {
        (OutgoingFailureKind::Connect, "no connection")
    } else {
        (OutgoingFailureKind::Broken, "the connection broke")
    };
    OutgoingFailure {
        kind,
        message: format!("{what}: {deepest}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    fn outgoing(allow_loopback: bool) -> HttpOutgoing {
        HttpOutgoing::new(&HttpClientConfig::new(EgressPolicy {
            allow_loopback,
            ..EgressPolicy::default()
        }))
        .unwrap()
    }

    fn post(url: &str) -> OutgoingRequest {
        OutgoingRequest {
            method: Method::Post,
            url: url.parse().unwrap(),
            headers: vec![("webhook-id", "msg_1".to_owned())],
            body: Bytes::from_static(b"{}"),
            timeout: Duration::from_millis(500),
        }
    }

    /// Sends one request to a server that reads it, answers `answer`, and then keeps or closes the connection.
    async fn call(answer: &'static str, keep_open: bool) -> Result<OutgoingResponse, OutgoingFailure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = async {
            let (mut socket, _): (TcpStream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = socket.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(
                request.contains("webhook-id: msg_1") && request.contains("user-agent: mainstay/"),
                "{request}"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
            if keep_open {
                std::future::pending::<()>().await;
            }
        };
        let outgoing = outgoing(true);
        let send = outgoing.send(post(&format!("http://127.0.0.1:{port}/hook")));
        tokio::pin!(send, serve);
        tokio::select! {
            answer = &mut send => answer,
            () = &mut serve => send.await,
        }
    }

    #[tokio::test]
    async fn an_answer_is_its_status_and_the_beginning_of_its_body() {
        let answer = call(
            "HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 9\r\n\r\noverload!",
            true,
        )
        .await
        .unwrap();
        assert_eq!(
            answer,
            OutgoingResponse {
                status: 503,
                retry_after: Some("7".to_owned()),
                excerpt: "overload!".to_owned()
            }
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let answer = call(
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
            true,
        )
        .await;
        assert_eq!(answer.unwrap().status, 302);
    }

    #[tokio::test]
    async fn silence_and_hanging_up_are_told_apart() {
        let silent = call("", true).await.unwrap_err();
        assert_eq!(
            (silent.kind, silent.message.as_str()),
            (OutgoingFailureKind::Timeout, "no answer within 0.5 s")
        );
        let broken = call("", false).await.unwrap_err();
        assert_eq!(broken.kind, OutgoingFailureKind::Broken, "{broken}");
        let refused = outgoing(true).send(post("http://127.0.0.1:1/")).await.unwrap_err();
        assert_eq!(refused.kind, OutgoingFailureKind::Connect, "{refused}");
        assert!(refused.message.contains("refused"), "{refused}");
    }

    #[tokio::test]
    async fn neither_an_address_nor_a_name_leads_where_the_policy_forbids() {
        let outgoing = outgoing(false);
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
            let failure = outgoing.send(post(&format!("http://{host}:9/"))).await.unwrap_err();
            assert_eq!(failure.kind, OutgoingFailureKind::Blocked, "{host}: {failure}");
        }
    }

    #[tokio::test]
    async fn another_policy_is_in_force_from_the_next_call() {
        let (outgoing, loopback) = (outgoing(true), "http://127.0.0.1:1/");
        let kept = outgoing.clone();
        assert_eq!(
            kept.send(post(loopback)).await.unwrap_err().kind,
            OutgoingFailureKind::Connect
        );
        outgoing
            .reconfigure(&HttpClientConfig::new(EgressPolicy::default()))
            .unwrap();
        for url in [loopback, "http://localhost:1/"] {
            assert_eq!(
                kept.send(post(url)).await.unwrap_err().kind,
                OutgoingFailureKind::Blocked,
                "{url}"
            );
        }
        assert!(kept.check(&loopback.parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_said_to_be_one() {
        let failure = outgoing(true).send(post("http://nowhere.invalid/")).await.unwrap_err();
        assert_eq!(failure.kind, OutgoingFailureKind::Resolve, "{failure}");
        assert!(
            failure.message.starts_with("nowhere.invalid has no address"),
            "{failure}"
        );
    }
}
