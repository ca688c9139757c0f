//! Who asks, and from where. The gate in front of every route has found that out already; where there is no gate, it is found out
//! here, so that no route of this module depends on how it was wired.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use mainstay_http::{ApiError, RequestId};

use crate::{
    error::AuthError,
    model::Permission,
    service::{Auth, By, Identity, Origin},
};

/// The address a request came from, for a layer that knows it better than the connection does: behind a proxy.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// Somebody who is signed in, and from where.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Who.
    pub identity: Identity,
    /// From where.
    pub origin: Origin,
}

impl Signed {
    /// Goes on only if they may.
    pub(super) fn needs(&self, permission: Permission) -> Result<(), AuthError> {
        if self.identity.may(permission) {
            Ok(())
        } else {
            Err(AuthError::Forbidden(permission))
        }
    }

    pub(super) fn by(&self) -> By {
        By::person(self.identity.clone(), self.origin.clone())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed
where
    Auth: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let identity = if let Some(identity) = parts.extensions.get::<Identity>() {
            identity.clone()
        } else {
            let bearer = bearer(&parts.headers).ok_or(AuthError::NoToken)?;
            Auth::from_ref(state).authenticate(bearer).await?
        };
        Ok(Self {
            identity,
            origin: origin(parts),
        })
    }
}

/// From where a request came.
#[derive(Debug, Clone)]
pub(super) struct From(pub(super) Origin);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(origin(parts)))
    }
}

fn origin(parts: &Parts) -> Origin {
    let told = parts.extensions.get::<ClientAddress>().map(|address| address.0);
    let connected = || {
        parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip())
    };
    let agent = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Origin {
        address: told.or_else(connected).map(|address| address.to_canonical()),
        user_agent: agent.map(str::to_owned),
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, section 2.1). There is no other place for one: addresses end up in logs.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
