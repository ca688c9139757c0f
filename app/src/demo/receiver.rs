//! A local webhook receiver: verifies each delivery as the Standard Webhooks specification asks (version 1.0.0,
//! "Verifying webhook authenticity"), appends it to a log file before it accepts it, and shows what it has.
//!
//! It knows the signature and the outer shape of a delivery. It must not know what an alert means.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use mainstay_kernel::World;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

/// How far the sender's clock may be off.
const TOLERANCE: Duration = Duration::from_mins(5);
const SECRET_PREFIX: &str = "whsec_";

/// One accepted delivery, as a line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Received {
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// `webhook-id`: the same for every attempt to deliver the same event.
    pub id: String,
    /// Whether an attempt with this id had been accepted before.
    pub repeated: bool,
    /// What was sent.
    pub body: Value,
}

/// Why a delivery was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header of the specification is absent or malformed.
    #[error("the header {0} is missing or malformed")]
    Header(&'static str),
    /// The timestamp is too far from now.
    #[error("the delivery was signed {0} s away from now")]
    Stale(u64),
    /// No signature of the secret is among those sent.
    #[error("no signature matches")]
    Signature,
}

/// The key behind a `whsec_...` secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// A running receiver.
#[derive(Debug, Clone)]
pub struct Receiver {
    address: SocketAddr,
    inbox: Arc<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    secret: Secret,
    world: World,
    state: Mutex<Mail>,
}

#[derive(Debug)]
struct Mail {
    log: File,
    seen: BTreeSet<String>,
    received: Vec<Received>,
    refused: Vec<String>,
}

impl Secret {
    /// A fresh secret of 24 random bytes.
    pub fn random(world: &World) -> Self {
        Self((0..3).flat_map(|_| world.random().to_be_bytes()).collect())
    }

    /// The secret as it is configured.
    pub fn to_text(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// Checks a delivery at the time `now`.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String, Refused> {
        let text = |name: &'static str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or(Refused::Header(name))
        };
        let id = text("webhook-id")?;
        let timestamp = text("webhook-timestamp")?;
        let signatures = text("webhook-signature")?;
        let signed_at: i64 = timestamp.parse().map_err(|_| Refused::Header("webhook-timestamp"))?;
        let off = now.as_second().abs_diff(signed_at);
        if off > TOLERANCE.as_secs() {
            return Err(Refused::Stale(off));
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| Refused::Signature)?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        // Several signatures are sent while a secret is being changed; other versions than 1 are not ours.
        let candidates = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"));
        let mut decoded = candidates.filter_map(|candidate| STANDARD.decode(candidate).ok());
        if decoded.any(|candidate| mac.clone().verify_slice(&candidate).is_ok()) {
            return Ok(id.to_owned());
        }
        Err(Refused::Signature)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Receiver {
    /// Opens a loopback port and the log; [`Receiver::serve`] then answers.
    ///
    /// # Errors
    /// When the port or the log cannot be opened.
    pub async fn open(log: &Path, secret: Secret, world: World) -> Result<(Self, TcpListener)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no loopback port for the receiver")?;
        let file = OpenOptions::new().create(true).append(true).open(log);
        let state = Mail {
            log: file.with_context(|| format!("cannot write the receiver's log {}", log.display()))?,
            seen: BTreeSet::new(),
            received: Vec::new(),
            refused: Vec::new(),
        };
        let receiver = Self {
            address: listener.local_addr()?,
            inbox: Arc::new(Inbox {
                secret,
                world,
                state: Mutex::new(state),
            }),
        };
        Ok((receiver, listener))
    }

    /// Where deliveries are sent.
    pub fn hook_url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Where the log can be read.
    pub fn log_url(&self) -> String {
        format!("http://{}/deliveries", self.address)
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> Result<()> {
        let router = Router::new()
            .route("/hook", post(accept))
            .route("/deliveries", get(deliveries))
            .with_state(self.inbox);
        Ok(axum::serve(listener, router).await?)
    }
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, Mail> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, id: String, body: Value) -> std::io::Result<()> {
        let mut state = self.state();
        let received = Received {
            accepted_at: self.world.now(),
            repeated: state.seen.contains(&id),
            id,
            body,
        };
        let line = format!("{}\n", serde_json::to_string(&received)?);
        state.log.write_all(line.as_bytes())?;
        state.log.sync_data()?;
        state.seen.insert(received.id.clone());
        state.received.push(received);
        Ok(())
    }
}

async fn accept(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> Response {
    let refuse = |status: StatusCode, detail: String| {
        inbox.state().refused.push(detail.clone());
        (status, Json(json!({ "detail": detail }))).into_response()
    };
    let id = match inbox.secret.verify(&headers, &body, inbox.world.now()) {
        Ok(id) => id,
        Err(refused) => return refuse(StatusCode::UNAUTHORIZED, refused.to_string()),
    };
    let body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, format!("the body is no JSON: {error}")),
    };
    match inbox.keep(id, body) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(
            StatusCode::INSUFFICIENT_STORAGE,
            format!("cannot write the log: {error}"),
        ),
    }
}

async fn deliveries(State(inbox): State<Arc<Inbox>>) -> Json<Value> {
    let state = inbox.state();
    Json(json!({ "items": state.received, "refused": state.refused }))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification's reference implementations.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", AT.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    fn secret() -> Secret {
        Secret(STANDARD.decode(SECRET).unwrap())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_signature_of_the_specification_is_accepted_also_among_others() {
        assert_eq!(secret().verify(&headers(SIGNATURE), BODY, at(AT)).unwrap(), ID);
        let several = format!("v2,abc v1,AAAA {SIGNATURE}");
        assert!(secret().verify(&headers(&several), BODY, at(AT)).is_ok());
    }

    #[test]
    fn a_changed_body_an_old_timestamp_and_a_missing_header_are_refused() {
        let changed = secret().verify(&headers(SIGNATURE), b"{}", at(AT));
        assert_eq!(changed, Err(Refused::Signature));
        let late = secret().verify(&headers(SIGNATURE), BODY, at(AT + 301));
        assert_eq!(late, Err(Refused::Stale(301)));
        let bare = secret().verify(&HeaderMap::new(), BODY, at(AT));
        assert_eq!(bare, Err(Refused::Header("webhook-id")));
    }

    #[test]
    fn a_repeated_delivery_is_kept_and_marked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deliveries.jsonl");
        let inbox = Inbox {
            secret: secret(),
            world: World::system(),
            state: Mutex::new(Mail {
                log: File::create(&path).unwrap(),
                seen: BTreeSet::new(),
                received: Vec::new(),
                refused: Vec::new(),
            }),
        };
        inbox.keep("a".to_owned(), json!({})).unwrap();
        inbox.keep("a".to_owned(), json!({})).unwrap();
        let lines = std::fs::read_to_string(&path).unwrap();
        let repeated: Vec<_> = lines
            .lines()
            .map(|line| serde_json::from_str::<Received>(line).unwrap().repeated)
            .collect();
        assert_eq!(repeated, [false, true]);
    }
}
