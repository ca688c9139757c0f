//! Calls to addresses that a user configured: webhooks and the outgoing heartbeat.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

use crate::Blocked;

/// The methods an outgoing call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// One call to make.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// How.
    pub method: Method,
    /// Where to; `http` or `https`.
    pub url: Url,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// What to send.
    pub body: Bytes,
    /// How long the whole call may take, the answer's body included.
    pub timeout: Duration,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The beginning of the body, at most [`OutgoingResponse::EXCERPT`] characters.
    pub excerpt: String,
}

impl OutgoingResponse {
    /// How much of a body is kept.
    pub const EXCERPT: usize = 1_000;
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutgoingFailureKind {
    /// The egress policy forbids the address.
    Blocked,
    /// The host name has no address.
    Resolve,
    /// No connection, or no TLS session.
    Connect,
    /// It took too long.
    Timeout,
    /// The connection broke, or what came over it was no HTTP.
    Broken,
}

/// A call without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OutgoingFailure {
    /// Why.
    pub kind: OutgoingFailureKind,
    /// The same for people.
    pub message: String,
}

/// Makes calls under an egress policy: a name is resolved once and only an allowed address of that answer is connected to;
/// redirects are not followed; proxies from the environment are not used.
#[async_trait]
pub trait Outgoing: Send + Sync {
    /// Makes one call.
    ///
    /// # Errors
    /// When no complete answer came. An answer with an error status is an answer.
    async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingFailure>;

    /// What can be said of a URL without resolving its name, so that a person who configures it learns early.
    ///
    /// # Errors
    /// When every call to the URL would be blocked.
    fn check(&self, url: &Url) -> Result<(), Blocked>;
}
