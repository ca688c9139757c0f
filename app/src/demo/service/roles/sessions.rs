//! `auth`: signed tokens that say who a customer is and until when.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Role, idle};
use crate::demo::service::{chassis::Chassis, failure::Failure};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_mins(15);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Presented {
    token: String,
}

/// The key tokens are signed with; a new one with each process.
#[derive(Clone)]
struct SigningKey(Arc<[u8; 32]>);

/// The role of `auth`.
pub fn auth(chassis: &Arc<Chassis>) -> Role {
    let mut key = [0; 32];
    for chunk in key.chunks_mut(8) {
        chunk.copy_from_slice(&chassis.world.random().to_be_bytes());
    }
    let routes = Router::new()
        .route("/tokens", post(issue))
        .route("/tokens/verify", post(verify))
        .layer(axum::Extension(SigningKey(Arc::new(key))));
    Role {
        routes,
        background: idle(),
    }
}

async fn issue(
    State(chassis): State<Arc<Chassis>>,
    axum::Extension(key): axum::Extension<SigningKey>,
    Json(login): Json<Login>,
) -> Result<Json<Value>, Failure> {
    let route = "POST /tokens";
    let expires = chassis.world.now().as_second() + i64::try_from(LIFETIME.as_secs()).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.encode(json!({ "user": login.user, "expires": expires }).to_string());
    let signature = key.sign(&claims)?;
    chassis
        .record(&json!({ "issued_to": login.user, "expires": expires }))
        .await?;
    chassis.statement(route, || ()).await?;
    let answer = json!({ "token": format!("{claims}.{signature}"), "expires": expires });
    Ok(Json(chassis.finish(route, expires, answer)?))
}

async fn verify(
    State(chassis): State<Arc<Chassis>>,
    axum::Extension(key): axum::Extension<SigningKey>,
    Json(presented): Json<Presented>,
) -> Result<Json<Value>, Failure> {
    let route = "POST /tokens/verify";
    let claims = key.claims(&presented.token)?;
    chassis.statement(route, || ()).await?;
    let expires = claims["expires"].as_i64().unwrap_or_default();
    if expires < chassis.world.now().as_second() {
        return Err(Failure::forbidden("the token has expired; log in again"));
    }
    Ok(Json(chassis.finish(
        route,
        expires,
        json!({ "user": claims["user"] }),
    )?))
}

impl SigningKey {
    fn sign(&self, claims: &str) -> Result<String, Failure> {
        Ok(URL_SAFE_NO_PAD.encode(self.mac(claims)?.finalize().into_bytes()))
    }

    fn claims(&self, token: &str) -> Result<Value, Failure> {
        let wrong = || Failure::forbidden("the token was not issued here; log in again");
        let (claims, signature) = token.split_once('.').ok_or_else(wrong)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong())?;
        self.mac(claims)?.verify_slice(&signature).map_err(|_| wrong())?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| wrong())?;
        serde_json::from_slice(&claims).map_err(|_| wrong())
    }

    fn mac(&self, claims: &str) -> Result<Hmac<Sha256>, Failure> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice());
        let mut mac = mac.map_err(|_| Failure::forbidden("tokens cannot be signed"))?;
        mac.update(claims.as_bytes());
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_accepted_only_with_the_signature_of_its_key() {
        let key = SigningKey(Arc::new([1; 32]));
        let claims = URL_SAFE_NO_PAD.encode(r#"{"user":"ann","expires":5}"#);
        let token = format!("{claims}.{}", key.sign(&claims).unwrap());
        assert_eq!(key.claims(&token).unwrap()["user"], "ann");
        assert!(SigningKey(Arc::new([2; 32])).claims(&token).is_err());
        assert!(key.claims("no-dot").is_err());
    }
}
