//! The gate in front of every route: who asks, and whether they may. A route that is in no table is refused to everybody.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mainstay_http::ApiError;
use mainstay_kernel::{Problem, ProblemKind};

use super::signed::bearer;
use crate::{
    error::AuthError,
    model::{Access, Permission, RouteTable},
    service::{Auth, Identity},
};

/// What the [`gate`] works with.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Who is who.
    pub auth: Auth,
    /// Which permission each route needs.
    pub table: Arc<RouteTable>,
}

/// Middleware that lets a request through to its route if whoever makes it may use that. The route finds an [`Identity`] and an
/// `Actor` among the request's extensions. What matches no route is not guarded: it is the dashboard's files, or nothing.
pub async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(route) = request.extensions().get::<MatchedPath>() else {
        return next.run(request).await;
    };
    let method = request.method();
    let Some(access) = gate.table.access(method.as_str(), route.as_str()) else {
        // Anybody can send a method that a path does not have, and must not be able to fill the log by it.
        if !gate.table.has(route.as_str()) {
            tracing::error!(http.method = %method, http.route = route.as_str(), "a route is in no table of permissions");
        }
        return ApiError(Problem::new(
            ProblemKind::Forbidden,
            "no-permission-declared",
            format!("Nobody may use {method} here, because no permission was declared for it."),
        ))
        .into_response();
    };
    match admit(&gate.auth, access, bearer(request.headers())).await {
        Ok(identity) => {
            if let Some(identity) = identity {
                request.extensions_mut().insert(identity.actor());
                request.extensions_mut().insert(identity);
            }
            next.run(request).await
        }
        Err(error) => refusal(error),
    }
}

async fn admit(auth: &Auth, access: Access, bearer: Option<&str>) -> Result<Option<Identity>, AuthError> {
    let permission: Permission = match access {
        // Whoever signs in or refreshes may still send a token that has expired.
        Access::Public => {
            return Ok(match bearer {
                Some(bearer) => auth.authenticate(bearer).await.ok(),
                None => None,
            });
        }
        Access::Needs(permission) => permission,
    };
    let identity = auth.authenticate(bearer.ok_or(AuthError::NoToken)?).await?;
    if identity.may(permission) {
        Ok(Some(identity))
    } else {
        Err(AuthError::Forbidden(permission))
    }
}

/// The answer to whoever was not let through; a 401 says how to come again (RFC 6750, section 3).
fn refusal(error: AuthError) -> Response {
    let mut response = ApiError::from(error).into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"mainstay\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
