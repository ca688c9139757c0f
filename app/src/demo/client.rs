//! A small HTTP client for loopback calls: one connection per call, a deadline over the whole of it, a bounded body.
//!
//! The demo's services, its supervisor and its narrator call each other with it. It must not retry or judge answers.

use std::{pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

/// An answer longer than this is not read to its end.
const LARGEST_BODY: usize = 16 << 20;

/// One call to make.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
    deadline: Duration,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status the other side chose.
    pub status: StatusCode,
    /// The body, whole.
    pub body: Bytes,
}

/// No answer came, or none that could be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The text is no `http://host:port/path`.
    #[error("`{0}` is no http URL")]
    Url(String),
    /// Nobody listens there, or the way there is closed.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// Host and port.
        address: String,
        /// What the operating system said.
        reason: String,
    },
    /// The deadline passed.
    #[error("{url} did not answer within {} ms", after.as_millis())]
    Timeout {
        /// What was called.
        url: String,
        /// The deadline.
        after: Duration,
    },
    /// The connection broke, or what came was no HTTP.
    #[error("the connection to {url} broke: {reason}")]
    Broken {
        /// What was called.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The body exceeds what is read.
    #[error("the answer of {url} is longer than {LARGEST_BODY} bytes")]
    TooLarge {
        /// What was called.
        url: String,
    },
    /// The body is not the JSON that was expected.
    #[error("{url} answered something unexpected: {reason}")]
    Unexpected {
        /// What was called.
        url: String,
        /// Why it could not be understood.
        reason: String,
    },
}

impl Call {
    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A call with any method; the deadline is two seconds until another is set.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            deadline: Duration::from_secs(2),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self.header(header::CONTENT_TYPE, "application/json")
    }

    /// Gives up after this long, everything included.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// When no complete answer came within the deadline; a status of 500 is an answer.
    pub async fn send(&self) -> Result<Answer, CallError> {
        match tokio::time::timeout(self.deadline, self.exchange()).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::Timeout {
                url: self.url.clone(),
                after: self.deadline,
            }),
        }
    }

    async fn exchange(&self) -> Result<Answer, CallError> {
        let (address, request) = self.request()?;
        let refused = |error: std::io::Error| CallError::Connect {
            address: address.clone(),
            reason: error.to_string(),
        };
        let stream = TcpStream::connect(&address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        let answer = pin!(async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| self.broken(&error))?;
            self.whole(response).await
        });
        // The connection makes progress only while it is polled; when it ends first, the answer is in or lost.
        match select(answer, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, answer)) => answer.await,
        }
    }

    fn request(&self) -> Result<(String, Request<Full<Bytes>>), CallError> {
        let bad = || CallError::Url(self.url.clone());
        let uri: Uri = self.url.parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?;
        let address = match authority.port_u16() {
            Some(_) => authority.to_string(),
            None => format!("{authority}:80"),
        };
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(path)
            .header(header::HOST, authority.as_str())
            .header(header::CONNECTION, "close");
        for (name, value) in &self.headers {
            request = request.header(name, HeaderValue::from_str(value).map_err(|_| bad())?);
        }
        let request = request.body(Full::new(self.body.clone())).map_err(|_| bad())?;
        Ok((address, request))
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Answer, CallError> {
        let (parts, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| self.broken(&error))?;
            if let Some(data) = frame.data_ref() {
                body.extend_from_slice(data);
            }
            if body.len() > LARGEST_BODY {
                return Err(CallError::TooLarge { url: self.url.clone() });
            }
        }
        Ok(Answer {
            status: parts.status,
            body: body.freeze(),
        })
    }

    fn broken(&self, error: &hyper::Error) -> CallError {
        CallError::Broken {
            url: self.url.clone(),
            reason: error.to_string(),
        }
    }
}

impl Answer {
    /// The body as JSON of the given shape.
    ///
    /// # Errors
    /// [`CallError::Unexpected`] naming `url` when the body has another shape.
    pub fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::Unexpected {
            url: url.to_owned(),
            reason: format!("{error} (status {})", self.status.as_u16()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::{Router, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_call_returns_status_and_body() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/here?a=1", listener.local_addr().unwrap());
        let router = Router::new().route("/here", get(|| async { (StatusCode::IM_A_TEAPOT, "short and stout") }));
        let call = Call::get(&url);
        let answer = tokio::select! {
            answer = call.send() => answer.unwrap(),
            _ = async { axum::serve(listener, router).await } => unreachable!(),
        };
        assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
        assert_eq!(answer.body, "short and stout");
    }

    #[tokio::test]
    async fn a_closed_port_is_a_refusal_with_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Call::get(format!("http://{address}/")).send().await.unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(matches!(error, CallError::Connect { .. }));
    }

    #[tokio::test]
    async fn a_server_that_never_answers_costs_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let call = Call::get(url).within(Duration::from_millis(20));
        let error = tokio::select! {
            answer = call.send() => answer.unwrap_err(),
            () = async { let _held = listener.accept().await; pending().await } => unreachable!(),
        };
        assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    }
}
