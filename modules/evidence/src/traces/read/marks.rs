//! Attributes that say something of a span: who recorded it, whom it calls, whether it failed. The names are those of
//! OpenTelemetry's semantic conventions, current and earlier, and of `OpenTracing`'s. Knows no format.

use std::borrow::Cow;

use crate::traces::span::{Outcome, SpanKind};

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'t> {
    Text(Cow<'t, str>),
    Number(i64),
    Bool(bool),
    Other,
}

impl Scalar<'_> {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            Self::Bool(_) | Self::Other => None,
        }
    }
}

/// What servers note when the client closed the request (nginx, `ngx_http_request.h`); it is never sent.
const HTTP_ABANDONED: i64 = 499;
/// gRPC's code for a call that its caller cancelled.
const GRPC_CANCELLED: i64 = 1;

/// What attributes have said so far.
#[derive(Debug, Default)]
pub struct Marks<'t> {
    service: Option<Cow<'t, str>>,
    instance: Option<Cow<'t, str>>,
    peer: Option<Cow<'t, str>>,
    address: Option<Cow<'t, str>>,
    pub kind: SpanKind,
    error: bool,
    refused: bool,
    abandoned: bool,
}

impl<'t> Marks<'t> {
    /// Takes note of one attribute.
    pub fn note(&mut self, key: &str, value: Scalar<'t>) {
        match key {
            "service.name" => text(&mut self.service, value),
            "k8s.deployment.name" | "k8s.pod.name" | "container.name" => text(&mut self.instance, value),
            "peer.service" => text(&mut self.peer, value),
            "server.address" | "net.peer.name" | "db.name" | "db.namespace" | "messaging.destination.name" => {
                text(&mut self.address, value);
            }
            "span.kind" => {
                if let Scalar::Text(name) = value {
                    self.kind = SpanKind::of_name(name.as_bytes());
                }
            }
            "error" => {
                self.error |= match value {
                    Scalar::Bool(error) => error,
                    Scalar::Text(word) => !matches!(&*word, "false" | "0"),
                    Scalar::Number(number) => number != 0,
                    Scalar::Other => false,
                }
            }
            "otel.status_code" => self.error |= matches!(&value, Scalar::Text(word) if word == "ERROR"),
            "http.status_code" | "http.response.status_code" => {
                let status = value.number();
                self.error |= status.is_some_and(|status| (500..600).contains(&status));
                self.refused |= status.is_some_and(is_http_refusal);
                self.abandoned |= status == Some(HTTP_ABANDONED);
            }
            "rpc.grpc.status_code" | "grpc.status_code" => {
                let code = value.number();
                self.error |= code.is_some_and(is_grpc_failure);
                self.refused |= code.is_some_and(is_grpc_refusal);
                self.abandoned |= code == Some(GRPC_CANCELLED);
            }
            _ => {}
        }
    }

    /// How it ended, if its status says no more than that it `failed` or did not. A code says more than a status: by it a request
    /// that was refused, or that nobody waits for any more, is no failure of who got it.
    pub fn outcome(&self, failed: bool) -> Outcome {
        if self.refused {
            Outcome::Refused
        } else if self.abandoned {
            Outcome::Abandoned
        } else if self.error || failed {
            Outcome::Failed
        } else {
            Outcome::Well
        }
    }

    /// Who recorded it: the service, or else an instance.
    pub fn owner(&self) -> &str {
        self.service
            .as_deref()
            .filter(|name| !name.is_empty())
            .or(self.instance.as_deref())
            .unwrap_or_default()
    }

    /// Whom it calls: the named service, or else an address or a data base.
    pub fn peer(&self) -> &str {
        self.peer.as_deref().or(self.address.as_deref()).unwrap_or_default()
    }
}

fn text<'t>(into: &mut Option<Cow<'t, str>>, value: Scalar<'t>) {
    if let Scalar::Text(value) = value
        && into.is_none()
    {
        *into = Some(value);
    }
}

/// Codes that are a failure of the one who answers (OpenTelemetry semantic conventions, gRPC, status of a server's span):
/// unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
pub fn is_grpc_failure(code: i64) -> bool {
    matches!(code, 2 | 4 | 12 | 13 | 14 | 15)
}

/// How the status of an HTTP answer, or the word that it `failed`, says that it ended.
pub fn of_http(status: Option<i64>, failed: bool) -> Outcome {
    match status {
        Some(status) if is_http_refusal(status) => Outcome::Refused,
        Some(HTTP_ABANDONED) => Outcome::Abandoned,
        _ if failed => Outcome::Failed,
        _ => Outcome::Well,
    }
}

/// Answers that blame the request (RFC 9110, 15.5), but not those that depend on the one who answers as well: nothing there, too
/// slow, too many requests, and a caller that went away.
fn is_http_refusal(status: i64) -> bool {
    (400..500).contains(&status) && !matches!(status, 404 | 408 | 410 | 425 | 429 | 499)
}

/// The same by gRPC's codes: invalid argument, permission denied, failed precondition, out of range, unauthenticated.
fn is_grpc_refusal(code: i64) -> bool {
    matches!(code, 3 | 7 | 9 | 11 | 16)
}
